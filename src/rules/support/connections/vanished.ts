import { at, between, seconds, type Timestamp } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';
import type { PacketId } from '../../../model/packet.ts';
import type { Openings } from './openings.ts';
import { exchangeTally, type ExchangeTally } from '../tally.ts';

// Nobody gives up sooner; a connection that is opened before is another call's.
const LEAST_PATIENCE = seconds(1);

/** A call that got no answer, and until when its connection was seen to try. */
export interface Vanished {
  exchange: Exchange;
  until: Timestamp;
}

/**
 * Until when its caller waited at most: who gave up without a word shows by the next connection to the same server.
 * The kernel goes on sending long after that, and a FIN stands in line behind what is lost.
 */
export function givenUpAt({ exchange, until }: Vanished, opened: Openings): Timestamp {
  const next = opened.nextFrom(exchange, exchange.startedAt + LEAST_PATIENCE);
  return next < until ? at(next) : until;
}

/** Ask in `finish`: connections come when they end. */
export function vanishedTally(
  vanished: readonly Vanished[],
  opened: Openings,
  packets: (exchange: Exchange) => readonly PacketId[],
): ExchangeTally {
  const tally = exchangeTally();
  for (const call of vanished) {
    const from = call.exchange.startedAt;
    const until = givenUpAt(call, opened);
    const cost = between(from, until);
    tally.add(call.exchange, cost, packets, { from, until, lasted: cost });
  }
  return tally;
}
