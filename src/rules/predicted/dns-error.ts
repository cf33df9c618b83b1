import type { Predicted } from '../../model/finding.ts';
import type { Cluster, ServiceObject, Workload } from '../../model/workload.ts';
import { definePrediction } from '../support/define-prediction.ts';
import { serviceOfHost } from '../support/manifests/identify.ts';
import { fallsToNode, nodeNetworkWords, onNodeNetwork } from '../support/manifests/missing-names.ts';
import { namedHosts, type NamedHost } from '../support/manifests/names.ts';
import { judgedWorkloads, objectWords, sameNamespace } from '../support/manifests/objects.ts';

export default definePrediction({
  id: 'dns-error',
  title: 'Lookups end in an error',
  messages: {
    node: '{says}: it does not know {service}, which {variable} names',
    clear:
      'no workload on its node’s network asks the node’s DNS server for a Service of these manifests ({total} there)',
  },
  predict({ cluster, report, clear, isObserved }) {
    let total = 0;
    let reported = 0;
    for (const workload of judgedWorkloads(cluster)) {
      if (!workload.pod.hostNetwork) continue;
      total++;
      // What a capture shows the rule explains by the name that was asked for.
      if (!fallsToNode(workload) || hasServers(workload) || isObserved(workload)) continue;
      const named = namedServiceOf(workload, cluster);
      if (named === null) continue;
      reported++;
      report(findingOf(workload, named));
    }
    if (reported === 0 && total > 0) clear('clear', { total }, { count: total, unit: 'workloads' });
  },
});

/** Its own servers, which may be the cluster's. */
const hasServers = ({ pod: { nameservers, resolvConf } }: Workload): boolean =>
  nameservers.length > 0 || resolvConf !== null;

interface Named {
  service: ServiceObject;
  by: NamedHost;
}

/** The first Service of these manifests that a workload's programs are told to call by its name. */
function namedServiceOf(workload: Workload, cluster: Cluster): Named | null {
  const aliases = new Set(workload.pod.hostAliases);
  for (const by of namedHosts(workload, true)) {
    const host = by.host.replace(/\.$/, '');
    // What an Ingress answers is found by public DNS.
    if (aliases.has(host) || cluster.routes.some(({ hosts }) => hosts.includes(host))) continue;
    const service = serviceOfHost(host, cluster);
    // A short name is one of its own namespace.
    if (service === null || (by.dots === 0 && !sameNamespace(service, workload))) continue;
    return { service, by };
  }
  return null;
}

function findingOf(workload: Workload, { service, by }: Named): Predicted<'node'> {
  const { because, fix } = onNodeNetwork(workload, service);
  const { dnsPolicy, place } = workload.pod;
  const places = [dnsPolicy?.place, place];
  return {
    message: 'node',
    data: {
      says: nodeNetworkWords(workload),
      service: objectWords(service),
      variable: by.variable === '' ? 'its command' : by.variable,
    },
    subject: workload,
    severity: 'minor',
    severityBecause: 'lookups of that name end in an error, where the node’s DNS server does not forward them',
    confidence: 'possible',
    confidenceBecause: 'the manifest names the Service, and kubelets give such pods the node’s resolv.conf',
    assumed: ['the program looks that name up', 'the node’s own DNS server knows no Services'],
    evidence: [{ says: `${by.variable === '' ? 'its command' : by.variable} names ${by.host}`, place: by.said.place }],
    because: because.map((one, index) => {
      const where = places[index];
      return where === undefined ? one : { ...one, place: where };
    }),
    fix,
  };
}
