import type { AddressTable } from '../../base/addresses.ts';
import { LinkedQueue } from '../../base/linked-queue.ts';
import { emptySlots } from '../../base/lists.ts';
import { between, plus, seconds, type Timestamp } from '../../base/time.ts';
import type { DnsMessage } from '../../model/dns-message.ts';
import { lastSentAt } from '../../model/lookup.ts';
import { IP_PROTOCOL, packetId, UNKNOWN_PORT, type Layers } from '../../model/packet.ts';
import { type AttemptSink, type TrackedAttempt } from '../../model/tracked-attempt.ts';
import { isCopy, isLate, isOtherFace } from './copies.ts';
import { EarlyReplies } from './early-replies.ts';
import { UnaskedReplies } from './unasked-replies.ts';
import { createRecord, hashOf, resetRecord, type TransactionRecord } from './transaction-record.ts';

// The longest wait of a stub resolver is c-ares's fourth, 40 s (facts: 0, 5, 15, 35, gives up at
// 75); its resend must still find its query.
const UNANSWERED_LIFETIME = seconds(90);
// After a reply only its copies are to come, a resend that crossed it, and glibc that asks again for both families
// after 5 s because the other one had no answer.
const ANSWERED_LIFETIME = seconds(6);
// A flood of queries must not eat the memory: about 20 MB.
const MAX_UNANSWERED = 1 << 15;
// Answered ones are of little use and many; few keep the working set in the processor's cache.
const MAX_ANSWERED = 1 << 7;
// Those that were sent again have another answer to come, perhaps: the first sending's. Few, and
// must not be pushed out by the many that were answered at once.
const MAX_RESENT = 1 << 12;
// As many as lookups usually hold at once on a busy node; more are left to the collector.
const MAX_POOLED = 1 << 13;
// Beyond this many with one id and name, somebody is trying to make the search slow.
const MAX_CHAIN = 64;
// c-ares sends one query four times, musl's bursts after SERVFAIL some ten.
const MAX_RESENDS = 64;
// A machine that has no such port says so within a round trip; a router that finds no such host asks for its address
// three times first, a second each (Linux, mcast_solicit).
const ERROR_WITHIN = seconds(3.5);
const INITIAL_BUCKETS = 1 << 12;

export interface TransactionCounts {
  queries: number;
  replies: number;
  /** Copies of a message that was already seen, by input. */
  duplicates: number[];
  /** Replies whose query is not in the capture… */
  orphanReplies: number;
  /** …nor was sent before it, by input. */
  unaskedReplies: number[];
  /** Queries that were forgotten unanswered because there were too many. */
  evicted: number;
}

/** Pairs queries with their resends and replies, and tells resends from copies. */
export function createTransactions(
  addresses: AddressTable,
  sink: AttemptSink,
  onOtherInput?: (input: number, layers: Layers) => void,
) {
  const unasked = new UnaskedReplies();
  const counts: TransactionCounts = {
    queries: 0,
    replies: 0,
    duplicates: [],
    orphanReplies: 0,
    unaskedReplies: unasked.counts,
    evicted: 0,
  };
  let buckets = emptySlots<TransactionRecord>(INITIAL_BUCKETS);
  let mask = INITIAL_BUCKETS - 1;
  let live = 0;
  const pool: TransactionRecord[] = [];
  const unanswered = new LinkedQueue<TransactionRecord>();
  const answered = new LinkedQueue<TransactionRecord>();
  const resent = new LinkedQueue<TransactionRecord>();
  const early = new EarlyReplies();
  /** Servers whose DNAT this capture shows from both sides. */
  const translated = new Set<number>();

  /**
   * @param layers who sent the message; its ports tell the client from the server
   * @param answeredBy who answered in the server's place
   */
  function push(layers: Layers, message: DnsMessage, answeredBy: string | null = null): void {
    if (message.opcode !== 0) return;
    unasked.saw(layers);
    if (message.response) reply(layers, message, answeredBy);
    else query(layers, message);
  }

  function query(layers: Layers, message: DnsMessage): void {
    const hash = hashOf(message.id, message.nameHash);
    let steps = 0;
    let previous: TransactionRecord | null = null;
    for (let known = buckets[hash & mask] as TransactionRecord | null; known !== null; known = known.nextInBucket) {
      if (++steps > MAX_CHAIN) {
        // Nobody looks further: what lies there would only be passed by when it is let go.
        if (previous !== null) previous.nextInBucket = null;
        break;
      }
      previous = known;
      if (known.transactionId !== message.id || known.type !== message.type || known.name !== message.name) continue;
      const sameClient = known.clientId === layers.source && known.clientPort === layers.sourcePort;
      const sameServer = known.serverId === layers.destination && known.serverPort === layers.destinationPort;
      if (sameClient && sameServer) {
        lookAt(known, layers);
        if (isCopy(known, layers)) duplicate(layers);
        else sendAgain(known, layers);
        return;
      }
      if (known.otherServerId === layers.destination && known.otherClientPort === layers.sourcePort) {
        seenBehind(known, layers);
        return;
      }
      if (isOtherFace(known, layers)) {
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
    record.authenticData = message.authenticData;
    record.ednsSize = message.ednsSize;
    record.cookie = message.cookie;
    record.hash = hash;
    record.holders = 1;
    record.slot = -1;
    if (++live > buckets.length) grow();
    record.nextInBucket = buckets[hash & mask] as TransactionRecord | null;
    buckets[hash & mask] = record;
    record.expiresAt = plus(layers.time, UNANSWERED_LIFETIME);
    wait(record);
    sink.sent(record);
    const answer = early.take(layers, message);
    if (answer === null) return;
    orphan(answer.layers, -1);
    reply(answer.layers, answer.message, null);
  }

  function sendAgain(known: TransactionRecord, layers: Layers): void {
    counts.queries++;
    if (known.resends.length < MAX_RESENDS) {
      known.resends = [
        ...known.resends,
        { at: layers.time, packet: packetId(layers.input, layers.number), behindDnat: null },
      ];
    }
    known.ipId = known.transport === 'tcp' ? -1 : layers.ipId;
    known.expiresAt = plus(layers.time, UNANSWERED_LIFETIME);
    wait(known);
    sink.resent(known);
  }

  /** Whether another capture shows it, too. */
  function lookAt({ input }: TransactionRecord, layers: Layers): void {
    if (layers.input !== input) onOtherInput?.(input, layers);
  }

  /** The last sending, on its way behind the DNAT, or with the node's address as the client's. */
  function seenBehind(known: TransactionRecord, layers: Layers): void {
    lookAt(known, layers);
    known.otherServerId = layers.destination;
    if (known.serverId === layers.destination && known.serverPort === layers.destinationPort) return duplicate(layers);
    known.backend = addresses.text(layers.destination);
    const resend = known.resends[known.resends.length - 1];
    if (resend === undefined) known.behindDnat = 'both';
    else resend.behindDnat = 'both';
    translated.add(known.serverId);
    duplicate(layers);
  }

  function duplicate(layers: Layers): void {
    counts.duplicates[layers.input] = (counts.duplicates[layers.input] ?? 0) + 1;
  }

  function reply(layers: Layers, message: DnsMessage, answeredBy: string | null): void {
    const known = findQuestion(layers, message);
    if (known === null) {
      orphan(layers, 1);
      early.keep(layers, message);
      return;
    }
    lookAt(known, layers);
    if (known.rcode >= 0 && known.repliedAt >= lastSentAt(known)) {
      if (isLate(known, layers)) lateReply(known, layers, message);
      else duplicate(layers);
      return;
    }
    counts.replies++;
    known.replyIpId = layers.ipId;
    if (known.lateReplies.length > 0) known.lateReplyAt = layers.time;
    if (known.rcode >= 0 && known.earlierReplies.length < MAX_RESENDS) {
      const earlier = { at: known.repliedAt, packet: known.replyPacket, rcode: known.rcode };
      known.earlierReplies = [...known.earlierReplies, earlier];
    }
    known.repliedAt = layers.time;
    known.replyPacket = packetId(layers.input, layers.number);
    known.rcode = message.rcode;
    known.truncated = message.truncated;
    known.cutReply = message.cut;
    known.answerCount = message.answerCount;
    known.addresses = message.addresses;
    known.ttl = message.ttl;
    if (answeredBy !== null) known.backend = answeredBy;
    // Not always among the unanswered: times that run backwards make a reply look earlier than its query.
    queueOf(known).remove(known);
    known.expiresAt = plus(layers.time, ANSWERED_LIFETIME);
    if (known.resends.length > 0) queueResent(known);
    else queueAnswered(known);
    sink.replied(known);
  }

  function orphan(layers: Layers, by: 1 | -1): void {
    counts.orphanReplies += by;
    unasked.add(layers, by);
  }

  function lateReply(known: TransactionRecord, layers: Layers, message: DnsMessage): void {
    counts.replies++;
    known.replyIpId = layers.ipId;
    known.lateReplyAt = layers.time;
    if (known.lateReplies.length >= MAX_RESENDS) return;
    known.lateReplies = [
      ...known.lateReplies,
      { at: layers.time, packet: packetId(layers.input, layers.number), rcode: message.rcode },
    ];
  }

  function findQuestion(layers: Layers, message: DnsMessage): TransactionRecord | null {
    const hash = hashOf(message.id, message.nameHash);
    let steps = 0;
    for (let known = buckets[hash & mask] as TransactionRecord | null; known !== null; known = known.nextInBucket) {
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
    for (let known = buckets[hash & mask] as TransactionRecord | null; known !== null; known = known.nextInBucket) {
      if (known.transactionId !== message.id || known.name !== message.name || known.type !== message.type) continue;
      if (known.clientId !== quoted.source || known.clientPort !== quoted.sourcePort) continue;
      if (known.rcode >= 0 || !Number.isNaN(known.unreachableAt)) return;
      known.unreachableAt = time;
      sink.unreachable(known);
      return;
    }
  }

  /**
   * An ICMP error says that nobody takes what this client sent to this server, and not which query: the first that it may
   * be, since errors come in the order of what they are about.
   */
  function undelivered({ time, source, destination, destinationPort }: Layers): void {
    let first: TransactionRecord | null = null;
    let steps = 0;
    for (let known = unanswered.last; known !== null && ++steps <= MAX_CHAIN; known = known.earlier) {
      if (between(lastSentAt(known), time) > ERROR_WITHIN) break;
      const isTo =
        known.serverId === destination && (destinationPort === UNKNOWN_PORT || known.serverPort === destinationPort);
      if (isTo && known.clientId === source && Number.isNaN(known.unreachableAt)) first = known;
    }
    if (first === null) return;
    first.unreachableAt = time;
    sink.unreachable(first);
  }

  // Times go through the record: a number with a fraction that is handed over takes a place on the heap.

  function wait(record: TransactionRecord): void {
    if (record.queued !== 'none') queueOf(record).remove(record);
    record.queued = 'unanswered';
    unanswered.append(record);
    if (unanswered.size > MAX_UNANSWERED) {
      counts.evicted++;
      forget(unanswered.first as TransactionRecord);
    }
  }

  function queueAnswered(record: TransactionRecord): void {
    record.queued = 'answered';
    answered.append(record);
    if (answered.size > MAX_ANSWERED) forget(answered.first as TransactionRecord);
  }

  function queueResent(record: TransactionRecord): void {
    record.queued = 'resent';
    resent.append(record);
    if (resent.size > MAX_RESENT) forget(resent.first as TransactionRecord);
  }

  const queueOf = (record: TransactionRecord): LinkedQueue<TransactionRecord> =>
    record.queued === 'answered' ? answered : record.queued === 'resent' ? resent : unanswered;

  /** Nothing before `time` will come: what has waited longer than anyone waits is let go. */
  function advance(time: Timestamp): void {
    for (let record = unanswered.first; record !== null && record.expiresAt < time; record = unanswered.first) {
      forget(record);
    }
    for (let record = answered.first; record !== null && record.expiresAt < time; record = answered.first) {
      forget(record);
    }
    for (let record = resent.first; record !== null && record.expiresAt < time; record = resent.first) {
      forget(record);
    }
  }

  function forget(record: TransactionRecord): void {
    queueOf(record).remove(record);
    record.queued = 'none';
    live--;
    let previous: TransactionRecord | null = null;
    for (
      let known = buckets[record.hash & mask] as TransactionRecord | null;
      known !== null;
      known = known.nextInBucket
    ) {
      if (known === record) {
        if (previous === null) buckets[record.hash & mask] = record.nextInBucket;
        else previous.nextInBucket = record.nextInBucket;
        break;
      }
      previous = known;
    }
    record.nextInBucket = null;
    leave(record);
  }

  /** One of those who hold a record is done with it. */
  function leave(record: TransactionRecord): void {
    if (--record.holders > 0 || record.queued !== 'none' || pool.length >= MAX_POOLED) return;
    resetRecord(record);
    pool.push(record);
  }

  /** Another room is done with attempts that it was handed. */
  function release(attempts: readonly TrackedAttempt[]): void {
    for (let index = 0; index < attempts.length; index++) leave(attempts[index] as TransactionRecord);
  }

  /** Whether queries were on their way to a DNAT that this capture shows, and are not seen behind it. */
  function settle(attempts: readonly TrackedAttempt[]): void {
    if (translated.size === 0) return;
    for (const attempt of attempts) {
      if (!translated.has((attempt as TransactionRecord).serverId)) continue;
      attempt.behindDnat ??= 'before';
      for (const resend of attempt.resends) resend.behindDnat ??= 'before';
    }
  }

  function grow(): void {
    const larger = emptySlots<TransactionRecord>(buckets.length * 4);
    mask = larger.length - 1;
    for (const head of buckets) {
      for (let record = head; record !== null;) {
        const next: TransactionRecord | null = record.nextInBucket;
        record.nextInBucket = larger[record.hash & mask] as TransactionRecord | null;
        larger[record.hash & mask] = record;
        record = next;
      }
    }
    buckets = larger;
  }

  return { counts, push, newest: () => unanswered.last, unreachable, undelivered, advance, release, settle };
}
