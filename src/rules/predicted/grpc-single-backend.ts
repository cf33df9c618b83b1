import type { Quote } from '../../model/finding.ts';
import type { Cluster, Located, ServiceObject, Workload } from '../../model/workload.ts';
import { definePrediction } from '../support/define-prediction.ts';
import { advice } from '../support/fixes.ts';
import { createLinks } from '../support/manifests/links.ts';
import { namedHosts } from '../support/manifests/names.ts';
import { judgedWorkloads, meshOf, objectWords, replicasOf, sameNamespace } from '../support/manifests/objects.ts';
import { programOf, running } from '../support/manifests/program.ts';
import { defaultSetting } from '../support/settings.ts';

export default definePrediction({
  id: 'grpc-single-backend',
  title: 'One HTTP/2 connection carries all calls to one back end, and they wait for one another',
  messages: {
    unbalanced:
      '{client} ({clients:pod}) reaches {service} ({servers:pod}) over gRPC by its ClusterIP: each keeps one connection, so {idle} of {servers} get nothing',
    sticky: '{service} balances connections and not gRPC calls over its {servers:pod}',
    clear: 'no gRPC Service with several pods is reached by its ClusterIP alone ({total:service})',
  },
  predict({ cluster, report, clear }) {
    const judged = judgedWorkloads(cluster);
    const links = createLinks(cluster);
    const known = new Set(judged);
    let named: Map<string, NamedBy[]> | null = null;
    let total = 0;
    let reported = 0;
    for (const service of cluster.services) {
      if (service.clusterAddress === 'None' || service.type?.value === 'ExternalName') continue;
      const backend = links.workloadsOf(service).find((one) => known.has(one));
      if (backend === undefined) continue;
      const proof = grpcQuote(service, backend);
      if (proof === null) continue;
      total++;
      const servers = replicasOf(cluster, backend);
      if (servers < 2 || meshOf(cluster, backend) !== null) continue;
      const callers = ((named ??= namesIn(judged)).get(service.name) ?? []).filter(({ host, workload }) =>
        isName(host, workload, service),
      );
      // A mesh's proxy beside the client balances calls.
      if (callers.length > 0 && callers.every(({ workload }) => meshOf(cluster, workload) !== null)) continue;
      const caller = callerOf(cluster, callers, servers);
      reported++;
      const { clusterAddress } = service;
      report({
        message: caller === null ? 'sticky' : 'unbalanced',
        data: {
          service: objectWords(service),
          servers,
          ...(caller === null
            ? {}
            : { client: objectWords(caller.workload), clients: caller.pods, idle: servers - caller.pods }),
        },
        subject: service,
        payers: [backend, ...(caller === null ? [] : [caller.workload])],
        severity: caller === null ? 'info' : 'minor',
        severityBecause:
          caller === null
            ? 'many clients spread over the pods by chance'
            : 'the pods that are asked do the work of those that are not',
        confidence: caller === null ? 'possible' : 'likely',
        confidenceBecause:
          caller === null
            ? 'which clients there are, these manifests do not say'
            : 'there are fewer clients than servers, and each keeps one connection',
        assumed: [
          'the client opens one channel and balances nothing itself',
          'kube-proxy balances connections, not calls',
        ],
        evidence: [
          proof,
          ...(backend.replicas === null ? [] : [{ says: `${servers} pods`, place: backend.replicas.place }]),
          ...(caller === null ? [] : [{ says: `${objectWords(caller.workload)} names it`, place: caller.place }]),
        ],
        because: [
          defaultSetting(
            objectWords(service),
            'clusterIP',
            clusterAddress === '' ? 'given by the cluster' : clusterAddress,
            'kubernetes.io/docs/reference/networking/virtual-ips',
          ),
          defaultSetting('gRPC', 'calls over one HTTP/2 connection', 'pick_first', 'grpc/grpc doc/load-balancing.md'),
        ],
        fix: [
          advice(
            'infrastructure',
            `a headless Service beside it (clusterIP: None), and in the client dns:/// with round_robin`,
            objectWords(service),
            'delete the headless Service',
            null,
          ),
          advice(
            'code',
            'let the server end connections after a while (max_connection_age), so that clients spread anew',
            objectWords(backend),
            'take the setting away',
          ),
        ],
      });
    }
    if (reported === 0 && total > 0) clear('clear', { total }, { count: total, unit: 'services' });
  },
});

function grpcQuote(service: ServiceObject, backend: Workload): Quote | null {
  for (const { name, appProtocol, place } of service.ports) {
    if (/^grpc(?:-|$)/.test(name)) return { says: `port ${name} speaks gRPC`, place };
    if (/^(?:grpc|kubernetes\.io\/h2c)$/.test(appProtocol)) return { says: `its port speaks ${appProtocol}`, place };
  }
  for (const container of running(backend)) {
    const { grpc } = programOf(container, backend.software);
    const ports = new Set(container.ports.flatMap(({ name, number }) => [name, String(number)]));
    // One port, and the program speaks gRPC: it is that port.
    const [only, second] = service.ports;
    if (
      grpc !== null &&
      only !== undefined &&
      second === undefined &&
      container.ports.length === 1 &&
      ports.has(only.target)
    )
      return grpc.quote;
  }
  return null;
}

interface NamedBy {
  workload: Workload;
  host: string;
  said: Located<string>;
}

/** Who names whom, by the first part of the name. */
function namesIn(judged: readonly Workload[]): Map<string, NamedBy[]> {
  const named = new Map<string, NamedBy[]>();
  for (const workload of judged) {
    for (const { host, said } of namedHosts(workload, true)) {
      const name = host.split('.')[0] ?? '';
      const known = named.get(name);
      if (known === undefined) named.set(name, [{ workload, host, said }]);
      else known.push({ workload, host, said });
    }
  }
  return named;
}

/** A client with fewer pods than there are servers: some of these must stay without work. */
function callerOf(cluster: Cluster, named: readonly NamedBy[], servers: number) {
  for (const { workload, said } of named) {
    const pods = replicasOf(cluster, workload);
    if (pods >= servers || workload.kind === 'DaemonSet' || meshOf(cluster, workload) !== null) continue;
    // `xds:` and round_robin balance by themselves.
    if (/^xds:|round_robin/.test(said.value)) continue;
    return { workload, pods, place: said.place };
  }
  return null;
}

function isName(host: string, workload: Workload, service: ServiceObject): boolean {
  const [name, namespace] = host.split('.');
  if (name !== service.name) return false;
  if (namespace === undefined) return sameNamespace(workload, service);
  // Manifests without namespaces are meant for one that `kubectl apply -n` names.
  return service.namespace === '' || namespace === service.namespace;
}
