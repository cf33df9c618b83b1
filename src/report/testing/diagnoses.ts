import type { Diagnosis, Finding, InputRow } from '../../model/diagnosis.ts';
import { exampleOf, raceLookup, walkLookup } from './lookups.ts';

export const inputRowOf = (parts: Partial<InputRow> = {}): InputRow => ({
  input: 0,
  path: 'orders.pcapng',
  format: 'pcapng',
  linkTypes: ['linux-sll2'],
  packets: 1204,
  firstPacket: '2023-11-14T22:13:20.000000000Z',
  durationSeconds: 61.2,
  snapLength: 262_144,
  damage: { cut: 0, undecodable: 0, duplicates: 12, droppedByCapture: 0, notes: [] },
  vantage: {
    kind: 'pod',
    addresses: ['10.0.3.7'],
    because: 'every query leaves 10.0.3.7',
    sees: { dns: true, tcp: false, http: false, bothDirections: true },
  },
  ...parts,
});

const durations = (p50: number, p90: number, p99: number): NonNullable<Finding['whatIf']>['before'] => ({
  p50Seconds: p50,
  p90Seconds: p90,
  p99Seconds: p99,
  maxSeconds: p99,
  meanSeconds: p50,
});

/** A prediction over 120 rows; quantiles that are not given stay as they are. */
export const whatIfOf = (
  parts: Pick<NonNullable<Finding['whatIf']>, 'metric' | 'nowSeconds' | 'thenSeconds' | 'method'>,
): NonNullable<Finding['whatIf']> => ({
  ...parts,
  isAtMost: false,
  count: 120,
  unit: 'requests',
  callers: null,
  before: durations(0.0011, 0.0024, parts.nowSeconds),
  after: durations(0.0011, 0.002, parts.thenSeconds),
  alone: [],
});

export const raceFinding = (parts: Partial<Finding> = {}): Finding => ({
  rule: 'dns-race',
  title: 'Two queries at once from one port, and one is lost',
  severity: 'critical',
  severityBecause: '1 s or more for 1 % of lookups',
  confidence: 'likely',
  confidenceBecause:
    'all 4 lost queries are the second of their pair (chance: 1 in 16), while 116 other pairs are whole',
  basis: 'observed',
  says: '4 of 120 DNS lookups wait 5 s for an answer that never comes',
  subject: { kind: 'pod', name: '10.0.3.7', workload: null },
  occurrences: { count: 4, of: 120, unit: 'lookups' },
  affected: null,
  cost: {
    totalSeconds: 20.021,
    p50Seconds: 5.005,
    maxSeconds: 5.012,
    shareOfLatency: 0.97,
    shareOf: 'all lookup time',
  },
  input: 0,
  examples: [exampleOf(raceLookup(), [412, 413, 611, 613])],
  evidence: [{ says: 'A and AAAA leave one port within 22 µs; the AAAA query is never answered', packets: [413] }],
  filter: 'frame.number in {412, 413, 611, 613}',
  because: [
    {
      component: 'glibc',
      setting: 'A and AAAA from one socket',
      value: 'on',
      origin: 'default',
      source: 'since 2.9, resolv.conf(5)',
    },
    {
      component: 'kube-proxy',
      setting: 'DNAT to the DNS Service',
      value: 'kernels before 5.6 lose one of two at once',
      origin: 'default',
      source: 'commit 6a757c07e51f',
    },
  ],
  fix: [
    {
      title: 'let glibc use a new socket for the second query',
      kind: 'manifest',
      safety: 'safe',
      target: 'the workload of 10.0.3.7',
      patch: { spec: { template: { spec: { dnsConfig: { options: [{ name: 'single-request-reopen' }] } } } } },
      command: null,
      rollback: 'take the option out again',
    },
    {
      title: 'run NodeLocal DNSCache, which takes DNS out of conntrack',
      kind: 'infrastructure',
      safety: 'review',
      target: 'the cluster',
      patch: null,
      command: null,
      rollback: 'delete its DaemonSet',
    },
  ],
  whatIf: whatIfOf({
    metric: 'lookup duration p99',
    nowSeconds: 5.006,
    thenSeconds: 0.0021,
    method: 'the waits for lost answers taken out',
  }),
  whatIfBecause: null,
  absorbs: [],
  documentation: 'kubelag rules dns-race',
  ...parts,
});

export const walkFinding = (parts: Partial<Finding> = {}): Finding => ({
  rule: 'dns-search-walk',
  title: 'Names are tried with every search suffix first',
  severity: 'major',
  severityBecause: '100 ms or more for 1 % of lookups',
  confidence: 'certain',
  confidenceBecause: 'the final answer is for the name without a suffix',
  basis: 'observed',
  says: '1 of 1 lookups asks for 4 names that cannot exist before sample-svc.prod.svc.cluster.local',
  subject: { kind: 'client', name: 'tcpdump-1565115240-2sgg9', workload: null },
  occurrences: { count: 1, of: 1, unit: 'lookups' },
  affected: null,
  cost: {
    totalSeconds: 0.1232,
    p50Seconds: 0.1232,
    maxSeconds: 0.1232,
    shareOfLatency: 0.844,
    shareOf: 'all lookup time',
  },
  input: 0,
  examples: [
    exampleOf(
      walkLookup(),
      Array.from({ length: 16 }, (_, index) => index + 1),
    ),
  ],
  evidence: [{ says: '8 queries for names that do not exist', packets: [1, 3, 5, 7, 9, 11, 13, 15] }],
  filter: null,
  because: [
    { component: 'resolv.conf', setting: 'ndots', value: '5', origin: 'default', source: 'dnsPolicy: ClusterFirst' },
    {
      component: 'name',
      setting: 'dots',
      value: '4, no trailing dot',
      origin: 'wire',
      source: 'sample-svc.prod.svc.cluster.local',
    },
  ],
  fix: [
    {
      title: 'ask names with two dots or more as they are first',
      kind: 'manifest',
      safety: 'review',
      target: 'the workload of tcpdump-1565115240-2sgg9',
      patch: { spec: { template: { spec: { dnsConfig: { options: [{ name: 'ndots', value: '2' }] } } } } },
      command: null,
      rollback: 'take the option out again',
    },
  ],
  whatIf: whatIfOf({
    metric: 'lookup duration p50',
    nowSeconds: 0.1459,
    thenSeconds: 0.0027,
    method: 'the walk taken out',
  }),
  whatIfBecause: null,
  absorbs: [],
  documentation: 'kubelag rules dns-search-walk',
  ...parts,
});

const latency = (p50: number, p99: number, max: number, total: number): Diagnosis['lookups']['latency'] => ({
  p50Seconds: p50,
  p90Seconds: p50 * 1.5,
  p99Seconds: p99,
  maxSeconds: max,
  totalSeconds: total,
  histogram: [[p50, 1]],
});

export const noExchanges = (): Diagnosis['exchanges'] => ({
  count: 0,
  calls: 0,
  failed: 0,
  latency: latency(0, 0, 0, 0),
  protocols: [],
  byServer: [],
  slowest: [],
});

export const noConnections = (): Diagnosis['connections'] => ({
  count: 0,
  opened: 0,
  failed: 0,
  latency: latency(0, 0, 0, 0),
  tls: { count: 0, full: 0, resumed: 0, latency: latency(0, 0, 0, 0) },
  roundTrip: latency(0, 0, 0, 0),
  retransmissions: 0,
  stalledSeconds: 0,
  slowest: [],
  unread: [],
});

export const noRequests = (): Diagnosis['requests'] => ({
  count: 0,
  ambiguous: 0,
  latency: latency(0, 0, 0, 0),
  breakdown: [],
  slowAgainstFast: [],
  slowest: [],
});

const RULED_OUT: Diagnosis['ruledOut'] = [
  ['dns-dead-server', 'each of 1 server answered (236 of 240 queries)'],
  ['dns-loss', 'all 4 unanswered queries are explained by the race'],
  ['dns-slow-server', 'slowest of 236 answers took 0.9 ms'],
  ['dns-search-walk', 'no lookup walked the search list (120 lookups)'],
  ['dns-error', 'every lookup ended with an answer (120 lookups)'],
  ['dns-truncation', 'no answer was truncated (236 answers)'],
  ['dns-family-missing', 'both families answer (120 lookups)'],
  ['dns-sequential-pair', 'A and AAAA are asked together (120 pairs)'],
].map(([rule = '', says = '']) => ({ rule, says, examined: { count: 120, unit: 'lookups' } }));

export const diagnosisOf = (parts: Partial<Diagnosis> = {}): Diagnosis => ({
  schema: 'kubelag/1',
  tool: { name: 'kubelag', version: '0.1.0' },
  inputs: [inputRowOf()],
  verdict: { status: 'found', says: '4 of 120 DNS lookups wait 5 s for an answer that never comes' },
  findings: [raceFinding()],
  ruledOut: RULED_OUT,
  unobservable: [],
  lookups: {
    count: 120,
    failed: 0,
    latency: latency(0.0011, 5.006, 5.013, 20.6),
    resolvers: [
      { name: 'glibc', detail: null, lookups: 118, confidence: 'certain', because: 'ids one apart' },
      { name: 'c-ares', detail: 'gRPC', lookups: 2, confidence: 'likely', because: 'AAAA first' },
    ],
    leftOut: { count: 0, because: null },
    slowest: [raceLookup()],
  },
  exchanges: noExchanges(),
  connections: noConnections(),
  requests: noRequests(),
  ...parts,
});

/** The race, a walk beside it, something worth knowing, and what could not be seen. */
export const crowdedDiagnosis = (): Diagnosis =>
  diagnosisOf({
    inputs: [
      inputRowOf(),
      inputRowOf({
        input: 1,
        path: 'captures/2023-11-14/node-a.pcap.gz',
        vantage: { ...inputRowOf().vantage, kind: 'node' },
      }),
    ],
    findings: [
      raceFinding(),
      walkFinding({ severity: 'minor' }),
      walkFinding({
        rule: 'dns-sequential-pair',
        severity: 'info',
        says: '2 of 120 lookups ask for AAAA only after the answer to A',
        confidence: 'possible',
      }),
    ],
    ruledOut: RULED_OUT.slice(0, 4),
    unobservable: ['dns-truncation', 'dns-family-missing'].map((rule) => ({
      rule,
      why: 'packets are cut at 96 bytes',
      capture: "tcpdump -i any -s 0 -w dns.pcap 'port 53'",
      missing: null,
    })),
  });

export const textDiagnosis = (): Diagnosis =>
  diagnosisOf({
    inputs: [
      inputRowOf({
        path: 'different-ports.tcpdump.txt',
        format: 'tcpdump text',
        linkTypes: [],
        packets: 22,
        firstPacket: null,
        durationSeconds: 0.298,
        snapLength: null,
        damage: { cut: 0, undecodable: 0, duplicates: 0, droppedByCapture: 0, notes: [] },
        vantage: { ...inputRowOf().vantage, kind: 'unknown', addresses: [] },
      }),
    ],
    verdict: { status: 'found', says: walkFinding().says },
    findings: [walkFinding()],
    ruledOut: RULED_OUT.slice(0, 3),
    lookups: {
      count: 1,
      failed: 0,
      latency: latency(0.1459, 0.1459, 0.1459, 0.1459),
      resolvers: [
        {
          name: 'glibc',
          detail: 'single-request-reopen',
          lookups: 1,
          confidence: 'possible',
          because: 'a new port for each query',
        },
      ],
      leftOut: { count: 1, because: "tcpdump's own look-up of addresses" },
      slowest: [walkLookup()],
    },
  });

/** The sample of lookups that took so long each, give or take a fifth. */
export const lookupSamples = (count: number, seconds: number): NonNullable<Diagnosis['samples']> => {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const kind = { protocol: 'dns', method: '', path: 'db.prod', host: '', server: '', count, failed: 0 };
  return [
    {
      of: 'lookups',
      count,
      kinds: [kind],
      rows: {
        startSeconds: numbers.map((index) => index / 2),
        durationSeconds: numbers.map((index) => seconds * (0.8 + ((index * 7) % 11) / 25)),
        kind: numbers.map(() => 0),
      },
    },
  ];
};

export const clearDiagnosis = (): Diagnosis =>
  diagnosisOf({
    verdict: { status: 'clear', says: 'no DNS lookup is slow: 120 lookups, slowest 3.1 ms' },
    findings: [],
    lookups: { ...diagnosisOf().lookups, latency: latency(0.0011, 0.0028, 0.0031, 0.14) },
    samples: lookupSamples(120, 0.0011),
  });

export const emptyDiagnosis = (): Diagnosis =>
  diagnosisOf({
    verdict: { status: 'insufficient', says: 'the capture shows no DNS (1,204 packets)' },
    findings: [],
    ruledOut: [],
    unobservable: ['dns-race', ...RULED_OUT.map(({ rule }) => rule)].map((rule) => ({
      rule,
      why: 'the capture shows no DNS (1,204 packets)',
      capture: "tcpdump -i any -s 0 -w dns.pcap 'port 53 or icmp or icmp6'",
      missing: 'dns' as const,
    })),
    lookups: {
      count: 0,
      failed: 0,
      latency: latency(0, 0, 0, 0),
      resolvers: [],
      leftOut: { count: 0, because: null },
      slowest: [],
    },
  });
