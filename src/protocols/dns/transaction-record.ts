import { RR_TYPE, type OtherReply, type Resend } from '../../model/lookup.ts';
import type { TrackedAttempt } from '../../model/tracked-attempt.ts';
import { emptyList } from '../../base/lists.ts';
import { NEVER, type Timestamp } from '../../base/time.ts';

/** A transaction as the table keeps it: pooled, since millions come by. */
export interface TransactionRecord extends TrackedAttempt {
  serverId: number;
  /** The other face of a DNAT: what the query looked like behind it. 0 while unseen. */
  otherServerId: number;
  otherClientId: number;
  otherClientPort: number;
  /** IPv4 identification of the last reply that was no copy, -1 unknown. */
  replyIpId: number;
  /** When that came, where any of {@link lateReplies} is there; `repliedAt` where none is. */
  lateReplyAt: Timestamp;
  hash: number;
  nextInBucket: TransactionRecord | null;
  /** Neighbours in the queue of the unanswered or of the answered (LinkedQueue). */
  earlier: TransactionRecord | null;
  later: TransactionRecord | null;
  queued: 'unanswered' | 'answered' | 'resent' | 'none';
  expiresAt: Timestamp;
}

const NO_RESENDS: readonly Resend[] = emptyList();
const NO_REPLIES: readonly OtherReply[] = emptyList();
const NO_ADDRESSES: readonly string[] = emptyList();

/** In this order: what is looked at together lies together, since the records in use fill the processor's cache. */
export function createRecord(): TransactionRecord {
  return {
    // To find it…
    transactionId: 0,
    clientPort: 0,
    clientId: 0,
    serverId: 0,
    type: RR_TYPE.A,
    name: '',
    nextInBucket: null,
    hash: 0,
    // …to queue it…
    earlier: null,
    later: null,
    queued: 'none',
    expiresAt: NEVER,
    holders: 0,
    slot: -1,
    // …what became of it…
    rcode: -1,
    sentAt: NEVER,
    repliedAt: NEVER,
    resends: NO_RESENDS,
    earlierReplies: NO_REPLIES,
    addresses: NO_ADDRESSES,
    answerCount: 0,
    truncated: false,
    replyPacket: 0,
    ttl: -1,
    replyIpId: -1,
    // …where it came from…
    nameHash: 0,
    labelHash: 0,
    server: '',
    serverPort: 0,
    transport: 'udp',
    backend: null,
    client: '',
    input: 0,
    sentPacket: 0,
    ipId: -1,
    ednsSize: -1,
    cookie: false,
    cutReply: false,
    authenticData: false,
    // …and what few have.
    lateReplies: NO_REPLIES,
    lateReplyAt: NEVER,
    unreachableAt: NEVER,
    behindDnat: null,
    otherServerId: 0,
    otherClientId: 0,
    otherClientPort: 0,
  };
}

/** What the beginning of a transaction does not set anew. */
export function resetRecord(record: TransactionRecord): void {
  record.resends = NO_RESENDS;
  record.earlierReplies = NO_REPLIES;
  record.lateReplies = NO_REPLIES;
  record.repliedAt = NEVER;
  record.replyPacket = 0;
  record.rcode = -1;
  record.truncated = false;
  record.cutReply = false;
  record.answerCount = 0;
  record.ttl = -1;
  record.unreachableAt = NEVER;
  record.behindDnat = null;
  record.backend = null;
  record.otherServerId = 0;
  record.otherClientId = 0;
  record.otherClientPort = 0;
}

/** Where a question is looked for: by its id and name. */
export function hashOf(id: number, nameHash: number): number {
  const hash = Math.imul(id + 1, 0x9e3779b1) ^ nameHash;
  // Signed: a number that fits into 31 bits and a sign is kept in its record without a box.
  return hash ^ (hash >>> 15);
}
