import type { SentCall } from './calls.ts';

/*
 * Some servers are asked by one request at a time, whatever is in flight: behind a lock of the SDK, a
 * pool of one. Whoever waits there goes on as soon as the one before is done, however long that was
 * after its own last step: so that is what its pause is counted from. So does who waits for what another
 * one has asked for, as a lookup that several callers share.
 */

// What overlaps now and then was asked beside the lock: at the program's start, by a job of its own.
const LEAST_SHARE = 0.98;
// By chance a few are never asked at once.
const LEAST_CALLS = 10;

const NEVER = -Infinity;

interface Peer {
  readonly calls: number[];
  /** When all before were over. */
  lastEnd: number;
  overlaps: number;
}

/**
 * By call: when the one before was done, at servers that are asked by one at a time; when what was shared came.
 * @param sent in order of their start
 * @returns null where there is nothing of the kind
 */
export function freedTimes(sent: readonly SentCall[]): Float64Array | null {
  const freed = new Float64Array(sent.length).fill(NEVER);
  const peers = new Map<string, Peer>();
  for (let place = 0; place < sent.length; place++) {
    const { lane, startedAt, endedAt } = sent[place] as SentCall;
    if (lane === null) continue;
    let peer = peers.get(lane.pool);
    if (peer === undefined) peers.set(lane.pool, (peer = { calls: [], lastEnd: NEVER, overlaps: 0 }));
    peer.calls.push(place);
    if (peer.lastEnd > startedAt) peer.overlaps++;
    else freed[place] = peer.lastEnd;
    peer.lastEnd = Math.max(peer.lastEnd, endedAt);
  }
  let isAny = false;
  for (const { calls, overlaps } of peers.values()) {
    if (calls.length >= LEAST_CALLS && overlaps <= calls.length * (1 - LEAST_SHARE)) isAny = true;
    else for (const place of calls) freed[place] = NEVER;
  }
  if (noteShared(sent, freed)) isAny = true;
  return isAny ? freed : null;
}

/** @returns whether callers share often enough that it tells how they go on */
function noteShared(sent: readonly SentCall[], freed: Float64Array): boolean {
  let count = 0;
  for (const { sharedUntil } of sent) if (sharedUntil !== undefined) count++;
  if (count < LEAST_CALLS) return false;
  for (const [place, { sharedUntil }] of sent.entries()) {
    if (sharedUntil !== undefined) freed[place] = Math.max(freed[place] as number, sharedUntil);
  }
  return true;
}

/** By call: 1 where its caller waited with others for what it then had. */
export const sharing = (sent: readonly SentCall[]): Uint8Array =>
  Uint8Array.from(sent, ({ sharedUntil }) => (sharedUntil === undefined ? 0 : 1));
