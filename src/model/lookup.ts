import { milliseconds, type Duration, type Timestamp } from '../base/time.ts';
import type { PacketId } from './packet.ts';

/** The version of the lookup row's shape; a change of meaning raises it. */
export const LOOKUP_SCHEMA = 'kubelag/lookup/1';

/** Callers that waited for one answer go on one after another, as soon as a busy machine lets them. */
export const GO_ON_WITHIN = milliseconds(10);

/** DNS RR types (IANA) that the tool speaks of by name. */
export const RR_TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  SVCB: 64,
  HTTPS: 65,
  ANY: 255,
} as const;

/** Of the two that `getaddrinfo()` asks for. */
export const isAddressType = (type: number): boolean => type === RR_TYPE.A || type === RR_TYPE.AAAA;

const TYPE_NAMES = new Map<number, string>(Object.entries(RR_TYPE).map(([name, value]) => [value, name]));

/** The type's name, or `TYPE123` as RFC 3597 writes those without one. */
export const typeName = (type: number): string => TYPE_NAMES.get(type) ?? `TYPE${type}`;

export function typeFromName(name: string): number {
  const known = (RR_TYPE as Record<string, number>)[name.toUpperCase()];
  if (known !== undefined) return known;
  const match = /^(?:TYPE)?(\d{1,5})$/i.exec(name);
  return match === null ? 0 : Number(match[1]);
}

/** DNS response codes (IANA). */
export const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;

const RCODE_NAMES = new Map<number, string>(Object.entries(RCODE).map(([name, value]) => [value, name]));

export const rcodeName = (rcode: number): string => RCODE_NAMES.get(rcode) ?? `RCODE${rcode}`;

export function rcodeFromName(name: string): number {
  const known = (RCODE as Record<string, number>)[name.toUpperCase()];
  if (known !== undefined) return known;
  const match = /^RCODE(\d{1,4})$/i.exec(name);
  return match === null ? -1 : Number(match[1]);
}

/**
 * Whether a query was seen on both sides of a DNAT: `both`; only before it, although others to
 * that server are seen behind it, too: `before`; null where the capture can't tell.
 */
export type DnatSight = 'before' | 'both' | null;

/** One more time that the same query went out. */
export interface Resend {
  at: Timestamp;
  packet: PacketId;
  behindDnat: DnatSight;
}

/** A reply beside the one that counts: an earlier one, which the client did not leave it at, or a late one. */
export interface OtherReply {
  at: Timestamp;
  packet: PacketId;
  rcode: number;
}

/**
 * One DNS query with its resends and its reply: a transaction. Same client, client port, server,
 * id, name and type; a resend from a new port or with a new id is another attempt.
 */
export interface Attempt {
  name: string;
  /** RR type number. */
  type: number;
  transactionId: number;
  clientPort: number;
  /** Address (or name, in tcpdump's text) of the server, without port. */
  server: string;
  serverPort: number;
  transport: 'udp' | 'tcp';
  sentAt: Timestamp;
  sentPacket: PacketId;
  /** Empty for nearly all; packets that were only copies of another are not in it. */
  resends: readonly Resend[];
  /** Replies before the last one, each followed by a resend. Empty for nearly all. */
  earlierReplies: readonly OtherReply[];
  /**
   * An earlier sending's own answer, which came when a resend was answered already, and is no copy
   * of that one. With all other replies never more than there were sendings. Empty for nearly all.
   */
  lateReplies: readonly OtherReply[];
  /** The last reply that was not merely a copy; NaN where none was seen. */
  repliedAt: Timestamp;
  replyPacket: PacketId;
  /** -1 where no reply was seen. */
  rcode: number;
  truncated: boolean;
  /** Records in the answer section. */
  answerCount: number;
  /** Addresses in the answer section, at most {@link MAX_ANSWERS}. */
  addresses: readonly string[];
  /** The time-to-live of the answer (its least), in seconds; -1 unknown. */
  ttl: number;
  /** ICMP said that the server's port or host is not there: when. NaN where not. */
  unreachableAt: Timestamp;
  /** Of the first sending. */
  behindDnat: DnatSight;
  /** Where the DNAT sent the query, of the last sending that was seen there; null where none was. */
  backend: string | null;
}

export const MAX_ANSWERS = 16;

export const RESOLVERS = ['glibc', 'musl', 'c-ares', 'go', 'node', 'netty', 'systemd-resolved', 'unknown'] as const;
export type ResolverName = (typeof RESOLVERS)[number];

export const CONFIDENCES = ['certain', 'likely', 'possible'] as const;
export type Confidence = (typeof CONFIDENCES)[number];

export const OUTCOMES = ['ok', 'nxdomain', 'nodata', 'servfail', 'refused', 'timeout', 'incomplete'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const END_REASONS = ['reply', 'timer', 'captureEnd'] as const;
export type EndReason = (typeof END_REASONS)[number];

/** What ended a lookup that no packet ended. */
export interface EndTimer {
  /** The resolver's own wait after the last query. */
  value: Duration;
  /** Where the value comes from: seen earlier in the capture, or a default with its source. */
  source: string;
}

/**
 * What one `getaddrinfo()` (or its like) put on the wire: A + AAAA, each search suffix, each
 * resend, each server.
 *
 * A lookup that an observer is handed is **valid during the call only**: the object and its
 * attempts are used again. Who keeps one keeps `copyLookup(lookup)`.
 */
export interface Lookup {
  /** Unique across inputs: `0.l17`. */
  id: string;
  input: number;
  /** What the caller asked for, as far as it can be told: what its attempts have in common. */
  name: string;
  client: string;
  /** The server first asked, without port. */
  server: string;
  startedAt: Timestamp;
  /** From the first query to the end: the wall time that the caller waited. */
  duration: Duration;
  endBecause: EndReason;
  /** Null unless `endBecause` is `timer`. */
  endTimer: EndTimer | null;
  /** The caller waited at least so long; how much longer can't be told. */
  durationIsLowerBound: boolean;
  outcome: Outcome;
  resolver: ResolverName;
  /** Version range, `gRPC`, `single-request`… or null. */
  resolverDetail: string | null;
  resolverConfidence: Confidence;
  /** What told the resolver, or what was excluded where it stays unknown. */
  resolverBecause: string;
  /**
   * After how long its client asks again, by the majority of its lookups that did so far: what `timeout:` of
   * resolv.conf(5) makes it, where its resolver reads that. Null where too few tell.
   */
  chosenWait: Duration | null;
  /** Addresses that the caller got. */
  answers: readonly string[];
  /** In order of first sending. */
  attempts: readonly Attempt[];
}

/** One lookup that may be kept. */
export function copyLookup(lookup: Lookup): Lookup {
  return {
    id: lookup.id,
    input: lookup.input,
    name: lookup.name,
    client: lookup.client,
    server: lookup.server,
    startedAt: lookup.startedAt,
    duration: lookup.duration,
    endBecause: lookup.endBecause,
    endTimer: lookup.endTimer,
    durationIsLowerBound: lookup.durationIsLowerBound,
    outcome: lookup.outcome,
    resolver: lookup.resolver,
    resolverDetail: lookup.resolverDetail,
    resolverConfidence: lookup.resolverConfidence,
    resolverBecause: lookup.resolverBecause,
    chosenWait: lookup.chosenWait,
    answers: [...lookup.answers],
    attempts: lookup.attempts.map(copyAttempt),
  };
}

export function copyAttempt(attempt: Attempt): Attempt {
  return {
    name: attempt.name,
    type: attempt.type,
    transactionId: attempt.transactionId,
    clientPort: attempt.clientPort,
    server: attempt.server,
    serverPort: attempt.serverPort,
    transport: attempt.transport,
    sentAt: attempt.sentAt,
    sentPacket: attempt.sentPacket,
    resends: attempt.resends.map((resend) => ({ ...resend })),
    earlierReplies: attempt.earlierReplies.map((reply) => ({ ...reply })),
    lateReplies: attempt.lateReplies.map((reply) => ({ ...reply })),
    repliedAt: attempt.repliedAt,
    replyPacket: attempt.replyPacket,
    rcode: attempt.rcode,
    truncated: attempt.truncated,
    answerCount: attempt.answerCount,
    addresses: [...attempt.addresses],
    ttl: attempt.ttl,
    unreachableAt: attempt.unreachableAt,
    behindDnat: attempt.behindDnat,
    backend: attempt.backend,
  };
}

export const isAnswered = (attempt: Attempt): boolean => attempt.rcode >= 0;

/** When the query was sent for the last time. */
export function lastSentAt(attempt: Attempt): Timestamp {
  const last = attempt.resends.at(-1);
  return last === undefined ? attempt.sentAt : last.at;
}
