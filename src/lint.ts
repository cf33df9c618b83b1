import { groupBy } from './base/group-by.ts';
import { plural } from './base/text.ts';
import { readManifests } from './cluster/read.ts';
import { readSettingsFile } from './cluster/settings-file.ts';
import { createDiagnosis } from './diagnosis/diagnose.ts';
import { acrossOverlays } from './diagnosis/overlays.ts';
import { predict, type PredictedFinding } from './diagnosis/predict.ts';
import { baselineKeysOf, suppress } from './diagnosis/suppress.ts';
import type { Diagnosis, Finding } from './model/diagnosis.ts';
import { SEVERITIES } from './model/finding.ts';
import { TOOL } from './model/version.ts';
import { PREDICTIONS } from './rules/predicted/registry.ts';

export interface LintOptions {
  /** Files and folders with manifests; `-` is standard input. */
  paths: readonly string[];
  /** `kubelag.yaml`, null where there is none. */
  settings: string | null;
  /** Keys of findings that were there before. */
  baseline: ReadonlySet<string>;
  /** `2026-11-25`. */
  today: string;
  stdin?: NodeJS.ReadableStream;
}

/** The sentence that knows all of lint: manifests → predictions → what is left of them. */
export async function lint(options: LintOptions): Promise<Diagnosis> {
  const { paths, settings, baseline, today, stdin } = options;
  const manifests = await readManifests(paths, stdin === undefined ? {} : { stdin });
  const ignores = settings === null ? [] : await readSettingsFile(settings);
  const judged = manifests.environments.map(({ name, cluster }) => {
    const { found, ruledOut } = predict(cluster, PREDICTIONS);
    return { name, cluster, ruledOut, found, ...suppress(found, { cluster, ignores, baseline, today }) };
  });
  const findings = acrossOverlays(judged.map(({ name, left }) => ({ name, found: left }))).toSorted(worstFirst);
  const none = createDiagnosis({ rules: [], inputs: [], version: TOOL.version }).result();
  const [{ cluster, problems }] = judged as [(typeof judged)[number]];
  const { objects, workloads, kustomizations, outside } = manifests;
  return {
    ...none,
    verdict: verdictOf(findings, { objects, workloads, files: cluster.files }),
    findings,
    manifests: {
      paths: [...paths],
      files: cluster.files,
      objects,
      workloads,
      problems: [...cluster.problems, ...problems],
      leftOut: [...cluster.leftOut],
      suppressed: distinct(judged.flatMap(({ suppressed }) => suppressed)),
      ...(kustomizations.length === 0 ? {} : { kustomizations: [...kustomizations], outside: [...outside] }),
    },
    ruledOut: everywhereRuledOut(judged),
  };
}

/** What no overlay has: as the first of them says it. */
function everywhereRuledOut(
  judged: readonly { ruledOut: Diagnosis['ruledOut']; found: readonly PredictedFinding[] }[],
): Diagnosis['ruledOut'] {
  const [first, ...others] = judged;
  if (first !== undefined && others.length === 0) return first.ruledOut;
  const found = new Set(judged.flatMap((one) => one.found.map(({ finding }) => finding.rule)));
  const byRule = groupBy(
    judged.flatMap(({ ruledOut }) => ruledOut),
    ({ rule }) => rule,
  );
  return [...byRule].flatMap(([rule, said]) => (found.has(rule) ? [] : said.slice(0, 1)));
}

function distinct<Row extends object>(rows: readonly Row[]): Row[] {
  return [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()];
}

function verdictOf(
  findings: readonly Finding[],
  { objects, workloads, files }: { objects: number; workloads: number; files: number },
): Diagnosis['verdict'] {
  const [worst] = findings;
  if (worst !== undefined && worst.severity !== 'info') return { status: 'found', says: worst.says };
  if (objects === 0) return { status: 'insufficient', says: `no Kubernetes object in ${plural(files, 'file')}` };
  const read = `${plural(workloads, 'workload')} (${plural(objects, 'object')} in ${plural(files, 'file')})`;
  return { status: 'clear', says: `nothing in ${read} is known to slow requests` };
}

const worstFirst = (a: Finding, b: Finding): number =>
  SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
  a.rule.localeCompare(b.rule, 'en') ||
  (a.evidence[0]?.place?.file ?? '').localeCompare(b.evidence[0]?.place?.file ?? '', 'en') ||
  (a.evidence[0]?.place?.line ?? 0) - (b.evidence[0]?.place?.line ?? 0);

/** What tells the findings again tomorrow, for a baseline. */
export const baselineKeys = ({ findings }: Diagnosis): string[] =>
  [...new Set(findings.flatMap(baselineKeysOf))].toSorted();
