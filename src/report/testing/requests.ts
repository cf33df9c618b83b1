import { at, milliseconds, nanoseconds, seconds } from '../../base/time.ts';
import { toConnectionRow } from '../../model/connection-row.ts';
import type { ConnectionRow } from '../../model/connection-schema.ts';
import type { Diagnosis, ExampleRow, Finding } from '../../model/diagnosis.ts';
import { toExchangeRow } from '../../model/exchange-row.ts';
import type { ExchangeRow } from '../../model/exchange-schema.ts';
import { atMs, connectionOf, exchangeOf, inputOf, stallOf, tlsOf } from '../../model/testing/rows.ts';
import { diagnosisOf, inputRowOf, raceFinding, whatIfOf } from './diagnoses.ts';

const START = 7_113.24;

/** A GET whose answer was lost once: 234 ms until the resend came. */
export const stalledExchange = (): ExchangeRow =>
  toExchangeRow(
    exchangeOf({
      id: '0.e17',
      startedAt: atMs(START),
      firstByteAt: atMs(START + 236.1),
      duration: nanoseconds(238_200_000),
      packets: [412, 433, 435],
      responseBytes: 12_480,
      stalls: [
        stallOf({
          startedAt: atMs(START + 2),
          duration: milliseconds(234),
          packets: [415, 431],
        }),
      ],
      retransmissions: 1,
    }),
    [inputOf()],
  );

/** A gRPC call that its client gave up after 3 s, on a connection opened for it through a DNAT. */
export const cancelledCall = (): ExchangeRow =>
  toExchangeRow(
    exchangeOf({
      id: '0.e18',
      protocol: 'grpc',
      method: 'POST',
      path: '/shop.Orders/Get',
      status: -1,
      startedAt: atMs(20_000),
      requestedAt: atMs(20_001),
      firstByteAt: at(Number.NaN),
      duration: seconds(3),
      outcome: 'cancelled',
      endedBy: 'client',
      resetCode: 8,
      responseBytes: 0,
      packets: [700, 702, 811],
      backend: '10.0.4.4:50051',
      reused: false,
      connectDuration: milliseconds(1004),
      tlsDuration: milliseconds(3),
      deadline: seconds(3),
    }),
    [inputOf()],
  );

/** SYN resent once, TLS, one stall, GOAWAY. */
export const busyConnection = (): ConnectionRow => {
  const startedAt = atMs(30_000);
  return toConnectionRow(
    connectionOf({
      id: '0.c3',
      startedAt,
      duration: seconds(4),
      syns: [
        { at: startedAt, packet: 900 },
        { at: atMs(31_000), packet: 910 },
      ],
      synAcks: [{ at: atMs(31_000.4), packet: 911 }],
      connectDuration: nanoseconds(1_000_400_000),
      tls: tlsOf({ startedAt: atMs(31_001), handshakeDuration: milliseconds(185), packets: [914, 915, 920] }),
      stalls: [
        stallOf({
          startedAt: atMs(32_000),
          reason: 'zero-window',
          duration: milliseconds(900),
          resends: 0,
          packets: [950],
        }),
      ],
      goaway: {
        at: atMs(33_500),
        packet: 980,
        from: 'server',
        code: 11,
        debug: 'too_many_pings',
        openStreams: 1,
      },
      exchanges: 4,
      endedBy: 'server',
      endedAt: atMs(34_000),
      endPacket: 990,
      firstPacket: 900,
      lastPacket: 990,
    }),
    [inputOf()],
  );
};

export const exchangeExampleOf = (row: ExchangeRow, packets: (number | string)[]): ExampleRow => ({
  lookup: null,
  exchange: row.id,
  connection: row.connection,
  request: null,
  startedAt: row.startedAt,
  startSeconds: row.startSeconds,
  durationSeconds: row.durationSeconds,
  packets,
  row,
});

export const connectionExampleOf = (row: ConnectionRow, packets: (number | string)[]): ExampleRow => ({
  lookup: null,
  exchange: null,
  connection: row.id,
  request: null,
  startedAt: row.startedAt,
  startSeconds: row.startSeconds,
  durationSeconds: row.connectSeconds ?? row.durationSeconds,
  packets,
  row,
});

export const stallFinding = (parts: Partial<Finding> = {}): Finding => ({
  ...raceFinding(),
  rule: 'tcp-retransmission-stall',
  title: 'Requests wait for a resent segment',
  severity: 'major',
  severityBecause: '100 ms or more for 1 % of exchanges',
  confidence: 'certain',
  confidenceBecause: 'what the receiver waited for came with the resend',
  says: '5 of 60 requests to 10.96.44.12:8080 wait 234 ms for a resent segment',
  subject: { kind: 'server', name: '10.96.44.12:8080', workload: null },
  occurrences: { count: 5, of: 60, unit: 'exchanges' },
  cost: {
    totalSeconds: 1.17,
    p50Seconds: 0.234,
    maxSeconds: 0.2341,
    shareOfLatency: 0.83,
    shareOf: 'all call time with 10.96.44.12:8080',
  },
  examples: [exchangeExampleOf(stalledExchange(), [412, 415, 431, 433])],
  evidence: [{ says: 'a segment of the server, resent after 234 ms', packets: [415, 431] }],
  filter: 'frame.number in {412, 415, 431, 433}',
  because: [
    {
      component: 'kernel',
      setting: 'least wait before a resend',
      value: '200 ms',
      origin: 'default',
      source: 'TCP_RTO_MIN, include/net/tcp.h',
    },
  ],
  fix: [
    {
      title: 'find where the path loses packets: drops on interfaces and in conntrack',
      kind: 'infrastructure',
      safety: 'review',
      target: 'the nodes',
      patch: null,
      command: 'ip -s link',
      rollback: 'nothing to undo',
    },
  ],
  whatIf: whatIfOf({
    metric: 'exchange duration p99',
    nowSeconds: 0.2382,
    thenSeconds: 0.0042,
    method: 'the waits for resent segments taken out',
  }),
  whatIfBecause: null,
  absorbs: [{ rule: 'upstream-slow', count: 4, totalSeconds: 0.8 }],
  documentation: 'kubelag rules tcp-retransmission-stall',
  ...parts,
});

export const connectFinding = (parts: Partial<Finding> = {}): Finding => ({
  ...stallFinding(),
  rule: 'tcp-connect-retry',
  severity: 'minor',
  says: '1 of 12 connections to 10.96.44.12:8080 needed a second SYN, 1 s more',
  occurrences: { count: 1, of: 12, unit: 'connections' },
  cost: {
    totalSeconds: 1,
    p50Seconds: 1,
    maxSeconds: 1,
    shareOfLatency: 0.9,
    shareOf: 'all connecting time with 10.96.44.12:8080',
  },
  examples: [connectionExampleOf(busyConnection(), [900, 910, 911])],
  filter: 'frame.number in {900, 910, 911}',
  whatIf: null,
  whatIfBecause: 'too little to show in the times',
  evidence: [{ says: 'SYN, sent again after 1 s', packets: [900, 910] }],
  absorbs: [],
  ...parts,
});

const latency = (p50: number, max: number): Diagnosis['lookups']['latency'] => ({
  p50Seconds: p50,
  p90Seconds: p50 * 1.5,
  p99Seconds: max,
  maxSeconds: max,
  totalSeconds: p50 * 60,
  histogram: [[p50, 1]],
});

const requestInput = () =>
  inputRowOf({
    vantage: { ...inputRowOf().vantage, sees: { dns: false, tcp: true, http: true, bothDirections: true } },
  });

const NO_LOOKUPS: Diagnosis['lookups'] = {
  count: 0,
  failed: 0,
  latency: latency(0, 0),
  resolvers: [],
  leftOut: { count: 0, because: null },
  slowest: [],
};

/** Requests that wait for resent segments, seen by a client; some connections speak TLS. */
export const requestDiagnosis = (parts: Partial<Diagnosis> = {}): Diagnosis =>
  diagnosisOf({
    inputs: [requestInput()],
    verdict: { status: 'found', says: stallFinding().says },
    findings: [
      stallFinding(),
      connectFinding(),
      stallFinding({
        rule: 'grpc-deadline',
        severity: 'info',
        says: '1 of 61 calls gave up at its deadline of 3 s',
        examples: [exchangeExampleOf(cancelledCall(), [700, 811])],
        absorbs: [],
      }),
    ],
    ruledOut: [
      {
        rule: 'tcp-connect-refused',
        says: 'no connection was refused (12 opened)',
        examined: { count: 12, unit: 'connections' },
      },
    ],
    unobservable: ['dns-race', 'dns-loss', 'dns-error', 'dns-truncation', 'dns-search-walk'].map((rule) => ({
      rule,
      why: 'the capture shows no DNS (1,204 packets)',
      capture: "tcpdump -i any -s 0 -w dns.pcap 'port 53 or icmp or icmp6'",
      missing: 'dns' as const,
    })),
    lookups: NO_LOOKUPS,
    exchanges: {
      count: 62,
      calls: 61,
      failed: 1,
      latency: latency(0.0041, 3),
      protocols: [
        { name: 'http/1.1', count: 60 },
        { name: 'grpc', count: 2 },
      ],
      byServer: [
        {
          server: '10.96.7.7:50051',
          protocol: 'grpc',
          direction: 'outbound',
          count: 1,
          p50Seconds: 3,
          p99Seconds: 3,
          maxSeconds: 3,
          totalSeconds: 3,
          share: 0.68,
        },
        {
          server: '10.96.44.12:8080',
          protocol: 'http/1.1',
          direction: 'outbound',
          count: 60,
          p50Seconds: 0.0041,
          p99Seconds: 0.2382,
          maxSeconds: 0.2382,
          totalSeconds: 1.41,
          share: 0.32,
        },
      ],
      slowest: [cancelledCall(), stalledExchange()],
    },
    connections: {
      count: 24,
      opened: 12,
      failed: 0,
      latency: latency(0.0004, 1.0004),
      tls: { count: 12, full: 10, resumed: 2, latency: latency(0.003, 0.185) },
      roundTrip: latency(0.0003, 0.0011),
      retransmissions: 7,
      stalledSeconds: 2.07,
      slowest: [busyConnection()],
      unread: [
        { server: '10.0.9.4:443', serverName: 'api.example.test', because: 'tls', connections: 11 },
        { server: '10.0.9.5:9000', serverName: null, because: 'protocol', connections: 1 },
      ],
    },
    ...parts,
  });

/** All that is there is inside TLS. */
export const encryptedDiagnosis = (): Diagnosis => {
  const why = 'all requests are inside TLS (12 connections to 10.0.9.4:443); give --keylog FILE';
  const whole = requestDiagnosis();
  return {
    ...whole,
    verdict: { status: 'clear', says: 'no connection is slow: 12 connections opened, slowest 3 ms' },
    findings: [],
    unobservable: [
      ...whole.unobservable,
      ...['http-retry', 'upstream-slow'].map((rule) => ({ rule, why, capture: null, missing: 'http' as const })),
    ],
    exchanges: { ...whole.exchanges, count: 0, calls: 0, failed: 0, protocols: [], byServer: [], slowest: [] },
    connections: {
      ...whole.connections,
      unread: [{ server: '10.0.9.4:443', serverName: null, because: 'tls', connections: 12 }],
    },
  };
};
