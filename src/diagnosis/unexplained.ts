import { plural, formatCount, formatDuration } from '../base/text.ts';
import { fromSeconds, milliseconds, nanoseconds, type Duration } from '../base/time.ts';
import type { Diagnosis } from '../model/diagnosis.ts';

// What RULES calls `major` for one occurrence: nobody calls less than that slow.
export const SLOW = milliseconds(100);
// Less is not where time went, nor how most are.
export const MOST = 0.5;

export type Judged = Pick<
  Diagnosis,
  'inputs' | 'findings' | 'ruledOut' | 'unobservable' | 'lookups' | 'exchanges' | 'connections' | 'requests'
>;

// A cause of less is not what makes them slow.
const EXPLAINS = 0.25;
// What happened once or twice may be chance.
const LEAST_LONGEST = 3;
// Of fewer there is no tenth.
const TENTH = 10;

/**
 * Requests that take far longer than what any finding costs: nobody should take that for why they are slow.
 * @param where the time of the slowest went, or who was asked for it
 * @returns which, and what most of them wait for without a fault; null where there are none
 */
export function unexplainedPart(diagnosis: Judged, where: string): { who: string; most: string | null } | null {
  const { exchanges, requests, findings } = diagnosis;
  const { count, latency } = requests.count > 0 ? requests : { count: exchanges.calls, latency: exchanges.latency };
  const costs = findings.filter(({ severity }) => severity !== 'info').map(explainedBy);
  const explained = fromSeconds(Math.max(...costs)) / EXPLAINS;
  const slow = fromSeconds(latency.p90Seconds);
  const isTenth = slow >= SLOW && slow > explained;
  const few = isTenth ? null : longestOf(latency, Math.max(SLOW, explained));
  const slowOnes = few?.count ?? Math.ceil(count / TENTH);
  if (count === 0 || (!isTenth && few === null) || areGivenUp(diagnosis, slowOnes)) return null;
  const some = few === null ? (count < TENTH ? 'the slowest' : 'a tenth') : formatCount(few.count);
  const take = formatDuration(few?.least ?? slow);
  // No fault by itself, and yet what they wait for.
  const most = findings.find((finding) => finding.severity === 'info' && isWhatTheyWaitFor(finding));
  const who = `${some} of ${plural(count, 'request')} take ${take} or longer${where}`;
  return { who, most: most?.says ?? null };
}

/** Those that take longer than that, where they are more than one or two and half of all time goes to them; else null. */
function longestOf(
  { histogram, totalSeconds }: Judged['exchanges']['latency'],
  than: number,
): { count: number; least: Duration } | null {
  const longest = histogram.filter(([lower]) => fromSeconds(lower) >= than);
  const count = longest.reduce((sum, [, one]) => sum + one, 0);
  const took = longest.reduce((sum, [lower, one]) => sum + lower * one, 0);
  const [first] = longest;
  if (first === undefined || count < LEAST_LONGEST || took < MOST * totalSeconds) return null;
  return { count, least: nanoseconds(fromSeconds(first[0])) };
}

/** Of a slow request: what the finding cost it, or would save it where others stand in line behind that. */
function explainedBy({ cost, whatIf }: Judged['findings'][number]): number {
  const saved = whatIf === null ? 0 : whatIf.before.p90Seconds - whatIf.after.p90Seconds;
  return Math.max(cost.maxSeconds, saved);
}

// So many are no warming up.
const LEAST_WAITING = 20;

/** Most of them wait for it, and most of their time. */
export const isWhatTheyWaitFor = ({ occurrences: { count, of }, cost }: Judged['findings'][number]): boolean =>
  of >= LEAST_WAITING && count >= MOST * of && cost.shareOfLatency >= MOST;

/** Without a byte of its answer until the capture ended. */
export const isOpen = ({ outcome, firstByteSeconds }: Judged['exchanges']['slowest'][number]): boolean =>
  outcome === 'incomplete' && firstByteSeconds === null;

/**
 * The slowest got no answer, and a finding tells of so many such calls, and how long their callers waited: until the
 * capture ends only kernels go on sending.
 */
const areGivenUp = ({ exchanges: { slowest }, findings }: Judged, count: number): boolean =>
  slowest[0] !== undefined &&
  isOpen(slowest[0]) &&
  findings.some(({ occurrences, examples: [first] }) => {
    const row = first?.exchange != null && first.connection !== null ? first.row : null;
    return row !== null && isOpen(row) && occurrences.count >= count;
  });
