import { formatCount, formatDuration } from '../base/text.ts';
import type { Change, FigureChange, LatencyComparison } from '../model/comparison.ts';
import type { Sampled } from '../model/samples.ts';

const NAME_OF: Readonly<Record<Sampled, string>> = {
  requests: 'requests',
  inbound: 'requests',
  outbound: 'outbound calls',
  calls: 'calls',
  lookups: 'lookups',
};

const START: Readonly<Record<Change, string>> = {
  improved: 'It worked',
  equal: 'No difference',
  worse: 'It got worse',
  undecided: 'Not enough data to say',
};

/** `It worked: requests p50 370 ms → 25 ms (93 % less; 95 % interval 91–95 %)`. */
export function verdictWords(status: Change, shown: LatencyComparison, head: LatencyComparison): string {
  const figure = tellingFigure(shown, status);
  const start = figure === null || (status !== 'undecided' && status !== 'equal') ? START[status] : startOf(figure);
  const failures = failureWords(shown);
  const more = [
    ...(shown === head ? [] : [otherwiseWords(head)]),
    ...(figure !== null && failures !== null ? [failures] : []),
    ...contraryWords(shown, status),
    ...(status === 'undecided' ? [enoughWords(shown)] : []),
  ];
  const what = figure === null ? failures : `${figure.figure} ${figureWords(figure)}`;
  return [`${start}: ${NAME_OF[shown.of]} ${what ?? ''}`.trim(), ...more].join('; ');
}

const OTHERWISE: Readonly<Record<Change, string>> = {
  improved: 'better',
  equal: 'no difference',
  worse: 'worse',
  undecided: 'not enough data to say',
};

export const otherwiseWords = ({ of, verdict }: LatencyComparison): string => `${NAME_OF[of]}: ${OTHERWISE[verdict]}`;

/** The figure that says most: the typical one where it tells. Null where only failures do. */
function tellingFigure({ changes }: LatencyComparison, status: Change): FigureChange | null {
  const telling = changes.find(({ verdict }) => verdict === status);
  if (telling !== undefined) return telling;
  return status === 'improved' || status === 'worse' ? null : (changes[0] ?? null);
}

/** Where nothing is decided, or nothing changed that matters. */
const startOf = (figure: FigureChange): string => {
  if (figure.verdict === 'equal') return holdsNone(figure) ? START.equal : 'Hardly a difference';
  return holdsNone(figure) ? 'No difference seen' : START.undecided;
};

const holdsNone = ({ low, high }: FigureChange): boolean => low <= 0 && high >= 0;

/** `370 ms → 25 ms (93 % less; 95 % interval 91–95 %)`. */
export const figureWords = (figure: FigureChange): string =>
  `${formatDuration(figure.beforeSeconds * 1e9)} → ${formatDuration(figure.afterSeconds * 1e9)} ` +
  `(${changeWords(figure.change)}; 95 % interval ${intervalWords(figure)})`;

/** `93 % less`, `4.2 times as much` beyond twice. */
export function changeWords(change: number): string {
  if (change >= 1) return `${times(change)} times as much`;
  const share = percent(Math.abs(change));
  return share === '0' ? 'the same' : `${share} % ${change < 0 ? 'less' : 'more'}`;
}

export function intervalWords({ low, high }: { low: number; high: number }): string {
  if (low >= 1) return `${times(low)}–${times(high)} times`;
  if (high >= 1) return `${changeWords(low)} to ${changeWords(high)}`;
  if (high <= 0) return range(-high, -low);
  return low >= 0 ? range(low, high) : `${changeWords(low)} to ${changeWords(high)}`;
}

/** In tenths where whole ones are the same. */
function range(least: number, most: number): string {
  if (percent(least) !== percent(most)) return `${percent(least)}–${percent(most)} %`;
  const [from, to] = [least, most].map((share) => (share * 100).toFixed(1));
  return from === to ? `${from} %` : `${from}–${to} %`;
}

/** A share as per cent: a tenth where the whole is nearly reached, else whole. */
function percent(share: number): string {
  const value = share * 100;
  return value > 99 && value < 100 ? String(Math.floor(value * 10) / 10) : String(Math.round(value));
}

const times = (change: number): string => String(Number((change + 1).toPrecision(2)));

/** `failures 0 of 60 → 12 of 60`; null where they are as before. */
export function failureWords({ failures: { before, after, verdict } }: LatencyComparison): string | null {
  if (verdict === 'equal') return null;
  return `failed ${formatCount(before.count)} of ${formatCount(before.of)} → ${formatCount(after.count)} of ${formatCount(after.of)}`;
}

/** What went the other way. */
function contraryWords({ changes }: LatencyComparison, status: Change): string[] {
  const contrary = status === 'worse' ? 'improved' : status === 'improved' ? 'worse' : null;
  const figure = changes.find(({ verdict }) => verdict === contrary);
  return figure === undefined ? [] : [`but ${figure.figure} ${figureWords(figure)}`];
}

function enoughWords({ changes, before, after }: LatencyComparison): string {
  const undecided = changes.filter(({ verdict }) => verdict === 'undecided');
  const drifting = undecided.find(
    ({ change, drift, wouldDo }) => wouldDo === null && (1 + drift) ** 2 >= timesOf(change),
  );
  if (drifting !== undefined) {
    return `the halves of one capture differ by themselves (${drifting.figure}: ${changeWords(drifting.drift)})`;
  }
  const wanted = undecided.map(({ wouldDo }) => wouldDo);
  const most = wanted.includes(null) ? null : Math.max(...(wanted as number[]));
  const there = Math.min(before.compared, after.compared);
  return most === null
    ? `${formatCount(there)} to compare, and no capture is long enough to tell so small a change`
    : `${formatCount(there)} to compare, about ${formatCount(most)} on each side would do`;
}

/** How many times as much one is of the other, whichever is more. */
const timesOf = (change: number): number => (change < 0 ? 1 / Math.max(1 + change, 1e-9) : 1 + change);
