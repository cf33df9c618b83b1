import type { Edit, PathStep } from '../../../model/edit.ts';
import type { Fix } from '../../../model/finding.ts';
import type { ClusterObject, Container, Workload } from '../../../model/workload.ts';
import { objectWords } from './objects.ts';

/** A change to an object. */
export const editOf = (
  object: ClusterObject,
  path: readonly PathStep[],
  value?: Edit['value'],
  list?: Edit['list'],
): Edit => ({
  file: object.place.file,
  object: {
    apiVersion: object.apiVersion,
    kind: object.kind,
    namespace: object.namespace,
    name: object.name,
    offset: object.range[0],
    ...(object.source === null ? {} : { source: object.source }),
    ...(object.live ? { live: true } : {}),
  },
  path,
  ...(value === undefined ? {} : { value }),
  ...(list === undefined ? {} : { list }),
  ...(object.kustomization === null
    ? {}
    : {
        overlays: {
          needed: [{ kustomization: object.kustomization.folder, namespace: object.namespace, name: object.name }],
          others: object.kustomization.others,
        },
      }),
});

/** A `dnsConfig` option in the pods' own manifest. */
export const optionEdit = (workload: Workload, name: string, value?: string): Edit =>
  editOf(
    workload,
    [...workload.pod.path, 'dnsConfig', 'options', { key: 'name', is: name }],
    { name, ...(value === undefined ? {} : { value }) },
    optionsOf(workload),
  );

/** The options of `dnsConfig` that stand there, as a patch must repeat them. */
export const optionsOf = ({ pod }: Workload): NonNullable<Edit['list']> => ({
  key: 'options',
  items: pod.dnsOptions.map(({ name, value }) => ({
    name: name.value,
    ...(value === null ? {} : { value: value.value }),
  })),
});

const containerPath = ({ pod }: Workload, { name }: Container): PathStep[] => [
  ...pod.path,
  'containers',
  { key: 'name', is: name },
];

/** A variable of a container: where its value stands, which may be a ConfigMap. */
export function environmentEdit(workload: Workload, container: Container, name: string, value: string): Edit {
  const { configMap, key } = container.environment.find((variable) => variable.name === name) ?? {};
  if (configMap !== undefined && key !== undefined) return editOf(configMap, ['data', key], value);
  return editOf(workload, [...containerPath(workload, container), 'env', { key: 'name', is: name }], { name, value });
}

/** A flag among a container's words. */
export function flagEdit(workload: Workload, container: Container, flag: string, value: string): Edit {
  const { command, args } = container;
  const stands = command.some((word) => word.value === flag || word.value.startsWith(`${flag}=`));
  const [key, words] = stands || (args.length === 0 && command.length > 0) ? ['command', command] : ['args', args];
  return editOf(workload, [...containerPath(workload, container), { flag }], value, {
    key: key as string,
    items: (words as Container['args']).map((word) => word.value),
  });
}

/** Those whose former pods `kubectl rollout undo` brings back. */
const ROLLED_OUT: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet']);

function rollbackOf({ kind, namespace, name, place, apiVersion }: ClusterObject): string {
  const inNamespace = namespace === '' ? '' : ` -n ${namespace}`;
  if (ROLLED_OUT.has(kind) && apiVersion.startsWith('apps/')) {
    return `kubectl rollout undo ${kind.toLowerCase()}/${name}${inNamespace}`;
  }
  if (kind === 'Rollout') return `kubectl argo rollouts undo ${name}${inNamespace}`;
  return asItWas(place.file);
}

const asItWas = (file: string): string =>
  file === '-' ? 'apply what was there before' : `git checkout ${file}, then apply it`;

/** What happens to pods when an object of each kind changes. */
const RISKS: Readonly<Record<string, string>> = {
  Service: 'no pod starts anew; whoever connects from then on is led by it',
  Pod: 'a pod cannot be changed while it is there: kubectl replace --force deletes it and makes it anew',
  Job: 'a job cannot be changed while it is there: delete it, then make it anew',
  CronJob: 'none for runs that go on: the next run has it',
  ReplicaSet: 'pods that run stay as they are; delete them, and new ones have it',
  ReplicationController: 'pods that run stay as they are; delete them, and new ones have it',
};
// knative/docs: serving/configuration/feature-flags.md
const KNATIVE_DNS =
  'Knative takes dnsConfig only with kubernetes.podspec-dnsconfig: enabled in its ConfigMap config-features; a new revision starts';

function riskOf({ apiVersion, kind }: ClusterObject, edits: readonly Edit[]): string | undefined {
  if (!apiVersion.startsWith('serving.knative.dev/')) return RISKS[kind];
  return edits.some(({ path }) => path.includes('dnsConfig')) ? KNATIVE_DNS : 'a new revision starts';
}

/** A change to a manifest that was read: ready to be applied. */
export function manifestFix(
  object: ClusterObject,
  title: string,
  edits: readonly Edit[],
  kind: Fix['kind'] = 'manifest',
): Fix {
  const inConfigMap = edits.find((edit) => edit.object.kind === 'ConfigMap');
  const risk =
    riskOf(object, edits) ??
    (inConfigMap === undefined
      ? undefined
      : `pods read ConfigMap ${inConfigMap.object.name} when they start: start them anew, and all others that read it`);
  return {
    title,
    kind,
    safety: 'review',
    target: objectWords(object),
    patch: null,
    command: null,
    rollback: inConfigMap === undefined ? rollbackOf(object) : `${asItWas(inConfigMap.file)}; start the pods anew`,
    ...(risk === undefined ? {} : { risk }),
    edits,
  };
}
