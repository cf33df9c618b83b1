import { milliseconds, nanoseconds, type Duration } from '../../base/time.ts';
import type { Attempt, Lookup } from '../../model/lookup.ts';
import type { PacketId } from '../../model/packet.ts';
import { packetsOf } from './evidence.ts';

/**
 * From here an answer is slow by itself: RULES takes a median of 100 ms for slow where nothing
 * says what is normal, and recursion for names of the internet takes 20–40 ms.
 */
export const SLOW_ANSWER = milliseconds(100);

/** What a cache in the cluster takes at most, on a busy node: what is beyond could be saved. */
const CACHED_ANSWER = milliseconds(5);

/** The lookup's slowest answer. */
export function slowestAnswer(lookup: Lookup): Duration {
  let slowest = 0;
  for (const attempt of lookup.attempts) {
    const delay = attempt.repliedAt - attempt.sentAt;
    if (delay > slowest) slowest = delay;
  }
  return nanoseconds(slowest);
}

/**
 * What the caller waited beyond usual answers, for a lookup without losses. Answers that are
 * awaited together count once.
 * @param usual the server's median
 */
export function slowCost(lookup: Lookup, usual: Duration): Duration {
  const normal = Math.min(usual, CACHED_ANSWER);
  const order = lookup.attempts.toSorted((a, b) => a.sentAt - b.sentAt);
  let cost = 0;
  let start = Number.NaN;
  let end = Number.NaN;
  const close = (): void => {
    if (end > start) cost += Math.max(0, end - start - normal);
  };
  for (const { sentAt, repliedAt } of order) {
    if (sentAt <= end) {
      end = Math.max(end, repliedAt);
      continue;
    }
    close();
    start = sentAt;
    end = repliedAt;
  }
  close();
  return nanoseconds(Math.min(cost, lookup.duration));
}

const isSlow = (attempt: Attempt): boolean => attempt.repliedAt - attempt.sentAt >= SLOW_ANSWER;

/** Query and answer of each slow one. */
export const slowPackets = (lookup: Lookup): PacketId[] => lookup.attempts.filter(isSlow).flatMap(packetsOf);

export const slowAttempts = (lookup: Lookup): Attempt[] =>
  lookup.attempts.filter(isSlow).toSorted((a, b) => b.repliedAt - b.sentAt - (a.repliedAt - a.sentAt));
