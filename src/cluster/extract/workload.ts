import type { ClusterObject, Workload } from '../../model/workload.ts';
import { at, child, itemsAt, scalarAt, textAt, type Node } from '../yaml/node.ts';
import { locatedAs, locatedTexts, readNumber, texts, type ExtractContext } from './context.ts';
import { podSettings } from './pod.ts';

/** Where each kind keeps its pod; all others of a kind and group are none of ours. */
const POD_PATHS: readonly (readonly [kind: string, group: RegExp, path: readonly string[]])[] = [
  ['Deployment', /^(?:apps|extensions)\//, ['spec', 'template']],
  ['StatefulSet', /^apps\//, ['spec', 'template']],
  ['DaemonSet', /^(?:apps|extensions)\//, ['spec', 'template']],
  ['ReplicaSet', /^(?:apps|extensions)\//, ['spec', 'template']],
  ['ReplicationController', /^v1$/, ['spec', 'template']],
  ['Job', /^batch\//, ['spec', 'template']],
  ['CronJob', /^batch\//, ['spec', 'jobTemplate', 'spec', 'template']],
  ['Pod', /^v1$/, []],
  ['Rollout', /^argoproj\.io\//, ['spec', 'template']],
  ['Service', /^serving\.knative\.dev\//, ['spec', 'template']],
  ['DeploymentConfig', /^apps\.openshift\.io\//, ['spec', 'template']],
];

/** The workload that an object is, null where it runs no pods. */
export function workloadOf(context: ExtractContext, head: ClusterObject, node: Node): Workload | null {
  const known = POD_PATHS.find(([kind, group]) => kind === head.kind && group.test(head.apiVersion));
  if (known === undefined) return null;
  const template = at(node, ...known[2]);
  const spec = child(template, 'spec');
  if (spec?.type !== 'map') return null;
  const path = [...known[2], 'spec'];
  const metadata = child(template, 'metadata');
  const owner = itemsAt(node, 'metadata', 'ownerReferences')[0];
  return {
    ...head,
    replicas: locatedAs(context, readNumber, node, 'spec', 'replicas'),
    owner: owner === undefined ? null : { kind: textAt(owner, 'kind') ?? '', name: textAt(owner, 'name') ?? '' },
    podLabels: texts(child(metadata, 'labels')),
    podAnnotations: locatedTexts(context, child(metadata, 'annotations')),
    pod: podSettings(context, spec, path),
    software: [],
    addresses: head.kind === 'Pod' ? podAddresses(node) : [],
  };
}

function podAddresses(node: Node): string[] {
  // Pods on the host's network share its address: it tells none of them.
  if (scalarAt(node, 'spec', 'hostNetwork')?.value === true) return [];
  const all = [textAt(node, 'status', 'podIP'), ...itemsAt(node, 'status', 'podIPs').map((one) => textAt(one, 'ip'))];
  return [...new Set(all.filter((address) => address !== null))];
}
