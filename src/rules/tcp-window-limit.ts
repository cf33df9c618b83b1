import { formatBytes, formatDuration } from '../base/text.ts';
import { milliseconds, nanoseconds, NANOSECONDS_PER_SECOND } from '../base/time.ts';
import { otherSide, type Stall } from '../model/connection.ts';
import type { Exchange } from '../model/exchange.ts';
import { advice } from './support/fixes.ts';
import { defineRule } from './support/define-rule.ts';
import { wireSetting } from './support/settings.ts';
import { stallRule } from './support/exchanges/stall-rule.ts';
import { stallsOf } from './support/exchanges/stalls.ts';
import { isQuickTransfer, rateOf, transferOf } from './support/exchanges/transfers.ts';

// Faster transfers are worth no word.
const LEAST_TRANSFER = milliseconds(100);
// One may be a buffer that had no time to grow.
const LEAST_COUNT = 2;

export default defineRule({
  id: 'tcp-window-limit',
  title: 'Bodies go one receive window for each round trip',
  category: 'connection',
  sees: ['tcp', 'http'],
  hearsTurns: true,
  messages: {
    stalled:
      '{count} of {total:exchange} with {server} took {cost:duration}: their bodies go one receive window ({window}) per round trip',
    clear: 'no receive window was used up in each round trip ({total:exchange}{besides})',
  },
  create: (context) =>
    stallRule(context, {
      reason: 'window',
      least: LEAST_TRANSFER,
      leastCount: LEAST_COUNT,
      isAnothers: isQuickTransfer,
      confidence: 'likely',
      confidenceBecause:
        'in each round trip all was sent that the receiver had announced room for, and what was announced never closed',
      waited: ({ from }) => `data of the ${from}, one receive window for each round trip`,
      says: (dearest) => ({ window: formatBytes(windowOf(dearest)) }),
      savesAtMost: true,
      because: (server, from, _common, dearest) => [
        wireSetting(
          `the ${otherSide(from)}`,
          'receive window',
          dearest === undefined ? 'small' : `${formatBytes(windowOf(dearest))} at most`,
          'as it announced it; Linux: a half of net.ipv4.tcp_rmem or of what SO_RCVBUF asks for',
        ),
        wireSetting(
          `the path to ${server}`,
          'round trip',
          roundTripWords(dearest),
          'the window by the rate at which bodies came',
        ),
      ],
      fix: (server, from, _common, dearest) => [
        advice(
          'manifest',
          isUnscaled(dearest) ? `${SCALE}; with it ${GROW}` : `let the window grow: ${GROW}`,
          from === 'server' ? `the client of ${server}` : `the program behind ${server}`,
          'set the former sizes again',
        ),
        advice(
          'code',
          'send less over this way: compression, pages, several connections at a time, a copy nearer to the reader',
          `the workload behind ${server}`,
          'nothing is changed',
        ),
      ],
    }),
});

const GROW =
  'the third number of net.ipv4.tcp_rmem twice as large as rate × round trip, and no SO_RCVBUF in the program, which keeps it from growing';
const SCALE =
  'look first whether window scaling is off or taken out of the SYNs (net.ipv4.tcp_window_scaling, a middlebox): without it no window exceeds 65,535 bytes';

// RFC 7323 section 2.1: the largest that 16 bits announce. Receivers round it down to whole segments, of which the
// largest that Ethernet carries has 1,460 bytes.
const LARGEST_UNSCALED = 65_535;
const SEGMENT = 1_460;

/** The window is as wide as one without scaling becomes, and no wider; a smaller one has another reason. */
function isUnscaled(dearest: Exchange | undefined): boolean {
  const window = dearest === undefined ? 0 : windowOf(dearest);
  return window > LARGEST_UNSCALED - SEGMENT && window <= LARGEST_UNSCALED;
}

const widest = (exchange: Exchange): Stall | undefined =>
  stallsOf(exchange, 'window').toSorted((a, b) => b.bytes - a.bytes)[0];

const windowOf = (exchange: Exchange): number => widest(exchange)?.bytes ?? 0;

/** One window takes one. */
function roundTripWords(dearest: Exchange | undefined): string {
  const transfer = dearest === undefined ? null : transferOf(dearest);
  if (dearest === undefined || transfer === null) return 'long';
  const roundTrip = nanoseconds((windowOf(dearest) * NANOSECONDS_PER_SECOND) / rateOf(transfer));
  return `about ${formatDuration(roundTrip)}`;
}
