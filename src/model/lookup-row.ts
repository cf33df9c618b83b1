import { at, fromRfc3339, nanoseconds, toRfc3339, toSeconds, type Duration, type Timestamp } from '../base/time.ts';
import type { AttemptRow, LookupRow } from './diagnosis.ts';
import type { Input } from './input.ts';
import {
  CONFIDENCES,
  END_REASONS,
  isAnswered,
  LOOKUP_SCHEMA,
  MAX_ANSWERS,
  OUTCOMES,
  rcodeFromName,
  rcodeName,
  RESOLVERS,
  typeFromName,
  typeName,
  type Attempt,
  type EndTimer,
  type Lookup,
  type OtherReply,
  type Resend,
} from './lookup.ts';
import { packetFromReference, packetInput, packetReference } from './packet.ts';

/** When a packet came, and which. */
type Moment = Pick<Resend, 'at' | 'packet'>;

/** A lookup as the contract writes it: seconds, RFC 3339 times, names for numbers. */
export function toLookupRow(lookup: Lookup, inputs: readonly Input[]): LookupRow {
  const home = inputs[lookup.input];
  const startsAt = home === undefined ? 0 : home.startsAt;
  const firstPacketAt = home === undefined ? null : home.firstPacketAt;
  const since = (time: Timestamp): number => toSeconds(at(time - startsAt));
  const absolute = (time: Timestamp): string | null =>
    firstPacketAt === null ? null : toRfc3339(firstPacketAt, at(time - startsAt));
  const packet = (id: number): number | string => packetReference(id, lookup.input);
  const moment = ({ at: time, packet: id }: Moment) => ({
    at: absolute(time),
    atSeconds: since(time),
    packet: packet(id),
  });
  const sent = (resend: Resend): AttemptRow['sent'][number] => ({
    ...moment(resend),
    behindDnat: resend.behindDnat,
  });
  const otherReply = (reply: OtherReply) => ({ ...moment(reply), rcode: rcodeName(reply.rcode) });
  const attemptRow = (attempt: Attempt): AttemptRow => ({
    name: attempt.name,
    type: typeName(attempt.type),
    transactionId: attempt.transactionId,
    clientPort: attempt.clientPort,
    server: attempt.server,
    serverPort: attempt.serverPort,
    transport: attempt.transport,
    sent: [
      { ...moment({ at: attempt.sentAt, packet: attempt.sentPacket }), behindDnat: attempt.behindDnat },
      ...attempt.resends.map(sent),
    ],
    reply: isAnswered(attempt)
      ? {
          at: absolute(attempt.repliedAt),
          atSeconds: since(attempt.repliedAt),
          packet: packet(attempt.replyPacket),
          rcode: rcodeName(attempt.rcode),
          truncated: attempt.truncated,
          answers: attempt.answerCount,
          addresses: [...attempt.addresses],
          ttlSeconds: attempt.ttl < 0 ? null : attempt.ttl,
        }
      : null,
    earlierReplies: attempt.earlierReplies.map(otherReply),
    lateReplies: attempt.lateReplies.map(otherReply),
    unreachableSeconds: Number.isNaN(attempt.unreachableAt) ? null : since(attempt.unreachableAt),
    backend: attempt.backend,
  });
  return {
    schema: LOOKUP_SCHEMA,
    id: lookup.id,
    input: lookup.input,
    name: lookup.name,
    startedAt: absolute(lookup.startedAt),
    startSeconds: since(lookup.startedAt),
    durationSeconds: toSeconds(lookup.duration),
    durationIsLowerBound: lookup.durationIsLowerBound,
    endBecause: lookup.endBecause,
    endTimer:
      lookup.endTimer === null ? null : { seconds: toSeconds(lookup.endTimer.value), source: lookup.endTimer.source },
    outcome: lookup.outcome,
    resolver: lookup.resolver,
    resolverDetail: lookup.resolverDetail,
    resolverConfidence: lookup.resolverConfidence,
    resolverBecause: lookup.resolverBecause,
    client: lookup.client,
    server: lookup.server,
    answers: [...lookup.answers],
    attempts: lookup.attempts.map(attemptRow),
  };
}

/**
 * The inverse of {@link toLookupRow}; null where the value is no such row. Rows may come from
 * anywhere: every field is checked, and nothing longer than a real row is let in.
 * @param startsAt the first packet of the row's input on the common axis
 */
export function fromLookupRow(row: unknown, startsAt: Timestamp = at(0)): Lookup | null {
  if (!isRecord(row)) return null;
  if (row['schema'] !== undefined && row['schema'] !== LOOKUP_SCHEMA) return null;
  const { id, name, client, server, resolverBecause, durationIsLowerBound, resolverDetail } = row;
  const input = integer(row['input'], MAX_INPUT);
  const startSeconds = time(row['startSeconds']);
  const durationSeconds = time(row['durationSeconds']);
  const endBecause = oneOf(END_REASONS, row['endBecause']);
  const outcome = oneOf(OUTCOMES, row['outcome']);
  const resolver = oneOf(RESOLVERS, row['resolver']);
  const resolverConfidence = oneOf(CONFIDENCES, row['resolverConfidence']);
  const endTimer = row['endTimer'] === null ? null : endTimerFrom(row['endTimer']);
  if (!isText(id) || !isText(name) || !isText(client) || !isText(server) || !isText(resolverBecause)) return null;
  if (resolverDetail !== null && !isText(resolverDetail)) return null;
  if (input === null || startSeconds === null || durationSeconds === null || durationSeconds < 0) return null;
  if (endBecause === null || outcome === null || resolver === null || resolverConfidence === null) return null;
  if (typeof durationIsLowerBound !== 'boolean' || endTimer === undefined) return null;
  if (!isAbsoluteTime(row['startedAt']) || !isTexts(row['answers'], MAX_LOOKUP_ANSWERS)) return null;
  if (!isList(row['attempts'], MAX_ATTEMPTS) || row['attempts'].length === 0) return null;
  const attempts: Attempt[] = [];
  for (const attemptRow of row['attempts']) {
    const attempt = attemptFrom(attemptRow, input, startsAt);
    if (attempt === null) return null;
    attempts.push(attempt);
  }
  return {
    id,
    input,
    name,
    client,
    server,
    startedAt: at(startsAt + startSeconds),
    duration: nanoseconds(durationSeconds),
    endBecause,
    endTimer,
    durationIsLowerBound,
    outcome,
    resolver,
    resolverDetail,
    resolverConfidence,
    resolverBecause,
    answers: [...row['answers']],
    attempts,
  };
}

/** Nanoseconds since 1970 of the first packet of the row's input; null where the row has no date. */
export function firstPacketAtOf(row: LookupRow): bigint | null {
  const startedAt = row.startedAt === null ? null : fromRfc3339(row.startedAt);
  return startedAt === null ? null : startedAt - BigInt(exactNanoseconds(row.startSeconds));
}

// A name of 255 octets is 1,020 characters where each is written \ddd; reasons are sentences.
const MAX_TEXT = 4096;
// 20 search domains, two families, a few servers and tries stay far below.
const MAX_ATTEMPTS = 4096;
const MAX_SENT = 4096;
// Both families' answers, and those of a name that was asked again.
const MAX_LOOKUP_ANSWERS = 4 * MAX_ANSWERS;
const MAX_INPUT = 9999;
const MAX_PORT = 0xffff;
const MAX_TTL = 0xffff_ffff;
const MAX_SECONDS = Number.MAX_SAFE_INTEGER / 1e9;

function attemptFrom(row: unknown, input: number, startsAt: Timestamp): Attempt | null {
  if (!isRecord(row)) return null;
  const { name, server, transport, backend } = row;
  const type = typeof row['type'] === 'string' ? typeFromName(row['type']) : 0;
  const transactionId = integer(row['transactionId'], MAX_PORT);
  const clientPort = integer(row['clientPort'], MAX_PORT);
  const serverPort = integer(row['serverPort'], MAX_PORT);
  const unreachable = row['unreachableSeconds'] === null ? Number.NaN : time(row['unreachableSeconds']);
  if (!isText(name) || !isText(server) || (transport !== 'udp' && transport !== 'tcp')) return null;
  if (type < 1 || type > MAX_PORT) return null;
  if (transactionId === null || clientPort === null || serverPort === null || unreachable === null) return null;
  if (backend !== null && !isText(backend)) return null;
  if (!isList(row['sent'], MAX_SENT)) return null;
  const sent: Resend[] = [];
  for (const sentRow of row['sent']) {
    const moment = momentFrom(sentRow, input, startsAt);
    const behindDnat = isRecord(sentRow) ? sentRow['behindDnat'] : undefined;
    if (moment === null || (behindDnat !== null && behindDnat !== 'before' && behindDnat !== 'both')) return null;
    sent.push({ ...moment, behindDnat });
  }
  const [first, ...resends] = sent;
  const earlierReplies = otherRepliesFrom(row['earlierReplies'], input, startsAt);
  const lateReplies = otherRepliesFrom(row['lateReplies'], input, startsAt);
  const reply = row['reply'] === null ? NO_REPLY : replyFrom(row['reply'], input, startsAt);
  if (first === undefined || reply === null || earlierReplies === null || lateReplies === null) return null;
  return {
    name,
    type,
    transactionId,
    clientPort,
    server,
    serverPort,
    transport,
    sentAt: first.at,
    sentPacket: first.packet,
    resends,
    earlierReplies,
    lateReplies,
    ...reply,
    unreachableAt: at(startsAt + unreachable),
    behindDnat: first.behindDnat,
    backend,
  };
}

type Reply = Pick<Attempt, 'repliedAt' | 'replyPacket' | 'rcode' | 'truncated' | 'answerCount' | 'addresses' | 'ttl'>;

const NO_REPLY: Reply = {
  repliedAt: at(Number.NaN),
  replyPacket: 0,
  rcode: -1,
  truncated: false,
  answerCount: 0,
  addresses: [],
  ttl: -1,
};

function replyFrom(row: unknown, input: number, startsAt: Timestamp): Reply | null {
  const moment = momentFrom(row, input, startsAt);
  if (moment === null || !isRecord(row)) return null;
  const rcode = typeof row['rcode'] === 'string' ? rcodeFromName(row['rcode']) : -1;
  const answerCount = integer(row['answers'], MAX_PORT);
  const ttl = row['ttlSeconds'] === null ? -1 : integer(row['ttlSeconds'], MAX_TTL);
  if (rcode < 0 || answerCount === null || ttl === null || typeof row['truncated'] !== 'boolean') return null;
  if (!isTexts(row['addresses'], MAX_ANSWERS)) return null;
  return {
    repliedAt: moment.at,
    replyPacket: moment.packet,
    rcode,
    truncated: row['truncated'],
    answerCount,
    addresses: [...row['addresses']],
    ttl,
  };
}

function otherRepliesFrom(rows: unknown, input: number, startsAt: Timestamp): OtherReply[] | null {
  if (!isList(rows, MAX_SENT)) return null;
  const replies: OtherReply[] = [];
  for (const row of rows) {
    const moment = momentFrom(row, input, startsAt);
    const rcode = isRecord(row) && typeof row['rcode'] === 'string' ? rcodeFromName(row['rcode']) : -1;
    if (moment === null || rcode < 0) return null;
    replies.push({ ...moment, rcode });
  }
  return replies;
}

function momentFrom(row: unknown, input: number, startsAt: Timestamp): Moment | null {
  if (!isRecord(row) || !isAbsoluteTime(row['at'])) return null;
  const since = time(row['atSeconds']);
  const packet = packetFromReference(row['packet'], input);
  if (since === null || packet === null || packet < 0 || packetInput(packet) > MAX_INPUT) return null;
  return { at: at(startsAt + since), packet };
}

function endTimerFrom(row: unknown): EndTimer | undefined {
  if (!isRecord(row) || !isText(row['source'])) return undefined;
  const value = time(row['seconds']);
  return value === null || value < 0 ? undefined : { value, source: row['source'] };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isList = (value: unknown, most: number): value is unknown[] => Array.isArray(value) && value.length <= most;

const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= MAX_TEXT;

const isTexts = (value: unknown, most: number): value is string[] => isList(value, most) && value.every(isText);

const isAbsoluteTime = (value: unknown): boolean =>
  value === null || (typeof value === 'string' && fromRfc3339(value) !== null);

const integer = (value: unknown, most: number): number | null =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most ? value : null;

const oneOf = <const Value extends string>(values: readonly Value[], value: unknown): Value | null =>
  values.find((known) => known === value) ?? null;

/** Seconds to nanoseconds; null where it is no time that a double holds exactly. */
const time = (value: unknown): Duration | null =>
  typeof value === 'number' && Math.abs(value) <= MAX_SECONDS ? exactNanoseconds(value) : null;

/**
 * The whole nanoseconds whose `toSeconds` is the value. Multiplying alone may be off by one
 * beyond 26 days, where division and multiplication both round. Exact to 2^23 s = 97 days, where
 * seconds as a double are less than a nanosecond apart.
 */
function exactNanoseconds(value: number): Duration {
  const near = Math.round(value * 1e9);
  const exact = [near, near - 1, near + 1].find((candidate) => candidate / 1e9 === value);
  return nanoseconds(exact ?? near);
}
