/** What a cluster does by default, as settings that a finding may name, with their sources. */

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
  source: 'Linux 6a757c07e51f (5.6), 4e35c1cb9460 (5.0), ed07d9a021df (4.19)',
} as const satisfies Default;

export const NDOTS = {
  component: 'kubelet',
  setting: 'ndots',
  value: '5',
  source: 'dnsPolicy ClusterFirst: kubernetes.io/docs/concepts/services-networking/dns-pod-service',
} as const satisfies Default;

export const UDP_SIZE = {
  component: 'DNS',
  setting: 'answer over UDP without EDNS',
  value: '512 bytes at most',
  source: 'RFC 1035 section 4.2.1',
} as const satisfies Default;

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
