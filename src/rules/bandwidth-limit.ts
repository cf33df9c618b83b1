import { Distribution } from '../base/distribution.ts';
import { formatBytes, formatShare } from '../base/text.ts';
import { at, milliseconds, nanoseconds, NANOSECONDS_PER_SECOND, type Duration } from '../base/time.ts';
import { isHttp2, isResponded, type Exchange } from '../model/exchange.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { LARGE_BODY } from './support/ordinary-exchanges.ts';
import { createPeerGroups, type PeerGroup } from './support/peer-groups.ts';
import { stalledTime } from './support/stalls.ts';
import { isHabit, partsByServer } from './support/subjects.ts';
import { exchangeTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';
import type { Peer } from './support/traffic-peer.ts';

// Faster transfers are worth no word.
const LEAST_TRANSFER = milliseconds(100);
// RULES: a download that fills its link is never slow. Pods' links carry a gigabit and more; a tenth
// of that is a limit somewhere.
const LINK_RATE = 12_500_000;
// "The time is the transfer."
const MOSTLY = 0.8;
// Stalls have their own causes.
const STALLED = 0.1;
// Equal rates: of so many, the slowest is not further below the usual one.
const LEAST_COUNT = 3;
const SPREAD = 0.25;
// The others are quick: the limit costs only what is large.
const QUICK = 0.2;

// What still lies in the queue before the limit when a sender has sent all, or an answer has passed by, is a part of the transfer,
// where the way itself is short beside it; over a long one, transfers of one size take as many round trips.
const SHORT_WAY = 0.1;
// A client’s last acknowledgments are always on their way; so much of an answer lies in a queue.
const QUEUED = 0.1;

// Over HTTP/2 a sender may have a window of 65,535 bytes on the way unless its peer says otherwise (RFC
// 9113, section 6.9.2), and the update takes a round trip: that rate is the window's, and no link's.
const WINDOW = 65_535;
// A few updates come before all is used up, and a round trip is a bit more than the shortest.
const LEAST_OF_WINDOW = 0.6;
const MOST_OF_WINDOW = 1.1;

interface Transfers {
  /** Bytes a second, as if they were nanoseconds. */
  readonly rates: Distribution;
  /** How long calls took that are none with a small body: nearly all are, and what these took stands with the peer. */
  readonly notSmall: Distribution;
  /** Large bodies that took long for other reasons. */
  others: number;
  /** Transfers of which the last part was on its way when all was sent. */
  queued: number;
  /** Transfers over HTTP/2. */
  windowed: number;
}

type Group = PeerGroup<Exchange> & Transfers;

export default defineRule({
  id: 'bandwidth-limit',
  title: 'Large bodies pass at the rate of a limit',
  category: 'connection',
  sees: ['tcp', 'http'],
  messages: {
    limited:
      '{count} of {total:exchange} with {server} took {cost:duration} for their bodies, which passed at a steady {rate}/s',
    clear: 'no large bodies took long at one steady rate ({total:call})',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const groups = createPeerGroups(seen, exchangeTally, (): Transfers => ({
      rates: new Distribution(),
      notSmall: new Distribution(),
      others: 0,
      queued: 0,
      windowed: 0,
    }));
    // The least round trip of each peer: no queue is in it.
    const leasts = new Map<Peer, number>();
    let heard = 0;
    return {
      unusualExchange(exchange) {
        if (exchange.shape !== 'call') return;
        const hasAnswer = isResponded(exchange);
        if (hasAnswer) heard++;
        if (hasAnswer && isSmall(exchange)) return;
        const group = groups.of(exchange);
        group.notSmall.add(exchange.duration);
        if (!hasAnswer) return;
        const { bytes, took, isQueued, left } = transferOf(exchange);
        const rate = (bytes * NANOSECONDS_PER_SECOND) / took;
        if (exchange.outcome === 'incomplete' || took < LEAST_TRANSFER || rate >= LINK_RATE) return;
        if (took < MOSTLY * exchange.duration || stalledTime(exchange, exchange.stalls) > STALLED * took) {
          group.others++;
          return;
        }
        group.rates.add(nanoseconds(rate));
        if (isQueued) group.queued++;
        if (isHttp2(exchange.protocol)) group.windowed++;
        const rest = (left * NANOSECONDS_PER_SECOND) / rate;
        const lasted = nanoseconds(exchange.duration + rest);
        const until = at(exchange.startedAt + lasted);
        groups.add(exchange, nanoseconds(took + rest), packetsOf, { until, lasted });
      },
      connection(connection) {
        const { minRoundTrip } = connection;
        if (!(minRoundTrip >= 0)) return;
        const peer = seen.peerOf(connection);
        leasts.set(peer, Math.min(minRoundTrip, leasts.get(peer) ?? Number.POSITIVE_INFINITY));
      },
      finish() {
        const limited = groups.judged().filter((group) => {
          const roundTrip = leasts.get(group.peer);
          return isLimited(group) && isNear(group, roundTrip) && !isOfWindow(group, roundTrip);
        });
        const parts = partsByServer<(typeof limited)[number], Exchange>(limited);
        for (const { groups: own, tally, subject, input } of parts) {
          const { calls } = seen.totals(input, subject);
          const rates = new Distribution();
          for (const group of own) rates.addAll(group.rates);
          const rate = formatBytes(rates.quantile(0.5));
          const spread = (rates.quantile(1) - rates.quantile(0)) / rates.quantile(0.5);
          report({
            message: 'limited',
            data: {
              count: tally.count,
              total: calls.count,
              server: subject.name,
              cost: tally.costs.quantile(0.5),
              rate,
            },
            input,
            subject,
            of: calls.count,
            unit: 'exchanges',
            latency: calls,
            cost: tally,
            confidence: 'likely',
            confidenceBecause: `their rates differ by ${formatShare(spread)} at most, without a loss, a closed window or a pause of the sender`,
            evidence: evidenceOf([], tally.dearest),
            because: [
              {
                component: `the path to ${subject.name}`,
                setting: 'bandwidth',
                value: `${rate}/s`,
                origin: 'wire',
                source: 'bytes of each body by the time from its first to its last',
              },
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
            habit: isHabit(tally.count, calls.count),
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

function isLimited({ peer, rates, notSmall, others, tally }: Group): boolean {
  if (rates.count < LEAST_COUNT || others > rates.count) return false;
  if (rates.quantile(0.5) - rates.quantile(0) > SPREAD * rates.quantile(0.5)) return false;
  if (rates.quantile(1) - rates.quantile(0.5) > SPREAD * rates.quantile(0.5)) return false;
  const small = peer.calls.replaced(notSmall, new Distribution());
  return small.quantile(0.5) <= QUICK * tally.costs.quantile(0.5);
}

const isNear = ({ queued, tally }: Group, roundTrip = Number.NaN): boolean =>
  queued === 0 || roundTrip <= SHORT_WAY * tally.costs.quantile(0.5);

/** One window of HTTP/2 for each round trip. */
function isOfWindow({ windowed, rates }: Group, roundTrip = Number.NaN): boolean {
  if (windowed === 0) return false;
  const flight = (rates.quantile(0.5) * roundTrip) / NANOSECONDS_PER_SECOND;
  return flight >= LEAST_OF_WINDOW * WINDOW && flight <= MOST_OF_WINDOW * WINDOW;
}

const isSmall = ({ requestBytes, responseBytes }: Exchange): boolean =>
  requestBytes < LARGE_BODY && responseBytes < LARGE_BODY;

interface Transfer {
  /** What passed in the time that it took. */
  readonly bytes: number;
  readonly took: Duration;
  readonly isQueued: boolean;
  /** What was still on its way then: a limit behind the capture holds it back. */
  readonly left: number;
}

/** The larger of the two bodies, and how long it was on its way. */
function transferOf(exchange: Exchange): Transfer {
  const { startedAt, requestedAt, firstByteAt, duration, requestBytes, responseBytes, roundTrip } = exchange;
  if (requestBytes <= responseBytes) {
    const left = exchange.undelivered;
    const took = nanoseconds(startedAt + duration - firstByteAt);
    return { bytes: responseBytes - left, took, isQueued: left >= QUEUED * responseBytes, left };
  }
  const sent = nanoseconds(requestedAt - startedAt);
  if (sent >= MOSTLY * duration || !(roundTrip > 0))
    return { bytes: requestBytes, took: sent, isQueued: false, left: 0 };
  // At the sender its last byte is seen as it leaves, and its round trip is what the queue makes it.
  const queue = Math.max(0, Math.min(roundTrip, firstByteAt - requestedAt));
  return { bytes: requestBytes, took: nanoseconds(sent + queue), isQueued: true, left: 0 };
}

const packetsOf = ({ packets }: Exchange): readonly number[] => packets;
