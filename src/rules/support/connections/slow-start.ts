import { milliseconds, nanoseconds, type Duration } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';

// RFC 6928 section 2: so many segments a sender may send before the first is acknowledged…
const FIRST_SEGMENTS = 10;
// …of so many bytes on Ethernet, with timestamps.
const SEGMENT = 1448;
// On a shorter way nobody waits long for it.
const LEAST_ROUND_TRIP = milliseconds(1);
// What takes longer is as slow as it is made, or as the line is, however fast it may be sent. Senders that spread
// each flight over its round trip (BBR, fq) took 1.4 times as long as those that do not.
const LONGEST = 2;

/**
 * What an exchange waits since its connection is new: a sender begins with ten segments and sends twice as many
 * with each round trip (RFC 5681 section 3.1). On a connection in use it is up to speed.
 */
export function slowStart({ outcome, startedAt, requestedAt, firstByteAt, ...exchange }: Exchange): Duration {
  if (outcome !== 'ok') return nanoseconds(0);
  const { requestBytes, responseBytes, duration, roundTrip } = exchange;
  const upload = growing(requestBytes, requestedAt - startedAt, roundTrip);
  return nanoseconds(upload + growing(responseBytes, startedAt + duration - firstByteAt, roundTrip));
}

/** @param took from its first byte to its last */
function growing(bytes: number, took: number, roundTrip: Duration): number {
  const rounds = Math.ceil(Math.log2(1 + bytes / (FIRST_SEGMENTS * SEGMENT))) - 1;
  if (!(roundTrip >= LEAST_ROUND_TRIP) || !(took > 0)) return 0;
  return took > LONGEST * (rounds + 1) * roundTrip ? 0 : Math.round(Math.min(took, rounds * roundTrip));
}
