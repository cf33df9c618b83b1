import type { Diagnosis, Finding } from '../../src/model/diagnosis.ts';

type Json = Record<string, unknown>;

/** The same program with the cause cured: what its own log says of its requests before and after, in seconds. */
export interface Twin {
  readonly id: string;
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** What a cure was predicted to save, and what it saved. */
export interface Saving {
  readonly case: string;
  readonly twin: string;
  readonly rule: string;
  /** Of the median where that is where the change shows, else in all: programs try again, and count other things. */
  readonly of: 'p50' | 'total';
  readonly predicted: number;
  /** No more than that, it was said: the packets do not tell how much less. */
  readonly isAtMost: boolean;
  readonly measured: number;
}

/** Which capture has the cause of another one gone, beside those that say it themselves (`twin_of`, a near miss that is healthy). */
const TWINS: Readonly<Record<string, string>> = {
  'compare-before': 'compare-after',
  'near-dns-per-request-c1': 'cured-dns-c4',
  'near-dns-per-request-c4': 'cured-dns-c4',
  'near-serial-calls-c1': 'cured-serial-c4',
  'near-serial-calls-c4': 'cured-serial-c4',
  'near-tls-per-request-c1': 'cured-tls-c4',
  'near-tls-per-request-c4': 'cured-tls-c4',
  'storm-v1-c1': 'healthy-v1-6h-c1',
  'storm-v1-c4': 'healthy-v1-6h-c4',
  'storm-v1-c16': 'healthy-v1-6h-c16',
  'near-slow-upstream-c4': 'healthy-v1-6h-c4',
  'near-slow-upstream-c16': 'healthy-v1-6h-c16',
  'chain-slow-b': 'chain-c1',
  'rollout-no-prestop': 'rollout.cured-prestop-sleep',
  'dns-search-walk': 'dns-search-walk.near-ndots-1',
};

/** Does other work for each of its requests, so that it says nothing of what a cure saves. */
const OTHER_WORK: ReadonlySet<string> = new Set([
  'n-plus-one.near-one-call-each',
  'tcp-rto-stall.near-fast-retransmit',
]);

/** The twins of captures by their ids. @param truths of one folder, by id */
export function twinsOf(truths: ReadonlyMap<string, Json>): Map<string, Twin> {
  const twins = new Map<string, Twin>();
  const pair = (id: string, twin: unknown): void => {
    const [before, after] = [truths.get(id), typeof twin === 'string' ? truths.get(twin) : undefined];
    if (before === undefined || after === undefined || OTHER_WORK.has(twin as string)) return;
    const durations = { before: durationsOf(before), after: durationsOf(after) };
    if (durations.before.length > 0 && durations.after.length > 0) twins.set(id, { id: twin as string, ...durations });
  };
  for (const [id, truth] of truths) {
    pair(id, TWINS[id]);
    if (truth['twin_of'] !== undefined) pair(String(truth['twin_of']), id);
    if (truth['healthy'] === true && typeof truth['near_miss_of'] === 'string') pair(truth['near_miss_of'], id);
  }
  return twins;
}

/** How long each request took whoever asked; tries of one request are one. */
function durationsOf(truth: Json): number[] {
  const requests = Array.isArray(truth['requests']) ? (truth['requests'] as Json[]) : [];
  const spans = new Map<unknown, { start: number; end: number }>();
  for (const [index, request] of requests.entries()) {
    const [start, end] = [Number(request['start']), Number(request['end'])];
    if (!(end >= start)) continue;
    const key = request['i'] ?? index;
    const known = spans.get(key);
    if (known === undefined) spans.set(key, { start, end });
    else spans.set(key, { start: Math.min(known.start, start), end: Math.max(known.end, end) });
  }
  return [...spans.values()].map(({ start, end }) => end - start);
}

/** Holds what was predicted for a cause's finding against its twin; none where nothing was predicted. */
export function savingOf({ findings }: Diagnosis, rules: readonly string[], id: string, twin: Twin): Saving | null {
  const predicted = findings.filter(
    ({ rule, severity, whatIf, absorbs }) =>
      severity !== 'info' &&
      whatIf !== null &&
      (rules.includes(rule) || absorbs.some((absorbed) => rules.includes(absorbed.rule))),
  );
  const [best] = predicted.toSorted((a, b) => meanSaving(b) - meanSaving(a));
  if (best === undefined || best.whatIf === null) return null;
  const { metric, before: now, after: later, count, isAtMost } = best.whatIf;
  const of = metric.endsWith('p50') ? 'p50' : 'total';
  const { before, after } = twin;
  return {
    case: id,
    twin: twin.id,
    rule: best.rule,
    of,
    isAtMost,
    predicted: of === 'p50' ? now.p50Seconds - later.p50Seconds : count * meanSaving(best),
    measured: of === 'p50' ? median(before) - median(after) : before.length * (mean(before) - mean(after)),
  };
}

const meanSaving = ({ whatIf }: Finding): number =>
  whatIf === null ? 0 : whatIf.before.meanSeconds - whatIf.after.meanSeconds;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

/** NaN where nothing was saved that could be measured, and for a bound that holds. */
export function errorOfSaving({ predicted, measured, isAtMost }: Saving): number {
  if (measured <= 0 || (isAtMost && measured <= predicted)) return Number.NaN;
  return Math.abs(predicted - measured) / measured;
}

const milliseconds = (seconds: number): string => `${Number((1000 * seconds).toPrecision(3))} ms`;

const share = (value: number): string => (Number.isNaN(value) ? '–' : `${(100 * value).toFixed(1)} %`);

/** What a prediction may be off. */
export const CLOSE = 0.1;

/** One line for each pair, the worst first, and what they come to. */
export function savingLines(savings: readonly Saving[]): string[] {
  if (savings.length === 0) return [];
  const sorted = savings
    .map((saving) => ({ saving, error: errorOfSaving(saving) }))
    .toSorted((a, b) => (Number.isNaN(b.error) ? -1 : Number.isNaN(a.error) ? 1 : b.error - a.error));
  const errors = sorted.map(({ error }) => error).filter((error) => !Number.isNaN(error));
  const within = errors.filter((error) => error <= CLOSE).length;
  return [
    `against cured twins: ${errors.length} pairs, median ${share(median(errors))}, worst ${share(errors[0] ?? Number.NaN)}, ${within} within 10 %`,
    ...sorted.map(
      ({ saving: { case: id, twin, rule, of, predicted, measured, isAtMost }, error }) =>
        `${share(error).padStart(8)}  ${id} → ${twin}  ${rule} ${of}: ${milliseconds(predicted)} predicted${isAtMost ? ' at best' : ''}, ${milliseconds(measured)} measured`,
    ),
  ];
}
