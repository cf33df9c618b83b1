import { milliseconds, nanoseconds, seconds, type Duration } from '../base/time.ts';
import { isTimer, TIMER_EARLY, TIMER_LATE } from '../knowledge/resolver-timers.ts';
import { isSameName, type TrackedAttempt } from '../model/tracked-attempt.ts';

/** What a client's resolv.conf has for `timeout`, as the lookups tell that asked again: the majority of their first waits. */
export interface ChosenWait {
  wait: Duration;
  /** By how many lookups it leads; one that sent the very same query again counts twice. */
  lead: number;
}

// One with a new id may be the next call of a program that asks once a second.
const LEAD_THAT_TELLS = 2;
const SAME_QUERY = 2;
const LIKE_QUERY = 1;
// On a busy machine, where nobody sets parts of a second.
const FIRES_LATE = milliseconds(250);

export const createChosenWait = (): ChosenWait => ({ wait: nanoseconds(0), lead: 0 });

/** Null where too few asked again, or each after another wait. */
export const chosenWaitOf = (chosen: ChosenWait): Duration | null =>
  chosen.lead >= LEAD_THAT_TELLS ? chosen.wait : null;

export function addFirstWait(chosen: ChosenWait, attempts: readonly TrackedAttempt[]): void {
  for (const attempt of attempts) {
    const again = askedAgainAt(attempt, attempts);
    if (again === null) continue;
    const waited = again - attempt.sentAt;
    const weight = attempt.resends.length > 0 ? SAME_QUERY : LIKE_QUERY;
    if (weight < SAME_QUERY && !isTimer(waited)) return;
    const wait = setFor(waited);
    if (Math.abs(wait - chosen.wait) <= TIMER_LATE) {
      chosen.lead += weight;
      chosen.wait = nanoseconds(Math.min(wait, chosen.wait));
    } else if (weight > chosen.lead) Object.assign(chosen, { wait, lead: weight - chosen.lead });
    else chosen.lead -= weight;
    return;
  }
}

/** Timers fire late, never early: the whole second below is what was set, or a part of one by musl's `attempts:`. */
function setFor(waited: number): Duration {
  const whole = Math.floor((waited + TIMER_EARLY) / seconds(1)) * seconds(1);
  return nanoseconds(whole > 0 && waited - whole < FIRES_LATE ? whole : waited);
}

/** When a query that had no answer was sent again: from its port, or (Go, glibc that reopens) from another one. */
function askedAgainAt(attempt: TrackedAttempt, attempts: readonly TrackedAttempt[]): number | null {
  const again =
    attempt.resends[0]?.at ??
    attempts.find((other) => other.sentAt > attempt.sentAt && other.type === attempt.type && isSameName(other, attempt))
      ?.sentAt;
  if (again === undefined) return null;
  const answeredAt = attempt.earlierReplies[0]?.at ?? attempt.repliedAt;
  return answeredAt < again ? null : again;
}
