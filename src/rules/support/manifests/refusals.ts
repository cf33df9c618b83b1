import type { Fix, Setting } from '../../../model/finding.ts';
import type { Cluster, Container, ServiceObject, ServicePort, Workload } from '../../../model/workload.ts';
import type { Witness } from '../witness.ts';
import { editOf, manifestFix } from './changes.ts';
import { createLinks } from './links.ts';
import { unreadyEndpoints } from './endpoints.ts';
import { judgedWorkloads, objectWords, settingAt } from './objects.ts';
import { running } from './program.ts';
import { serviceAt } from './service-at.ts';

/** What was seen of connections that a Service's address refused. */
export interface Refusal {
  readonly address: string;
  readonly port: number;
  /**
   * `rejected`: before a back end was chosen. `never`: by back ends, none of which answered anybody. `ended`: by one
   * that had answered. `some`: else.
   */
  readonly kind: 'rejected' | 'never' | 'ended' | 'some';
  /** The capture shows which back end it was. */
  readonly isBackendKnown: boolean;
}

/** Why manifests say that must be so. */
export interface Explanation {
  /** Goes on the first line behind what was seen; '' where the rest is enough. */
  readonly says: string;
  readonly because: readonly Setting[];
  readonly fix: readonly Fix[];
  /** The workload's containers have a readinessProbe, a preStop hook: nobody is told to add one. */
  readonly hasProbe: boolean;
  readonly hasPreStop: boolean;
}

// kube-proxy and ingress controllers learn within a second or a few that a pod ends (kubernetes.io, Pod Lifecycle).
const PRE_STOP_SECONDS = 5;

/** Null where no manifest tells whose address it is. */
export function explainRefusal(cluster: Cluster, seen: Witness, refusal: Refusal): Explanation | null {
  const service = serviceAt(refusal.address, cluster, seen);
  if (service === null) return null;
  const judged = new Set(judgedWorkloads(cluster));
  const workloads = createLinks(cluster)
    .workloadsOf(service)
    .filter((workload) => judged.has(workload));
  const port = service.ports.find(({ number }) => number === refusal.port) ?? null;
  const containers = workloads.flatMap((workload) => running(workload));
  const has = {
    hasProbe: containers.some(({ readinessProbe }) => readinessProbe !== null),
    hasPreStop: containers.some(({ preStop }) => preStop !== null),
  };
  const told =
    (refusal.kind === 'rejected'
      ? (fitsNobody(service, workloads, cluster) ?? notReady(service, workloads, cluster))
      : null) ??
    (port === null || refusal.kind === 'ended' || refusal.kind === 'some'
      ? null
      : wrongPort(service, port, workloads)) ??
    (refusal.kind === 'some' && !has.hasProbe ? noProbe(workloads, port) : null) ??
    // A pod that is probed before it is led to refuses when it ends.
    ((refusal.kind === 'ended' || (refusal.kind === 'some' && !refusal.isBackendKnown)) && !has.hasPreStop
      ? noPreStop(workloads)
      : null);
  return { says: '', because: [], fix: [], ...told, ...has };
}

export type Told = Pick<Explanation, 'says' | 'because' | 'fix'>;

/** Its selector has no pod among these manifests, and one of its own name is near. */
function fitsNobody(service: ServiceObject, workloads: readonly Workload[], cluster: Cluster): Told | null {
  const { selector, selectorPlace } = service;
  if (workloads.length > 0 || selector.size === 0 || selectorPlace === null) return null;
  const words = [...selector].map(([key, value]) => `${key}=${value}`).join(', ');
  const namesake = judgedWorkloads(cluster).find(
    ({ name, namespace }) => name === service.name && namespace === service.namespace,
  );
  const wrong = [...selector.keys()].filter((key) => namesake?.podLabels.get(key) !== selector.get(key));
  const edits =
    namesake === undefined || wrong.some((key) => !namesake.podLabels.has(key))
      ? []
      : wrong.map((key) => editOf(service, ['spec', 'selector', key], namesake.podLabels.get(key) as string));
  return {
    says: `its selector ${words} fits no workload of these manifests`,
    because: [settingAt(objectWords(service), 'selector', words, selectorPlace)],
    fix:
      edits.length === 0
        ? []
        : [
            manifestFix(
              service,
              `selector ${edits.map(({ path, value }) => `${String(path.at(-1))}=${String(value)}`).join(', ')}: as the pods of ${objectWords(namesake as Workload)} are labelled`,
              edits,
            ),
          ],
  };
}

/** As the cluster was when it was read. */
function notReady(service: ServiceObject, workloads: readonly Workload[], cluster: Cluster): Told | null {
  const unready = unreadyEndpoints(service, cluster);
  if (unready === null) return null;
  const probes = workloads.flatMap((workload) =>
    running(workload).flatMap(({ name, readinessProbe }) =>
      readinessProbe === null
        ? []
        : [settingAt(objectWords(workload), `readinessProbe of container ${name}`, 'fails', readinessProbe)],
    ),
  );
  return { says: unready.says, because: [...unready.because, ...probes], fix: [] };
}

/** The Service sends to a port that its pods do not say to have. */
export function wrongPort(service: ServiceObject, port: ServicePort, workloads: readonly Workload[]): Told | null {
  const ports = workloads.flatMap((workload) => running(workload).flatMap((container) => container.ports));
  // Where no port is written down, nobody knows what the program listens on.
  if (ports.length === 0 || ports.some(({ name, number }) => port.target === name || port.target === String(number))) {
    return null;
  }
  const [only, ...others] = ports;
  if (only === undefined) return null;
  // As it is written: a number stays one.
  const target = only.name === '' || /^\d+$/.test(port.target) ? only.number : only.name;
  const written = ports.map(({ name, number }) => (name === '' ? String(number) : `${number} (${name})`)).join(', ');
  const step = port.name === '' ? { key: 'port', is: String(port.number) } : { key: 'name', is: port.name };
  return {
    says: `its targetPort is ${port.target}, and its pods have the port ${written}`,
    because: [
      settingAt(objectWords(service), 'targetPort', port.target, port.place),
      settingAt(objectWords(workloads[0] as Workload), 'containerPort', written, only.place),
    ],
    fix:
      others.length > 0
        ? []
        : [
            manifestFix(service, `targetPort: ${target}, the port that the pods have`, [
              editOf(service, ['spec', 'ports', step, 'targetPort'], target),
            ]),
          ],
  };
}

const servingContainer = (workload: Workload): Container | undefined =>
  running(workload).find(({ ports }) => ports.length > 0) ?? running(workload)[0];

function noPreStop(workloads: readonly Workload[]): Told | null {
  return onServing(workloads, (workload, container, path) => {
    const { grace } = workload.pod;
    // The hook's time is a part of it: an API server takes no longer sleep, and what is left is the program's own.
    const longer = grace !== null && grace.value <= PRE_STOP_SECONDS ? grace.value + PRE_STOP_SECONDS : null;
    const graceWords =
      longer === null ? '' : `, and terminationGracePeriodSeconds: ${longer}, of which the hook is a part`;
    return {
      says: '',
      because: [
        settingAt(objectWords(workload), `preStop of container ${container.name}`, 'none', container.place),
        ...(longer === null || grace === null
          ? []
          : [settingAt(objectWords(workload), 'terminationGracePeriodSeconds', String(grace.value), grace.place)]),
      ],
      fix: [
        manifestFix(
          workload,
          `preStop: sleep ${PRE_STOP_SECONDS} s (Kubernetes 1.30 or newer; an exec of sleep before that)${graceWords}: the pod goes on answering until nobody is led to it any more`,
          [
            editOf(workload, [...path, 'lifecycle', 'preStop', 'sleep', 'seconds'], PRE_STOP_SECONDS),
            ...(longer === null
              ? []
              : [editOf(workload, [...workload.pod.path, 'terminationGracePeriodSeconds'], longer)]),
          ],
        ),
      ],
    };
  });
}

function noProbe(workloads: readonly Workload[], port: ServicePort | null): Told | null {
  return onServing(workloads, (workload, container, path) => {
    const [listens] = container.ports;
    const target = Number(port?.target);
    const probed = listens?.number ?? (Number.isInteger(target) && target > 0 ? target : null);
    return {
      says: '',
      because: [
        settingAt(objectWords(workload), `readinessProbe of container ${container.name}`, 'none', container.place),
      ],
      fix:
        probed === null
          ? []
          : [
              manifestFix(
                workload,
                `readinessProbe: tcpSocket ${probed}, so that nobody is led to a pod before it listens (httpGet where the program has a path for it)`,
                [editOf(workload, [...path, 'readinessProbe', 'tcpSocket', 'port'], probed)],
              ),
            ],
    };
  });
}

/** Where several workloads are behind one Service, which of them it was is not known. */
function onServing(
  workloads: readonly Workload[],
  tell: (workload: Workload, container: Container, path: Parameters<typeof editOf>[1]) => Told,
): Told | null {
  const [workload, ...others] = workloads;
  if (workload === undefined || others.length > 0) return null;
  const container = servingContainer(workload);
  if (container === undefined) return null;
  return tell(workload, container, [...workload.pod.path, 'containers', { key: 'name', is: container.name }]);
}
