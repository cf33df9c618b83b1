import { milliseconds, type Timestamp } from '../base/time.ts';
import type { WaitDraft } from './outbound.ts';

/** A request with what it waited for, in any order. */
export interface InFlight {
  readonly startedAt: Timestamp;
  readonly endedAt: Timestamp;
  readonly waits: readonly WaitDraft[];
}

/** What a request did at one resource in a row. Times are numbers here: nanoseconds of the capture. */
export interface Turn {
  /** The request's place in the list that was given. */
  readonly request: number;
  /** The peer, as a wait names it. */
  readonly to: string;
  readonly startedAt: number;
  endedAt: number;
  /** Since when the request had waited for nothing else: its start, or the end of its wait before. */
  idleSince: number;
}

// Between an SDK's calls of one refresh lies the reading of a short answer.
const PAUSE_WITHIN_TURN = milliseconds(5);
// Where nobody else came in between, what holds a lock may take its time: a busy machine, a first use.
const PAUSE_UNDISTURBED = milliseconds(100);

/**
 * What requests did at each resource, in order of time. A resource is a peer; for DNS a name at a
 * resolver, since programs take turns by name (Java's InetAddress does).
 */
export function turnsOf(requests: readonly InFlight[]): Map<string, Turn[]> {
  const pieces = new Map<string, Turn[]>();
  for (const [request, { startedAt, waits: unsorted }] of requests.entries()) {
    const waits = unsorted.toSorted((a, b) => a.startedAt - b.startedAt);
    let busyUntil = startedAt as number;
    for (const wait of waits) {
      const { to, startedAt: from, endedAt: until } = wait;
      const key = wait.reason === 'dns' ? `${to} ${wait.what}` : to;
      // Who has another wait under way is not known to be held up.
      const piece = { request, to, startedAt: from, endedAt: until, idleSince: Math.min(from, busyUntil) };
      if (busyUntil > from) piece.idleSince = from;
      busyUntil = Math.max(busyUntil, until);
      const known = pieces.get(key);
      if (known === undefined) pieces.set(key, [piece]);
      else known.push(piece);
    }
  }
  for (const [key, turns] of pieces) pieces.set(key, joined(turns));
  return pieces;
}

/** Waits of one request at one resource with hardly a pause between them are one turn. */
function joined(pieces: readonly Turn[]): Turn[] {
  const turns: Turn[] = [];
  const lastOf = new Map<number, Turn>();
  let before: Turn | null = null;
  for (const piece of pieces.toSorted((a, b) => a.startedAt - b.startedAt || a.endedAt - b.endedAt)) {
    const last = lastOf.get(piece.request);
    const pause = before === last ? PAUSE_UNDISTURBED : PAUSE_WITHIN_TURN;
    if (last !== undefined && piece.startedAt - last.endedAt <= pause) {
      last.endedAt = Math.max(last.endedAt, piece.endedAt);
      before = last;
      continue;
    }
    turns.push(piece);
    lastOf.set(piece.request, piece);
    before = piece;
  }
  return turns;
}
