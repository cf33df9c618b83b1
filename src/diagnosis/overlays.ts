import { addTo } from '../base/group-by.ts';
import type { Finding } from '../model/diagnosis.ts';
import type { PredictedFinding } from './predict.ts';

/** Findings of what stands in one cluster together. */
export interface EnvironmentFindings {
  /** `prod`; '' where there is only one. */
  name: string;
  found: readonly PredictedFinding[];
}

/**
 * Findings of several overlays, each told once: what comes from the same lines is the same, in
 * whichever overlays it is.
 */
export function acrossOverlays(environments: readonly EnvironmentFindings[]): Finding[] {
  const byKey = new Map<string, { same: PredictedFinding; environment: string }[]>();
  for (const { name, found } of environments) {
    // In one cluster each finding is one of its own.
    const met = new Map<string, number>();
    for (const same of found) {
      const lines = linesOf(same);
      const count = met.get(lines) ?? 0;
      met.set(lines, count + 1);
      addTo(byKey, `${count} ${lines}`, { same, environment: name });
    }
  }
  return [...byKey.values()].map((all) => {
    const findings = all.map(({ same }) => same.finding);
    const [first] = findings as [Finding];
    // What stands beside kustomizations is there whichever overlay it is.
    const built = all.filter(
      ({ same, environment }) => same.predicted.subject.kustomization !== null && environment !== '',
    );
    if (built.length === 0) return first;
    const names = built.map(({ environment }) => environment);
    return {
      ...first,
      says: `${first.says} (${names.length === 1 ? 'overlay' : 'overlays'} ${names.join(', ')})`,
      overlays: built.map(({ same: { predicted, finding } }) => ({
        kustomization: predicted.subject.kustomization?.folder ?? '',
        object: `${finding.subject.kind} ${finding.subject.name}`,
      })),
      fix: first.fix.map((fix, index) =>
        withOverlays(
          fix,
          findings.map((finding) => finding.fix[index]),
        ),
      ),
    };
  });
}

const linesOf = ({ finding, predicted }: PredictedFinding): string =>
  JSON.stringify([
    finding.rule,
    predicted.message,
    finding.severity,
    finding.evidence.map(({ says, place }) => [says, place?.file, place?.range]),
    finding.because.map(({ component, setting, value, place }) => [
      component,
      setting,
      value,
      place?.file,
      place?.range,
    ]),
  ]);

type FixRow = Finding['fix'][number];

/** The same change in all overlays that need it. */
function withOverlays(fix: FixRow, same: readonly (FixRow | undefined)[]): FixRow {
  if (fix.edits === undefined) return fix;
  return {
    ...fix,
    edits: fix.edits.map((edit, index) => {
      if (edit.overlays === undefined) return edit;
      const all = same.flatMap((other) => other?.edits?.[index]?.overlays ?? []);
      const needed = [...new Map(all.flatMap((one) => one.needed).map((one) => [one.kustomization, one])).values()];
      const own = new Set(needed.map(({ kustomization }) => kustomization));
      const others = new Set(all.flatMap((one) => one.others).filter((folder) => !own.has(folder)));
      return { ...edit, overlays: { needed, others: [...others] } };
    }),
  };
}
