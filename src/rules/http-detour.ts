import { addressOf } from '../base/addresses.ts';
import { keptOf } from '../base/group-by.ts';
import { Recent } from '../base/recent.ts';
import { endOf } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Fix, Setting } from '../model/finding.ts';
import type { PacketId } from '../model/packet.ts';
import { INSIDE_TLS, type Request, type Wait } from '../model/request.ts';
import { defineRule } from './support/define-rule.ts';
import { dearestEvidence } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import {
  createServedRequests,
  reportedRequests,
  tallyRequest,
  type ServedRequests,
} from './support/requests/served-requests.ts';
import { observedServices } from './support/requests/observed-services.ts';
import { CHALLENGES, isDetour } from './support/exchanges/ordinary-exchanges.ts';
import { wireSetting } from './support/settings.ts';
import { isHabit } from './support/subjects.ts';
import { requestTally, type RequestTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';

// A page that moved is met by a few; what most requests meet is how they ask.
const LEAST = 5;
const MOST = 0.5;
// Requests come some thousand rows after their calls.
const MAX_KEPT = 1 << 16;
const MAX_POOLS = 256;

// A registry or a store hands out signed URLs so, and the next is another one.
const ON_PURPOSE = 'may be how it works: a store that hands out signed URLs sends all its callers on';

/** A call that was answered with where, or with what, to ask again. */
interface Answered {
  readonly status: number;
  readonly asked: string;
  readonly packets: readonly PacketId[];
}

/** What a request waited for in vain, and what was asked then. */
interface Detour {
  readonly wait: Wait;
  readonly answer: Answered;
  readonly again: Wait;
}

/** How surely it was asked twice: the very same, something else there (a redirect may lead anywhere), or somebody else. */
type Repeat = 'same' | 'there' | 'elsewhere';

interface Pool extends Pick<Answered, 'status' | 'asked'> {
  readonly service: ServedRequests;
  readonly upstream: string;
  readonly repeat: Repeat;
  readonly tally: RequestTally;
}

export default defineRule({
  id: 'http-detour',
  title: 'Calls are made twice: the first is redirected, or lacks credentials',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    redirected:
      '{count} of {total:request} to {service} asked {upstream} twice, {cost:duration} each: {asked} is answered {status} first',
    sentOn:
      '{count} of {total:request} to {service} asked {upstream} first, {cost:duration} each, which sends them on: {asked} is answered {status}',
    challenged:
      '{count} of {total:request} to {service} asked {upstream} twice, {cost:duration} each: without credentials first ({status})',
    clear: 'no service asks twice for want of the right URL or of credentials ({total:request})',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const served = createServedRequests(fact(observedServices));
    const answers = new Recent<string, Answered>(MAX_KEPT);
    const pools = new Map<string, Pool>();
    let heard = 0;

    function poolOf(service: ServedRequests, { wait, answer, again }: Detour): Pool | undefined {
      const { status, asked } = answer;
      const upstream = wait.to;
      const repeat = repeatOf(wait, again);
      const key = `${service.input}|${service.server}|${upstream}|${status}|${asked}|${repeat}`;
      return keptOf(pools, key, MAX_POOLS, () => ({
        service,
        upstream,
        status,
        asked,
        repeat,
        tally: requestTally(),
      }));
    }

    return {
      unusualExchange({ id, shape, status, method, path, packets }: Exchange) {
        if (shape !== 'call' || !isDetour(status)) return;
        heard++;
        answers.set(id, { status, asked: `${method} ${path}`, packets: [...packets] });
      },
      request(request) {
        if (heard === 0) return;
        const service = served.current();
        if (service === null) return;
        for (const detour of detoursOf(request, answers)) {
          const { wait, answer } = detour;
          const pool = poolOf(service, detour);
          if (pool === undefined) continue;
          tallyRequest({ ...service, tally: pool.tally }, request, wait.critical, answer.packets, [wait.ref]);
        }
      },
      finish() {
        const found = [...pools.values()].filter(
          ({ tally, service }) => tally.count >= LEAST && tally.count >= MOST * service.latency.count,
        );
        for (const { service, upstream, status, asked, repeat, tally } of found) {
          const { server, latency } = service;
          const isChallenge = CHALLENGES.includes(status);
          report({
            message: isChallenge ? 'challenged' : repeat === 'elsewhere' ? 'sentOn' : 'redirected',
            data: {
              count: tally.count,
              total: latency.count,
              service: server,
              upstream,
              cost: tally.costs.quantile(0.5),
              asked,
              status,
            },
            ...reportedRequests(service, tally),
            confidence: repeat === 'same' ? 'certain' : 'likely',
            confidenceBecause:
              repeat === 'same'
                ? `request after request meets ${status} and asks again`
                : `request after request meets ${status} and asks next, by the same method, what that most likely named`,
            evidence: dearestEvidence(tally, `${asked}: ${status}`),
            because: settings(server, upstream, asked, status),
            fix: [isChallenge ? withCredentials(server) : rightUrl(server)],
            whatIf: { method: 'each request without its first call' },
            errors: 0,
            habit: isHabit(tally.count, latency.count),
            ...(repeat === 'elsewhere' ? { onlyInfo: ON_PURPOSE } : {}),
          });
        }
        if (found.length > 0) return;
        if (seen.peers().length === 0) return unobservable({ why: 'no request was seen', capture: null });
        const total = served.count();
        clear('clear', { total }, { count: total, unit: 'requests' });
      },
    };
  },
});

/**
 * Calls of a request that were answered so, and the same was asked again: of a challenge the very same, of a redirect
 * what came next, by the same method. A POST that is told to GET something else is done, and not asked twice.
 */
function detoursOf({ waits }: Request, answers: Recent<string, Answered>): Detour[] {
  const calls = waits.filter(({ reason }) => reason === 'upstream');
  return calls.flatMap((wait) => {
    const answer = answers.get(wait.ref);
    if (answer === undefined) return [];
    const later = calls
      .filter(({ startedAt }) => startedAt >= endOf(wait))
      .toSorted((a, b) => a.startedAt - b.startedAt);
    const again = CHALLENGES.includes(answer.status)
      ? later.find(({ to, what }) => to === wait.to && what === wait.what)
      : later.slice(0, 1).find((next) => mayFollow(wait, next));
    return again === undefined ? [] : [{ wait, answer, again }];
  });
}

/** Of `GET /items`: method and path. */
const partsOf = (what: string): string[] => what.split(' ');

const isSameAddress = (wait: Wait, next: Wait): boolean => addressOf(wait.to) === addressOf(next.to);

/** By the same method; what is asked there by https can’t be read. */
const mayFollow = (wait: Wait, next: Wait): boolean =>
  next.what === INSIDE_TLS ? isSameAddress(wait, next) : partsOf(wait.what)[0] === partsOf(next.what)[0];

const pathOf = ({ what }: Wait): string | undefined => partsOf(what)[1]?.replace(/\/$/, '');

function repeatOf(wait: Wait, again: Wait): Repeat {
  if (!isSameAddress(wait, again)) return 'elsewhere';
  return again.what === INSIDE_TLS || pathOf(wait) === pathOf(again) ? 'same' : 'there';
}

const settings = (server: string, upstream: string, asked: string, status: number): Setting[] => [
  wireSetting(
    server,
    CHALLENGES.includes(status) ? 'credentials of the first call' : 'URL that it asks for',
    CHALLENGES.includes(status) ? 'none' : asked,
  ),
  wireSetting(
    upstream,
    CHALLENGES.includes(status) ? 'answer without them' : 'answer to that',
    `${status}${CHALLENGES.includes(status) ? '' : ', a redirect'}`,
    'the packets; RFC 9110 section 15',
  ),
];

const rightUrl = (server: string): Fix =>
  advice(
    'code',
    'ask for the URL that it is redirected to: with or without the slash at the end, by https, at the host that answers',
    `the code, or the URL in the configuration, of ${server}`,
    'set the former URL again',
  );

const withCredentials = (server: string): Fix =>
  advice(
    'code',
    'send credentials with the first call (preemptive authentication), and keep what a challenge asked for',
    `the client in ${server}`,
    'revert the change',
  );
