import type { Fix, Setting } from '../../../model/finding.ts';
import type { Cluster } from '../../../model/workload.ts';
import { editOf, manifestFix } from './changes.ts';
import { objectWords, settingAt } from './objects.ts';

/**
 * Why a node may answer nobody at a port: it is a node port of a Service that only nodes with a ready pod of it answer
 * (kubernetes.io, Virtual IPs: traffic policies). Null where it is none, or nobody said so.
 */
export function explainSilentNode(
  { services }: Cluster,
  port: number,
): { says: string; because: Setting[]; fix: Fix[] } | null {
  const found = services.filter(({ ports }) => ports.some(({ nodePort }) => nodePort === port && port > 0));
  const service = found.find(({ live }) => !live) ?? found[0];
  const policy = service?.externalPolicy ?? null;
  // Of one that was read from a file and from the cluster, both say the same.
  if (service === undefined || policy?.value !== 'Local') return null;
  return {
    says: `it is the node port of ${objectWords(service)}, whose externalTrafficPolicy is Local: nodes without a ready pod of it answer nobody`,
    because: [settingAt(objectWords(service), 'externalTrafficPolicy', 'Local', policy.place)],
    fix: [
      manifestFix(
        service,
        'externalTrafficPolicy: Cluster: every node answers, and pods see a node’s address in place of the client’s',
        [editOf(service, ['spec', 'externalTrafficPolicy'], 'Cluster')],
      ),
    ],
  };
}
