import { seconds, type Timestamp } from '../../../base/time.ts';
import type { Send } from './sends.ts';

/**
 * What tells one who does not answer from answers that a capture does not have (a mirrored port,
 * `src host`, replies that come another way): who gets no answer asks again at his timer.
 */
export interface Silence {
  /** Questions that were asked again, because nothing came: proof that no answer had arrived… */
  askedAgain: number;
  /** …and how long that took at least. */
  shortestWait: number;
  /** Questions that were not, although it was time to: answers that the capture lacks. */
  unseen: number;
  /** Questions whose client went on with what it asks after an answer only: proof that the capture lacks answers. */
  ledOn: number;
  /** Questions that may still be asked again, by the whole seconds that the capture goes on after them. */
  readonly waiting: number[];
  /**
   * These and what is unseen, by the seconds that the capture goes on before them where those are fewer: what it begins
   * with may have been asked before it.
   */
  readonly within: number[];
}

export const createSilence = (): Silence => ({
  askedAgain: 0,
  shortestWait: Number.POSITIVE_INFINITY,
  unseen: 0,
  ledOn: 0,
  waiting: [],
  within: [],
});

const SECOND = seconds(1);
// By then all have asked again: gRPC's first wait is the longest, 6 s.
const MOST_SECONDS = 8;
// A resolver's first wait is the same for all questions; those that look at a clock once a second are late.
const SAME_TIMER = 1.5;
// Some never ask again (`dig +tries=1`), and in a capture of one direction some answers were lost as
// well: on a path on which anything works not half of the questions are asked again.
const HALF = 0.5;
const SEVERAL = 5;
const MOSTLY = 0.75;

/**
 * Whether most questions without an answer were asked again: then the answers did not come. Who began to capture in the
 * midst of an outage has the last askings of those who give up: they count for less.
 */
export function isMissed(silence: Silence): boolean {
  const { askedAgain, ledOn, within } = silence;
  if (ledOn > 0 || askedAgain === 0) return false;
  if (askedAgain >= MOSTLY * dueOf(silence)) return true;
  return (
    askedAgain >= SEVERAL &&
    askedAgain >= HALF * dueOf(silence) &&
    askedAgain >= MOSTLY * dueOf({ ...silence, unseen: 0, waiting: within })
  );
}

/**
 * The same by lookups without an answer: so many of them asked again for one family at least. A late process asks for
 * the other one long after, which is another lookup by its looks.
 */
export function areMissed(
  { ledOn }: Silence,
  groups: readonly { missed: number; tally: { count: number } }[],
): boolean {
  const asking = groups.reduce((sum, { missed }) => sum + missed, 0);
  const lookups = groups.reduce((sum, { tally }) => sum + tally.count, 0);
  return ledOn === 0 && asking > 0 && asking >= MOSTLY * lookups;
}

/** Questions without an answer that were asked again, or would have been by the capture's end. */
export function dueOf({ askedAgain, shortestWait, unseen, waiting }: Silence): number {
  const due = Math.ceil((shortestWait * SAME_TIMER) / SECOND);
  return waiting.slice(due).reduce((sum, count) => sum + count, askedAgain + unseen);
}

/** @param watched the capture's start and end */
export function countSilence(
  silence: Silence,
  send: Send,
  watched: { readonly startsAt: Timestamp; readonly endsAt: Timestamp },
): void {
  const { fate, isFirst, isFirstThere, askedAgain, at, waitedUntil } = send;
  if (fate === 'unseen') {
    silence.unseen++;
    addAt(silence.within, at - watched.startsAt);
  }
  if (send.ledOn) silence.ledOn++;
  // Of two servers that are asked in turns each is asked again. musl asks one again and again for errors that it gets at once.
  if (fate !== 'lost' || !isFirstThere) return;
  if (askedAgain) {
    silence.askedAgain++;
    silence.shortestWait = Math.min(silence.shortestWait, waitedUntil - at);
    return;
  }
  // After the last that was asked of another one they give up.
  if (!isFirst) return;
  const left = watched.endsAt - at;
  addAt(silence.waiting, left);
  addAt(silence.within, Math.min(left, at - watched.startsAt));
}

function addAt(counts: number[], time: number): void {
  const place = Math.min(MOST_SECONDS, Math.floor(time / SECOND));
  for (let index = counts.length; index <= place; index++) counts.push(0);
  if (place >= 0) (counts[place] as number)++;
}
