import { milliseconds, nanoseconds, type Duration } from '../../../base/time.ts';
import type { Lookup } from '../../../model/lookup.ts';
import type { PacketId } from '../../../model/packet.ts';
import { answerTime, isAnswer, type Send } from './sends.ts';

/**
 * From here an answer is slow by itself: RULES takes a median of 100 ms for slow where nothing
 * says what is normal, and recursion for names of the internet takes 20–40 ms.
 */
export const SLOW_ANSWER = milliseconds(100);

/** What a cache in the cluster takes at most, on a busy node: what is beyond could be saved. */
const CACHED_ANSWER = milliseconds(5);

/** The slowest answer to one sending: what was sent again has several. */
export const slowestOf = (sends: readonly Send[]): Duration =>
  nanoseconds(sends.reduce((slowest, send) => Math.max(slowest, isAnswer(send) ? answerTime(send) : 0), 0));

/**
 * What the caller waited beyond usual answers, for a lookup without losses. Answers that are
 * awaited together count once.
 * @param usual the server's median
 */
export function slowCost(lookup: Lookup, sends: readonly Send[], usual: Duration): Duration {
  const normal = Math.min(usual, CACHED_ANSWER);
  let cost = 0;
  let start = Number.NaN;
  let end = Number.NaN;
  const close = (): void => {
    if (end > start) cost += Math.max(0, end - start - normal);
  };
  for (const { at, answeredAt } of sends.filter(isAnswer)) {
    if (at <= end) {
      end = Math.max(end, answeredAt);
      continue;
    }
    close();
    start = at;
    end = answeredAt;
  }
  close();
  return nanoseconds(Math.min(cost, lookup.duration));
}

/** The slow ones, slowest first. */
export const slowSends = (sends: readonly Send[]): Send[] =>
  sends
    .filter((send) => isAnswer(send) && answerTime(send) >= SLOW_ANSWER)
    .toSorted((a, b) => answerTime(b) - answerTime(a));

/** Query and answer of each slow one. */
export const slowPackets = (sends: readonly Send[]): PacketId[] =>
  slowSends(sends).flatMap((send) => [send.packet, send.answerPacket]);
