import { milliseconds } from '../base/time.ts';
import type { Layers } from '../model/packet.ts';
import type { Sender, WindowRounds } from './sender.ts';
import { goesOn } from './stall-list.ts';
import type { TrackedRow } from './tracked-row.ts';

// Over a shorter way 64 kB for each round trip, the smallest window that anybody still has, are more than 30 MB/s.
const LEAST_WAY = milliseconds(2);
// So many round trips in which nothing is left of the window are no chance, nor are a few others among them.
const FEWEST_ROUNDS = 4;
const MOST_SHORT = 1 / 5;
// A sender leaves out what is less than a full segment, or holds it for a while (RFC 9293 section 3.8.6.2.1).
const LEFT_OVER = 2;
// Longer rests are its program's; one with the other side's data in it, to which it answers, takes the way as well.
const LONGEST_REST = 2;
const FOR_A_REQUEST = 0.8;

// Data that an announcement lets go leaves in the same breath, as acknowledgments that came together let go several
// segments: until the last of them came, an eighth of a round trip more is announced and used at most.
const BREATH = 1 / 8;

const createRounds = (): WindowRounds => ({
  since: Number.NaN,
  at: -Infinity,
  edge: 0,
  asks: false,
  wasHeld: false,
  full: 0,
  short: 0,
  stall: null,
});

/**
 * New data comes: is the receive window used up in each round trip? Once a round, what was announced is compared with
 * how far the data has come when the announcement has been to the sender and what it let go is back.
 * @param wasAlone the other side sent no data since this side's last
 * @returns whether it is
 */
export function fillsWindow(row: TrackedRow, sender: Sender, peer: Sender, layers: Layers, wasAlone: boolean): boolean {
  const wayToSender = peer.roundTrip.least;
  const way = wayToSender + sender.roundTrip.least;
  if (!(way >= LEAST_WAY) || !peer.edgeKnown || !peer.opened || !sender.opened) return false;
  const { time } = layers;
  const rounds = (sender.rounds ??= createRounds());
  const rested = time - sender.lastAt;
  const isAnswer = !wasAlone && rested >= FOR_A_REQUEST * way;
  if (!(rested <= LONGEST_REST * way) || isAnswer || row.zeroWindows[peer.side] > 0) begin(rounds);
  rounds.wasHeld ||= !Number.isNaN(peer.closedAt);
  if (rounds.asks && time - rounds.at > wayToSender + BREATH * way) {
    rounds.asks = false;
    const left = (rounds.edge - sender.highest) | 0;
    // Near the sender it is seen to stop, and to go on with more room.
    const isNear = wayToSender < BREATH * way;
    if (isNear ? rounds.wasHeld : left <= LEFT_OVER * sender.fullSegment(peer)) rounds.full++;
    else rounds.short++;
    rounds.wasHeld = false;
    if (rounds.short > MOST_SHORT * (rounds.full + rounds.short)) begin(rounds);
  }
  if (!rounds.asks && sender.acknowledgedAt - rounds.at >= way) {
    if (Number.isNaN(rounds.since)) rounds.since = time;
    rounds.asks = true;
    // What is announced now was so with the last acknowledgment.
    rounds.at = sender.acknowledgedAt;
    rounds.edge = peer.edge;
  }
  if (rounds.full >= FEWEST_ROUNDS) {
    const stall = goesOn(row, rounds, 'window', sender, layers);
    if (peer.window > stall.bytes) stall.bytes = peer.window;
  }
  return rounds.stall !== null;
}

function begin(rounds: WindowRounds): void {
  rounds.since = Number.NaN;
  rounds.at = -Infinity;
  rounds.asks = rounds.wasHeld = false;
  rounds.full = rounds.short = 0;
  rounds.stall = null;
}
