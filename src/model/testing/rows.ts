import { at, milliseconds, nanoseconds, type Timestamp } from '../../base/time.ts';
import type { Connection, Stall, Tls } from '../connection.ts';
import type { Exchange } from '../exchange.ts';
import type { Request, Wait } from '../request.ts';
import { createDamage, type Input } from '../input.ts';
import { RR_TYPE, type Attempt, type Lookup } from '../lookup.ts';

/** Milliseconds since the origin, for tests. */
export const atMs = (ms: number): Timestamp => at(Math.round(ms * 1e6));

export const inputOf = (parts: Partial<Input> = {}): Input => ({
  input: 0,
  path: 'orders.pcapng',
  format: 'pcapng',
  linkTypes: ['linux-sll2'],
  packets: 1204,
  firstPacketAt: 1_700_000_000_000_000_000n,
  startsAt: at(0),
  endsAt: atMs(61_200),
  snapLength: 262_144,
  damage: createDamage(),
  vantage: {
    kind: 'pod',
    addresses: ['10.0.3.7'],
    because: 'every query leaves 10.0.3.7',
    sees: { dns: true, tcp: false, http: false, bothDirections: true },
  },
  ...parts,
});

/** An A query that was answered after a millisecond. */
export const attemptOf = (parts: Partial<Attempt> = {}): Attempt => {
  const sentAt = parts.sentAt ?? atMs(0);
  return {
    name: 'db.prod.svc.cluster.local',
    type: RR_TYPE.A,
    transactionId: 0x1234,
    clientPort: 41_200,
    server: '10.96.0.10',
    serverPort: 53,
    transport: 'udp',
    sentAt,
    sentPacket: 1,
    resends: [],
    earlierReplies: [],
    lateReplies: [],
    repliedAt: at(sentAt + 1e6),
    replyPacket: 2,
    rcode: 0,
    truncated: false,
    answerCount: 1,
    addresses: ['10.0.4.4'],
    ttl: 5,
    unreachableAt: at(Number.NaN),
    behindDnat: null,
    backend: null,
    ...parts,
  };
};

/** What an attempt without a reply holds. */
export const unanswered = {
  repliedAt: at(Number.NaN),
  replyPacket: 0,
  rcode: -1,
  answerCount: 0,
  addresses: [],
  ttl: -1,
} satisfies Partial<Attempt>;

export const lookupOf = (parts: Partial<Lookup> = {}): Lookup => ({
  id: '0.l1',
  input: 0,
  name: 'db.prod.svc.cluster.local',
  client: '10.0.3.7',
  server: '10.96.0.10',
  startedAt: parts.attempts?.[0]?.sentAt ?? atMs(0),
  duration: milliseconds(1),
  endBecause: 'reply',
  endTimer: null,
  durationIsLowerBound: false,
  outcome: 'ok',
  resolver: 'glibc',
  resolverDetail: null,
  resolverConfidence: 'likely',
  resolverBecause: 'A and AAAA leave one port, A first, with ids one apart',
  chosenWait: null,
  answers: ['10.0.4.4'],
  attempts: [attemptOf()],
  ...parts,
});

const UNSEEN = nanoseconds(Number.NaN);

/** A segment of the server's that was lost once and came with its resend, 220 ms later. */
export const stallOf = (parts: Partial<Stall> = {}): Stall => ({
  reason: 'loss',
  from: 'server',
  startedAt: atMs(2),
  duration: milliseconds(220),
  bytes: 1200,
  resends: 1,
  repaired: true,
  packets: [6],
  ...parts,
});

/** A full handshake of TLS 1.3 in 3 ms. */
export const tlsOf = (parts: Partial<Tls> = {}): Tls => ({
  version: '1.3',
  serverName: 'api.example.test',
  alpn: 'h2',
  handshakeDuration: milliseconds(3),
  startedAt: atMs(0.5),
  serverDuration: milliseconds(2),
  resumed: false,
  retried: false,
  clientCertificate: null,
  alerts: [],
  decrypted: false,
  unread: 0,
  packets: [4, 5],
  ...parts,
});

/** A connection that opened in 0.4 ms, carried one exchange, and was closed by its client after a second. */
export const connectionOf = (parts: Partial<Connection> = {}): Connection => {
  const startedAt = parts.startedAt ?? atMs(0);
  const duration = parts.duration ?? milliseconds(1000);
  const firstPacket = parts.firstPacket ?? 1;
  return {
    id: '0.c1',
    input: 0,
    client: '10.0.3.7',
    clientPort: 41_200,
    server: '10.96.44.12',
    serverPort: 8080,
    backend: null,
    rolesFrom: 'handshake',
    startedAt,
    duration,
    syns: [{ at: startedAt, packet: firstPacket }],
    synAcks: [{ at: at(startedAt + 400_000), packet: firstPacket + 1 }],
    connectDuration: nanoseconds(400_000),
    roundTrip: nanoseconds(400_000),
    minRoundTrip: nanoseconds(300_000),
    tls: null,
    protocol: 'http/1.1',
    exchanges: 1,
    unanswered: 0,
    goaway: null,
    pings: null,
    bytes: { client: 200, server: 1200 },
    packets: { client: 5, server: 4 },
    retransmissions: { client: 0, server: 0 },
    spurious: { client: 0, server: 0 },
    largestAcknowledged: { client: 200, server: 1200 },
    keepalives: { client: 0, server: 0 },
    zeroWindows: { client: 0, server: 0 },
    tooBig: 0,
    stalls: [],
    stallCount: 0,
    stallTime: nanoseconds(0),
    ending: 'fin',
    endedBy: 'client',
    endedAt: at(startedAt + duration),
    endPacket: firstPacket + 8,
    firstPacket,
    lastPacket: firstPacket + 8,
    ...parts,
  };
};

/** What a connection without a handshake in the capture holds. */
export const unopened = {
  rolesFrom: 'ports',
  syns: [],
  synAcks: [],
  connectDuration: UNSEEN,
} satisfies Partial<Connection>;

/** `GET /api/items`, answered with 200 after 4 ms, on a connection that was open. */
export const exchangeOf = (parts: Partial<Exchange> = {}): Exchange => {
  const startedAt = parts.startedAt ?? atMs(0);
  const duration = parts.duration ?? milliseconds(4);
  return {
    id: '0.e1',
    input: 0,
    protocol: 'http/1.1',
    shape: 'call',
    client: '10.0.3.7',
    clientPort: 41_200,
    server: '10.96.44.12',
    serverPort: 8080,
    backend: null,
    connection: '0.c1',
    method: 'GET',
    path: '/api/items',
    host: 'api.prod.svc.cluster.local',
    status: 200,
    grpcStatus: -1,
    error: null,
    outcome: 'ok',
    endedBy: null,
    resetCode: -1,
    startedAt,
    requestedAt: startedAt,
    firstByteAt: at(startedAt + duration),
    duration,
    requestBytes: 180,
    responseBytes: 1200,
    requestMessages: 0,
    responseMessages: 0,
    packets: [4, 6],
    place: 1,
    inFlight: 0,
    reused: true,
    idleBefore: milliseconds(50),
    openedAt: at(Number.NaN),
    connectDuration: UNSEEN,
    tlsDuration: UNSEEN,
    roundTrip: nanoseconds(400_000),
    stalls: [],
    retransmissions: 0,
    deadline: UNSEEN,
    previousAttempts: -1,
    retryAfter: UNSEEN,
    keepsConnection: true,
    asksToClose: false,
    undelivered: 0,
    expectation: null,
    traceIds: [],
    metadata: null,
    grant: null,
    ...parts,
  };
};

/** An inbound call that waited for nothing. */
export const requestOf = (parts: Partial<Request> = {}): Request => {
  const duration = parts.duration ?? milliseconds(20);
  const waits = parts.waits ?? [];
  return {
    id: '0.r1',
    input: 0,
    exchange: '0.e1',
    protocol: 'http/1.1',
    direction: 'inbound',
    client: '10.0.9.2',
    clientPort: 40_230,
    server: '10.0.3.7',
    serverPort: 8080,
    backend: null,
    method: 'GET',
    path: '/api/search',
    host: 'shop.example.com',
    status: 200,
    grpcStatus: -1,
    outcome: 'ok',
    startedAt: atMs(0),
    duration,
    waits,
    own: nanoseconds(waits.reduce((left, { critical }) => left - critical, duration as number)),
    ambiguous: false,
    packets: [3, 22],
    ...parts,
  };
};

/** A wait whose whole time counts. */
export const waitOf = (parts: Partial<Wait> = {}): Wait => {
  const duration = parts.duration ?? milliseconds(10);
  return {
    reason: 'upstream',
    to: '10.20.30.40:9200',
    ref: '0.e2',
    what: 'POST /_search',
    startedAt: atMs(1),
    duration,
    critical: duration,
    confidence: 'certain',
    probability: 1,
    alternatives: [],
    packets: [18, 19],
    ...parts,
  };
};
