import { formatSeconds } from '../../base/quantities.ts';
import { knownDefault, valueOf } from '../../knowledge/known.ts';
import type { Fix, Predicted } from '../../model/finding.ts';
import type { ClusterObject, Located, ServiceObject, Workload } from '../../model/workload.ts';
import { definePrediction } from '../support/define-prediction.ts';
import { advice } from '../support/fixes.ts';
import { manifestFix } from '../support/manifests/changes.ts';
import { createLinks } from '../support/manifests/links.ts';
import { kubeProxyOf } from '../support/manifests/kube-proxy.ts';
import { destinationsOf } from '../support/manifests/mesh.ts';
import { judgedWorkloads, meshOf, objectWords, placedSetting } from '../support/manifests/objects.ts';
import { KEEPALIVE_SYSCTL, probesAfter, sysctlEdit, type Probes } from '../support/manifests/probes.ts';
import { defaultSetting } from '../support/settings.ts';

const KERNEL_PROBES_SECONDS = valueOf('linux', 'tcp_keepalive_time');
const NLB_TYPES = /^(?:nlb|nlb-ip|external)$/;
// Pools keep connections idle for minutes; from a quarter of an hour on, few do.
const SHORT_SECONDS = 15 * 60;

/** What forgets idle connections on the way. */
interface Device {
  name: string;
  component: string;
  seconds: number;
  source: string;
}

function deviceOf(name: string, component: string, setting: string, where?: string): Device {
  const source = knownDefault(component, setting, null, where)?.source ?? '';
  return { name, component: name.replace(/^the /, ''), seconds: valueOf(component, setting, null, where), source };
}
const NLB = deviceOf('the AWS network load balancer', 'aws-load-balancer', 'idle timeout', 'NLB TCP');
const NAT_GATEWAY = deviceOf('an AWS NAT gateway on the way', 'aws-vpc', 'NAT gateway idle timeout');

export default definePrediction({
  id: 'tcp-idle-drop',
  title: 'Idle connections are forgotten on the way, and what is sent on them vanishes',
  messages: {
    late: '{workload} probes idle connections after {probes}, but {device} forgets them after {forgets}',
    silent: '{service} asks the Azure load balancer to drop idle connections without a reset',
    nodes:
      'kube-proxy lets nodes forget idle connections after {forgets}, and kernels probe them after {probes} by default',
    clear: 'no keepalive is known to come too late ({total:service} behind a load balancer)',
  },
  predict({ cluster, report, clear, isObserved }) {
    const balanced = cluster.services.filter(({ type }) => type?.value === 'LoadBalancer');
    const links = createLinks(cluster);
    const judged = judgedWorkloads(cluster);
    let reported = 0;
    const found = (predicted: Predicted<'late' | 'silent' | 'nodes'>): void => {
      reported++;
      report(predicted);
    };
    for (const service of balanced) {
      const reset = service.annotations.get('service.beta.kubernetes.io/azure-load-balancer-disable-tcp-reset');
      if (reset?.value === 'true') found(silent(service, reset));
    }
    const proxy = kubeProxyOf(cluster);
    const proxyObject = cluster.kubeProxies[0] ?? judged[0];
    if (proxy.established !== null && proxyObject !== undefined && isTooShort(proxy.established.value)) {
      found(nodes(proxyObject, proxy.established, judged.filter(isObserved)));
    }
    for (const workload of judged) {
      const services = links.servicesOf(workload);
      const destination =
        meshOf(cluster, workload) === 'istio'
          ? destinationsOf(cluster, services).find(({ keepalive }) => keepalive !== null)
          : undefined;
      const probes = probesAfter(workload, destination ?? null);
      if (probes === null || probes.seconds <= NLB.seconds) continue;
      const nlb = services.find((service) => {
        const kind = service.annotations.get('service.beta.kubernetes.io/aws-load-balancer-type')?.value ?? '';
        return service.type?.value === 'LoadBalancer' && NLB_TYPES.test(kind);
      });
      if (nlb !== undefined || probes.goes === 'balancer') found(late(workload, probes, NLB, nlb ?? null));
      else if (probes.goes === 'outside') found(late(workload, probes, NAT_GATEWAY, null));
    }
    if (reported === 0 && balanced.length > 0) {
      clear('clear', { total: balanced.length }, { count: balanced.length, unit: 'services' });
    }
  },
});

const isTooShort = (seconds: number): boolean => seconds > 0 && seconds < KERNEL_PROBES_SECONDS;

const silent = (service: ServiceObject, reset: Located<string>): Predicted<'silent'> => ({
  message: 'silent',
  data: { service: objectWords(service) },
  subject: service,
  severity: 'minor',
  severityBecause: 'a call on a forgotten connection waits until its sender gives up',
  confidence: 'likely',
  confidenceBecause: 'the annotation turns the reset off',
  assumed: ['connections are idle for longer than its idle timeout (4 min by default)'],
  evidence: [{ says: 'no TCP reset', place: reset.place }],
  because: [
    placedSetting(objectWords(service), 'azure-load-balancer-disable-tcp-reset', 'true', reset.place),
    defaultSetting(
      'Azure load balancer',
      'idle timeout',
      formatSeconds(valueOf('azure', 'Load Balancer idleTimeoutInMinutes')),
      knownDefault('azure', 'Load Balancer idleTimeoutInMinutes')?.source ?? '',
    ),
  ],
  fix: [
    advice(
      'manifest',
      'take the annotation away: both sides then learn at once that the connection is gone',
      objectWords(service),
      'set it again',
    ),
  ],
});

function nodes(
  subject: ClusterObject,
  { value, place }: Located<number>,
  payers: readonly Workload[],
): Predicted<'nodes'> {
  const isShort = value < SHORT_SECONDS;
  return {
    message: 'nodes',
    data: { forgets: formatSeconds(value), probes: formatSeconds(KERNEL_PROBES_SECONDS) },
    subject,
    payers,
    severity: isShort ? 'minor' : 'info',
    severityBecause: isShort
      ? "a call on a forgotten connection goes to the Service's address, where nobody answers"
      : 'few pools keep connections idle for so long',
    confidence: 'possible',
    confidenceBecause: 'whether programs probe or close connections sooner, these manifests do not say',
    assumed: ['connections through a ClusterIP are idle for so long', 'programs set no keepalive of their own'],
    evidence: [{ says: `conntrack.tcpEstablishedTimeout ${formatSeconds(value)}`, place }],
    because: [
      placedSetting('kube-proxy', 'conntrack.tcpEstablishedTimeout', formatSeconds(value), place),
      defaultSetting(
        'Linux',
        KEEPALIVE_SYSCTL,
        formatSeconds(KERNEL_PROBES_SECONDS),
        knownDefault('linux', 'tcp_keepalive_time')?.source ?? '',
      ),
    ],
    fix: [
      advice(
        'manifest',
        `tcpEstablishedTimeout: ${formatSeconds(valueOf('kube-proxy', 'conntrack.tcpEstablishedTimeout'))}, as it is by default`,
        objectWords(subject),
        'set the former time again',
      ),
    ],
  };
}

function late(workload: Workload, probes: Probes, device: Device, nlb: ServiceObject | null): Predicted<'late'> {
  // Whether a NAT gateway is there, manifests do not tell.
  const isGuess = device === NAT_GATEWAY;
  return {
    message: 'late',
    data: {
      workload: objectWords(workload),
      probes: formatSeconds(probes.seconds),
      device: device.name,
      forgets: formatSeconds(device.seconds),
    },
    subject: workload,
    severity: isGuess ? 'info' : 'minor',
    severityBecause: isGuess
      ? 'whether its connections go through a NAT gateway, these manifests do not say'
      : 'a call on a forgotten connection is lost or reset',
    confidence: 'possible',
    confidenceBecause: `${probes.setting} is later than the idle timeout on the way`,
    assumed: [
      'connections are idle for so long',
      isGuess ? 'a NAT gateway leads outside' : 'the idle timeout of the load balancer was not changed',
    ],
    evidence: [
      { says: `${probes.setting} ${formatSeconds(probes.seconds)}`, place: probes.said.place },
      ...(nlb === null ? [] : [{ says: `${objectWords(nlb)} is a network load balancer`, place: nlb.place }]),
    ],
    because: [
      placedSetting(objectWords(workload), probes.setting, formatSeconds(probes.seconds), probes.said.place),
      defaultSetting(device.component, 'idle timeout', formatSeconds(device.seconds), device.source),
    ],
    fix: fixesFor(workload, probes, device),
  };
}

// Below 350 s, with room for a probe that is lost.
const PROBES_IN_TIME_SECONDS = 300;

const fixesFor = (workload: Workload, { setting }: Probes, { seconds }: Device): Fix[] => [
  ...(setting === KEEPALIVE_SYSCTL
    ? [
        manifestFix(workload, `${setting}: ${PROBES_IN_TIME_SECONDS}, before the connection is forgotten`, [
          sysctlEdit(workload, setting, String(PROBES_IN_TIME_SECONDS)),
        ]),
      ]
    : []),
  advice(
    'manifest',
    `${setting}: less than ${seconds} s, such as ${PROBES_IN_TIME_SECONDS}`,
    objectWords(workload),
    'set the former value again',
  ),
];
