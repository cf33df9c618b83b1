import { milliseconds } from '../base/time.ts';
import type { Layers } from '../model/packet.ts';
import { wholeWay, type Sender, type WrittenParts } from './sender.ts';
import { goesOn } from './stall-list.ts';
import type { TrackedRow } from './tracked-row.ts';

// Networks and captures hand packets on together for a millisecond at most.
const LEAST_REST = milliseconds(1.5);
// Shorter ones are a scheduler's, a buffer's or a batch's, and looked for as a habit only; longer ones are told one by one.
export const LEAST_PAUSE = milliseconds(10);
// How much round trips differ from the least that was seen.
export const PATH_TOLERANCE = 1.5;
// So many are a habit, and that takes a while.
const FEWEST_RESTS = 8;
const LEAST = milliseconds(50);
// Most of the time it rests, and most parts end with a segment that is not full: what a shaper lets go in bursts is full.
const MOST = 1 / 2;

const createParts = (): WrittenParts => ({ since: Number.NaN, rests: 0, resting: 0, partial: 0, stall: null });

/**
 * New data comes after a short rest, with all before it acknowledged: its program writes in parts. Rests of a few
 * milliseconds are nothing by themselves; a body of which most time goes to them is as slow as its program.
 * @param wasAlone the other side sent no data since this side's last
 */
export function writesInParts(row: TrackedRow, sender: Sender, peer: Sender, layers: Layers, wasAlone: boolean): void {
  const rest = layers.time - sender.lastAt;
  const { parts } = sender;
  if (!wasAlone || rest >= LEAST_PAUSE) {
    if (parts !== null) parts.since = Number.NaN;
    return;
  }
  // Nearly all segments follow one another at once.
  if (rest < LEAST_REST && parts === null) return;
  const own = parts ?? (sender.parts = createParts());
  if (Number.isNaN(own.since)) begin(own, sender.lastAt);
  const way = wholeWay(sender, peer);
  if (rest < LEAST_REST + PATH_TOLERANCE * way || !sender.isAllAcknowledged) return;
  own.rests++;
  own.resting += rest;
  if (sender.lastLength % sender.fullSegment(peer) !== 0) own.partial++;
  const lasted = layers.time - own.since;
  if (own.rests < FEWEST_RESTS || lasted < LEAST) return;
  if (own.resting < MOST * lasted || own.partial < MOST * own.rests) return;
  goesOn(row, own, 'written', sender, layers);
}

function begin(parts: WrittenParts, since: number): void {
  parts.since = since;
  parts.rests = parts.resting = parts.partial = 0;
  parts.stall = null;
}
