import { at, milliseconds, type Timestamp } from '../../base/time.ts';
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
  answers: ['10.0.4.4'],
  attempts: [attemptOf()],
  ...parts,
});
