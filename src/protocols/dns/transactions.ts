import type { AddressTable } from '../../base/addresses.ts';
import { LinkedQueue } from '../../base/linked-queue.ts';
import { milliseconds, seconds, type Timestamp } from '../../base/time.ts';
import type { DnsMessage } from '../../model/dns-message.ts';
import { RR_TYPE, type EarlierReply, type Resend } from '../../model/lookup.ts';
import { IP_PROTOCOL, packetId, type Layers } from '../../model/packet.ts';
import { NEVER, type AttemptSink, type TrackedAttempt } from '../../model/tracked-attempt.ts';

// The longest wait of a stub resolver is c-ares's fourth, 40 s (facts: 0, 5, 15, 35, gives up at
// 75); its resend must still find its query.
const UNANSWERED_LIFETIME = seconds(90);
// After a reply only its copies are to come, and a resend that crossed it.
const ANSWERED_LIFETIME = seconds(6);
// A flood of queries must not eat the memory: about 40 MB.
const MAX_UNANSWERED = 1 << 16;
// Answered ones are of little use and many; few keep the working set in the processor's cache.
const MAX_ANSWERED = 1 << 8;
// As many as lookups usually hold at once on a busy node; more are left to the collector.
const MAX_POOLED = 1 << 14;
// The copies that `-i any` and a DNAT make follow each other within the kernel's own work. A
// resend has another IP identification, so the bound only has to exclude that number's return.
const COPY_WITHIN = milliseconds(100);
// Without an IP identification (IPv6, tcpdump's text, DF with 0) only time tells; no resolver
// resends an unanswered query so soon (the least is c-ares's 250 ms).
const COPY_WITHIN_UNPROVEN = milliseconds(3);
// Beyond this many with one id and name, somebody is trying to make the search slow.
const MAX_CHAIN = 64;
// c-ares sends one query four times, musl's bursts after SERVFAIL some ten.
const MAX_RESENDS = 64;
const INITIAL_BUCKETS = 1 << 12;

const NO_RESENDS: readonly Resend[] = [];
const NO_REPLIES: readonly EarlierReply[] = [];

interface Record extends TrackedAttempt {
  serverId: number;
  /** The other face of a DNAT: what the query looked like behind it. 0 while unseen. */
  otherServerId: number;
  otherClientId: number;
  otherClientPort: number;
  hash: number;
  nextInBucket: Record | null;
  /** Neighbours in the queue of the unanswered or of the answered (LinkedQueue). */
  earlier: Record | null;
  later: Record | null;
  queued: 'unanswered' | 'answered' | 'none';
  expiresAt: Timestamp;
}

export interface TransactionCounts {
  queries: number;
  replies: number;
  /** Copies of a message that was already seen, by input. */
  duplicates: number[];
  /** Replies whose query is not in the capture. */
  orphanReplies: number;
  /** Queries that were forgotten unanswered because there were too many. */
  evicted: number;
}

/** Pairs queries with their resends and replies, and tells resends from copies. */
export function createTransactions(addresses: AddressTable, sink: AttemptSink) {
  const counts: TransactionCounts = { queries: 0, replies: 0, duplicates: [], orphanReplies: 0, evicted: 0 };
  let buckets: (Record | null)[] = Array.from({ length: INITIAL_BUCKETS }, () => null);
  let mask = INITIAL_BUCKETS - 1;
  let live = 0;
  const pool: Record[] = [];
  const unanswered = new LinkedQueue<Record>();
  const answered = new LinkedQueue<Record>();
  /** Servers whose DNAT this capture shows from both sides. */
  const translated = new Set<number>();

  /** @param layers who sent the message; its ports tell the client from the server */
  function push(layers: Layers, message: DnsMessage): void {
    if (message.opcode !== 0) return;
    if (message.response) reply(layers, message);
    else query(layers, message);
  }

  function query(layers: Layers, message: DnsMessage): void {
    const hash = hashOf(message.id, message.nameHash);
    let steps = 0;
    for (let known = buckets[hash & mask] as Record | null; known !== null; known = known.nextInBucket) {
      if (++steps > MAX_CHAIN) break;
      if (known.transactionId !== message.id || known.type !== message.type || known.name !== message.name) continue;
      const sameClient = known.clientId === layers.source && known.clientPort === layers.sourcePort;
      const sameServer = known.serverId === layers.destination && known.serverPort === layers.destinationPort;
      if (sameClient && sameServer) {
        if (isCopy(known, layers)) duplicate(known, layers);
        else resend(known, layers);
        return;
      }
      if (known.otherServerId === layers.destination && known.otherClientPort === layers.sourcePort) {
        seenBehind(known, layers);
        return;
      }
      if (!sameServer && isOtherFace(known, layers)) {
        known.otherClientId = layers.source;
        known.otherClientPort = layers.sourcePort;
        seenBehind(known, layers);
        return;
      }
    }
    begin(layers, message, hash);
  }

  function begin(layers: Layers, message: DnsMessage, hash: number): void {
    counts.queries++;
    const record = pool.pop() ?? createRecord();
    record.input = layers.input;
    record.name = message.name;
    record.nameHash = message.nameHash;
    record.labelHash = message.labelHash;
    record.type = message.type;
    record.transactionId = message.id;
    record.clientId = layers.source;
    record.client = addresses.text(layers.source);
    record.clientPort = layers.sourcePort;
    record.serverId = layers.destination;
    record.server = addresses.text(layers.destination);
    record.serverPort = layers.destinationPort;
    record.transport = layers.protocol === IP_PROTOCOL.tcp ? 'tcp' : 'udp';
    record.sentAt = layers.time;
    record.sentPacket = packetId(layers.input, layers.number);
    record.ipId = record.transport === 'tcp' ? -1 : layers.ipId;
    record.recursionDesired = message.recursionDesired;
    record.authenticData = message.authenticData;
    record.ednsSize = message.ednsSize;
    record.cookie = message.cookie;
    record.hash = hash;
    record.holders = 1;
    record.slot = -1;
    if (++live > buckets.length) grow();
    record.nextInBucket = buckets[hash & mask] as Record | null;
    buckets[hash & mask] = record;
    wait(record, layers.time);
    sink.sent(record);
  }

  function resend(known: Record, layers: Layers): void {
    counts.queries++;
    if (known.resends.length < MAX_RESENDS) {
      known.resends = [
        ...known.resends,
        { at: layers.time, packet: packetId(layers.input, layers.number), behindDnat: null },
      ];
    }
    known.ipId = known.transport === 'tcp' ? -1 : layers.ipId;
    wait(known, layers.time);
    sink.resent(known);
  }

  /** The last sending, on its way behind the DNAT. */
  function seenBehind(known: Record, layers: Layers): void {
    known.otherServerId = layers.destination;
    known.backend = addresses.text(layers.destination);
    const resend = known.resends[known.resends.length - 1];
    if (resend === undefined) known.behindDnat = 'both';
    else resend.behindDnat = 'both';
    translated.add(known.serverId);
    duplicate(known, layers);
  }

  function duplicate(known: Record, layers: Layers): void {
    counts.duplicates[layers.input] = (counts.duplicates[layers.input] ?? 0) + 1;
    known.copies++;
  }

  function isCopy(known: Record, layers: Layers): boolean {
    if (known.transport === 'tcp' || known.rcode >= 0) return known.ipId === layers.ipId && layers.ipId > 0;
    const since = layers.time - lastSent(known);
    if (known.ipId > 0 && layers.ipId > 0) return known.ipId === layers.ipId && since < COPY_WITHIN;
    return since < COPY_WITHIN_UNPROVEN;
  }

  /**
   * The same datagram behind a DNAT (another server) or behind a masquerade as well (another
   * client). Its IP identification is kept on the way; musl, which asks all servers at once with
   * one id and port, gives each datagram its own.
   */
  function isOtherFace(known: Record, layers: Layers): boolean {
    return (
      known.transport === 'udp' &&
      layers.protocol === IP_PROTOCOL.udp &&
      known.ipId > 0 &&
      known.ipId === layers.ipId &&
      layers.time - lastSent(known) < COPY_WITHIN
    );
  }

  function reply(layers: Layers, message: DnsMessage): void {
    const known = findQuestion(layers, message);
    if (known === null) {
      counts.orphanReplies++;
      return;
    }
    if (known.rcode >= 0 && known.repliedAt >= lastSent(known)) {
      duplicate(known, layers);
      return;
    }
    counts.replies++;
    if (known.rcode >= 0) {
      const earlier = { at: known.repliedAt, packet: known.replyPacket, rcode: known.rcode };
      known.earlierReplies = [...known.earlierReplies, earlier];
    }
    known.repliedAt = layers.time;
    known.replyPacket = packetId(layers.input, layers.number);
    known.rcode = message.rcode;
    known.truncated = message.truncated;
    known.answerCount = message.answerCount;
    known.addresses = message.addresses;
    known.ttl = message.ttl;
    unanswered.remove(known);
    queueAnswered(known, layers.time);
    sink.replied(known);
  }

  function findQuestion(layers: Layers, message: DnsMessage): Record | null {
    const hash = hashOf(message.id, message.nameHash);
    let steps = 0;
    for (let known = buckets[hash & mask] as Record | null; known !== null; known = known.nextInBucket) {
      if (++steps > MAX_CHAIN) return null;
      if (known.transactionId !== message.id) continue;
      // tcpdump's text shows no question in a reply; servers may leave it out with an error.
      if (message.name !== '' && (known.name !== message.name || known.type !== message.type)) continue;
      if (known.clientId === layers.destination && known.clientPort === layers.destinationPort) {
        if (known.serverId === layers.source || known.otherServerId === layers.source) return known;
      } else if (known.otherClientId === layers.destination && known.otherClientPort === layers.destinationPort) {
        if (known.otherServerId === layers.source) return known;
      }
    }
    return null;
  }

  /** ICMP quoted this query: its port or host is not there. */
  function unreachable(time: Timestamp, quoted: Layers, message: DnsMessage): void {
    if (message.response || message.opcode !== 0) return;
    const hash = hashOf(message.id, message.nameHash);
    for (let known = buckets[hash & mask] as Record | null; known !== null; known = known.nextInBucket) {
      if (known.transactionId !== message.id || known.name !== message.name || known.type !== message.type) continue;
      if (known.clientId !== quoted.source || known.clientPort !== quoted.sourcePort) continue;
      if (known.rcode >= 0 || !Number.isNaN(known.unreachableAt)) return;
      known.unreachableAt = time;
      sink.unreachable(known);
      return;
    }
  }

  function wait(record: Record, time: Timestamp): void {
    if (record.queued === 'answered') answered.remove(record);
    else if (record.queued === 'unanswered') unanswered.remove(record);
    record.expiresAt = (time + UNANSWERED_LIFETIME) as Timestamp;
    record.queued = 'unanswered';
    unanswered.append(record);
    if (unanswered.size > MAX_UNANSWERED) {
      counts.evicted++;
      forget(unanswered.first as Record);
    }
  }

  function queueAnswered(record: Record, time: Timestamp): void {
    record.expiresAt = (time + ANSWERED_LIFETIME) as Timestamp;
    record.queued = 'answered';
    answered.append(record);
    if (answered.size > MAX_ANSWERED) forget(answered.first as Record);
  }

  /** Nothing before `time` will come: what has waited longer than anyone waits is let go. */
  function advance(time: Timestamp): void {
    for (let record = unanswered.first; record !== null && record.expiresAt < time; record = unanswered.first) {
      forget(record);
    }
    for (let record = answered.first; record !== null && record.expiresAt < time; record = answered.first) {
      forget(record);
    }
  }

  function forget(record: Record): void {
    (record.queued === 'answered' ? answered : unanswered).remove(record);
    record.queued = 'none';
    live--;
    let previous: Record | null = null;
    for (let known = buckets[record.hash & mask] as Record | null; known !== null; known = known.nextInBucket) {
      if (known === record) {
        if (previous === null) buckets[record.hash & mask] = record.nextInBucket;
        else previous.nextInBucket = record.nextInBucket;
        break;
      }
      previous = known;
    }
    record.nextInBucket = null;
    release(record);
  }

  /** Another room is done with an attempt that it was handed. */
  function release(attempt: TrackedAttempt): void {
    if (--attempt.holders > 0) return;
    const record = attempt as Record;
    if (record.queued !== 'none') return;
    if (pool.length < MAX_POOLED) {
      reset(record);
      pool.push(record);
    }
  }

  /** Whether a query was on its way to a DNAT that this capture shows, and is not seen behind it. */
  function settle(attempt: TrackedAttempt): void {
    if (translated.size === 0 || !translated.has((attempt as Record).serverId)) return;
    attempt.behindDnat ??= 'before';
    for (const resend of attempt.resends) resend.behindDnat ??= 'before';
  }

  function grow(): void {
    const larger: (Record | null)[] = Array.from({ length: buckets.length * 4 }, () => null);
    mask = larger.length - 1;
    for (const head of buckets) {
      for (let record = head; record !== null;) {
        const next: Record | null = record.nextInBucket;
        record.nextInBucket = larger[record.hash & mask] as Record | null;
        larger[record.hash & mask] = record;
        record = next;
      }
    }
    buckets = larger;
  }

  return { counts, push, unreachable, advance, release, settle };
}

export type Transactions = ReturnType<typeof createTransactions>;

const lastSent = (record: Record): Timestamp => {
  const count = record.resends.length;
  return count === 0 ? record.sentAt : (record.resends[count - 1] as Resend).at;
};

function hashOf(id: number, nameHash: number): number {
  const hash = Math.imul(id + 1, 0x9e3779b1) ^ nameHash;
  return (hash ^ (hash >>> 15)) >>> 0;
}

function createRecord(): Record {
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
    recursionDesired: false,
    authenticData: false,
    ednsSize: -1,
    cookie: false,
    copies: 0,
    slot: -1,
    holders: 0,
    serverId: 0,
    otherServerId: 0,
    otherClientId: 0,
    otherClientPort: 0,
    hash: 0,
    nextInBucket: null,
    earlier: null,
    later: null,
    queued: 'none',
    expiresAt: NEVER,
  };
}

/** What `begin` does not set anew. */
function reset(record: Record): void {
  record.resends = NO_RESENDS;
  record.earlierReplies = NO_REPLIES;
  record.repliedAt = NEVER;
  record.replyPacket = 0;
  record.rcode = -1;
  record.truncated = false;
  record.answerCount = 0;
  record.ttl = -1;
  record.unreachableAt = NEVER;
  record.behindDnat = null;
  record.backend = null;
  record.copies = 0;
  record.otherServerId = 0;
  record.otherClientId = 0;
  record.otherClientPort = 0;
}
