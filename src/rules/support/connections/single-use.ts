import { seconds, type Duration, nanoseconds } from '../../../base/time.ts';
import { isOpened, type Connection } from '../../../model/connection.ts';
import { handshakesOf } from '../tally.ts';

// A connection inside TLS that lives no longer, and is closed rather than cut, carried a call or two.
const SHORT_LIFE = seconds(1);

// A handshake and one call take up to sixteen packets of each side, with HTTP/2's settings and with acknowledgments
// (gRPC, of a hundred measured). Twice as many are several calls, of which each takes two at most as a rule.
const MANY_PACKETS = 32;
const PACKETS_OF_CALL = 2;

/** Whether it was still open when it was last seen: the next call may have been about to come. */
const isLeftOpen = ({ ending }: Connection): boolean => ending === 'captureEnd' || ending === 'evicted';

/**
 * Whether a connection was opened for one call: as read, or, inside TLS, as its short life tells.
 * @returns null where it can't be told: its opening or its end was not seen, or what it carried was not read
 */
export const isSingleUse = (connection: Connection): boolean | null =>
  isLeftOpen(connection) && connection.exchanges === 1 ? null : servesOne(connection);

/** The same where no other call is to come on it. */
export function servesOne(connection: Connection): boolean | null {
  if (!isOpened(connection) || !(connection.connectDuration >= 0) || connection.ending === 'refused') return null;
  if (connection.exchanges > 0) return connection.exchanges === 1;
  if (connection.protocol !== 'tls' || connection.bytes.client === 0 || connection.bytes.server === 0) return null;
  if (sealedCalls(connection) > 0) return false;
  return connection.ending === 'fin' && connection.duration - handshakesOf(connection) <= SHORT_LIFE;
}

/**
 * How many calls a connection carried inside TLS, about, where both sides sent far more packets than one takes: a
 * client that multiplexes may open several and goes on with one. 0 where they are few, or were read.
 */
export function sealedCalls({ protocol, exchanges, packets }: Connection): number {
  if (protocol !== 'tls' || exchanges > 0) return 0;
  const both = Math.min(packets.client, packets.server);
  return both >= MANY_PACKETS ? both / PACKETS_OF_CALL : 0;
}

/** Of all calls, too: a pool that grows serves many more. */
export const isMostly = (single: number, calls: number): boolean => calls === 0 || single > calls / 2;

/** What the TCP handshake takes where no SYN is lost. */
export function connectCost({ syns, synAcks, connectDuration }: Connection): Duration {
  const [first] = syns;
  const last = syns.at(-1);
  if (syns.length < 2 || first === undefined || last === undefined) return connectDuration;
  // A server whose accept queue is full answers again, long after the client had gone on. Where the answer went
  // another way, what acknowledges it tells.
  const answer = synAcks.find(({ at }) => at >= last.at) ?? synAcks.at(-1);
  const answeredAt = answer?.at ?? first.at + connectDuration;
  return nanoseconds(Math.min(connectDuration, Math.max(0, answeredAt - last.at)));
}
