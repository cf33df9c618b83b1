import { keptOf } from '../base/group-by.ts';
import { Recent } from '../base/recent.ts';
import { endOf, seconds } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Fix, Setting } from '../model/finding.ts';
import type { PacketId } from '../model/packet.ts';
import type { Request, Wait } from '../model/request.ts';
import { defineRule } from './support/define-rule.ts';
import { dearestEvidence } from './support/evidence.ts';
import { advice, eitherOf } from './support/fixes.ts';
import { lifetimeWords } from './support/credentials/lifetimes.ts';
import {
  createServedRequests,
  reportedRequests,
  tallyRequest,
  type ServedRequests,
} from './support/requests/served-requests.ts';
import { observedServices } from './support/requests/observed-services.ts';
import { wireSetting } from './support/settings.ts';
import { isHabit } from './support/subjects.ts';
import { requestTally, type RequestTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';

// A process asks when it starts, and each thread may once.
const LEAST = 5;
// What most requests ask for anew is kept nowhere.
const MOST = 0.5;
// Requests come some thousand rows after their calls.
const MAX_KEPT = 1 << 16;
const MAX_POOLS = 256;
// Windows in which libraries ask for a new one before the old one ends: of tokens that live no longer, none is ever kept.
const LONGEST_WINDOW = 300;

/** A token that was handed out. */
interface Granted {
  readonly expiresIn: number;
  readonly packets: readonly PacketId[];
}

interface Pool {
  readonly service: ServedRequests;
  readonly issuer: string;
  /** Requests that asked for one while the one before was good. */
  readonly tally: RequestTally;
  /** Tokens that the requests waited for. */
  fetches: number;
  goodUntil: number;
  /** Seconds, NaN where no answer says. */
  lives: number;
}

export default defineRule({
  id: 'token-per-request',
  title: 'Requests fetch an access token each',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    lives:
      '{count} of {total:request} fetched a token from {issuer} again, {cost:duration} each, though one is good for {lives}',
    unsaid: '{count} of {total:request} fetched a token from {issuer} again, {cost:duration} each',
    clear: 'no service fetches an access token in request after request ({total:request})',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const served = createServedRequests(fact(observedServices));
    const grants = new Recent<string, Granted>(MAX_KEPT);
    const pools = new Map<string, Pool>();
    let granted = 0;

    const poolOf = (service: ServedRequests, issuer: string): Pool | undefined =>
      keptOf(pools, `${service.input}|${service.server}|${issuer}`, MAX_POOLS, () => ({
        service,
        issuer,
        tally: requestTally(),
        fetches: 0,
        goodUntil: Number.NaN,
        lives: Number.NaN,
      }));

    return {
      unusualExchange({ id, grant, packets }: Exchange) {
        if (grant === null) return;
        granted++;
        grants.set(id, { expiresIn: grant.expiresIn, packets: [...packets] });
      },
      request(request) {
        // What is asked for tokens itself hands on those of its callers.
        if (granted === 0 || grants.get(request.exchange) !== undefined) return;
        const service = served.current();
        if (service === null) return;
        for (const [issuer, waits] of tokensOf(request, grants)) {
          const pool = poolOf(service, issuer);
          if (pool === undefined) continue;
          // By what former requests got: one for each of two audiences is none too many.
          const again = waits.filter(({ wait }) => pool.fetches > 0 && !(wait.startedAt >= pool.goodUntil));
          for (const { wait, grant } of waits) count(pool, wait, grant);
          if (again.length === 0) continue;
          const cost = again.reduce((sum, { wait }) => sum + wait.critical, 0);
          const packets = again.flatMap(({ grant }) => grant.packets);
          tallyRequest(
            { ...service, tally: pool.tally },
            request,
            cost,
            packets,
            again.map(({ wait }) => wait.ref),
          );
        }
      },
      finish() {
        const found = [...pools.values()].filter(
          ({ tally, service }) => tally.count >= LEAST && tally.count >= MOST * service.latency.count,
        );
        for (const { service, issuer, tally, lives } of found) {
          const { server, latency } = service;
          report({
            message: lives > 0 ? 'lives' : 'unsaid',
            data: {
              count: tally.count,
              total: latency.count,
              issuer,
              cost: tally.costs.quantile(0.5),
              lives: lives > 0 ? lifetimeWords(lives) : '',
            },
            ...reportedRequests(service, tally),
            // Clients of several tenants have a token for each.
            confidence: 'likely',
            confidenceBecause:
              'each asks for a token of the service’s own (grant_type=client_credentials) while the one before is good',
            evidence: dearestEvidence(tally, 'a token, asked for again'),
            because: settings(server, issuer, lives),
            fix: fixes(server, issuer, lives),
            whatIf: { method: 'each request without its fetch of a token' },
            ...(lives <= LONGEST_WINDOW ? { alone: eitherOf('a token that lives longer', 'a shorter window') } : {}),
            errors: 0,
            habit: isHabit(tally.count, latency.count),
          });
        }
        if (found.length > 0) return;
        const total = served.count();
        if (seen.peers().length === 0) return unobservable({ why: 'no request was seen', capture: null });
        clear('clear', { total }, { count: total, unit: 'requests' });
      },
    };
  },
});

/** What of a request's waits are for tokens, by who hands them out. */
function tokensOf({ waits }: Request, grants: Recent<string, Granted>): Map<string, { wait: Wait; grant: Granted }[]> {
  const tokens = new Map<string, { wait: Wait; grant: Granted }[]>();
  for (const wait of waits) {
    const grant = wait.reason === 'upstream' ? grants.get(wait.ref) : undefined;
    if (grant === undefined) continue;
    const known = tokens.get(wait.to);
    if (known === undefined) tokens.set(wait.to, [{ wait, grant }]);
    else known.push({ wait, grant });
  }
  return tokens;
}

function count(pool: Pool, wait: Wait, { expiresIn }: Granted): void {
  pool.fetches++;
  if (!(expiresIn >= 0)) return;
  pool.goodUntil = endOf(wait) + seconds(expiresIn);
  if (!(pool.lives >= expiresIn)) pool.lives = expiresIn;
}

const settings = (server: string, issuer: string, lives: number): Setting[] => [
  wireSetting(
    issuer,
    'lifetime of a token (expires_in)',
    lives > 0 ? lifetimeWords(lives) : 'not said',
    'the answers; RFC 6749 section 5.1',
  ),
  wireSetting(
    server,
    'token kept between requests',
    lives <= LONGEST_WINDOW
      ? 'none, or its window in which it asks again is longer than a token lives'
      : 'none, it is asked for anew',
    'the packets; windows: Spring Security clockSkew 60 s, MSAL and azure-identity 300 s, google-auth 225 s',
  ),
];

function fixes(server: string, issuer: string, lives: number): Fix[] {
  const keep = advice(
    'code',
    'keep the token until shortly before it ends: one client for the process and not one for each request (golang.org/x/oauth2 ReuseTokenSource, Spring’s OAuth2AuthorizedClientManager, an MSAL application, a google-auth Credentials object)',
    `the code of ${server}`,
    'revert the change',
  );
  if (!(lives <= LONGEST_WINDOW)) return [keep];
  const longer = advice(
    'infrastructure',
    'let tokens of this client live longer than the window in which it asks again (Keycloak: Access Token Lifespan)',
    issuer,
    'set the former lifetime again',
  );
  return [longer, keep];
}
