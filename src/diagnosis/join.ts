import { addressOf } from '../base/addresses.ts';
import type { Diagnosis, Finding } from '../model/diagnosis.ts';
import type { Input } from '../model/input.ts';
import type { Cluster, Environment, Manifests, Workload } from '../model/workload.ts';
import type { Prediction } from '../rules/support/define-prediction.ts';
import { addressNames, type AddressNames } from '../rules/support/manifests/address-names.ts';
import { identify, type Identities, type Identity } from '../rules/support/manifests/identify.ts';
import type { Witness } from '../rules/support/witness.ts';
import { objectWords } from '../rules/support/manifests/objects.ts';
import { dearestFirst } from './dearest-first.ts';
import { fixFor } from './patch-edits.ts';
import { withNames } from './named-addresses.ts';
import { nameOf, predict, type PredictedFinding } from './predict.ts';
import { verdictOf } from './verdict.ts';

/** Joins what a capture shows with what manifests say. */
export function createJoin(
  { environments, kustomizations, outside }: Manifests,
  predictions: readonly Prediction[],
  paths: readonly string[],
) {
  /** Of several overlays the one that most of those seen are of; the first where none tells. */
  const fitting = (seen: Witness, inputs: readonly Input[]): Environment => {
    const [first, ...others] = environments as [Environment, ...Environment[]];
    if (others.length === 0) return first;
    const knownIn = ({ cluster }: Environment): number => {
      const identities = identify(cluster, seen, inputs);
      return seen.addresses().filter((address) => identities.of(address) !== null).length;
    };
    let best = first;
    let most = knownIn(first);
    for (const other of others) {
      const count = knownIn(other);
      if (count > most) [best, most] = [other, count];
    }
    return best;
  };
  return {
    clusterFor: (seen: Witness, inputs: readonly Input[]): Cluster => fitting(seen, inputs).cluster,
    join(diagnosis: Diagnosis, seen: Witness, inputs: readonly Input[]): Diagnosis {
      const { cluster, name } = fitting(seen, inputs);
      const identities = identify(cluster, seen, inputs);
      const answer = joined(diagnosis, cluster, predictions, paths, identities, addressNames(cluster, seen));
      if (answer.manifests === undefined || kustomizations.length === 0) return answer;
      const { leftOut } = answer.manifests;
      const others = environments.filter((one) => one.name !== name).map((one) => one.name);
      const chosen = `overlays ${others.join(', ')}: the capture was joined with ${name}; name another folder after -m`;
      return {
        ...answer,
        manifests: {
          ...answer.manifests,
          kustomizations: [...kustomizations],
          outside: [...outside],
          leftOut: others.length === 0 ? leftOut : [...leftOut, chosen],
        },
      };
    },
  };
}

function joined(
  diagnosis: Diagnosis,
  cluster: Cluster,
  predictions: readonly Prediction[],
  paths: readonly string[],
  identities: Identities,
  names: AddressNames,
): Diagnosis {
  const concerned = diagnosis.findings.map((finding) => peopleOf(finding, diagnosis, identities));
  const observed = (rule: string, workload: Workload): boolean =>
    diagnosis.findings.some(
      (finding, index) => finding.rule === rule && concerned[index]?.some((one) => one.workload === workload) === true,
    );
  const { found, ruledOut } = predict(cluster, predictions, observed);
  const left = new Set(found);
  const findings = diagnosis.findings.map((finding, index) => {
    const people = concerned[index] ?? [];
    const matching = found.filter((one) => one.finding.rule === finding.rule && isAbout(one, people));
    for (const one of matching) left.delete(one);
    return withManifest(finding, people, matching[0] ?? null);
  });
  const present = new Set(captured(diagnosis, identities));
  const further: Finding[] = [];
  let elsewhere = 0;
  for (const { predicted, finding } of left) {
    const about = [predicted.subject, ...(predicted.payers ?? [])];
    // Of others than those in the capture, lint tells.
    if (!about.some((object) => present.has(object as Workload))) elsewhere++;
    else further.push(notSeen(finding, diagnosis));
  }
  const { files, objects, workloads } = cluster;
  const all = dearestFirst([...findings, ...further]);
  const answer: Diagnosis = {
    ...diagnosis,
    findings: all,
    // What a capture could tell it told; manifests tell of rules that it knew nothing of.
    ruledOut: [...diagnosis.ruledOut, ...ruledOut.filter(({ rule }) => isUnheard(rule, diagnosis))],
    manifests: {
      paths: [...paths],
      files,
      objects,
      workloads: workloads.length,
      problems: [...cluster.problems],
      leftOut: [...cluster.leftOut],
      suppressed: [],
      elsewhere,
    },
  };
  return withNames({ ...answer, verdict: verdictOf(answer) }, names);
}

const isUnheard = (rule: string, { ruledOut, findings, unobservable }: Diagnosis): boolean =>
  !ruledOut.some((one) => one.rule === rule) &&
  !findings.some((one) => one.rule === rule) &&
  !unobservable.some((one) => one.rule === rule);

/** Those whom a finding is about: its subject first, then the clients and servers of its examples. */
function peopleOf(finding: Finding, diagnosis: Diagnosis, identities: Identities): Identity[] {
  const addresses = [
    addressOf(finding.subject.name),
    ...finding.examples.flatMap(({ row }) => [row.client, row.server].map(addressOf)),
    ...(diagnosis.inputs[finding.input]?.vantage.addresses ?? []),
  ];
  const people: Identity[] = [];
  for (const address of new Set(addresses)) {
    const identity = identities.of(address);
    if (identity !== null && !people.some(({ workload }) => workload === identity.workload)) people.push(identity);
  }
  return people;
}

/** The workloads that the capture holds anything of. */
function captured({ inputs, lookups, exchanges, connections }: Diagnosis, identities: Identities): Workload[] {
  const addresses = [
    ...inputs.flatMap(({ vantage }) => vantage.addresses),
    ...lookups.slowest.map(({ client }) => client),
    ...exchanges.byServer.map(({ server }) => addressOf(server)),
    ...[...exchanges.slowest, ...connections.slowest].flatMap(({ client, server }) => [client, server].map(addressOf)),
  ];
  return [...new Set(addresses)].flatMap((address) => identities.of(address)?.workload ?? []);
}

const isAbout = ({ predicted }: PredictedFinding, people: readonly Identity[]): boolean =>
  people.some(({ workload }) => workload === predicted.subject || (predicted.payers ?? []).includes(workload));

/** What was seen, with the workload that it is and the lines that explain it. */
function withManifest(finding: Finding, people: readonly Identity[], match: PredictedFinding | null): Finding {
  const [first] = people;
  if (first === undefined) return finding;
  const { workload } = first;
  const fixes = finding.fix.map((fix) => fixFor(workload, fix));
  const subject = { ...finding.subject, workload: nameOf(workload) };
  if (match === null) return { ...finding, subject, fix: fixes };
  const { finding: told, predicted } = match;
  if (predicted.contrary === true) {
    // What stands in the file already is no change to make.
    const others = fixes.filter(({ edits }) => edits === undefined);
    const { evidence, because } = finding;
    return {
      ...finding,
      subject,
      says: `${finding.says}. ${told.says}`,
      evidence: [...evidence, ...told.evidence],
      because: [...because, ...told.because.filter(({ place }) => place !== undefined)],
      fix: [...told.fix, ...others],
    };
  }
  const said = told.because.filter(({ place }) => place !== undefined);
  const manifestFixes = told.fix.filter(({ edits }) => edits !== undefined);
  return {
    ...finding,
    subject,
    basis: 'confirmed',
    // The manifest's own word against a default: of one component and setting the line counts.
    because: [
      ...finding.because.filter(
        (one) => !said.some(({ component, setting }) => component === one.component && setting === one.setting),
      ),
      ...said,
    ],
    confidence: finding.confidence === 'possible' && first.confidence === 'certain' ? 'likely' : finding.confidence,
    confidenceBecause: `${finding.confidenceBecause}; ${told.evidence.find(({ place }) => place !== undefined)?.says ?? 'a manifest'} ${whose(predicted, first)}`,
    evidence: [...finding.evidence, ...told.evidence.filter(({ place }) => place !== undefined)],
    fix: [...manifestFixes, ...fixes.filter((fix) => !manifestFixes.some((one) => isSame(one, fix)))],
  };
}

/** Whose manifest it is, and what tells that the capture shows who is slowed by it. */
const whose = ({ subject }: PredictedFinding['predicted'], { workload, because }: Identity): string =>
  subject === workload
    ? `in its manifest (${because})`
    : `in the manifest of ${objectWords(subject)}; slowed is ${objectWords(workload)} (${because})`;

/** The same change in other words: it speaks of all that the other sets. */
const isSame = (written: Finding['fix'][number], { title }: Finding['fix'][number]): boolean =>
  title === written.title ||
  (written.edits ?? []).every(({ path }) => {
    const last = path.at(-1);
    const name = typeof last === 'object' ? ('flag' in last ? last.flag : last.is) : (last ?? '');
    return title.includes(name);
  });

/** Told by manifests alone, of a workload whose traffic shows nothing of it. */
function notSeen(finding: Finding, { ruledOut }: Diagnosis): Finding {
  const clear = ruledOut.find(({ rule }) => rule === finding.rule);
  if (clear === undefined) return finding;
  return {
    ...finding,
    severity: 'info',
    severityBecause: `this capture shows nothing of it: ${clear.says}`,
    confidence: 'possible',
    confidenceBecause: `${finding.confidenceBecause}; this capture shows nothing of it`,
  };
}
