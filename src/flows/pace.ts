import { milliseconds } from '../base/time.ts';
import type { Layers } from '../model/packet.ts';
import type { Pace, Sender } from './sender.ts';
import { goesOn } from './stall-list.ts';
import type { TrackedRow } from './tracked-row.ts';

// As short as other stalls are told, and enough packets to have a pace. A way that takes a segment in no less is
// slower than any link of a pod (1.2 Mbit/s).
const LEAST = milliseconds(10);
const FEWEST_PACKETS = 8;
// What waited for an acknowledgment leaves in the same breath: of 600 such segments of seven programs 95 % within
// 0.35 ms, on either side of a short way.
export const AT_ONCE = milliseconds(0.5);
// Further from the sender acknowledgments and what they let go pass one another, and nothing tells which belong together.
const NEAR = milliseconds(0.5);
// A receiver acknowledges every second full segment at the latest (RFC 9293 section 3.8.6.3): where more than that is on
// its way all the while, the way holds it.
const MORE_THAN_ACKNOWLEDGED = 2;
// At one pace no segment takes as long as four. Over links of 20 and 50 Mbit/s (TBF; HTB with FIFO), one to four transfers
// at a time, 0 to 5 % of the time is in longer gaps; of a program that writes 16 kB at a time 99 %.
const GAP = 4;
// From ten segments to a megabyte on its way are seven doublings; then it is up to speed (RFC 6928, RFC 5681).
const MANY_ROUND_TRIPS = 20;
// Of machines that are busy some packets come late.
const MOST_ELSE = 1 / 5;
// Who has more to send than the way takes sends full segments, but for what is left of a window; who writes in parts ends
// each with a smaller one: of parts of nine segments or fewer, since larger ones have gaps.
const MOST_PARTIAL = 1 / 10;

const createPace = (): Pace => ({
  since: Number.NaN,
  packets: 0,
  partial: 0,
  bytes: 0,
  busy: 0,
  gaps: 0,
  free: 0,
  held: 0,
  stall: null,
});

function begin(pace: Pace, since: number): void {
  pace.since = since;
  pace.packets = pace.partial = pace.bytes = pace.busy = pace.gaps = pace.free = pace.held = 0;
  pace.stall = null;
}

/**
 * New data comes, after some of the same side: at the way's own pace? Near the sender, since it leaves as
 * acknowledgments come while more is on its way (as much as its congestion window lets it, RFC 5681). At the receiver,
 * where all that comes is acknowledged, since full segments come evenly, together with what others send there.
 * @param wasAlone the other side sent no data since this side's last
 * @returns whether it does, and other data came for the same host just before
 */
export function keptPace(row: TrackedRow, sender: Sender, peer: Sender, layers: Layers, wasAlone: boolean): boolean {
  const gap = peer.host.hears(layers.time);
  // Nearly all messages are one segment.
  if (!wasAlone && sender.pace === null) return false;
  const pace = (sender.pace ??= createPace());
  if (!wasAlone && !goesOnBeside(pace, sender, peer, layers)) {
    pace.since = Number.NaN;
    return false;
  }
  if (Number.isNaN(pace.since)) begin(pace, sender.lastAt);
  const { time, payloadLength } = layers;
  const full = sender.fullSegment(peer);
  const length = Math.max(payloadLength, full);
  const waited = time - sender.lastAt;
  const isFree = waited > AT_ONCE && !isAckClocked(sender, peer, layers, full);
  const isLong = isGap(pace, gap, length, full);
  if (isLong && isFree && gap >= LEAST) {
    begin(pace, time);
    return false;
  }
  pace.packets++;
  pace.bytes += payloadLength;
  pace.busy += gap;
  if (payloadLength % full !== 0) pace.partial++;
  if (isLong) pace.gaps += gap;
  if (!Number.isNaN(peer.closedAt) && !peer.keepsUp) pace.held += waited;
  else if (isFree) pace.free += waited;
  const lasted = time - pace.since;
  if (lasted < LEAST || pace.packets < FEWEST_PACKETS) return false;
  const isOfItsWay = pace.held <= MOST_ELSE * lasted && (pace.free <= MOST_ELSE * lasted || isEven(pace));
  if (isOfItsWay) tell(row, pace, sender, peer, layers);
  else begin(pace, time);
  return isOfItsWay && !isLong;
}

/** The other side sent data meanwhile: a window of HTTP/2, which changes nothing; or a request, which begins anew. */
function goesOnBeside(pace: Pace, sender: Sender, peer: Sender, { time }: Layers): boolean {
  const full = sender.fullSegment(peer);
  return (
    isMoreOnItsWay(sender, full) ||
    (pace.since >= 0 && pace.packets > 0 && !isGap(pace, time - sender.lastAt, full, full))
  );
}

/** Too long for the pace so far, or for any: then its sender rests. */
const isGap = ({ bytes, busy }: Pace, gap: number, length: number, full: number): boolean =>
  gap * bytes > GAP * length * busy || gap * full > LEAST * length;

/** Of the packets that are no full ones the last is what is left. */
const isEven = ({ packets, partial, gaps, busy }: Pace): boolean =>
  gaps <= MOST_ELSE * busy && partial - 1 <= MOST_PARTIAL * packets;

const isMoreOnItsWay = ({ highest, acknowledged, acknowledgedKnown }: Sender, full: number): boolean =>
  acknowledgedKnown && ((highest - acknowledged) | 0) >= MORE_THAN_ACKNOWLEDGED * full;

function isAckClocked(sender: Sender, peer: Sender, { time }: Layers, full: number): boolean {
  const wayToSender = peer.roundTrip.shortest;
  if (!isMoreOnItsWay(sender, full) || wayToSender > NEAR) return false;
  return time - sender.acknowledgedAt <= AT_ONCE + wayToSender;
}

function tell(row: TrackedRow, pace: Pace, sender: Sender, peer: Sender, layers: Layers): void {
  const stall = goesOn(row, pace, 'path', sender, layers);
  // Slow start and what a window lets go take a few; a limit shows in many.
  const way = (sender.host.least || 0) + (peer.host.least || 0);
  stall.reason = layers.time - pace.since >= MANY_ROUND_TRIPS * way ? 'path' : 'round-trips';
  stall.bytes = pace.bytes;
}
