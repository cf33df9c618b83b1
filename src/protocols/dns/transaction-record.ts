import { RR_TYPE, type OtherReply, type Resend } from '../../model/lookup.ts';
import type { TrackedAttempt } from '../../model/tracked-attempt.ts';
import { NEVER, type Timestamp } from '../../base/time.ts';

/** A transaction as the table keeps it: pooled, since millions come by. */
export interface TransactionRecord extends TrackedAttempt {
  serverId: number;
  /** The other face of a DNAT: what the query looked like behind it. 0 while unseen. */
  otherServerId: number;
  otherClientId: number;
  otherClientPort: number;
  /** IPv4 identification of the last reply that was no copy, -1 unknown, and when it came. */
  replyIpId: number;
  lastReplyAt: Timestamp;
  hash: number;
  nextInBucket: TransactionRecord | null;
  /** Neighbours in the queue of the unanswered or of the answered (LinkedQueue). */
  earlier: TransactionRecord | null;
  later: TransactionRecord | null;
  queued: 'unanswered' | 'answered' | 'resent' | 'none';
  expiresAt: Timestamp;
}

const NO_RESENDS: readonly Resend[] = [];
const NO_REPLIES: readonly OtherReply[] = [];

export function createRecord(): TransactionRecord {
  return {
    name: '',
    type: RR_TYPE.A,
    transactionId: 0,
    clientPort: 0,
    server: '',
    serverPort: 0,
    transport: 'udp',
    sentAt: NEVER,
    sentPacket: 0,
    resends: NO_RESENDS,
    earlierReplies: NO_REPLIES,
    lateReplies: NO_REPLIES,
    repliedAt: NEVER,
    replyPacket: 0,
    rcode: -1,
    truncated: false,
    answerCount: 0,
    addresses: [],
    ttl: -1,
    unreachableAt: NEVER,
    behindDnat: null,
    backend: null,
    clientId: 0,
    client: '',
    input: 0,
    nameHash: 0,
    labelHash: 0,
    ipId: -1,
    authenticData: false,
    ednsSize: -1,
    cookie: false,
    slot: -1,
    holders: 0,
    serverId: 0,
    otherServerId: 0,
    otherClientId: 0,
    otherClientPort: 0,
    replyIpId: -1,
    lastReplyAt: NEVER,
    hash: 0,
    nextInBucket: null,
    earlier: null,
    later: null,
    queued: 'none',
    expiresAt: NEVER,
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
  record.answerCount = 0;
  record.ttl = -1;
  record.unreachableAt = NEVER;
  record.behindDnat = null;
  record.backend = null;
  record.otherServerId = 0;
  record.otherClientId = 0;
  record.otherClientPort = 0;
}
