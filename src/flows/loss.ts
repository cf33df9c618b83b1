import { at, milliseconds, type Timestamp } from '../base/time.ts';
import { packetId, type Layers } from '../model/packet.ts';
import { wholeWay, type Loss, type Sender } from './sender.ts';
import { addProof, lastUntil, listStall, openStall, unlistStall } from './stall-list.ts';
import { readDuplicateSack, timestampEcho, timestampValue } from './tcp-options.ts';
import type { TrackedRow } from './tracked-row.ts';

// What is repaired sooner cost nothing that anybody feels: a fast retransmission within a data centre.
const LEAST_LOSS = milliseconds(10);
// The acknowledgment of what the capture lost itself is there by then, also from another queue.
const PATIENCE = milliseconds(10);
// Without identification or timestamp: what is overtaken on its way comes within so long (as Wireshark has it).
const REORDERING = milliseconds(3);
// Linux resends after 200 ms at the earliest (TCP_RTO_MIN, and a tail-loss probe of one segment), less what a timer may come early …
const LEAST_RETRANSMISSION_TIMEOUT = milliseconds(190);
// … and by then on paths of usual length; later ones double.
const USUAL_RETRANSMISSION_TIMEOUT = milliseconds(300);
// More in a row are rather a restart of the count.
const MOST_SKIPPED = 6;
const MAX_RESENDS_KEPT = 16;

/** A segment that was seen before is sent again. @param index of it among those sent */
export function sentAgain(row: TrackedRow, sender: Sender, layers: Layers, index: number, end: number): void {
  row.retransmissions[sender.side]++;
  const sent = sender.sent;
  if (sent === null || sender.isGivenUp) return;
  const first = sent.time(index);
  const loss = (sender.loss ??= reopened(sender, first) ?? begin(sender, layers, first, end));
  const { stall } = loss;
  if (first < stall.startedAt) stall.startedAt = at(first);
  addProof(stall, sent.packet(index));
  addProof(stall, packetId(layers.input, layers.number));
  const stamp = timestampValue(layers);
  let sends = 0;
  for (let other = index; other < sent.count && ((sent.start(other) - end) | 0) < 0; other++) {
    sends = Math.max(sends, sent.sendAgain(other, stamp));
    stall.bytes = Math.max(stall.bytes, (sent.end(other) - sent.start(other)) | 0);
  }
  stall.resends = Math.max(stall.resends, sends - 1);
  if (loss.resends === 0) loss.stamp = stamp;
  loss.resends++;
  if (((end - loss.to) | 0) > 0) loss.to = end;
  remember(sender, layers, false);
  repair(row, loss, layers.time);
}

/** Data that the other side has already is sent again. */
export function sentInVain(row: TrackedRow, sender: Sender, layers: Layers): void {
  row.retransmissions[sender.side]++;
  row.spurious[sender.side]++;
  remember(sender, layers, true);
}

/**
 * Bytes from the highest number seen so far were sent and not seen.
 * @param since when they should have come
 * @param until the first number that is not missing
 */
export function missed(sender: Sender, peer: Sender, layers: Layers, since: number, until: number): void {
  if (sender.isGivenUp) return;
  const missing = (until - sender.highest) | 0;
  const loss = (sender.loss ??= begin(sender, layers, Number.isNaN(since) ? layers.time : since, until));
  loss.isMissing = true;
  loss.stall.bytes = Math.max(loss.stall.bytes, Math.min(missing, sender.fullSegment(peer)));
  if (((until - loss.to) | 0) > 0) loss.to = until;
  addProof(loss.stall, packetId(layers.input, layers.number));
}

/** Data that was not seen before comes behind later data: sent again, or overtaken on its way. */
export function cameLate(row: TrackedRow, sender: Sender, peer: Sender, layers: Layers, end: number): void {
  const { loss } = sender;
  if (loss === null || !loss.isMissing || !wasSentLater(loss, sender, peer, layers, end)) return;
  row.retransmissions[sender.side]++;
  const { stall } = loss;
  stall.resends = Math.max(stall.resends, 1);
  stall.bytes = Math.max(stall.bytes, layers.payloadLength);
  loss.isFilled = true;
  addProof(stall, packetId(layers.input, layers.number));
  remember(sender, layers, false);
  repair(row, loss, layers.time);
}

/** Than what follows it, or than what showed the hole: by identification, by timestamp, or by how long it took. */
function wasSentLater(loss: Loss, sender: Sender, peer: Sender, layers: Layers, end: number): boolean {
  const { sent } = sender;
  const index = sent === null ? 0 : sent.following(end);
  const follows = sent !== null && index < sent.count;
  const id = follows ? sent.identification(index) : loss.shownId;
  if (sender.isCounting && layers.ipId > 0 && id > 0) return ((layers.ipId - id) & 0xffff) < 0x8000;
  const stamp = timestampValue(layers);
  const stampThen = follows ? sent.stamp(index) : loss.shownStamp;
  if (stamp !== 0 && stampThen !== 0 && stamp !== stampThen) return ((stamp - stampThen) | 0) > 0;
  const then = follows ? sent.time(index) : loss.shownAt;
  const way = wholeWay(sender, peer);
  return layers.time - then >= Math.max(REORDERING, way / 2);
}

/** What is known of new data that comes after a pause. */
interface Late {
  /** The last packet with new data or a new acknowledgment. */
  readonly progressAt: number;
  /** Bytes before it that were not seen either. */
  readonly missing: number;
  /** It is the first to acknowledge what it answers. */
  readonly isFirstAck: boolean;
}

/**
 * New data that comes after a pause, and identifications tell that the sender sent before: its
 * first sendings were lost before the capture, nothing behind them, and this is their resend.
 * @returns when it should have come; NaN where nothing tells so
 */
export function lostBefore(sender: Sender, peer: Sender, layers: Layers, late: Late): number {
  const { progressAt, missing, isFirstAck } = late;
  // A capture of packets with payload alone lacks all acknowledgments, which are counted as well.
  if (sender.acknowledgedAlone + peer.acknowledgedAlone === 0) return Number.NaN;
  // What the other side has acknowledged meanwhile the capture alone lacks.
  const unseen = sender.unseenAt > sender.packetBeforeAt ? sender.unseenPieces : 0;
  const full = sender.fullSegment(peer);
  const pieces = Math.ceil(missing / full) + unseen;
  // What the sender answers was seen a round trip before its answer can be.
  const way = progressAt > sender.packetBeforeAt ? peer.roundTrip.shortest : 0;
  const before = Math.max(progressAt, sender.packetBeforeAt) + way;
  const wait = layers.time - before;
  // On a long path the timer runs a round trip longer (RFC 6298: RTO = SRTT + …; Linux adds 200 ms at least).
  const usual = USUAL_RETRANSMISSION_TIMEOUT + wholeWay(sender, peer);
  // A receiver acknowledges within 200 ms (delayed ACK, TCP_DELACK_MAX) what it does not answer by
  // then: where no such packet was seen, it is one of those that the capture lacks. So it is where this
  // sender mostly acknowledges first and answers later.
  const acknowledgesFirst = wait > usual || sender.acknowledgedAlone > sender.acknowledgedWithData;
  const acknowledgments = isFirstAck && acknowledgesFirst ? 1 : 0;
  const lost = sender.skipped - pieces - acknowledgments;
  if (lost <= 0 || lost > MOST_SKIPPED || !sender.isCounting || !peer.known) return Number.NaN;
  // A probe after 200 ms, a timeout after as long again, then twice as long each.
  const doublings = 2 ** (lost - 1);
  if (!(wait >= LEAST_RETRANSMISSION_TIMEOUT * doublings)) return Number.NaN;
  if (wait <= usual * doublings) return before;
  return layers.time - LEAST_RETRANSMISSION_TIMEOUT * doublings;
}

/** The stall that {@link lostBefore} tells of, which is over. */
export function foundLost(row: TrackedRow, sender: Sender, layers: Layers, since: number): void {
  const stall = openStall('loss', sender.side, since, layers.payloadLength);
  if (sender.packetBefore >= 0) addProof(stall, sender.packetBefore);
  addProof(stall, packetId(layers.input, layers.number));
  row.retransmissions[sender.side]++;
  stall.resends = 1;
  stall.repaired = true;
  lastUntil(stall, layers.time);
  listStall(row, stall);
}

/** The other side says what it got twice: such a resend was for nothing. */
export function heardDuplicate(row: TrackedRow, sender: Sender, layers: Layers): void {
  const { resends } = sender;
  const range = resends === null ? null : readDuplicateSack(layers);
  if (resends === null || range === null) return;
  for (let index = 0; index < resends.starts.length; index++) {
    const overlaps =
      (((resends.starts[index] as number) - range.end) | 0) < 0 &&
      ((range.start - (resends.ends[index] as number)) | 0) < 0;
    if (!overlaps || resends.counted[index] === true) continue;
    resends.counted[index] = true;
    row.spurious[sender.side]++;
    const loss = sender.loss ?? sender.lastLoss;
    if (loss === null) return;
    loss.spurious++;
    if (!loss.isFilled && loss.spurious >= loss.resends) drop(row, sender, loss);
    return;
  }
}

/** The other side has more than before: perhaps all that was lost. */
export function acknowledgedLoss(row: TrackedRow, sender: Sender, layers: Layers): void {
  const { loss } = sender;
  if (loss === null || ((sender.acknowledged - loss.to) | 0) < 0) return;
  // A hole that nothing filled was none: the capture itself lost the packets. An echo older than
  // the only resend: the first sending arrived after all (RFC 3522, Eifel).
  const echo = loss.resends === 1 && !loss.isMissing ? timestampEcho(layers) : 0;
  const isVain = echo !== 0 && loss.stamp !== 0 && ((loss.stamp - echo) | 0) > 0;
  if (isVain && loss.spurious === 0) {
    row.spurious[sender.side]++;
    sender.resends?.counted.fill(true);
  }
  if (Number.isNaN(loss.repairedAt) || isVain) {
    drop(row, sender, loss);
    return;
  }
  finishLoss(sender, loss, true, at(loss.repairedAt));
}

/** Time goes on while something is lost. */
export function lossLasts(row: TrackedRow, sender: Sender, time: Timestamp): void {
  const { loss } = sender;
  if (loss === null) return;
  if (!loss.isListed) {
    const isStuck = loss.isMissing && sender.acknowledgedKnown && time - loss.shownAt > PATIENCE;
    if (!isStuck || time - loss.stall.startedAt < LEAST_LOSS) return;
    list(row, loss);
  }
  lastUntil(loss.stall, time);
}

/** What of the server's data its client has not shown to have. */
export function noteDelivery(row: TrackedRow, client: Sender, server: Sender): void {
  row.undelivered = client.known && !server.isAllAcknowledged;
  row.unacknowledged = row.undelivered ? server.unacknowledged : 0;
  row.repairing = server.loss !== null;
}

/** Nobody waits for this side's data any more. */
export function giveUp(row: TrackedRow, sender: Sender, time: Timestamp): void {
  endLoss(row, sender, time);
  sender.isGivenUp = true;
}

/** The connection is over. */
export function endLoss(row: TrackedRow, sender: Sender, time: Timestamp): void {
  lossLasts(row, sender, time);
  const { loss } = sender;
  if (loss === null) return;
  if (!loss.isListed && loss.resends > loss.spurious && time - loss.stall.startedAt >= LEAST_LOSS) list(row, loss);
  finishLoss(sender, loss, false, time);
}

/** Where only one side is seen: new data follows, so that what was lost is taken for repaired. */
export function wentOn(sender: Sender): void {
  const { loss } = sender;
  if (loss !== null && !Number.isNaN(loss.repairedAt)) finishLoss(sender, loss, true, at(loss.repairedAt));
}

function begin(sender: Sender, layers: Layers, since: number, to: number): Loss {
  return {
    stall: openStall('loss', sender.side, Math.min(since, layers.time), 0),
    isListed: false,
    to,
    resends: 0,
    spurious: 0,
    isMissing: false,
    isFilled: false,
    repairedAt: Number.NaN,
    stamp: 0,
    shownAt: layers.time,
    shownId: layers.ipId,
    shownStamp: timestampValue(layers),
  };
}

/** The loss that this segment belongs to as well: it was sent before that was repaired. */
function reopened(sender: Sender, first: number): Loss | null {
  const { lastLoss } = sender;
  if (lastLoss === null || !lastLoss.isListed || first > lastLoss.repairedAt) return null;
  lastLoss.stall.repaired = false;
  return lastLoss;
}

function repair(row: TrackedRow, loss: Loss, time: Timestamp): void {
  loss.repairedAt = time;
  lastUntil(loss.stall, time);
  if (!loss.isListed && loss.stall.duration >= LEAST_LOSS) list(row, loss);
}

function list(row: TrackedRow, loss: Loss): void {
  // Without the acknowledgments of a side that is seen, a resend for nothing, a closed window and a loss look alike.
  const { client, server } = row.packets;
  if (!row.showsAcknowledgments && client > 0 && server > 0) return;
  loss.isListed = true;
  listStall(row, loss.stall);
}

function finishLoss(sender: Sender, loss: Loss, isRepaired: boolean, until: Timestamp): void {
  loss.stall.repaired = isRepaired;
  lastUntil(loss.stall, until);
  sender.loss = null;
  sender.lastLoss = loss;
}

function drop(row: TrackedRow, sender: Sender, loss: Loss): void {
  if (loss.isListed) unlistStall(row, loss.stall);
  loss.isListed = false;
  if (sender.loss === loss) sender.loss = null;
  sender.lastLoss = null;
}

function remember(sender: Sender, layers: Layers, isCounted: boolean): void {
  const resends = (sender.resends ??= { starts: [], ends: [], counted: [], next: 0 });
  const { next } = resends;
  resends.starts[next] = layers.sequence | 0;
  resends.ends[next] = (layers.sequence + layers.payloadLength) | 0;
  resends.counted[next] = isCounted;
  resends.next = (next + 1) % MAX_RESENDS_KEPT;
}
