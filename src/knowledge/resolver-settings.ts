import type { ResolverName } from '../model/lookup.ts';

/** The resolv.conf options that fixes speak of. */
export type ResolvOption = 'single-request-reopen' | 'use-vc' | 'no-aaaa' | 'timeout' | 'rotate' | 'ndots' | 'edns0';

/** What a resolver does by itself, and which options it heeds. */
export interface ResolverSettings {
  resolver: ResolverName;
  /** Which builds; matches the start of a lookup's `resolverDetail`, '' for all others. */
  detail: string;
  /** As an operator would say it. */
  name: string;
  /** How A and AAAA leave. */
  pair: { value: string; source: string };
  onePort: boolean;
  honours: readonly ResolvOption[];
  honoursSource: string;
  /** How a program asks for one family only, null where it can't be told. */
  oneFamily: string | null;
}

export const RESOLVER_SETTINGS: readonly ResolverSettings[] = [
  {
    resolver: 'glibc',
    detail: '',
    name: 'glibc',
    pair: { value: 'A and AAAA from one socket, at once', source: 'glibc from 2.9: resolv/res_send.c' },
    onePort: true,
    honours: ['single-request-reopen', 'use-vc', 'no-aaaa', 'timeout', 'rotate', 'ndots', 'edns0'],
    honoursSource: 'resolv.conf(5); no-aaaa from glibc 2.36; measured with 2.36',
    oneFamily: 'getaddrinfo with AF_INET',
  },
  {
    resolver: 'musl',
    detail: '',
    name: 'musl',
    pair: { value: 'A and AAAA from one socket, at once', source: 'musl: src/network/res_msend.c' },
    onePort: true,
    // `timeout` is the total for all attempts there, so that of glibc's fix would not fit.
    honours: ['ndots'],
    honoursSource: 'musl reads ndots, timeout and attempts alone (src/network/resolvconf.c); measured with 1.2.5',
    oneFamily: 'getaddrinfo with AF_INET',
  },
  {
    resolver: 'c-ares',
    detail: 'gRPC',
    name: 'gRPC (c-ares)',
    pair: {
      value: 'AAAA and A from one socket, at once',
      source: "gRPC core's own resolver: src/core/resolver/dns/c_ares; measured with 1.51",
    },
    onePort: true,
    honours: ['ndots', 'rotate'],
    honoursSource: 'c-ares: ares_sysconfig_files.c has no single-request; measured with gRPC 1.51',
    oneFamily: null,
  },
  {
    resolver: 'c-ares',
    detail: '',
    name: 'c-ares',
    pair: {
      value: 'A and AAAA from one socket, at once',
      source: 'c-ares: ares_getaddrinfo; measured with 1.18.1 and 1.34.5',
    },
    onePort: true,
    honours: ['ndots', 'rotate'],
    honoursSource: 'c-ares: ares_sysconfig_files.c has no single-request; measured with 1.34.5',
    oneFamily: 'ares_getaddrinfo with AF_INET',
  },
  {
    resolver: 'node',
    detail: '',
    name: "Node's dns.resolve",
    pair: { value: 'concurrent queries from one socket', source: "Node's bundled c-ares; measured with 20.20.2" },
    onePort: true,
    honours: ['timeout'],
    honoursSource: "Node's bundled c-ares has no single-request; measured with 20.20.2",
    oneFamily: 'dns.resolve4 alone',
  },
  {
    resolver: 'go',
    detail: '',
    name: "Go's resolver",
    pair: { value: 'each query from its own socket', source: 'Go: src/net/dnsclient_unix.go; measured with 1.19' },
    onePort: false,
    honours: ['single-request-reopen', 'use-vc', 'timeout', 'rotate', 'ndots'],
    honoursSource: 'Go: src/net/dnsconfig_unix.go; measured with 1.19',
    oneFamily: 'net.Resolver.LookupIP with "ip4"',
  },
  {
    resolver: 'netty',
    detail: '',
    name: 'Netty',
    pair: { value: "one socket for the resolver's life", source: 'Netty: DnsNameResolver' },
    onePort: true,
    honours: ['timeout', 'ndots'],
    honoursSource: 'Netty: UnixResolverOptions',
    oneFamily: 'ResolvedAddressTypes.IPV4_ONLY',
  },
  {
    resolver: 'systemd-resolved',
    detail: '',
    name: 'systemd-resolved',
    pair: { value: 'a socket for each transaction', source: 'systemd: src/resolve/resolved-dns-transaction.c' },
    onePort: false,
    honours: [],
    honoursSource: 'systemd-resolved has its own resolved.conf(5)',
    oneFamily: null,
  },
  {
    resolver: 'unknown',
    detail: '',
    name: 'this resolver',
    pair: { value: 'two queries from one socket, at once', source: 'the packets' },
    onePort: true,
    honours: ['ndots'],
    honoursSource: 'every resolver with a search list known here reads ndots',
    oneFamily: null,
  },
];

/** The entry for a resolver as it was recognised. */
export function settingsOf(resolver: ResolverName, detail: string | null): ResolverSettings {
  const text = detail ?? '';
  const known = RESOLVER_SETTINGS.find((entry) => entry.resolver === resolver && text.startsWith(entry.detail));
  return known ?? (RESOLVER_SETTINGS.at(-1) as ResolverSettings);
}
