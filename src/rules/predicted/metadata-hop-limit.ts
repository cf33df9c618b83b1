import type { Cluster, Located, ServiceAccountObject, Workload } from '../../model/workload.ts';
import { definePrediction } from '../support/define-prediction.ts';
import { advice } from '../support/fixes.ts';
import { editOf, environmentEdit, manifestFix } from '../support/manifests/changes.ts';
import { judgedWorkloads, objectWords, placedSetting, sameNamespace } from '../support/manifests/objects.ts';
import { running } from '../support/manifests/program.ts';
import { providersOf } from '../support/manifests/providers.ts';
import { sdkOf } from '../support/manifests/sdk.ts';
import { defaultSetting } from '../support/settings.ts';

/** From a pod the answer takes one hop more than from its node. */
const POD_HOPS = 2;

/** Each says where else the credentials come from, or that none are asked for. */
const ELSEWHERE =
  /^(?:AWS_ACCESS_KEY_ID|AWS_WEB_IDENTITY_TOKEN_FILE|AWS_ROLE_ARN|AWS_CONTAINER_CREDENTIALS_(?:FULL|RELATIVE)_URI|AWS_PROFILE|AWS_SHARED_CREDENTIALS_FILE)$/;
/** Set for SDKs: the program talks to AWS. */
const USES_AWS = /^AWS_(?:REGION|DEFAULT_REGION|SDK_LOAD_CONFIG|STS_REGIONAL_ENDPOINTS|S3_BUCKET|BUCKET)/;

export default definePrediction({
  id: 'metadata-hop-limit',
  title: 'The metadata service’s token never reaches the pod',
  messages: {
    lost: '{template} lets answers of the metadata service live for {hops:hop}: {workload} waits a second or more for its token, then goes on without',
    clear: 'the metadata service answers pods, or none is known to ask it ({total:template})',
  },
  predict({ cluster, report, clear }) {
    const limited = cluster.nodeTemplates.filter(({ hopLimit }) => hopLimit !== null && hopLimit.value < POD_HOPS);
    const [template] = limited;
    if (cluster.nodeTemplates.length === 0) return;
    let reported = 0;
    // An agent on the node answers in the metadata service's place.
    const asked = template === undefined || providersOf(cluster).length > 0 ? [] : judgedWorkloads(cluster);
    for (const workload of asked) {
      const hopLimit = template?.hopLimit;
      const use = useOf(cluster, workload);
      if (template === undefined || hopLimit == null || use === null) continue;
      reported++;
      const elsewhere = mayHaveRole(cluster, workload);
      const [container] = running(workload);
      report({
        message: 'lost',
        data: { template: objectWords(template), hops: hopLimit.value, workload: objectWords(workload) },
        subject: workload,
        severity: elsewhere ? 'info' : 'minor',
        severityBecause: elsewhere
          ? 'its ServiceAccount may give it a role of its own, which these manifests do not show'
          : 'each refresh of the credentials waits for a second or more',
        confidence: 'possible',
        confidenceBecause: 'nothing in these manifests gives it credentials of another kind',
        assumed: ["the program asks the instance's metadata service", 'the pod runs on such a node'],
        evidence: [
          { says: `hop limit ${hopLimit.value}`, place: hopLimit.place },
          { says: `${objectWords(workload)} uses AWS`, place: use.place },
        ],
        because: [
          placedSetting(objectWords(template), 'httpPutResponseHopLimit', String(hopLimit.value), hopLimit.place),
          defaultSetting(
            'the pod network',
            'hops to the metadata service',
            String(POD_HOPS),
            'AWS: EC2 instance metadata options; aws-sdk-java issue 2171',
          ),
        ],
        fix: [
          advice(
            'infrastructure',
            'give the workload a role of its own (EKS Pod Identity, IRSA): it then never asks the instance',
            objectWords(workload),
            'take the role away',
          ),
          manifestFix(template, 'httpPutResponseHopLimit: 2, which lets every pod take the role of its node', [
            editOf(template, hopPath(template.kind), POD_HOPS),
          ]),
          ...(container === undefined
            ? []
            : [
                manifestFix(
                  workload,
                  'AWS_EC2_METADATA_DISABLED=true, where it needs no credentials of the instance',
                  [environmentEdit(workload, container, 'AWS_EC2_METADATA_DISABLED', 'true')],
                  'environment',
                ),
              ]),
        ],
      });
    }
    if (reported === 0) {
      clear(
        'clear',
        { total: cluster.nodeTemplates.length },
        { count: cluster.nodeTemplates.length, unit: 'templates' },
      );
    }
  },
});

const hopPath = (kind: string): string[] => {
  if (kind === 'InstanceGroup') return ['spec', 'instanceMetadata', 'httpPutResponseHopLimit'];
  return kind === 'AWSMachineTemplate'
    ? ['spec', 'template', 'spec', 'instanceMetadataOptions', 'httpPutResponseHopLimit']
    : ['spec', 'metadataOptions', 'httpPutResponseHopLimit'];
};

/** EKS Pod Identity gives it credentials of its own. */
const hasPodIdentity = ({ podIdentities }: Cluster, { namespace, pod }: Workload): boolean =>
  podIdentities.some(
    ({ account, accountNamespace }) => account === (pod.serviceAccount ?? 'default') && accountNamespace === namespace,
  );

/** Its account stands elsewhere, with the role that it may have; or an agent may know of one. */
const mayHaveRole = (cluster: Cluster, workload: Workload): boolean =>
  (workload.pod.serviceAccount !== null && accountOf(cluster, workload) === undefined) ||
  cluster.workloads.some(({ name }) => name === 'eks-pod-identity-agent');

const accountOf = ({ serviceAccounts }: Cluster, workload: Workload): ServiceAccountObject | undefined =>
  serviceAccounts.find((one) => one.name === workload.pod.serviceAccount && sameNamespace(one, workload));

/** What tells that a workload asks AWS with the instance's credentials; null where nothing does. */
function useOf(cluster: Cluster, workload: Workload): Located<string> | null {
  if (workload.pod.hostNetwork) return null;
  if (accountOf(cluster, workload)?.role != null || hasPodIdentity(cluster, workload)) return null;
  const variables = running(workload).flatMap(({ environment }) => environment);
  if (variables.some(({ name }) => ELSEWHERE.test(name))) return null;
  if (variables.some(({ name, value }) => name === 'AWS_EC2_METADATA_DISABLED' && value.value === 'true')) return null;
  const { quote } = sdkOf(workload);
  return variables.find(({ name }) => USES_AWS.test(name))?.value ?? quote;
}
