import { milliseconds, nanoseconds, seconds, type Duration, type Timestamp } from '../base/time.ts';
import type { ResolverTimers } from '../knowledge/resolver-timers.ts';
import { isSameName, type TrackedAttempt } from '../model/tracked-attempt.ts';
import type { OpenLookup } from './open-lookup.ts';

// Two sends closer than this are one burst (several servers at once, SERVFAIL), not a timer.
const BURST = seconds(0.2);
// Who asks one by one does so in the same turn; a throttled process may stand still in between.
const IN_TURN = milliseconds(120);

/**
 * Times from which a query's waits run: when it left, several servers at once or a burst counted as one. glibc that
 * asks for one family after the other gives both together one wait, from the first one's query (res_send.c, send_dg:
 * `finish` is set before the first is sent).
 */
export function roundsOf(
  lookup: OpenLookup,
  sameName: readonly TrackedAttempt[],
  timers: ResolverTimers | null,
): Timestamp[] {
  const rounds = sendRounds(sameName);
  if (timers?.resolver !== 'glibc') return rounds;
  const [first] = sameName;
  const others = lookup.attempts.filter(
    (other) => first !== undefined && other.type !== first.type && isSameName(other, first),
  );
  return rounds.map((sent) => {
    const ledTo = others.find(({ rcode, repliedAt }) => rcode >= 0 && repliedAt <= sent && sent - repliedAt <= IN_TURN);
    return ledTo === undefined ? sent : lastSentBefore(ledTo, sent);
  });
}

const sendTimes = ({ sentAt, resends }: TrackedAttempt): Timestamp[] => [sentAt, ...resends.map(({ at }) => at)];

const lastSentBefore = (attempt: TrackedAttempt, time: Timestamp): Timestamp =>
  sendTimes(attempt).findLast((sent) => sent <= time) ?? time;

// Of two servers glibc gives each the same wait, of three it does not (res_send.c, `timeout << server`).
export const MOST_SERVERS_ALIKE = 2;

/** Times at which the query left, several servers at once or a burst counted as one. */
export function sendRounds(sameName: readonly TrackedAttempt[]): Timestamp[] {
  const times = sameName.flatMap(sendTimes).toSorted((one, other) => one - other);
  return times.filter((time, index) => index === 0 || time - (times[index - 1] as Timestamp) > BURST);
}

/** The shortest wait between two rounds: growth and load only lengthen the others. */
export function seenInterval(rounds: readonly Timestamp[]): Duration | null {
  let shortest: number | null = null;
  for (let index = 1; index < rounds.length; index++) {
    const wait = (rounds[index] as number) - (rounds[index - 1] as number);
    if (shortest === null || wait < shortest) shortest = wait;
  }
  return shortest === null ? null : nanoseconds(shortest);
}
