import type { Autoscaler, ClusterObject, NodeObject, NodeTemplate } from '../../model/workload.ts';
import { at, itemsAt, textAt, type Node } from '../yaml/node.ts';
import { locatedAs, locatedText, readNumber, type ExtractContext } from './context.ts';

export const nodeOf = (context: ExtractContext, head: ClusterObject, node: Node): NodeObject => ({
  ...head,
  kernel: locatedText(context, node, 'status', 'nodeInfo', 'kernelVersion'),
  addresses: itemsAt(node, 'status', 'addresses').flatMap((one) => textAt(one, 'address') ?? []),
});

/** Where tools that make machines keep the metadata service's hop limit. */
const HOP_LIMITS: readonly (readonly [kind: string, group: RegExp, path: readonly string[]])[] = [
  ['EC2NodeClass', /^karpenter\./, ['spec', 'metadataOptions', 'httpPutResponseHopLimit']],
  ['AWSNodeTemplate', /^karpenter\./, ['spec', 'metadataOptions', 'httpPutResponseHopLimit']],
  ['InstanceGroup', /^kops\./, ['spec', 'instanceMetadata', 'httpPutResponseHopLimit']],
  [
    'AWSMachineTemplate',
    /^infrastructure\.cluster\.x-k8s\.io\//,
    ['spec', 'template', 'spec', 'instanceMetadataOptions', 'httpPutResponseHopLimit'],
  ],
];

export function nodeTemplateOf(context: ExtractContext, head: ClusterObject, node: Node): NodeTemplate | null {
  const known = HOP_LIMITS.find(([kind, group]) => kind === head.kind && group.test(head.apiVersion));
  return known === undefined ? null : { ...head, hopLimit: locatedAs(context, readNumber, node, ...known[2]) };
}

export const autoscalerOf = (context: ExtractContext, head: ClusterObject, node: Node): Autoscaler => {
  const target = at(node, 'spec', 'scaleTargetRef');
  return {
    ...head,
    target: { kind: textAt(target, 'kind') ?? '', name: textAt(target, 'name') ?? '' },
    least: locatedAs(context, readNumber, node, 'spec', 'minReplicas'),
  };
};
