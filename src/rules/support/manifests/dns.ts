import type { Cluster, Container, DnsOption, PodSettings, Workload } from '../../../model/workload.ts';
import { settingsOf, type ResolverSettings } from '../../../knowledge/resolver-settings.ts';
import { programOf, running, type Program } from './program.ts';

/** Pods that ask the cluster's DNS: through its Service, and with its search list. */
export function asksClusterDns({ pod }: Workload): boolean {
  const policy = pod.dnsPolicy?.value ?? 'ClusterFirst';
  if (policy === 'ClusterFirstWithHostNet') return true;
  // On the host's network ClusterFirst falls back to the node's own settings
  // (kubernetes.io/docs/concepts/services-networking/dns-pod-service).
  return policy === 'ClusterFirst' && !pod.hostNetwork;
}

/** As its manifest sets it, else as it stands in a `resolv.conf` of a running pod. */
export const dnsOption = ({ pod }: Workload, name: string): DnsOption | null =>
  optionsOf(pod).find((option) => option.name.value === name) ?? null;

export const optionsOf = ({ dnsOptions, resolvConf }: PodSettings): DnsOption[] => {
  const set = new Set(dnsOptions.map(({ name }) => name.value));
  return [...dnsOptions, ...(resolvConf?.options.filter(({ name }) => !set.has(name.value)) ?? [])];
};

/** A cache on each node: pods reach it without DNAT, and it asks the cluster's DNS over TCP. */
export const hasNodeLocalCache = ({ workloads }: Cluster): boolean =>
  workloads.some(({ kind, name, pod }) => {
    const images = pod.containers.map(({ image }) => image?.value ?? '');
    return (
      kind === 'DaemonSet' &&
      (/node-?local-?dns/.test(name) || images.some((image) => /k8s-dns-node-cache/.test(image)))
    );
  });

/** The resolver that a container's program asks with; null where its manifest does not tell. */
export function resolverOf(program: Program): ResolverSettings | null {
  const { grpc, libc, language } = program;
  // GODEBUG=netdns=cgo: Go asks through libc.
  if (language === 'go' && !program.throughLibc) return settingsOf('go', null);
  if (grpc?.core === true && grpc.resolver?.value !== 'native') return settingsOf('c-ares', 'gRPC');
  return libc === null ? null : settingsOf(libc, null);
}

export interface Asker {
  container: Container;
  program: Program;
  resolver: ResolverSettings | null;
}

export const askersOf = (workload: Workload): Asker[] =>
  running(workload).map((container) => {
    const program = programOf(container, workload.software);
    return { container, program, resolver: resolverOf(program) };
  });
