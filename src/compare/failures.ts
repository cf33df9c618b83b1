import type { LatencyComparison } from '../model/comparison.ts';
import type { SampledRows } from '../model/samples.ts';
import { fisher } from './fisher.ts';
import { SHOWN_CONFIDENCE } from './judge.ts';
import type { Weights } from './side.ts';

// A hundredth of all: less is the noise of clients that went away.
const MATTERS = 0.01;

/** Whether more or fewer failed: what fails at once is quick, too. */
export function failuresOf(
  before: SampledRows,
  after: SampledRows,
  weights: { before: Weights; after: Weights },
  looks: number,
): LatencyComparison['failures'] {
  const counts = { before: countOf(before, weights.before), after: countOf(after, weights.after) };
  const probability = fisher(counts.before, counts.after);
  const rise = shareOf(counts.after) - shareOf(counts.before);
  const isReal = probability < (1 - SHOWN_CONFIDENCE) / looks && Math.abs(rise) >= MATTERS;
  return { ...counts, verdict: isReal ? (rise > 0 ? 'worse' : 'improved') : 'equal', probability };
}

interface Count {
  count: number;
  of: number;
}

function countOf({ kinds }: SampledRows, weights: Weights): Count {
  const counted = [...weights.keys()].map((index) => kinds[index]!);
  return {
    count: counted.reduce((sum, { failed }) => sum + failed, 0),
    of: counted.reduce((sum, { count }) => sum + count, 0),
  };
}

const shareOf = ({ count, of }: Count): number => (of === 0 ? 0 : count / of);
