import { formatSeconds } from '../../base/quantities.ts';
import type { Located, Workload } from '../../model/workload.ts';
import { definePrediction } from '../support/define-prediction.ts';
import { advice } from '../support/fixes.ts';
import { createLinks } from '../support/manifests/links.ts';
import { judgedWorkloads, objectWords } from '../support/manifests/objects.ts';
import { running } from '../support/manifests/program.ts';

// AWS: elasticloadbalancing network/update-idle-timeout; it drops without a word, and answers RST to what comes later.
const NLB_IDLE_SECONDS = 350;
const NLB_SOURCE = 'AWS: elasticloadbalancing network/update-idle-timeout, 350 s';
const SYSCTL = 'net.ipv4.tcp_keepalive_time';
const NLB_TYPES = /^(?:nlb|nlb-ip|external)$/;

export default definePrediction({
  id: 'tcp-idle-drop',
  title: 'Idle connections are forgotten on the way, and what is sent on them vanishes',
  messages: {
    late: '{workload} probes idle connections after {probes}, but {device} forgets them after {forgets}',
    silent: '{service} asks the Azure load balancer to drop idle connections without a reset',
    clear: 'no keepalive is known to come too late ({total:service} behind a load balancer)',
  },
  predict({ cluster, report, clear }) {
    const balanced = cluster.services.filter(({ type }) => type?.value === 'LoadBalancer');
    const links = createLinks(cluster);
    let reported = 0;
    for (const service of balanced) {
      const reset = service.annotations.get('service.beta.kubernetes.io/azure-load-balancer-disable-tcp-reset');
      if (reset?.value !== 'true') continue;
      reported++;
      report({
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
          {
            component: objectWords(service),
            setting: 'azure-load-balancer-disable-tcp-reset',
            value: 'true',
            origin: 'manifest',
            source: '',
            place: reset.place,
          },
          {
            component: 'Azure load balancer',
            setting: 'idle timeout',
            value: '4 min',
            origin: 'default',
            source: 'Azure: load-balancer-tcp-reset',
          },
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
    }
    for (const workload of judgedWorkloads(cluster)) {
      const found = probesAfter(workload);
      if (found === null || found.seconds <= NLB_IDLE_SECONDS) continue;
      const nlb = links.servicesOf(workload).find((service) => {
        const kind = service.annotations.get('service.beta.kubernetes.io/aws-load-balancer-type')?.value ?? '';
        return service.type?.value === 'LoadBalancer' && NLB_TYPES.test(kind);
      });
      if (nlb === undefined && !found.viaBalancer) continue;
      reported++;
      report({
        message: 'late',
        data: {
          workload: objectWords(workload),
          probes: formatSeconds(found.seconds),
          device: 'the AWS network load balancer',
          forgets: formatSeconds(NLB_IDLE_SECONDS),
        },
        subject: workload,
        severity: 'minor',
        severityBecause: 'a call on a forgotten connection is lost or reset',
        confidence: 'possible',
        confidenceBecause: `${found.setting} is later than the load balancer's idle timeout`,
        assumed: ['connections are idle for so long', 'the idle timeout of the load balancer was not changed'],
        evidence: [
          { says: `${found.setting} ${formatSeconds(found.seconds)}`, place: found.said.place },
          ...(nlb === undefined ? [] : [{ says: `${objectWords(nlb)} is a network load balancer`, place: nlb.place }]),
        ],
        because: [
          {
            component: objectWords(workload),
            setting: found.setting,
            value: formatSeconds(found.seconds),
            origin: 'manifest',
            source: '',
            place: found.said.place,
          },
          {
            component: 'AWS network load balancer',
            setting: 'idle timeout',
            value: formatSeconds(NLB_IDLE_SECONDS),
            origin: 'default',
            source: NLB_SOURCE,
          },
        ],
        fix: [
          advice(
            'manifest',
            `${found.setting}: less than ${NLB_IDLE_SECONDS} s, such as 300`,
            objectWords(workload),
            'set the former value again',
          ),
        ],
      });
    }
    if (reported === 0 && balanced.length > 0) {
      clear('clear', { total: balanced.length }, { count: balanced.length, unit: 'services' });
    }
  },
});

interface Probes {
  seconds: number;
  setting: string;
  said: Located<string>;
  /** The connection that it is for goes through a load balancer, as its name says. */
  viaBalancer: boolean;
}

/** When a workload's sockets first probe an idle connection, where its manifest sets it. */
function probesAfter(workload: Workload): Probes | null {
  const sysctl = workload.pod.sysctls.find(({ name }) => name === SYSCTL);
  if (sysctl !== undefined && /^\d+$/.test(sysctl.value.value)) {
    return { seconds: Number(sysctl.value.value), setting: SYSCTL, said: sysctl.value, viaBalancer: false };
  }
  for (const { environment } of running(workload)) {
    for (const { value } of environment) {
      // libpq's, in a connection's text.
      const found = /[?&\s]keepalives_idle=(\d{1,9})/.exec(value.value);
      if (found === null) continue;
      const viaBalancer = /\.elb\.[a-z0-9-]+\.amazonaws\.com/.test(value.value);
      return { seconds: Number(found[1]), setting: 'keepalives_idle', said: value, viaBalancer };
    }
  }
  return null;
}
