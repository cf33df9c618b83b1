import { addressOf } from '../../../base/addresses.ts';
import type { Fix, Setting } from '../../../model/finding.ts';
import { advice } from '../fixes.ts';
import type { Explanation, Refusal } from '../manifests/refusals.ts';
import { defaultSetting } from '../settings.ts';
import { withdrawn } from './syn-advice.ts';

export const addressAndPort = (server: string): { address: string; port: number } => ({
  address: addressOf(server),
  port: Number(server.slice(server.lastIndexOf(':') + 1)),
});

export const NO_PROBE: Setting = defaultSetting(
  'pod',
  'readinessProbe',
  'none, a pod gets connections as soon as it runs',
  'kubernetes.io, Configure Liveness, Readiness and Startup Probes',
);

export const NO_ENDPOINTS: Setting = defaultSetting(
  'kube-proxy',
  'Service without ready endpoints',
  'what goes to it is rejected with an ICMP error',
  'kubernetes, pkg/proxy/iptables/proxier.go: REJECT, "has no endpoints"',
);

const addProbe = (server: string): Fix =>
  advice(
    'manifest',
    'give the pods a readinessProbe on the port they listen on, and compare it with the Service’s targetPort',
    `the workload behind ${server}`,
    'take the probe out again',
    'kubectl get endpointslices -A -o wide',
  );

/** A pod that answered ended while others still knew it. */
export const NO_PRE_STOP: Setting = defaultSetting(
  'pod',
  'preStop',
  'none, a pod that is told to end does so at once, and kube-proxy learns of it later',
  'kubernetes.io, Pod Lifecycle: Termination of Pods',
);

/** What to do about resets, the likeliest first; nobody is told to add what the manifest has. */
export function refusalFixes(
  { kind, isBackendKnown }: Pick<Refusal, 'kind' | 'isBackendKnown'>,
  server: string,
  explained: Pick<Explanation, 'hasProbe' | 'hasPreStop' | 'fix'> | null,
): Fix[] {
  // The manifest says it better.
  if (explained !== null && explained.fix.length > 0) return [];
  const starting = explained?.hasProbe === true ? comparePorts(server) : addProbe(server);
  const ending = explained?.hasPreStop === true ? findCrash(server) : withdrawn(server);
  if (kind === 'ended') return [ending];
  if (kind === 'never') return [starting];
  // A pod that is probed before it is led to refuses when it ends, or while it starts anew.
  if (explained?.hasProbe === true) return [isBackendKnown ? findCrash(server) : ending, starting];
  return [starting, ending];
}

const comparePorts = (server: string): Fix =>
  advice(
    'manifest',
    'compare the port that the program listens on with the Service’s targetPort, and let the readinessProbe ask that port',
    `the workload behind ${server}`,
    'nothing is changed',
    'kubectl get endpointslices -A -o wide',
  );

const findCrash = (server: string): Fix =>
  advice(
    'infrastructure',
    'see why it ended: a crash (RESTARTS, the log before), or a preStop that is shorter than what kube-proxy and clients take to learn of it',
    `the workload behind ${server}`,
    'nothing is changed',
    'kubectl get pods -A -o wide; kubectl logs --previous POD',
  );

/** A pod that was chosen can't be reached. */
export const findSender = (server: string): Fix =>
  advice(
    'infrastructure',
    'find out who sends the error and why: an address that no pod has any more, a missing route, a policy that rejects',
    server,
    'nothing is changed',
    'kubectl get endpointslices -A -o wide',
  );

/** No pod answers with an ICMP error: its kernel would send a reset. */
export const findEndpoints = (server: string): Fix =>
  advice(
    'manifest',
    'see whether the Service has ready endpoints: a selector that fits no pod, or a readinessProbe that fails for all at once; else a policy, a firewall or a route that rejects',
    `the Service at ${server}`,
    'nothing is changed',
    'kubectl get endpointslices -A -o wide',
  );
