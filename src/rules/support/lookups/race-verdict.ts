import { formatCount, plural } from '../../../base/text.ts';
import { chanceOfAtLeast, UNLIKELY } from '../binomial.ts';
import { secondsLostOf, secondsOf, sparedLostOf, sparedOf, straysOf, type LossCounts } from './loss-counts.ts';
import { answersLate, type LossGroup } from './loss-groups.ts';
import { LIKELY_LOSSES, type Judged } from './loss-verdict.ts';

// Where other queries were lost as well, plain loss is the first explanation: in a lossy capture
// seconds stand out so far by chance once in five hundred, or, where next to nothing else was lost
// (any path loses a packet now and then), once in a hundred.
const MIXED_CHANCE = 1 / 500;
const STRAY_CHANCE = 1 / 100;
const STRAYS = 1;
// Beyond this a chance is told as "less than one in a million".
const SMALLEST_CHANCE = 1e-6;

/**
 * The race spares firsts, lone queries and resends, and takes the second of a pair. Loss at
 * random takes each query at the same rate: so of all that was lost seconds are as large a part
 * as of all that was sent.
 */
export function raceOf(groups: readonly LossGroup[], counts: LossCounts): Judged | null {
  const seconds = groups.filter((group) => group.shape === 'second');
  const secondLost = secondsLostOf(counts);
  if (seconds.length === 0 || secondLost === 0) return null;
  if (secondLost < LIKELY_LOSSES && answersLate(groups)) return null;
  // Answers are lost on the way back: one that was may look like a second query that the capture lacks (glibc, one by one).
  if (counts.unreceived > 0 && counts.unseenLost >= secondLost) return null;
  const sparedLost = sparedLostOf(counts);
  const share = secondsOf(counts) / (secondsOf(counts) + sparedOf(counts));
  const isStray = sparedLost <= STRAYS && straysOf(counts) >= sparedLost && secondLost >= LIKELY_LOSSES;
  const byChance = chanceOfAtLeast(secondLost, secondLost + (isStray ? 0 : sparedLost), share);
  if (sparedLost > 0 && !isStray) {
    // A burst hits pairs rather than lone queries, and their firsts as often as their seconds.
    const firsts = Math.min(sparedLost, counts.firstLost + counts.bothLost);
    const byBurst = chanceOfAtLeast(secondLost, secondLost + firsts, 0.5);
    const most = sparedLost <= STRAYS ? STRAY_CHANCE : MIXED_CHANCE;
    if (secondLost < LIKELY_LOSSES || byChance > most || byBurst > UNLIKELY) return null;
  }
  const whole = `${plural(counts.pairsFine, 'pair')} came through whole`;
  const lost = seconds.reduce((sum, group) => sum + group.lost, 0);
  const beforeDnat = seconds.reduce((sum, group) => sum + group.lostBeforeDnat, 0);
  if (beforeDnat >= lost && counts.pairsFine > 0) {
    return {
      cause: 'race',
      // At the DNAT a rule may drop packets as well.
      confidence: secondLost >= LIKELY_LOSSES ? 'certain' : 'likely',
      because: `seen before the DNAT and never behind it: ${formatCount(beforeDnat)} of ${plural(lost, 'lost query', 'lost queries')}, each the second of its pair; ${whole}`,
    };
  }
  const spared = `${formatCount(sparedLost)} of ${plural(sparedOf(counts), 'other query', 'other queries')}`;
  if (secondLost >= LIKELY_LOSSES) {
    const lacking = sparedLost > 0 && isStray ? ', of which the capture may lack a packet' : '';
    return {
      cause: 'race',
      confidence: lacking === '' ? 'likely' : 'possible',
      because:
        `${formatCount(secondLost)} of ${formatCount(secondsOf(counts))} second queries of a pair are lost, and ${spared}${lacking} ` +
        `(by chance ${chance(byChance)})${beforeCapture(counts)}`,
    };
  }
  return {
    cause: 'race',
    confidence: 'possible',
    because:
      (secondLost === 1
        ? 'one lost query, the second of its pair: any lost packet may look so'
        : `${formatCount(secondLost)} lost queries, each the second of its pair: by chance ${chance(byChance)}`) +
      `; ${whole}${beforeCapture(counts)}`,
  };
}

/** What the capture could not see. */
export const beforeCapture = ({ unseenLost }: LossCounts): string =>
  unseenLost === 0
    ? ''
    : `; ${plural(unseenLost, 'lost query is', 'lost queries are')} not in the capture: lost before it, and asked again at the resolver's timer`;

function chance(value: number): string {
  if (value < SMALLEST_CHANCE) return 'less than one in a million';
  return `1 in ${formatCount(Math.round(1 / value))}`;
}
