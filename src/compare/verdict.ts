import type { Change, Comparison, LatencyComparison } from '../model/comparison.ts';
import type { Diagnosis } from '../model/diagnosis.ts';
import { LEAST_ROWS } from './latencies.ts';
import { verdictWords } from './words.ts';

/** Did it work, in one line. */
export function verdictOf(
  before: Pick<Diagnosis, 'samples'>,
  after: Pick<Diagnosis, 'samples'>,
  latencies: readonly LatencyComparison[],
): Comparison['verdict'] {
  if (before.samples === undefined || after.samples === undefined) {
    const which = before.samples === undefined ? 'before' : 'after';
    return undecided(`what was saved ${which} has no samples; explain its capture again`);
  }
  const judged = latencies.filter(({ changes }) => changes.length > 0);
  const [head] = judged;
  if (head === undefined) return undecided(nothingInCommon(latencies));
  const telling = tellingOf(head, judged);
  return { status: telling.verdict, says: verdictWords(telling.verdict, telling, head) };
}

/** What callers see decides, the outermost; where that tells nothing, what is inside of it. */
function tellingOf(head: LatencyComparison, judged: readonly LatencyComparison[]): LatencyComparison {
  if (head.verdict === 'improved' || head.verdict === 'worse') return head;
  return first(judged, 'worse') ?? first(judged, 'improved') ?? head;
}

const first = (judged: readonly LatencyComparison[], verdict: Change): LatencyComparison | undefined =>
  judged.find((one) => one.verdict === verdict);

const undecided = (why: string): Comparison['verdict'] => ({
  status: 'undecided',
  says: `Not enough data to say: ${why}`,
});

function nothingInCommon(latencies: readonly LatencyComparison[]): string {
  const [outermost] = latencies;
  if (outermost === undefined) return 'the two hold nothing of the same sort';
  const least = Math.min(outermost.before.compared, outermost.after.compared);
  return least === 0
    ? 'the two have nothing in common: other methods, paths and servers'
    : `${least} to compare, at least ${LEAST_ROWS} on each side would do`;
}
