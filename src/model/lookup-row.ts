import { at, toSeconds, type Duration, type Timestamp } from '../base/time.ts';
import type { AttemptRow, LookupRow } from './lookup-schema.ts';
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
import {
  instantOrUnseen,
  integer,
  integerOrUnseen,
  isAbsoluteTime,
  isRecord,
  isText,
  isTextOrNull,
  isTexts,
  listFrom,
  MAX_INPUT,
  MAX_PORT,
  oneOf,
  sightingFrom,
  span,
  time,
  type RowPlace,
} from './row-fields.ts';
import { rowTimes } from './row-times.ts';

/** A lookup as the contract writes it: seconds, RFC 3339 times, names for numbers. */
export function toLookupRow(lookup: Lookup, inputs: readonly Input[]): LookupRow {
  const times = rowTimes(lookup.input, inputs);
  const { since, absolute } = times;
  const moment = times.sighting;
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
          packet: times.packet(attempt.replyPacket),
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
    chosenWaitSeconds: lookup.chosenWait === null ? null : toSeconds(lookup.chosenWait),
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
  const duration = span(row['durationSeconds']);
  const endBecause = oneOf(END_REASONS, row['endBecause']);
  const outcome = oneOf(OUTCOMES, row['outcome']);
  const resolver = oneOf(RESOLVERS, row['resolver']);
  const resolverConfidence = oneOf(CONFIDENCES, row['resolverConfidence']);
  const chosenWait = chosenWaitFrom(row['chosenWaitSeconds']);
  const endTimer = row['endTimer'] === null ? null : endTimerFrom(row['endTimer']);
  if (!isText(id) || !isText(name) || !isText(client) || !isText(server) || !isText(resolverBecause)) return null;
  if (!isTextOrNull(resolverDetail) || input === null || startSeconds === null || duration === null) return null;
  if (endBecause === null || outcome === null || resolver === null || resolverConfidence === null) return null;
  if (typeof durationIsLowerBound !== 'boolean' || endTimer === undefined || chosenWait === undefined) return null;
  if (!isAbsoluteTime(row['startedAt']) || !isTexts(row['answers'], MAX_LOOKUP_ANSWERS)) return null;
  const attempts = listFrom(row['attempts'], MAX_ATTEMPTS, attemptFrom, { input, startsAt });
  if (attempts === null || attempts.length === 0) return null;
  return {
    id,
    input,
    name,
    client,
    server,
    startedAt: at(startsAt + startSeconds),
    duration,
    endBecause,
    endTimer,
    durationIsLowerBound,
    outcome,
    resolver,
    resolverDetail,
    resolverConfidence,
    resolverBecause,
    chosenWait,
    answers: [...row['answers']],
    attempts,
  };
}

// 20 search domains, two families, a few servers and tries stay far below.
const MAX_ATTEMPTS = 4096;
const MAX_SENT = 4096;
// Both families' answers, and those of a name that was asked again.
const MAX_LOOKUP_ANSWERS = 4 * MAX_ANSWERS;
const MAX_TTL = 0xffff_ffff;

function attemptFrom(row: unknown, place: RowPlace): Attempt | null {
  if (!isRecord(row)) return null;
  const { name, server, transport, backend } = row;
  const type = typeof row['type'] === 'string' ? typeFromName(row['type']) : 0;
  const transactionId = integer(row['transactionId'], MAX_PORT);
  const clientPort = integer(row['clientPort'], MAX_PORT);
  const serverPort = integer(row['serverPort'], MAX_PORT);
  const unreachableAt = instantOrUnseen(row['unreachableSeconds'], place);
  if (!isText(name) || !isText(server) || (transport !== 'udp' && transport !== 'tcp')) return null;
  if (type < 1 || type > MAX_PORT || !isTextOrNull(backend)) return null;
  if (transactionId === null || clientPort === null || serverPort === null || unreachableAt === null) return null;
  const sent = listFrom(row['sent'], MAX_SENT, sentFrom, place);
  const earlierReplies = listFrom(row['earlierReplies'], MAX_SENT, otherReplyFrom, place);
  const lateReplies = listFrom(row['lateReplies'], MAX_SENT, otherReplyFrom, place);
  const reply = row['reply'] === null ? NO_REPLY : replyFrom(row['reply'], place);
  if (sent === null || reply === null || earlierReplies === null || lateReplies === null) return null;
  const [first, ...resends] = sent;
  if (first === undefined) return null;
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
    unreachableAt,
    behindDnat: first.behindDnat,
    backend,
  };
}

function sentFrom(row: unknown, place: RowPlace): Resend | null {
  const moment = sightingFrom(row, place);
  const behindDnat = isRecord(row) ? row['behindDnat'] : undefined;
  if (moment === null || (behindDnat !== null && behindDnat !== 'before' && behindDnat !== 'both')) return null;
  return { ...moment, behindDnat };
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

function replyFrom(row: unknown, place: RowPlace): Reply | null {
  const moment = sightingFrom(row, place);
  if (moment === null || !isRecord(row)) return null;
  const rcode = typeof row['rcode'] === 'string' ? rcodeFromName(row['rcode']) : -1;
  const answerCount = integer(row['answers'], MAX_PORT);
  const ttl = integerOrUnseen(row['ttlSeconds'], MAX_TTL);
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

function otherReplyFrom(row: unknown, place: RowPlace): OtherReply | null {
  const moment = sightingFrom(row, place);
  const rcode = isRecord(row) && typeof row['rcode'] === 'string' ? rcodeFromName(row['rcode']) : -1;
  return moment === null || rcode < 0 ? null : { ...moment, rcode };
}

/** Exports of former versions have none. */
function chosenWaitFrom(value: unknown): Duration | null | undefined {
  return value === null || value === undefined ? null : (span(value) ?? undefined);
}

function endTimerFrom(row: unknown): EndTimer | undefined {
  if (!isRecord(row) || !isText(row['source'])) return undefined;
  const value = span(row['seconds']);
  return value === null ? undefined : { value, source: row['source'] };
}
