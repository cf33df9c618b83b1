import { withOneMore } from '../base/lists.ts';
import { between, milliseconds, nanoseconds, type Duration, type Timestamp } from '../base/time.ts';
import { MAX_SYNS, type Side } from '../model/connection.ts';
import { packetId, TCP_FLAG, type Layers } from '../model/packet.ts';
import type { Arrival } from '../model/tracked-connection.ts';
import {
  acknowledgedLoss,
  cameLate,
  endLoss,
  foundLost,
  giveUp,
  heardDuplicate,
  lossLasts,
  lostBefore,
  missed,
  noteDelivery,
  sentAgain,
  sentInVain,
  wentOn,
} from './loss.ts';
import type { Hosts } from './hosts.ts';
import { isTooBig, isUnreachable } from './icmp-errors.ts';
import { announced, endClosure, measure, noteDelayed, pausedBefore, probed } from './pauses.ts';
import { isRecut } from './recut.ts';
import type { SegmentRoom } from './sent-segments.ts';
import { Sender } from './sender.ts';
import { WIDEST_WINDOW } from './tcp-direction.ts';
import { hasTimestamps, maximumSegmentSize, mayHaveSack, windowScale } from './tcp-options.ts';
import { noteEnd, type TrackedRow } from './tracked-row.ts';

// Packets of several queues come a little out of order: data may come behind its acknowledgment.
const QUEUES_APART = milliseconds(10);
// A FIN that belongs to the data before it leaves within milliseconds; a timeout is longer.
const GIVEN_UP = milliseconds(100);

/** Watches one connection's packets, copies left out, and writes what TCP tells into its row. */
export class TcpWatch {
  readonly row: TrackedRow;
  readonly client: Sender;
  readonly server: Sender;
  readonly #room: SegmentRoom;
  /** The packet in hand acknowledges what none before it did. */
  #acknowledging = false;
  /** The last packet with new data or a new acknowledgment; NaN before. */
  #progressAt = Number.NaN;
  /** Whose data came last. */
  #speaker: Sender | null = null;
  #isEstablished = false;
  #isOver = false;
  #quoteKey = 0;
  #quotedAt = Number.NaN;
  #refusal: Arrival | null = null;

  constructor(row: TrackedRow, room: SegmentRoom, hosts: Hosts) {
    this.row = row;
    this.#room = room;
    this.client = new Sender('client', hosts.of(row.clientId));
    this.server = new Sender('server', hosts.of(row.serverId));
  }

  /** Whether a packet carries or acknowledges bytes beyond all that were seen: then it was not seen before. */
  goesBeyond(layers: Layers, fromClient: boolean): boolean {
    const sender = fromClient ? this.client : this.server;
    const peer = fromClient ? this.server : this.client;
    const { payloadLength } = layers;
    if (sender.known && payloadLength > 0 && ((layers.sequence + payloadLength - sender.highest) | 0) > 0) return true;
    const hasAck = (layers.tcpFlags & TCP_FLAG.ack) !== 0;
    return hasAck && peer.acknowledgedKnown && ((layers.acknowledgment - peer.acknowledged) | 0) > 0;
  }

  /** Segments of both sides that were acknowledged and never seen. */
  get unseen(): number {
    return this.client.unseenInAll + this.server.unseenInAll;
  }

  /** One packet that is no reset. @returns false where it is no more than a copy, cut otherwise */
  push(layers: Layers, fromClient: boolean): boolean {
    const sender = fromClient ? this.client : this.server;
    const peer = fromClient ? this.server : this.client;
    if (layers.payloadLength > 0 && isRecut(sender, layers)) return false;
    this.#count(layers, sender);
    sender.identify(layers, peer);
    if (this.client.loss !== null) lossLasts(this.row, this.client, layers.time);
    if (this.server.loss !== null) lossLasts(this.row, this.server, layers.time);

    const { tcpFlags } = layers;
    const isSyn = (tcpFlags & TCP_FLAG.syn) !== 0;
    const hasAck = (tcpFlags & TCP_FLAG.ack) !== 0;
    if (isSyn) this.#opens(sender, peer, layers, hasAck);
    else if (!this.#isEstablished) this.#establish(sender, layers, hasAck);
    const sequence = isSyn ? (layers.sequence + 1) | 0 : layers.sequence | 0;
    this.#acknowledging = hasAck && this.#acknowledges(sender, peer, layers);
    let progressed = isSyn || this.#acknowledging;
    if (layers.payloadLength > 0) {
      if (this.#sends(sender, peer, layers, sequence)) progressed = true;
    } else if (!isSyn) {
      this.#stands(sender, peer, layers, sequence);
      if ((tcpFlags & TCP_FLAG.fin) === 0) this.row.showsAcknowledgments = true;
    }
    if (this.#acknowledging && !Number.isNaN(peer.lastAt)) {
      if (layers.payloadLength === 0) sender.acknowledgedAlone++;
      else sender.acknowledgedWithData++;
    }
    if ((tcpFlags & TCP_FLAG.fin) !== 0 && !sender.finished) this.#closes(sender, peer, layers);
    if (hasAck && !isSyn) announced(this.row, sender, peer, layers);
    if (progressed) this.#progressAt = layers.time;
    noteDelivery(this.row, this.client, this.server);
    return true;
  }

  /** A reset that counts: the connection is over. */
  reset(layers: Layers, fromClient: boolean): void {
    const sender = fromClient ? this.client : this.server;
    this.#count(layers, sender);
    const { row } = this;
    if (!fromClient && row.syns.length > 0 && row.synAcks.length === 0 && !this.#isEstablished) {
      this.#refuse(layers, 'server');
    } else noteEnd(row, 'reset', sender.side, layers);
  }

  /**
   * An ICMP error quotes a packet of this connection.
   * @returns whether that ends it: nobody takes the SYN
   */
  quoted(layers: Layers, quote: Layers): boolean {
    // Copies of the ICMP packet itself, on each interface that it crosses.
    const key = Math.imul(layers.ipId + 1, 31) ^ Math.imul(quote.ipId + 1, 0x9e3779b1) ^ quote.sequence;
    const isCopy = key === this.#quoteKey && layers.time - this.#quotedAt < QUEUES_APART;
    this.#quoteKey = key;
    this.#quotedAt = layers.time;
    if (isCopy) return false;
    if (isTooBig(layers)) {
      this.row.tooBig++;
      return false;
    }
    if (!isUnreachable(layers) || !this.#isUnanswered) return false;
    this.#refuse(layers, null);
    return true;
  }

  get #isUnanswered(): boolean {
    return this.row.syns.length > 0 && this.row.synAcks.length === 0 && !this.#isEstablished;
  }

  /** An ICMP error may be about its SYN: it is where no answer comes. */
  maybeRefused({ input, number, time }: Arrival): void {
    this.#refusal ??= { input, number, time };
  }

  /** Nobody took the SYN. @param by null where a router said so */
  #refuse(arrival: Arrival, by: Side | null): void {
    const { row } = this;
    const first = row.syns[0];
    if (first !== undefined) row.connectDuration = elapsed(first.at, arrival.time);
    noteEnd(row, 'refused', by, arrival);
  }

  /** Nothing will follow: what still waits waited until now. */
  finish(time: Timestamp): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { row } = this;
    if (this.#refusal !== null && this.#isUnanswered) this.#refuse(this.#refusal, null);
    for (const side of [this.client, this.server]) {
      endLoss(row, side, time);
      endClosure(side, time);
      side.sent?.release();
      side.sent = null;
    }
    for (const stall of row.stalls) row.stallTime = nanoseconds(row.stallTime + stall.duration);
  }

  /** The first FIN of a side: nobody there waits for data any more. */
  #closes(sender: Sender, peer: Sender, layers: Layers): void {
    sender.finished = true;
    noteEnd(this.row, 'fin', sender.side, layers);
    giveUp(this.row, peer, layers.time);
    // Behind its data it ends an answer; after a while of silence it gives up what it asked.
    if (layers.time - sender.lastAt >= GIVEN_UP) giveUp(this.row, sender, layers.time);
  }

  #count(layers: Layers, sender: Sender): void {
    const { row } = this;
    const { packets } = row;
    // Each packet comes by here, and properties by name cost less than by a text that holds it.
    if (sender === this.client) packets.client++;
    else packets.server++;
    row.lastPacket = packetId(layers.input, layers.number);
    const age = layers.time - row.startedAt;
    if (age > row.duration) row.duration = nanoseconds(age);
  }

  #opens(sender: Sender, peer: Sender, layers: Layers, isAnswer: boolean): void {
    const { row } = this;
    const sighting = { at: layers.time, packet: packetId(layers.input, layers.number) };
    if (!sender.opened) {
      sender.opened = true;
      sender.segmentSize = maximumSegmentSize(layers);
      sender.scale = windowScale(layers);
      sender.timestamps = hasTimestamps(layers);
    }
    if (sender.lastLength === 0) {
      sender.known = true;
      sender.highest = (layers.sequence + 1) | 0;
    }
    if (!isAnswer) {
      if (sender === this.client && row.syns.length < MAX_SYNS) row.syns = withOneMore(row.syns, sighting);
      return;
    }
    if (row.synAcks.length < MAX_SYNS) row.synAcks = withOneMore(row.synAcks, sighting);
    const first = row.syns[0];
    if (first === undefined || this.#isEstablished) return;
    row.connectDuration = elapsed(first.at, layers.time);
    // Which of several SYNs it answers can't be told (Karn).
    if (sender === this.server && row.syns.length === 1 && row.synAcks.length === 1)
      this.#timed(peer, row.connectDuration, false, false);
  }

  /** The handshake's last packet, or data. */
  #establish(sender: Sender, layers: Layers, hasAck: boolean): void {
    const { row } = this;
    const isThird = sender === this.client && hasAck && (row.synAcks.length > 0 || row.syns.length > 0);
    if (!isThird && layers.payloadLength === 0) return;
    this.#isEstablished = true;
    row.establishedAt = layers.time;
    const [syn, answer] = [row.syns[0], row.synAcks[0]];
    // Where the answer went another way, its acknowledgment tells.
    if (isThird && answer === undefined && syn !== undefined) row.connectDuration = elapsed(syn.at, layers.time);
    if (isThird && answer !== undefined && row.synAcks.length === 1) {
      this.#timed(this.server, between(answer.at, layers.time), layers.payloadLength > 0, false);
    }
  }

  #timed(of: Sender, sample: number, carriesData: boolean, isLone: boolean): void {
    of.roundTrip.push(sample, carriesData, isLone);
    (of === this.client ? this.server : this.client).host.timed(sample);
    // Where acknowledgments come with answers only, as in a capture of packets with payload, nothing tells the way from the program.
    if (of !== this.client || !of.roundTrip.isSettled) return;
    // Rows are written in whole nanoseconds, and must be the same when they are read again.
    this.row.roundTrip = nanoseconds(Math.round(of.roundTrip.smoothed));
    this.row.minRoundTrip = nanoseconds(of.roundTrip.least);
  }

  /** @returns whether the peer's data got further */
  #acknowledges(sender: Sender, peer: Sender, layers: Layers): boolean {
    const acknowledgment = layers.acknowledgment | 0;
    if (peer.resends !== null && mayHaveSack(layers)) heardDuplicate(this.row, peer, layers);
    const further = (acknowledgment - peer.acknowledged) | 0;
    if (peer.acknowledgedKnown && (further <= 0 || further > WIDEST_WINDOW)) return false;
    peer.acknowledged = acknowledgment;
    peer.acknowledgedKnown = true;
    peer.acknowledgedAt = layers.time;
    if (!peer.known) return false;
    const ahead = (acknowledgment - peer.highest) | 0;
    if (ahead > (peer.finished ? 1 : 0) && ahead <= WIDEST_WINDOW) {
      peer.skipTo(acknowledgment, layers.time, peer.fullSegment(sender));
    }
    const { sent } = peer;
    if (sent !== null && sent.count > 0) {
      sent.acknowledge(acknowledgment);
      const { largestAcknowledged } = this.row;
      const { removedLargest } = sent;
      if (peer === this.client) {
        if (removedLargest > largestAcknowledged.client) largestAcknowledged.client = removedLargest;
      } else if (removedLargest > largestAcknowledged.server) largestAcknowledged.server = removedLargest;
      if (peer.loss === null && !sent.removedAgain && !Number.isNaN(sent.removedAt)) {
        this.#timed(peer, layers.time - sent.removedAt, layers.payloadLength > 0, sent.removed === 1);
      }
    }
    if (peer.loss !== null) acknowledgedLoss(this.row, peer, layers);
    if (layers.payloadLength === 0 && peer.isAllAcknowledged) noteDelayed(peer, sender, layers);
    return true;
  }

  /** A segment with data. @returns whether some of it is new */
  #sends(sender: Sender, peer: Sender, layers: Layers, sequence: number): boolean {
    const end = (sequence + layers.payloadLength) | 0;
    if (!sender.known) {
      sender.known = true;
      sender.highest = sequence;
    }
    const ahead = (sequence - sender.highest) | 0;
    if (ahead === 0) {
      if (layers.payloadLength === 1 && peer.isShut) {
        probed(this.row, sender, peer, layers);
        return false;
      }
      this.#isNew(sender, peer, layers, sequence, end, 0);
      return true;
    }
    if (ahead > 0) {
      if (ahead > WIDEST_WINDOW) sender.jump(sequence);
      this.#isNew(sender, peer, layers, sequence, end, ahead > WIDEST_WINDOW ? 0 : ahead);
      return true;
    }
    if (ahead < -WIDEST_WINDOW) {
      sender.jump(sequence);
      this.#isNew(sender, peer, layers, sequence, end, 0);
      return true;
    }
    const isPartlyNew = ((end - sender.highest) | 0) > 0;
    const cameLater = this.#isOld(sender, peer, layers, sequence, isPartlyNew ? sender.highest : end);
    sender.lastSentAt = layers.time;
    if (isPartlyNew) this.#isNew(sender, peer, layers, sender.highest, end, 0);
    else if (cameLater) this.#speaks(sender, layers);
    return isPartlyNew || cameLater;
  }

  /** @param missing bytes between what was seen so far and this */
  #isNew(sender: Sender, peer: Sender, layers: Layers, start: number, end: number, missing: number): void {
    const { row } = this;
    const wasAlone = this.#speaker === sender;
    const mayBeLate = sender.skipped > 0 && (wasAlone || sender === this.server);
    const since = mayBeLate
      ? lostBefore(sender, peer, layers, { progressAt: this.#progressAt, missing, isFirstAck: this.#acknowledging })
      : Number.NaN;
    if (missing > 0) missed(sender, peer, layers, since, start);
    else if (!Number.isNaN(since)) foundLost(row, sender, layers, since);
    else pausedBefore(row, sender, peer, layers, wasAlone);

    sender.segments(this.#room).push(start, end, layers);
    const length = (end - start) | 0;
    sender.highest = end;
    if (sender === this.client) row.bytes.client += length;
    else row.bytes.server += length;
    if (length > sender.largest) sender.largest = length;
    sender.lastAt = layers.time;
    sender.lastSentAt = layers.time;
    sender.lastPacket = packetId(layers.input, layers.number);
    sender.lastLength = length;
    sender.delayedAt = Number.NaN;
    if (sender.loss !== null && !sender.acknowledgedKnown) wentOn(sender);
    measure(peer, sender, layers);
    this.#speaks(sender, layers);
  }

  #speaks(sender: Sender, { time }: Layers): void {
    const { row } = this;
    this.#speaker = sender;
    row.previousDataAt = row.lastDataAt;
    row.lastDataAt = time;
  }

  /** Nothing of it lies beyond what was seen so far. @returns whether it was not seen before */
  #isOld(sender: Sender, peer: Sender, layers: Layers, start: number, end: number): boolean {
    const { row } = this;
    if (sender.acknowledgedKnown && ((end - sender.acknowledged) | 0) <= 0) {
      // A keepalive may carry one byte of garbage (RFC 1122 section 4.2.3.6).
      if (layers.payloadLength === 1 && end === sender.highest) this.#asks(sender, peer, layers);
      else if (this.#isFirstSight(sender, layers, start, end)) return true;
      else sentInVain(row, sender, layers);
      return false;
    }
    const { sent } = sender;
    const index = sent === null ? -1 : sent.holding(start);
    if (index >= 0) {
      sentAgain(row, sender, layers, index, end);
      return false;
    }
    cameLate(row, sender, peer, layers, end);
    row.bytes[sender.side] += (end - start) | 0;
    sent?.insert(start, end, layers);
    return true;
  }

  /** Data that comes behind its acknowledgment. */
  #isFirstSight(sender: Sender, layers: Layers, start: number, end: number): boolean {
    const isUnseen = ((start - sender.unseenStart) | 0) >= 0 && ((sender.unseenEnd - end) | 0) >= 0;
    if (!isUnseen || layers.time - sender.unseenAt > QUEUES_APART) return false;
    this.row.bytes[sender.side] += (end - start) | 0;
    sender.unseenInAll = Math.max(0, sender.unseenInAll - 1);
    return true;
  }

  /** A segment without data tells what its sender has sent. */
  #stands(sender: Sender, peer: Sender, layers: Layers, sequence: number): void {
    if (!sender.known) {
      sender.known = true;
      sender.highest = sequence;
      return;
    }
    const ahead = (sequence - sender.highest) | 0;
    if (ahead === 0 || (ahead === 1 && sender.finished)) return;
    if (ahead === -1 && sender.isAllAcknowledged) this.#asks(sender, peer, layers);
    else if (ahead > 0 && ahead <= WIDEST_WINDOW) {
      missed(sender, peer, layers, this.#progressAt, sequence);
      sender.highest = sequence;
    }
  }

  /** One number below the next: is the other side still there, or its window still closed? */
  #asks(sender: Sender, peer: Sender, layers: Layers): void {
    if (peer.isClosed) probed(this.row, sender, peer, layers);
    else this.row.keepalives[sender.side]++;
  }
}

/** Merged inputs may be a little out of order; nothing lasts less than nothing. */
const elapsed = (start: Timestamp, end: Timestamp): Duration => nanoseconds(Math.max(0, end - start));
