import { at, milliseconds } from '../base/time.ts';
import type { StallReason } from '../model/connection.ts';
import { packetId, type Layers } from '../model/packet.ts';
import { AT_ONCE, keptPace } from './pace.ts';
import { SHORTEST_DELAYED_ACKNOWLEDGMENT } from './round-trip.ts';
import { wholeWay, type Sender } from './sender.ts';
import { addProof, lastUntil, listStall, openStall, type OpenStall } from './stall-list.ts';
import type { TrackedRow } from './tracked-row.ts';
import { fillsWindow } from './window-rounds.ts';
import { LEAST_PAUSE, PATH_TOLERANCE, writesInParts } from './written-parts.ts';

// Linux waits 40 ms (TCP_DELACK_MIN) to 200 ms (TCP_DELACK_MAX), other systems up to 200 ms; timers come early or late.
const LONGEST_DELAYED_ACKNOWLEDGMENT = milliseconds(250);
// On a busy machine some leave a little later: told of who else mostly leaves at once.
const HARDLY_LATER = milliseconds(2);
const MOSTLY = 2;
// A window update may be waited for by a program that has to be woken.
const SOON = milliseconds(5);
// A reader limits a transfer where the window is filled again within so small a part of the time that it stays full;
// while it does, shorter rests are its own too: a program that keeps up takes what came within a fraction of that.
const BREATH = 1 / 2;
// A buffer that stays fuller than this is filled faster than it is read all the while.
const FULL = 1 / 2;
const LEAST_FURTHER_REST = milliseconds(2);

/**
 * New data comes: did it wait before, and what for?
 * @param wasAlone the other side sent no data since this side's last
 */
export function pausedBefore(row: TrackedRow, sender: Sender, peer: Sender, layers: Layers, wasAlone: boolean): void {
  writesInParts(row, sender, peer, layers, wasAlone);
  const isOnItsWay = fillsWindow(row, sender, peer, layers, wasAlone) || keptPace(row, sender, peer, layers, wasAlone);
  const pause = layers.time - sender.lastSentAt;
  const waitedLong = pause >= LEAST_PAUSE && wasAlone;
  if (!Number.isNaN(peer.closedAt)) {
    const isExplained = waitedForWindow(row, sender, peer, layers, wasAlone);
    peer.closedAt = Number.NaN;
    peer.reopenedAt = Number.NaN;
    peer.windowStall = null;
    if (isExplained) return;
  }
  if (!waitedLong || !sender.isAllAcknowledged) return;
  if (waitedForAcknowledgment(row, sender, peer, layers)) return;
  const way = wholeWay(sender, peer);
  if (isOnItsWay || peer.isShut || pause < LEAST_PAUSE + PATH_TOLERANCE * way) return;
  const stall = begin('sender-idle', sender, layers, sender.lastSentAt);
  addProof(stall, sender.lastPacket);
  over(row, stall, layers);
}

/** Whether Nagle's algorithm held it: it left with the delayed acknowledgment of the small segment before. */
function waitedForAcknowledgment(row: TrackedRow, sender: Sender, peer: Sender, layers: Layers): boolean {
  const since = layers.time - sender.delayedAt;
  if (Number.isNaN(since) || layers.payloadLength >= sender.fullSegment(peer)) return false;
  const { isSettled } = peer.roundTrip;
  const way = isSettled ? peer.roundTrip.shortest : soonest(sender, since);
  const late = Math.abs(since - way) - way / 4;
  const isMostlyAtOnce = sender.leftAtOnce > MOSTLY * sender.leftLater;
  if (late <= AT_ONCE) {
    sender.leftAtOnce++;
    // Whose pauses end at any time pauses by itself: that some end with an acknowledgment is chance.
    if (isSettled ? sender.leftLater > sender.leftAtOnce : !isMostlyAtOnce) return false;
  } else if (!isSettled || late > HARDLY_LATER || !isMostlyAtOnce) {
    sender.leftLater++;
    return false;
  }
  const stall = begin('delayed-ack', sender, layers, sender.lastAt);
  addProof(stall, sender.lastPacket);
  addProof(stall, sender.delayedPacket);
  over(row, stall, layers);
  return true;
}

/**
 * How long the way is, as far as these pauses tell: where no handshake and no bare acknowledgment does, what is known
 * has the program's time in it. What waits for acknowledgments always leaves as long after them, so nothing is told
 * by the first pause, nor where one ends much sooner than those before.
 */
function soonest(sender: Sender, since: number): number {
  const before = sender.soonestAfterDelayed;
  if (since >= before) return before;
  sender.soonestAfterDelayed = since;
  if (since >= before - AT_ONCE) return since;
  sender.leftLater += sender.leftAtOnce;
  sender.leftAtOnce = 0;
  return since;
}

/** Notes an acknowledgment without data of all that was sent, where it was delayed. */
export function noteDelayed(sender: Sender, peer: Sender, layers: Layers): void {
  const age = layers.time - sender.lastAt;
  const way = sender.roundTrip.shortest;
  if (!(age >= SHORTEST_DELAYED_ACKNOWLEDGMENT + way) || age > LONGEST_DELAYED_ACKNOWLEDGMENT + way) return;
  if (sender.lastSentAt !== sender.lastAt || sender.lastLength >= sender.fullSegment(peer)) return;
  sender.delayedAt = layers.time;
  sender.delayedPacket = packetId(layers.input, layers.number);
}

/** Whether it waited for the window, and left as soon as that was open. */
function waitedForWindow(row: TrackedRow, sender: Sender, peer: Sender, layers: Layers, wasAlone: boolean): boolean {
  const probing = peer.windowStall;
  if (probing !== null) {
    probing.bytes = layers.payloadLength;
    addProof(probing, packetId(layers.input, layers.number));
    peer.heldBack = probing;
    return true;
  }
  if (Number.isNaN(peer.reopenedAt) || !wasAlone) return false;
  // Its program reads, and the way takes what is sent no faster.
  if (peer.keepsUp) return false;
  const way = PATH_TOLERANCE * wholeWay(sender, peer);
  const rest = peer.reopenedAt - peer.closedAt;
  const last = peer.heldBack;
  const goesOn =
    last !== null &&
    (peer.closedAt - (last.startedAt + last.duration) <= rest * BREATH ||
      peer.widest <= (1 - FULL) * peer.largestWindow);
  if (rest < (goesOn ? LEAST_FURTHER_REST : SOON) + way) return false;
  if (layers.time - peer.reopenedAt > SOON + PATH_TOLERANCE * peer.roundTrip.shortest) return false;
  const stall = goesOn ? last : begin('zero-window', sender, layers, peer.closedAt);
  peer.heldBack = stall;
  peer.widest = peer.window;
  addProof(stall, peer.closedPacket);
  addProof(stall, peer.reopenedPacket);
  addProof(stall, packetId(layers.input, layers.number));
  lastUntil(stall, at(peer.reopenedAt));
  if (stall.repaired) return true;
  if (stall.duration < LEAST_PAUSE + way) return false;
  stall.repaired = true;
  listStall(row, stall);
  return true;
}

/** A receiver announces its window. @param sender whose data it takes */
export function announced(row: TrackedRow, receiver: Sender, sender: Sender, layers: Layers): void {
  const { window } = layers;
  if (window !== 0) receiver.isShut = false;
  else if (!receiver.isShut) {
    receiver.isShut = true;
    row.zeroWindows[receiver.side]++;
  }
  const isScaled = sender.scale >= 0 && receiver.scale >= 0;
  const bytes = isScaled ? window << receiver.scale : window;
  if (bytes > receiver.largestWindow) receiver.largestWindow = bytes;
  if (bytes < receiver.leastWindow) receiver.leastWindow = bytes;
  receiver.window = bytes;
  if (bytes > receiver.widest) receiver.widest = bytes;
  const edge = (layers.acknowledgment + bytes) | 0;
  // Of packets that were overtaken the announcement is an old one.
  if (!receiver.edgeKnown || ((layers.acknowledgment - sender.acknowledged) | 0) >= 0) receiver.edge = edge;
  receiver.edgeKnown = true;
  measure(receiver, sender, layers);
}

/** Whether there is room for the next segment: asked after each announcement and each new segment. */
export function measure(receiver: Sender, sender: Sender, layers: Layers): void {
  if (!receiver.edgeKnown || !sender.known) return;
  let hasRoom = !receiver.isShut;
  // How windows are scaled is said in both SYNs.
  if (hasRoom && receiver.opened && sender.opened) {
    // A sender waits for room for a full segment, or half of the window (RFC 9293 section 3.8.6.2.1).
    const needed = Math.min(sender.fullSegment(receiver), receiver.largestWindow / 2);
    hasRoom = ((receiver.edge - sender.highest) | 0) >= needed;
  }
  if (!hasRoom) {
    if (receiver.isClosed) return;
    receiver.closedAt = layers.time;
    receiver.leastWindow = receiver.window;
    receiver.closedPacket = packetId(layers.input, layers.number);
    receiver.reopenedAt = Number.NaN;
    receiver.windowStall = null;
  } else if (receiver.isClosed) {
    receiver.reopenedAt = layers.time;
    receiver.reopenedPacket = packetId(layers.input, layers.number);
    const stall = receiver.windowStall;
    if (stall === null) return;
    addProof(stall, receiver.reopenedPacket);
    stall.repaired = true;
    lastUntil(stall, layers.time);
  }
}

/** The sender asks whether the window is still closed: it has something to send. */
export function probed(row: TrackedRow, sender: Sender, receiver: Sender, layers: Layers): void {
  if (!receiver.isClosed) return;
  let stall = receiver.windowStall;
  if (stall === null) {
    stall = begin('zero-window', sender, layers, receiver.closedAt);
    receiver.windowStall = stall;
    addProof(stall, receiver.closedPacket);
    listStall(row, stall);
  }
  stall.resends++;
  addProof(stall, packetId(layers.input, layers.number));
  lastUntil(stall, layers.time);
}

/** The connection is over. */
export function endClosure(receiver: Sender, time: number): void {
  const stall = receiver.windowStall;
  if (stall !== null && !stall.repaired) lastUntil(stall, at(time));
  receiver.windowStall = null;
}

function begin(reason: StallReason, sender: Sender, layers: Layers, since: number): OpenStall {
  return openStall(reason, sender.side, since, layers.payloadLength);
}

function over(row: TrackedRow, stall: OpenStall, layers: Layers): void {
  addProof(stall, packetId(layers.input, layers.number));
  stall.repaired = true;
  lastUntil(stall, layers.time);
  listStall(row, stall);
}
