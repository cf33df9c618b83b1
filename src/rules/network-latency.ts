import { Distribution } from '../base/distribution.ts';
import { fewNames, formatCount, formatDuration, plural } from '../base/text.ts';
import { nanoseconds, type Duration } from '../base/time.ts';
import { isResponded, type Exchange } from '../model/exchange.ts';
import type { Fix, Setting } from '../model/finding.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf, ownPackets } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { LEAST_ROUND_TRIP } from './support/exchanges/ordinary-exchanges.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { programWaits } from './support/requests/program-waits.ts';
import { wireSetting } from './support/settings.ts';
import { type Part, isHabit, partsByServer, reportedExchanges } from './support/subjects.ts';
import { exchangeTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';
import type { Peer } from './support/traffic-peer.ts';
import { Ways, type TwoWays } from './support/connections/two-ways.ts';

// "Most of the exchange", and of most exchanges.
const MOST = 0.5;
// One call over a long way is no habit of a service.
const LEAST_COUNT = 5;

export default defineRule({
  id: 'network-latency',
  title: 'The way to the server takes most of the time',
  category: 'connection',
  sees: ['tcp', 'http'],
  messages: {
    far: '{count} of {total:exchange} with {server} took mostly the way there and back: {cost:duration} for one round trip',
    twoWays:
      '{count} of {total:exchange} with {server} went a longer way: {cost:duration} for one round trip on {far} of {connections}, {near:duration} on the others',
    clear: 'the round trip is not most of the exchanges ({total:call})',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const waits = fact(programWaits);
    const groups = createPeerGroups(seen, exchangeTally, () => ({}));
    // The least round trip of each connection of a peer: no delayed ACK and no queue is in it.
    const trips = new Map<Peer, { readonly leasts: Distribution; readonly ways: Ways }>();
    const leastOf = (peer: Peer, share: number): Duration => trips.get(peer)?.leasts.quantile(share) ?? nanoseconds(0);
    let heard = 0;
    return {
      unusualExchange(exchange) {
        if (exchange.shape !== 'call' || !isResponded(exchange)) return;
        heard++;
        const { roundTrip, duration } = exchange;
        if (!(roundTrip >= LEAST_ROUND_TRIP) || roundTrip < MOST * duration) return;
        groups.add(exchange, roundTripOf(exchange), ownPackets);
      },
      connection(connection) {
        if (!(connection.minRoundTrip >= 0)) return;
        const peer = seen.peerOf(connection);
        const own = trips.get(peer) ?? { leasts: new Distribution(), ways: new Ways() };
        own.leasts.add(connection.minRoundTrip);
        own.ways.add(connection);
        trips.set(peer, own);
      },
      finish() {
        // A service's own calls, where they are what its requests spend their time on.
        const isWaitedFor = (peer: Peer): boolean => seen.isJudged(peer) || waits.shareOf(peer) >= MOST;
        const waited = groups.all().filter(({ peer }) => isWaitedFor(peer));
        const split = waited
          .map((group) => ({ ...group, two: trips.get(group.peer)?.ways.judge() ?? null }))
          .filter((group): group is typeof group & { two: TwoWays } => group.two !== null);
        const apart = partsByServer<(typeof split)[number], Exchange>(split).filter(
          ({ tally }) => tally.count >= LEAST_COUNT,
        );
        for (const part of apart) {
          const { groups: own, tally, subject, input } = part;
          const { calls } = seen.totals(input, subject);
          const two = bothOf(own.map((group) => group.two));
          report({
            message: 'twoWays',
            data: {
              count: tally.count,
              total: calls.count,
              server: subject.name,
              cost: two.farTrip,
              far: formatCount(two.far),
              connections: plural(two.far + two.near, 'connection'),
              near: two.nearTrip,
            },
            ...reported(part, calls),
            confidenceBecause: `handshakes and acknowledgements of the kernel take as long on these connections, and ${formatDuration(two.nearTrip)} on the others, before and after`,
            because: waySettings(subject.name, two),
            fix: wayFixes(subject.name),
            whatIf: { method: 'each affected exchange without its round trip', isAtMost: true },
            habit: false,
          });
        }
        const isApart = new Set(split.map(({ peer }) => peer));
        const far = waited.filter(({ peer }) => leastOf(peer, 0.5) >= LEAST_ROUND_TRIP && !isApart.has(peer));
        const parts = partsByServer<(typeof far)[number], Exchange>(far).filter(
          ({ tally, input, subject }) =>
            tally.count >= LEAST_COUNT && tally.count > MOST * seen.totals(input, subject).calls.count,
        );
        for (const part of parts) {
          const { groups: own, tally, subject, input } = part;
          const { calls } = seen.totals(input, subject);
          const least = nanoseconds(Math.min(...own.map(({ peer }) => leastOf(peer, 0))));
          report({
            message: 'far',
            data: {
              count: tally.count,
              total: calls.count,
              server: subject.name,
              cost: tally.costs.quantile(0.5),
            },
            ...reported(part, calls),
            confidenceBecause: `handshakes and acknowledgements of the kernel take ${formatDuration(least)} as well`,
            because: [
              wireSetting(
                `the path to ${subject.name}`,
                'round trip',
                formatDuration(least),
                'handshakes and acknowledgements',
              ),
            ],
            fix: [
              advice(
                'infrastructure',
                'bring client and server nearer: same region and zone, or a replica or cache where the client is',
                `the workload behind ${subject.name}`,
                'move it back',
              ),
              advice(
                'code',
                'make fewer round trips: keep connections, ask for several things at once, ask at the same time',
                `the clients of ${subject.name}`,
                'call one by one again',
              ),
            ],
            whatIf: { method: 'each affected exchange without its round trip' },
            habit: isHabit(tally.count, calls.count),
          });
        }
        if (parts.length > 0 || apart.length > 0) return;
        const total = heard + seen.routes.calls;
        if (total === 0) return unobservable({ why: 'no answered call was seen', capture: null });
        clear('clear', { total }, { count: total, unit: 'exchanges' });
      },
    };
  },
});

/** What is said of either kind. */
const reported = ({ input, subject, tally }: Part<unknown, Exchange>, calls: Distribution) =>
  ({
    ...reportedExchanges({ input, subject, tally }, calls),
    confidence: 'certain',
    evidence: evidenceOf([], tally.dearest),
    errors: 0,
  }) as const;

const roundTripOf = ({ roundTrip, duration }: Exchange): Duration => nanoseconds(Math.min(roundTrip, duration));

/** Of several clients: all their connections, and the way of the client that has most on the long one. */
function bothOf(all: readonly TwoWays[]): TwoWays {
  const [first] = all.toSorted((a, b) => b.far - a.far) as [TwoWays];
  return {
    ...first,
    far: all.reduce((sum, { far }) => sum + far, 0),
    near: all.reduce((sum, { near }) => sum + near, 0),
  };
}

const waySettings = (server: string, { far, near, farTrip, nearTrip, farBackends }: TwoWays): Setting[] => [
  wireSetting(
    farBackends.length > 0 ? `the path to ${fewNames(farBackends)}` : `one path to ${server}`,
    'round trip',
    `${formatDuration(farTrip)} (${plural(far, 'connection')})`,
    'handshakes and acknowledgements',
  ),
  wireSetting(
    'the other',
    'round trip',
    `${formatDuration(nearTrip)} (${plural(near, 'connection')})`,
    'handshakes and acknowledgements',
  ),
];

const wayFixes = (server: string): Fix[] => [
  advice(
    'manifest',
    'keep calls near: endpoints in another zone or region are no nearer for being behind the same Service (trafficDistribution: PreferClose, from Kubernetes 1.30)',
    server,
    'take it out again',
    'kubectl get endpointslices -A -o wide',
  ),
  advice(
    'infrastructure',
    'where all endpoints are near: of several equal paths (ECMP, a bond) one is slow, and which one a connection takes its source port decides; trace both',
    `the path to ${server}`,
    'nothing is changed',
    'mtr --tcp --port <port> <address>',
  ),
];
