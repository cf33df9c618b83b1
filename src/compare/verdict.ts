import { formatCount } from '../base/text.ts';
import type { Change, Comparison, FindingComparison, LatencyComparison } from '../model/comparison.ts';
import type { Diagnosis } from '../model/diagnosis.ts';
import type { Severity } from '../model/finding.ts';
import { LEAST_ROWS } from './latencies.ts';
import { otherwiseWords, verdictWords } from './words.ts';

type Verdict = Comparison['verdict'];

/** Did it work, in one line. */
export function verdictOf(
  before: Pick<Diagnosis, 'samples'>,
  after: Pick<Diagnosis, 'samples'>,
  latencies: readonly LatencyComparison[],
  findings: readonly FindingComparison[],
): Verdict {
  if (before.samples === undefined || after.samples === undefined) {
    const which = before.samples === undefined ? 'before' : 'after';
    return undecided(`what was saved ${which} has no samples; explain its capture again`);
  }
  const judged = latencies.filter(({ changes }) => changes.length > 0);
  const [head] = judged;
  const telling = head === undefined ? null : tellingOf(head, judged);
  if (telling !== null && (telling.verdict === 'improved' || telling.verdict === 'worse')) {
    return { status: telling.verdict, says: verdictWords(telling.verdict, telling, head ?? telling) };
  }
  const byFindings = verdictOfFindings(findings.filter((finding) => telling?.verdict !== 'equal' || isUnseen(finding)));
  if (byFindings !== null) {
    const rest = telling === null ? [] : [otherwiseWords(telling)];
    return { ...byFindings, says: [byFindings.says, ...rest].join('; ') };
  }
  if (telling === null) return undecided(nothingInCommon(latencies));
  return { status: telling.verdict, says: verdictWords(telling.verdict, telling, head ?? telling) };
}

/** What callers see decides, the outermost; where that tells nothing, what is inside of it. */
function tellingOf(head: LatencyComparison, judged: readonly LatencyComparison[]): LatencyComparison {
  if (head.verdict === 'improved' || head.verdict === 'worse') return head;
  return first(judged, 'worse') ?? first(judged, 'improved') ?? head;
}

const first = (judged: readonly LatencyComparison[], verdict: Change): LatencyComparison | undefined =>
  judged.find((one) => one.verdict === verdict);

const DEAR: ReadonlySet<Severity> = new Set<Severity>(['critical', 'major']);
// A rule's threshold may be crossed by little, and there are dozens of rules: one in a thousand of each.
const NEARLY_CERTAIN = 0.001;

/** What no latency shows: connecting is no part of an exchange. What it shows as equal cost nothing. */
const isUnseen = ({ before, after }: FindingComparison): boolean => (before ?? after)?.unit === 'connections';

/**
 * What no latency shows: connections that were refused or never opened, calls that never came to
 * be. Only what is dear, and only where the count leaves no doubt.
 */
function verdictOfFindings(findings: readonly FindingComparison[]): Verdict | null {
  const sure = findings.filter(({ probability }) => probability !== null && probability < NEARLY_CERTAIN);
  const added = sure.find(({ change, after }) => change === 'new' && after !== null && DEAR.has(after.severity));
  if (added?.after) return { status: 'worse', says: `It got worse: ${added.rule} is new, ${countWords(added)}` };
  const gone = sure.find(({ change, before }) => change === 'gone' && before !== null && DEAR.has(before.severity));
  if (gone === undefined) return null;
  return { status: 'improved', says: `It worked: ${gone.rule} is gone, ${countWords(gone)}` };
}

/** `15 of 120 connections before, none of 120 after`. */
function countWords({ before, after, because }: FindingComparison): string {
  const side = (before ?? after)!;
  const count = `${formatCount(side.count)} of ${formatCount(side.of)} ${side.unit} ${before === null ? 'after' : 'before'}`;
  return `${count}, ${because}`;
}

const undecided = (why: string): Verdict => ({ status: 'undecided', says: `Not enough data to say: ${why}` });

function nothingInCommon(latencies: readonly LatencyComparison[]): string {
  const [outermost] = latencies;
  if (outermost === undefined) return 'the two hold nothing of the same sort';
  const least = Math.min(outermost.before.compared, outermost.after.compared);
  return least === 0
    ? 'the two have nothing in common: other methods, paths and servers'
    : `${least} to compare, at least ${LEAST_ROWS} on each side would do`;
}
