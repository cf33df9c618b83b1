import type { Predicted } from '../../model/finding.ts';
import type { Cluster, ServiceObject, ServicePort, Workload } from '../../model/workload.ts';
import { definePrediction } from '../support/define-prediction.ts';
import { advice } from '../support/fixes.ts';
import { createLinks } from '../support/manifests/links.ts';
import { nearlyFits } from '../support/manifests/near-selectors.ts';
import { judgedWorkloads, meshOf, objectWords, placedSetting, standTogether } from '../support/manifests/objects.ts';
import { running } from '../support/manifests/program.ts';
import { editOf, manifestFix } from '../support/manifests/changes.ts';
import { wrongPort } from '../support/manifests/refusals.ts';

/** Ports of containers that a mesh's webhook adds (istio.io: Application Requirements; linkerd.io: Proxy Metrics). */
const ADDED = /envoy|linkerd|istio/;

export default definePrediction({
  id: 'tcp-connect-refused',
  title: 'Connections are refused: nobody listens there',
  messages: {
    port: '{service} leads to nobody at port {port}: its targetPort {target} is a name that no container of {workload} has',
    selector: '{service} leads to nobody: its selector {selector} fits no workload here, {workload} has {label}',
    clear: 'each Service that selects pods of these manifests leads to a port that they have ({total:Service})',
  },
  predict({ cluster, report, clear, isObserved }) {
    const links = createLinks(cluster);
    const judged = judgedWorkloads(cluster);
    const known = new Set(judged);
    let total = 0;
    let reported = 0;
    const add = (predicted: Predicted<'port' | 'selector'>): void => {
      reported++;
      report(predicted);
    };
    for (const service of cluster.services) {
      if (!leadsToPods(service)) continue;
      const all = links.workloadsOf(service);
      const workloads = all.filter((workload) => known.has(workload));
      if (all.length === 0) {
        const near = nearlyFits(service, cluster, judged, links);
        if (near !== null && !isObserved(near.workload)) add(selectorFinding(service, near));
        continue;
      }
      total++;
      // What a capture shows the rule explains, port by port; of whoever is elsewhere nobody knows whether it is meant.
      if (workloads.some(isObserved) || !workloads.some((one) => standTogether(one, service))) continue;
      for (const port of service.ports) {
        if (isUnknownName(port, workloads, cluster)) add(portFinding(service, port, workloads));
      }
    }
    if (reported === 0 && total > 0) clear('clear', { total }, { count: total, unit: 'services' });
  },
});

/** A headless one's name leads to its pods at whatever port, and one that the cluster has may be half of a dump. */
const leadsToPods = ({ clusterAddress, selector, type, live }: ServiceObject): boolean =>
  !live && clusterAddress !== 'None' && selector.size > 0 && type?.value !== 'ExternalName';

/** A number needs no word in the pods' manifest; a name is looked up there (k8s.io/endpointslice, utils.go: FindPort). */
const isUnknownName = ({ target }: ServicePort, workloads: readonly Workload[], cluster: Cluster): boolean =>
  /^[a-z0-9]*(?:-?[a-z0-9])*$/.test(target) &&
  /[a-z]/.test(target) &&
  !(ADDED.test(target) || workloads.some((workload) => meshOf(cluster, workload) !== null)) &&
  workloads.every((workload) => running(workload).every(({ ports }) => ports.every(({ name }) => name !== target)));

function portFinding(
  service: ServiceObject,
  port: ServicePort,
  workloads: readonly [Workload, ...Workload[]] | readonly Workload[],
): Predicted<'port'> {
  const workload = workloads[0] as Workload;
  const { because = [], fix = [] } = wrongPort(service, port, workloads) ?? {};
  const [container] = running(workload);
  const told = [
    { component: objectWords(service), setting: 'targetPort', value: port.target, place: port.place },
    {
      component: objectWords(workload),
      setting: 'containerPort',
      value: because[1]?.value ?? 'none is written down',
      place: running(workload).flatMap(({ ports }) => ports)[0]?.place ?? container?.place ?? workload.place,
    },
  ];
  return {
    message: 'port',
    data: {
      service: objectWords(service),
      port: port.name === '' ? port.number : `${port.number} (${port.name})`,
      target: port.target,
      workload: objectWords(workload),
    },
    subject: service,
    payers: workloads,
    severity: 'minor',
    severityBecause: 'whoever connects to that port is refused, if anybody does',
    confidence: 'likely',
    confidenceBecause: 'a named targetPort is looked up among the containers’ ports, and pods without it are left out',
    assumed: ['no webhook adds a container that has it'],
    evidence: [{ says: `targetPort: ${port.target}`, place: port.place }],
    because: told.map((one) => ({ ...one, origin: 'manifest', source: '' })),
    fix:
      fix.length > 0
        ? fix
        : [
            advice(
              'manifest',
              `name the port that the program listens on ${port.target}, or write its number as targetPort`,
              objectWords(workload),
              'take the name out again',
            ),
          ],
  };
}

function selectorFinding(
  service: ServiceObject,
  { workload, key, value, selected, place }: NonNullable<ReturnType<typeof nearlyFits>>,
): Predicted<'selector'> {
  const words = [...service.selector].map(([name, one]) => `${name}=${one}`).join(', ');
  const label = `${key}=${value}`;
  return {
    message: 'selector',
    data: { service: objectWords(service), selector: words, workload: objectWords(workload), label },
    subject: service,
    payers: [workload],
    severity: 'minor',
    severityBecause: 'whoever connects to it is refused, if anybody does',
    confidence: 'possible',
    confidenceBecause: `only ${key} differs, ${selected} for ${value}; pods that are meant may stand elsewhere`,
    assumed: ['nothing else makes pods with these labels, and nothing labels them later'],
    evidence: [{ says: `selector ${words}`, place }],
    because: [
      placedSetting(objectWords(service), 'selector', words, place),
      placedSetting(objectWords(workload), 'labels of its pods', label, workload.place),
    ],
    fix: [
      manifestFix(service, `selector ${label}: as the pods of ${objectWords(workload)} are labelled`, [
        editOf(service, ['spec', 'selector', key], value),
      ]),
    ],
  };
}
