import * as fc from 'fast-check';
import { at, nanoseconds } from '../../base/time.ts';
import { CONNECTION_ENDS, SIDES, STALL_REASONS, type Connection, type Stall } from '../connection.ts';
import { EXCHANGE_OUTCOMES, EXCHANGE_PROTOCOLS, EXCHANGE_SHAPES, type Exchange } from '../exchange.ts';
import { CONFIDENCES, END_REASONS, OUTCOMES, RESOLVERS, type Attempt, type Lookup } from '../lookup.ts';
import { METADATA_AGENTS, METADATA_QUESTIONS, METADATA_SERVICES } from '../metadata.ts';
import { count, lasted, orNever, packet, port, text, timestamp } from './arbitraries.ts';
import { unanswered } from './rows.ts';

/** Rows with anything in them that a row may hold. */

const perSide = fc.record({ client: count, server: count });
const sighting = fc.record({ at: timestamp, packet });
const side = fc.constantFrom(...SIDES);
export const anyStall: fc.Arbitrary<Stall> = fc.record({
  reason: fc.constantFrom(...STALL_REASONS),
  from: side,
  startedAt: timestamp,
  duration: lasted,
  bytes: count,
  resends: count,
  repaired: fc.boolean(),
  packets: fc.array(packet, { maxLength: 12 }),
});
export const anyConnection: fc.Arbitrary<Connection> = fc.record({
  id: text,
  input: fc.integer({ min: 0, max: 3 }),
  client: text,
  clientPort: port,
  server: text,
  serverPort: port,
  backend: fc.option(text),
  rolesFrom: fc.constantFrom('handshake' as const, 'ports' as const),
  startedAt: timestamp,
  duration: lasted,
  syns: fc.array(sighting, { maxLength: 3 }),
  synAcks: fc.array(sighting, { maxLength: 3 }),
  connectDuration: orNever(lasted),
  roundTrip: orNever(lasted),
  minRoundTrip: orNever(lasted),
  tls: fc.option(
    fc.record({
      version: fc.option(text),
      serverName: fc.option(text),
      alpn: fc.option(text),
      handshakeDuration: orNever(lasted),
      startedAt: orNever(timestamp),
      serverDuration: orNever(lasted),
      resumed: fc.option(fc.boolean()),
      retried: fc.boolean(),
      clientCertificate: fc.option(fc.boolean()),
      alerts: fc.array(text, { maxLength: 2 }),
      decrypted: fc.boolean(),
      unread: count,
      packets: fc.array(packet, { maxLength: 4 }),
    }),
  ),
  protocol: fc.option(text),
  exchanges: count,
  unanswered: count,
  goaway: fc.option(
    fc.record({ at: timestamp, packet, from: side, code: count, debug: fc.option(text), openStreams: count }),
  ),
  pings: fc.option(fc.record({ fromClient: count, fromServer: count, clientInterval: orNever(lasted) })),
  bytes: perSide,
  packets: perSide,
  retransmissions: perSide,
  spurious: perSide,
  largestAcknowledged: perSide,
  keepalives: perSide,
  zeroWindows: perSide,
  tooBig: count,
  stalls: fc.array(anyStall, { maxLength: 3 }),
  stallCount: count,
  stallTime: lasted,
  ending: fc.constantFrom(...CONNECTION_ENDS),
  endedBy: fc.option(side),
  endedAt: orNever(timestamp),
  endPacket: fc.oneof(packet, fc.constant(-1)),
  firstPacket: packet,
  lastPacket: packet,
});

const dnatSight = fc.constantFrom('before' as const, 'both' as const, null);
const otherReply = fc.record({
  at: timestamp,
  packet,
  rcode: fc.integer({ min: 0, max: 4095 }),
});
const attempt: fc.Arbitrary<Attempt> = fc
  .record({
    name: text,
    type: fc.integer({ min: 1, max: 0xffff }),
    transactionId: port,
    clientPort: port,
    server: text,
    serverPort: port,
    transport: fc.constantFrom('udp' as const, 'tcp' as const),
    sentAt: timestamp,
    sentPacket: packet,
    resends: fc.array(
      fc.record({
        at: timestamp,
        packet,
        behindDnat: dnatSight,
      }),
      { maxLength: 3 },
    ),
    earlierReplies: fc.array(otherReply, { maxLength: 2 }),
    lateReplies: fc.array(otherReply, { maxLength: 2 }),
    repliedAt: timestamp,
    replyPacket: packet,
    rcode: fc.integer({ min: -1, max: 4095 }),
    truncated: fc.boolean(),
    answerCount: port,
    addresses: fc.array(text, { maxLength: 16 }),
    ttl: fc.integer({ min: -1, max: 0xffff_ffff }),
    unreachableAt: orNever(timestamp),
    behindDnat: dnatSight,
    backend: fc.option(text),
  })
  .map((made) => (made.rcode < 0 ? { ...made, ...unanswered, truncated: false } : made));

export const anyLookup: fc.Arbitrary<Lookup> = fc.record({
  id: text,
  input: fc.integer({ min: 0, max: 3 }),
  name: text,
  client: text,
  server: text,
  startedAt: timestamp,
  duration: lasted,
  endBecause: fc.constantFrom(...END_REASONS),
  endTimer: fc.option(fc.record({ value: fc.integer({ min: 0, max: 2e11 }).map(nanoseconds), source: text })),
  durationIsLowerBound: fc.boolean(),
  outcome: fc.constantFrom(...OUTCOMES),
  resolver: fc.constantFrom(...RESOLVERS),
  resolverDetail: fc.option(text),
  resolverConfidence: fc.constantFrom(...CONFIDENCES),
  resolverBecause: text,
  chosenWait: fc.option(lasted),
  answers: fc.array(text, { maxLength: 16 }),
  attempts: fc.array(attempt, { minLength: 1, maxLength: 4 }),
});

const number = fc.oneof(count, fc.constant(-1));
const untimed = fc.record({
  id: text,
  input: fc.integer({ min: 0, max: 3 }),
  protocol: fc.constantFrom(...EXCHANGE_PROTOCOLS),
  shape: fc.constantFrom(...EXCHANGE_SHAPES),
  client: text,
  clientPort: port,
  server: text,
  serverPort: port,
  backend: fc.option(text),
  connection: text,
  method: text,
  path: text,
  host: text,
  status: number,
  grpcStatus: number,
  error: fc.option(text),
  outcome: fc.constantFrom(...EXCHANGE_OUTCOMES),
  endedBy: fc.option(fc.constantFrom(...SIDES)),
  resetCode: number,
  startedAt: timestamp,
  requestedAt: orNever(timestamp),
  firstByteAt: orNever(timestamp),
  duration: lasted,
  requestBytes: count,
  responseBytes: count,
  requestMessages: count,
  responseMessages: count,
  packets: fc.array(packet, { maxLength: 4 }),
  place: count,
  inFlight: count,
  reused: fc.boolean(),
  idleBefore: orNever(lasted),
  connectDuration: orNever(lasted),
  tlsDuration: orNever(lasted),
  roundTrip: orNever(lasted),
  stalls: fc.array(anyStall, { maxLength: 2 }),
  retransmissions: count,
  deadline: orNever(lasted),
  previousAttempts: number,
  retryAfter: orNever(lasted),
  keepsConnection: fc.boolean(),
  asksToClose: fc.boolean(),
  undelivered: count,
  grant: fc.option(fc.record({ expiresIn: fc.oneof(fc.integer({ min: 0, max: 1_000_000 }), fc.constant(Number.NaN)) })),
  expectation: fc.option(fc.record({ waited: orNever(lasted), answered: fc.boolean() })),
  traceIds: fc.array(text, { maxLength: 8 }),
  metadata: fc.option(
    fc.record({
      service: fc.constantFrom(...METADATA_SERVICES),
      asks: fc.constantFrom(...METADATA_QUESTIONS),
      software: fc.option(text),
      agent: fc.option(fc.constantFrom(...METADATA_AGENTS)),
      issuedAt: fc.oneof(fc.integer({ min: 0, max: 2_000_000_000 }), fc.constant(Number.NaN)),
      expiresAt: fc.oneof(fc.integer({ min: 0, max: 2_000_000_000 }), fc.constant(Number.NaN)),
      remaining: fc.oneof(fc.integer({ min: 0, max: 86_400 }), fc.constant(Number.NaN)),
      session: fc.option(text),
    }),
  ),
});
// A connection opens before it is used.
export const anyExchange: fc.Arbitrary<Exchange> = fc
  .tuple(untimed, orNever(lasted))
  .map(([rest, before]) => ({ ...rest, openedAt: at(rest.startedAt - before) }));
