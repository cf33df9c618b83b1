import { formatCount } from '../base/text.ts';
import { at } from '../base/time.ts';
import { receiverOf } from '../model/direction.ts';
import { isResponded, type Exchange } from '../model/exchange.ts';
import type { Fix, Report } from '../model/finding.ts';
import { metadataWaits } from './support/credentials/credential-waits.ts';
import { defineRule } from './support/define-rule.ts';
import { dearestEvidence } from './support/evidence.ts';
import { FetchLog } from './support/credentials/fetch-log.ts';
import { advice } from './support/fixes.ts';
import { metadataKinds } from './support/credentials/metadata-kinds.ts';
import { createPeerGroups, type PeerGroup } from './support/peer-groups.ts';
import {
  costAtMost,
  createServedRequests,
  tallyMetadata,
  type ServedRequests,
} from './support/requests/served-requests.ts';
import { observedServices } from './support/requests/observed-services.ts';
import { wireSetting } from './support/settings.ts';
import { isHabit } from './support/subjects.ts';
import { exchangeTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';

// A few come while a process starts; what most requests ask for again is kept nowhere.
const LEAST = 5;
const MOST = 0.5;
// What is asked for in the background, or beside other calls, holds up no request.
const HELD_UP = 0.2;
// A program asks for a few facts of its machine; in one line two are named.
const MAX_PATHS = 16;
const MAX_NAMED = 2;

type Group = PeerGroup<Exchange> & {
  readonly log: FetchLog;
  readonly paths: Set<string>;
  seesCredentials: boolean;
  isTold: boolean;
};

export default defineRule({
  id: 'metadata-per-request',
  title: 'Requests ask the metadata service for what does not change',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    requests:
      '{count} of {total:request} to {service} waited {cost:duration} for the metadata service ({server}): {what}',
    clear: 'no service asks for its machine’s metadata in request after request ({asked:time} in {total:call})',
  },
  create({ report, clear, unobservable, fact, inputs }) {
    const seen = fact(traffic);
    const kinds = fact(metadataKinds);
    const groups = createPeerGroups(seen, exchangeTally, () => ({
      log: new FetchLog(),
      paths: new Set<string>(),
      seesCredentials: false,
      isTold: false,
    }));
    const byClient = new Map<string, Group>();
    const served = createServedRequests(fact(observedServices));
    let heard = 0;

    const requestsOf = ({ input, client }: Group): number =>
      seen
        .peers()
        .filter(
          (peer) => peer.input === input && receiverOf({ server: peer.address, backend: peer.backend }) === client,
        )
        .reduce((sum, { calls }) => sum + calls.count, 0);

    function isPerRequest(group: Group, service: ServedRequests | undefined): boolean {
      const { log, tally } = group;
      const requests = requestsOf(group);
      // Where nobody is served it is a program that polls, as those do that watch for the end of an instance.
      if (requests === 0 || log.fetches < LEAST || group.seesCredentials || !group.isTold) return false;
      const { inside, beside } = log.inRequests;
      if (inside - beside < MOST * log.fetches) return false;
      if (service === undefined) return log.fetches >= MOST * requests;
      const { count, costs } = service.tally;
      return count >= LEAST && count >= MOST * requests && costs.quantile(0.5) >= HELD_UP * tally.costs.quantile(0.5);
    }

    function reportOf(group: Group, service: ServedRequests | undefined): Report<'requests'> {
      const { input, client, server, paths } = group;
      const tally = service?.tally ?? group.tally;
      const named = [...paths].slice(0, MAX_NAMED).join(', ');
      const what = paths.size > MAX_NAMED ? `${named} and ${formatCount(paths.size - MAX_NAMED)} more` : named;
      const of = service?.latency.count ?? Math.max(requestsOf(group), tally.count);
      return {
        message: 'requests',
        data: {
          count: tally.count,
          total: of,
          service: service?.server ?? client,
          server,
          cost: tally.costs.quantile(0.5),
          what,
        },
        input,
        subject: service === undefined ? { kind: 'client', name: client } : { kind: 'server', name: service.server },
        of,
        unit: service === undefined ? 'exchanges' : 'requests',
        latency: service?.latency ?? seen.totals(input, { kind: 'client', name: client }).calls,
        cost: tally,
        ...(service === undefined ? {} : { costAtMost: costAtMost(service) }),
        confidence: 'certain',
        confidenceBecause: 'the same is asked for in request after request',
        evidence: dearestEvidence(tally, `asked again: ${what}`),
        because: [
          wireSetting(`the program at ${client}`, 'metadata kept between requests', 'none, it is asked for anew'),
        ],
        fix: metadataFixes(paths, client),
        whatIf:
          service === undefined
            ? { unknown: 'no request is seen that waits for it' }
            : { method: 'each request without its wait for the metadata service' },
        errors: 0,
        habit: isHabit(tally.count, of),
      };
    }

    /** What else a client of metadata services did, and what was asked of it. */
    function noteOther(exchange: Exchange): void {
      if (byClient.size === 0) return;
      const { input, client, startedAt, duration } = exchange;
      const until = at(startedAt + duration);
      byClient.get(`${input}|${receiverOf(exchange)}`)?.log.served(startedAt, until);
      byClient.get(`${input}|${client}`)?.log.asked(startedAt, until);
    }

    return {
      ordinaryExchange: noteOther,
      unusualExchange(exchange) {
        if (exchange.shape !== 'call') return;
        heard++;
        const { id, input, client, metadata, path } = exchange;
        if (metadata === null) return noteOther(exchange);
        const call = kinds.callOf(id);
        if (call === undefined || call.asks === 'roles') return;
        const group = groups.of(exchange);
        byClient.set(`${input}|${client}`, group);
        if (call.asks === 'token') return group.log.before(exchange, call.asks);
        if (call.asks === 'credentials') {
          // Of cut paths, the short ones before it were for the role's name.
          if (call.isGuess) group.seesCredentials = true;
          return;
        }
        // Where the path is cut and no answer is seen, it may be credentials.
        if (call.asks !== 'unknown' || isResponded(exchange)) group.isTold = true;
        const { cost, packets, startedAt: from } = group.log.fetch(exchange, false, inputs[input]);
        if (group.paths.size < MAX_PATHS) group.paths.add(path);
        group.tally.add(exchange, cost, () => packets, { from, lasted: cost });
      },
      request(request) {
        const service = served.current();
        const waits = service === null ? null : metadataWaits(request, kinds);
        if (service === null || waits === null || waits.other.calls === 0) return;
        tallyMetadata(service, request, waits.other, waits.packets);
      },
      finish() {
        let found = 0;
        for (const group of groups.all()) {
          const service = served.of(group.input, group.client);
          if (!isPerRequest(group, service)) continue;
          found++;
          report(reportOf(group, service));
        }
        if (found > 0) return;
        const total = heard + seen.routes.calls;
        if (total === 0) return unobservable({ why: 'no call was seen', capture: null });
        const asked = groups.all().reduce((sum, { log }) => sum + log.fetches, 0);
        clear('clear', { asked, total }, { count: total, unit: 'exchanges' });
      },
    };
  },
});

function metadataFixes(paths: ReadonlySet<string>, client: string): Fix[] {
  const fixes = [
    advice(
      'code',
      'read it once when the process starts, and keep it: it does not change while the pod runs',
      `the code of ${client}`,
      'revert the change',
    ),
  ];
  if ([...paths].some((path) => /placement|region|zone|document/.test(path))) {
    fixes.push(
      advice(
        'environment',
        'set AWS_REGION (or the region in the client’s configuration), and the SDK does not ask for it',
        `env of the workload of ${client}`,
        'take the variable away again',
      ),
    );
  }
  return fixes;
}
