import { nameMatcher } from '../base/glob.ts';
import type { Finding } from '../model/diagnosis.ts';
import type { ManifestsRow } from '../model/manifests-schema.ts';
import type { Cluster, Ignore, Suppression } from '../model/workload.ts';
import type { PredictedFinding } from './predict.ts';

export interface Suppressing {
  /** Comments in the manifests. */
  cluster: Cluster;
  /** Of `kubelag.yaml`. */
  ignores: readonly Ignore[];
  /** Keys of findings that were there before. */
  baseline: ReadonlySet<string>;
  /** `2026-11-25`: a suppression ends after its day. */
  today: string;
}

export interface Suppressed {
  left: PredictedFinding[];
  suppressed: ManifestsRow['suppressed'];
  /** What the user should mend about suppressions. */
  problems: ManifestsRow['problems'];
}

/** Takes out what the user said no to, and says so. */
export function suppress(found: readonly PredictedFinding[], options: Suppressing): Suppressed {
  const { cluster, ignores, baseline, today } = options;
  const problems = cluster.suppressions.flatMap((one) => problemOf(one, today));
  const comments = cluster.suppressions.filter(({ reason, until }) => reason !== '' && !isOver(until, today));
  const live = ignores.filter(({ until }) => !isOver(until, today));
  const left: PredictedFinding[] = [];
  const suppressed: ManifestsRow['suppressed'] = [];
  for (const one of found) {
    const { finding } = one;
    const comment = comments.find((candidate) => holds(candidate, one));
    const ignore = live.find((candidate) => matches(candidate, finding));
    const because =
      comment !== undefined
        ? `${comment.reason} (${comment.place.file}:${comment.place.line})`
        : ignore !== undefined
          ? `${ignore.reason} (${ignore.said})`
          : baselineKeysOf(finding).every((key) => baseline.has(key))
            ? 'in the baseline'
            : null;
    if (because === null) left.push(one);
    else suppressed.push({ rule: finding.rule, object: objectOf(finding), because });
  }
  for (const { until, said, rule } of ignores) {
    if (isOver(until, today)) problems.push(overdue(said, rule, until));
  }
  return { left, suppressed, problems };
}

const isOver = (until: string | null, today: string): boolean => until !== null && until < today;

const objectOf = ({ subject }: Finding): string => `${subject.kind} ${subject.name}`;

/** What tells a finding again tomorrow: not its line, which moves; one key for each overlay that has it. */
export const baselineKeysOf = (finding: Finding): string[] =>
  (finding.overlays?.map(({ object }) => object) ?? [objectOf(finding)]).map((object) =>
    [finding.rule, object, ...finding.because.map(({ component, setting }) => `${component} ${setting}`)].join(' | '),
  );

function holds({ rule, place, lines }: Suppression, { finding, predicted }: PredictedFinding): boolean {
  if (!nameMatcher([rule])(finding.rule)) return false;
  const places = [...predicted.evidence.map((quote) => quote.place), ...predicted.because.map((one) => one.place)];
  const [from, to] = lines;
  return [...places, predicted.subject.place].some(
    (one) => one !== null && one !== undefined && one.file === place.file && one.line >= from && one.line <= to,
  );
}

const matches = ({ rule, object, path }: Ignore, finding: Finding): boolean =>
  nameMatcher([rule])(finding.rule) &&
  (object === null || nameMatcher([object])(objectOf(finding).toLowerCase())) &&
  (path === null ||
    finding.evidence.some(({ place }) => place !== undefined && nameMatcher([path])(place.file.toLowerCase())));

function problemOf({ rule, reason, until, place }: Suppression, today: string): ManifestsRow['problems'] {
  const { file, line, column } = place;
  if (reason === '') {
    const says = `kubelag-ignore ${rule} gives no reason and holds for nothing; write # kubelag-ignore ${rule}: why`;
    return [{ file, line, column, says }];
  }
  return isOver(until, today) ? [overdue(`${file}:${line}`, rule, until)] : [];
}

function overdue(said: string, rule: string, until: string | null): ManifestsRow['problems'][number] {
  const [, file, line] = /^(.*):(\d+)$/.exec(said) ?? [said, said, '1'];
  return {
    file: file as string,
    line: Number(line),
    column: 1,
    says: `the suppression of ${rule} ended on ${until ?? ''}`,
  };
}
