import { RCODE, type Attempt, type Lookup } from '../../../model/lookup.ts';
import type { Observer } from '../../../model/observer.ts';
import { listenersOf, tell } from '../hearing.ts';
import { isPair } from './pair.ts';
import { SLOW_ANSWER } from './slow-answers.ts';

/**
 * What nearly all lookups of a healthy cluster are: A and AAAA of one name, asked at once from one
 * port, each answered well at its first asking, and not late. Rules that look for what is wrong
 * have nothing to say of them and need not hear them (`unusual`); others hear of them in a quicker
 * way (`ordinary`).
 */
export function isOrdinary({ attempts, outcome, resolver }: Lookup): boolean {
  if (attempts.length !== 2 || outcome !== 'ok') return false;
  const [first, second] = attempts as [Attempt, Attempt];
  return (
    isWellAnswered(first) &&
    isWellAnswered(second) &&
    second.sentAt < first.repliedAt &&
    isPair(first, second, resolver)
  );
}

const isWellAnswered = (attempt: Attempt): boolean =>
  attempt.rcode === RCODE.NOERROR &&
  attempt.repliedAt - attempt.sentAt < SLOW_ANSWER &&
  attempt.resends.length === 0 &&
  attempt.earlierReplies.length === 0 &&
  !attempt.truncated &&
  attempt.transport === 'udp' &&
  attempt.backend === null;

/** A lookup on its way to those who hear lookups. */
export type LookupListener = (lookup: Lookup) => void;

/**
 * Hands each lookup to those who want its kind: told apart once, since all lookups pass here.
 * @param takesQuickWay which lookups are told as ordinary ones: none, where a test compares both ways
 */
export function tellLookups(observers: readonly Observer[], takesQuickWay = isOrdinary): LookupListener {
  const ordinary = listenersOf(observers, (observer) => observer.ordinary ?? observer.lookup);
  const unusual = listenersOf(observers, (observer) => observer.unusual ?? observer.lookup);
  return (lookup) => tell(takesQuickWay(lookup) ? ordinary : unusual, lookup);
}
