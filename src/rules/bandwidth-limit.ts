import { Distribution } from '../base/distribution.ts';
import { formatBytes, formatShare } from '../base/text.ts';
import { at, milliseconds, nanoseconds, NANOSECONDS_PER_SECOND } from '../base/time.ts';
import { receiverOf } from '../model/direction.ts';
import { isHttp2, isResponded, type Exchange } from '../model/exchange.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf, ownPackets } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { fullLinks, type Burst, type FullLinks } from './support/exchanges/full-links.ts';
import { createPeerGroups, type PeerGroup } from './support/peer-groups.ts';
import { wireSetting } from './support/settings.ts';
import { isHabit, partsByServer, reportedExchanges } from './support/subjects.ts';
import { exchangeTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';
import type { Peer } from './support/traffic-peer.ts';
import { isPaced, LINK_RATE, rateOf, transferOf, type Transfer } from './support/exchanges/transfers.ts';

// Faster transfers are worth no word.
const LEAST_TRANSFER = milliseconds(100);
// "The time is the transfer".
const MOSTLY = 0.8;
// Equal rates: of so many, the slowest is not further below the usual one.
const LEAST_COUNT = 3;
const SPREAD = 0.25;

// What is less is no figure for anybody.
const ALIKE = 0.01;
// Their rates are told from as many.
const MAX_STRETCHES = 1 << 10;

// What still lies in the queue before the limit when a sender has sent all, or an answer has passed by, is a part of the transfer,
// where the way itself is short beside it; over a long one, transfers of one size take as many round trips.
const SHORT_WAY = 0.1;

// Over HTTP/2 a sender may have a window of 65,535 bytes on the way unless its peer says otherwise (RFC
// 9113, section 6.9.2), and the update takes a round trip: that rate is the window's, and no link's.
const WINDOW = 65_535;
// A few updates come before all is used up, and a round trip is a bit more than the shortest.
const LEAST_OF_WINDOW = 0.6;
const MOST_OF_WINDOW = 1.1;

interface Transfers {
  /** When each was on its way. */
  readonly stretches: Pick<Transfer, 'from' | 'until' | 'sender'>[];
  /** Large bodies that took long for other reasons. */
  others: number;
  /** Transfers of which the last part was on its way when all was sent. */
  queued: number;
  /** Transfers over HTTP/2. */
  windowed: number;
}

type Group = PeerGroup<Exchange> & Transfers;

/** A group, and the bursts that its transfers are a part of. */
interface Limited extends Group {
  /** Bytes a second, as if they were nanoseconds. */
  readonly rates: Distribution;
  /** Other transfers went at the same time. */
  readonly isShared: boolean;
}

export default defineRule({
  id: 'bandwidth-limit',
  title: 'Large bodies pass at the rate of a limit',
  category: 'connection',
  sees: ['tcp', 'http'],
  hearsTurns: true,
  messages: {
    limited:
      '{count} of {total:exchange} with {server} took {cost:duration} for their bodies, which passed at a steady {rate}/s',
    shared:
      '{count} of {total:exchange} with {server} took {cost:duration} for their bodies, which passed at a steady {rate}/s in all',
    clear: 'no large bodies took long at one steady rate ({total:call})',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const links = fact(fullLinks);
    const groups = createPeerGroups(seen, exchangeTally, (): Transfers => ({
      stretches: [],
      others: 0,
      queued: 0,
      windowed: 0,
    }));
    // The least round trip of each peer: no queue is in it.
    const leasts = new Map<Peer, number>();
    let heard = 0;
    const hear = (exchange: Exchange): void => {
      if (isResponded(exchange)) heard++;
      const transfer = transferOf(exchange);
      if (transfer === null) return;
      const { took, isQueued, left } = transfer;
      const rate = rateOf(transfer);
      if (took < LEAST_TRANSFER || rate >= LINK_RATE) return;
      const group = groups.of(exchange);
      if (took < MOSTLY * exchange.duration || !isPaced(exchange, transfer)) {
        group.others++;
        return;
      }
      if (group.stretches.length < MAX_STRETCHES) group.stretches.push(transfer);
      if (isQueued) group.queued++;
      if (isHttp2(exchange.protocol)) group.windowed++;
      const rest = (left * NANOSECONDS_PER_SECOND) / rate;
      const lasted = nanoseconds(exchange.duration + rest);
      const until = at(exchange.startedAt + lasted);
      groups.add(exchange, nanoseconds(took + rest), ownPackets, { until, lasted });
    };
    return {
      unusualExchange(exchange) {
        if (exchange.shape === 'call') hear(exchange);
      },
      // Inside TLS, too, bytes are counted, and their pace shows.
      turn: hear,
      connection(connection) {
        const { minRoundTrip } = connection;
        if (!(minRoundTrip >= 0)) return;
        const peer = seen.peerOf(connection);
        leasts.set(peer, Math.min(minRoundTrip, leasts.get(peer) ?? Number.POSITIVE_INFINITY));
      },
      finish() {
        const limited = groups
          .judged()
          .filter(({ others, tally }) => tally.count >= LEAST_COUNT && others <= tally.count)
          .flatMap((group) => limitedOf(group, links))
          .filter((group) => {
            const roundTrip = leasts.get(group.peer);
            return isNear(group, roundTrip) && !isOfWindow(group, roundTrip);
          });
        const parts = partsByServer<Limited, Exchange>(limited);
        for (const { groups: own, tally, subject, input } of parts) {
          const { calls, turns } = seen.totals(input, subject);
          const latency = calls.count === 0 ? turns : calls;
          const of = Math.max(tally.count, latency.count);
          const rates = new Distribution();
          for (const group of own) rates.addAll(group.rates);
          const rate = formatBytes(rates.quantile(0.5));
          const spread = (rates.quantile(1) - rates.quantile(0)) / rates.quantile(0.5);
          report({
            message: own.some(({ isShared }) => isShared) ? 'shared' : 'limited',
            data: {
              count: tally.count,
              total: of,
              server: subject.name,
              cost: tally.costs.quantile(0.5),
              rate,
            },
            ...reportedExchanges({ input, subject, tally }, latency, of),
            confidence: 'likely',
            confidenceBecause: `one full segment followed another at one pace, without a loss, a closed window or a pause of the sender; rates ${spread < ALIKE ? 'are alike' : `differ by ${formatShare(spread)} at most`}`,
            evidence: evidenceOf([], tally.dearest),
            because: [
              wireSetting(
                `the path to ${subject.name}`,
                'bandwidth',
                `${rate}/s`,
                'bytes of what was on its way at a time, by that time',
              ),
            ],
            fix: [
              advice(
                'manifest',
                'raise or remove the limit: kubernetes.io/ingress-bandwidth and egress-bandwidth of the pods, the rate of the gateway, the node’s or instance type’s own',
                `the pods behind ${subject.name} and their clients`,
                'set the former limit again',
              ),
              advice(
                'code',
                'send less: compression, smaller pages or images, a cache nearer to the client',
                `the workload behind ${subject.name}`,
                'send the former bodies again',
              ),
            ],
            whatIf: { method: 'each affected exchange without the time of its transfer' },
            errors: 0,
            habit: isHabit(tally.count, of),
          });
        }
        if (parts.length > 0) return;
        const total = heard + seen.routes.calls;
        if (total === 0) return unobservable({ why: 'no answered call was seen', capture: null });
        clear('clear', { total }, { count: total, unit: 'exchanges' });
      },
    };
  },
});

/** What goes to the receiver, or comes from the sender, passes at one rate: then that is where the limit is. */
function limitedOf(group: Group, links: FullLinks): Limited[] {
  const { peer, stretches } = group;
  const [client, server] = [peer.client, receiverOf({ server: peer.address, backend: peer.backend })];
  const burstsOf = (way: 'to' | 'from'): Burst[] =>
    stretches.flatMap(({ from, until, sender }) => {
      const host = (sender === 'client') === (way === 'from') ? client : server;
      return links[way](peer.input, host, from, until);
    });
  for (const way of ['to', 'from'] as const) {
    const bursts = [...new Set(burstsOf(way))];
    const rates = new Distribution();
    for (const { rate } of bursts) rates.add(nanoseconds(rate));
    if (isSteady(rates)) return [{ ...group, rates, isShared: bursts.some(({ transfers }) => transfers > 1) }];
  }
  return [];
}

function isSteady(rates: Distribution): boolean {
  const usual = rates.quantile(0.5);
  if (rates.count === 0 || usual >= LINK_RATE) return false;
  return usual - rates.quantile(0) <= SPREAD * usual && rates.quantile(1) - usual <= SPREAD * usual;
}

const isNear = ({ queued, tally }: Limited, roundTrip = Number.NaN): boolean =>
  queued === 0 || roundTrip <= SHORT_WAY * tally.costs.quantile(0.5);

/** One window of HTTP/2 for each round trip. */
function isOfWindow({ windowed, rates }: Limited, roundTrip = Number.NaN): boolean {
  if (windowed === 0) return false;
  const flight = (rates.quantile(0.5) * roundTrip) / NANOSECONDS_PER_SECOND;
  return flight >= LEAST_OF_WINDOW * WINDOW && flight <= MOST_OF_WINDOW * WINDOW;
}
