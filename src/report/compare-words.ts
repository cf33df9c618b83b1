import { formatCount, plural } from '../base/text.ts';
import type { Change, ComparedKind, Comparison, FindingComparison, LatencyComparison } from '../model/comparison.ts';
import type { Sampled } from '../model/samples.ts';
import { duration } from './words.ts';

export const TITLE_OF: Readonly<Record<Sampled, string>> = {
  requests: 'requests',
  inbound: 'inbound requests',
  outbound: 'outbound calls',
  calls: 'calls',
  lookups: 'lookups',
};

export const CHANGE_WORD: Readonly<Record<Change, string>> = {
  improved: 'better',
  equal: 'equal',
  worse: 'worse',
  undecided: 'too few to say',
};

/** One line of the table of figures. */
export interface FigureLine {
  label: string;
  before: string;
  after: string;
  change: string;
  interval: string;
  verdict: string;
  outcome: Change;
}

// From ten times on, percent are harder to read than how many times as much it is.
const MANY_TIMES = 10;

const signed = (share: number): string => {
  const times = 1 + share;
  if (times >= MANY_TIMES) return `×${formatCount(Math.round(times))}`;
  const value = share * 100;
  // Of what is nearly all gone, how nearly.
  const digits = Math.abs(value) < 10 || value < -99 ? 1 : 0;
  const text = Math.abs(value < -99 ? Math.max(value, -99.9) : value).toFixed(digits);
  return Number(text) === 0 ? '0 %' : `${value < 0 ? '-' : '+'}${text} %`;
};

export function figureLines({ changes, failures }: LatencyComparison): FigureLine[] {
  const lines = changes.map((figure) => ({
    label: figure.figure,
    before: duration(figure.beforeSeconds),
    after: duration(figure.afterSeconds),
    change: signed(figure.change),
    interval: `${signed(figure.low)} to ${signed(figure.high)}`,
    verdict:
      figure.wouldDo === null
        ? CHANGE_WORD[figure.verdict]
        : `${CHANGE_WORD[figure.verdict]}; ${formatCount(figure.wouldDo)} would do`,
    outcome: figure.verdict,
  }));
  if (failures.before.count + failures.after.count === 0) return lines;
  const failed = {
    label: 'failed',
    before: formatCount(failures.before.count),
    after: formatCount(failures.after.count),
    change: '',
    interval: '',
    verdict: failures.verdict === 'equal' ? '' : CHANGE_WORD[failures.verdict],
    outcome: failures.verdict,
  };
  return [...lines, failed];
}

/** `GET /items/{id} on 10.0.3.7:8080`, or a looked-up name. */
export function kindWords({ protocol, method, path, host, server }: ComparedKind): string {
  if (protocol === 'dns') return path === '' ? 'other names' : path;
  const what = [method, path].filter((part) => part !== '').join(' ');
  const where = host === '' || host === server ? server : `${host} (${server})`;
  return `${what === '' ? 'others' : what} on ${where}`;
}

// A mix that moved by less than a tenth moves no figure much; chance moves it as well.
const MIX_MATTERS = 0.1;
const MAX_KINDS = 3;

/** What is not compared, and why: other kinds of requests, another mix. */
export function mixWords({ mix, of }: LatencyComparison): string[] {
  if (!mix.likeWithLike) return ['the names differ, so all lookups are compared together'];
  const changed = mix.distance >= MIX_MATTERS && of !== 'lookups';
  const raw = mix.rawChange === null ? '' : `; as they came, the p50 changed by ${signed(mix.rawChange)}`;
  return [
    ...(changed ? [`another mix than before (${Math.round(mix.distance * 100)} % of all), taken out${raw}`] : []),
    ...(mix.onlyBefore.length > 0 ? [`only before: ${listWords(mix.onlyBefore)}`] : []),
    ...(mix.onlyAfter.length > 0 ? [`only after: ${listWords(mix.onlyAfter)}`] : []),
  ];
}

function listWords(rows: LatencyComparison['mix']['onlyBefore']): string {
  const shown = rows.slice(0, MAX_KINDS).map(({ kind, count }) => `${formatCount(count)} ${kindWords(kind)}`);
  const more = rows.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${plural(more, 'kind')} more` : '');
}

/** `credentials-refresh-storm: 100 of 100 requests …; not found among 100 after`. */
export function findingWords({ rule, because, before, after }: FindingComparison): string {
  const says = (before ?? after)?.says ?? '';
  return `${rule}: ${says}${because === '' ? '' : `; ${because}`}`;
}

export const findingsOf = ({ findings }: Comparison, change: FindingComparison['change']): FindingComparison[] =>
  findings.filter((finding) => finding.change === change);

export const FINDING_LABELS: readonly (readonly [FindingComparison['change'], string])[] = [
  ['gone', 'gone'],
  ['less', 'less often'],
  ['more', 'more often'],
  ['new', 'new'],
  ['unchanged', 'unchanged'],
  ['unclear', 'cannot say'],
];
