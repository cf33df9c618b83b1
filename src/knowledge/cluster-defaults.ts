/** What a cluster does by default, as settings that a finding may name, with their sources. */
import { knownDefault, valueOf } from './known.ts';

interface Default {
  component: string;
  setting: string;
  value: string;
  source: string;
}

export const DNAT_RACE = {
  component: 'kube-proxy on this kernel',
  setting: 'DNAT of UDP to the DNS Service',
  value: 'kernels before 5.6 lose one of two queries at once',
  source: sourceOf('linux', 'DNAT of two queries at once', '5.5'),
} satisfies Default;

export const NDOTS = {
  component: 'kubelet',
  setting: 'ndots',
  value: String(valueOf('kubelet', 'ndots')),
  source: sourceOf('kubelet', 'ndots'),
} satisfies Default;

export const UDP_SIZE = {
  component: 'DNS',
  setting: 'answer over UDP without EDNS',
  value: `${valueOf('dns', 'answer over UDP without EDNS')} bytes at most`,
  source: sourceOf('dns', 'answer over UDP without EDNS'),
} satisfies Default;

/** Where CoreDNS waits for an upstream: the delays of slow answers then have this length. */
export const COREDNS_QUANTA = [
  {
    seconds: 2,
    says: 'CoreDNS waits 2 s for each try at its upstream',
    source: 'CoreDNS plugin/pkg/proxy: read timeout 2 s',
  },
  {
    seconds: 6,
    says: 'CoreDNS gives its upstreams up after 5 s, looked at between tries of 2 s',
    source: 'CoreDNS plugin/forward: 5 s in all',
  },
] as const;

function sourceOf(component: string, setting: string, version: string | null = null): string {
  return knownDefault(component, setting, version)?.source ?? '';
}
