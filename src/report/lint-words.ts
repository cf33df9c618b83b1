import { formatCount, plural } from '../base/text.ts';
import type { Finding } from '../model/diagnosis.ts';
import type { ManifestsRow } from '../model/manifests-schema.ts';

export type PlaceRow = NonNullable<Finding['evidence'][number]['place']>;

/** Where a finding is shown: the first place that proves it; null where none is known. */
export const placeOf = (finding: Finding): PlaceRow | null =>
  finding.evidence.find(({ place }) => place !== undefined)?.place ??
  finding.because.find(({ place }) => place !== undefined)?.place ??
  null;

export const whereWords = ({ file, line, column }: PlaceRow): string =>
  `${file === '-' ? 'standard input' : file}:${line}:${column}`;

/** `4 workloads, 12 objects in 3 files`. */
export const manifestsWords = ({
  workloads,
  objects,
  files,
  kustomizations = [],
  outside = [],
}: ManifestsRow): string =>
  [
    `${plural(workloads, 'workload')}, ${plural(objects, 'object')} in ${plural(files, 'file')}`,
    ...(kustomizations.length === 0
      ? []
      : [`as built by ${plural(kustomizations.length, 'kustomization')}: ${named(kustomizations)}`]),
    ...(outside.length === 0 ? [] : [`taken in from outside of what was named: ${named(outside)}`]),
  ].join('; ');

// What one line holds.
const MAX_NAMED = 5;
const named = (all: readonly string[]): string =>
  `${all.slice(0, MAX_NAMED).join(', ')}${all.length > MAX_NAMED ? ` and ${formatCount(all.length - MAX_NAMED)} more` : ''}`;

/** Findings of one rule and the same change together, the first of each with how many more. */
export function byRule(findings: readonly Finding[]): Finding[][] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const group = groups.get(finding.rule);
    if (group === undefined) groups.set(finding.rule, [finding]);
    else group.push(finding);
  }
  return [...groups.values()];
}
