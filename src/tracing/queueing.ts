import { at, milliseconds, type Timestamp } from '../base/time.ts';
import type { OutboundCall } from './outbound.ts';

/** What a request waited for at one resource, in a row: calls with hardly a pause between them. */
export interface Turn {
  /** The request's place in the list that was given. */
  readonly request: number;
  readonly resource: string;
  readonly startedAt: Timestamp;
  readonly endedAt: Timestamp;
}

/** A request's time in the queue of a resource, which ends as its turn begins. */
export interface Queued {
  readonly request: number;
  readonly resource: string;
  readonly startedAt: Timestamp;
  readonly endedAt: Timestamp;
}

export interface InFlight {
  readonly startedAt: Timestamp;
  readonly endedAt: Timestamp;
  readonly calls: readonly OutboundCall[];
}

// Between an SDK's calls of one refresh lies the reading of a short answer.
const PAUSE_WITHIN_TURN = milliseconds(5);
// A lock is handed on in microseconds; a busy machine, or one that is throttled, takes some ten milliseconds to wake a thread.
const MOST_HANDOFF = milliseconds(25);
const LEAST_HANDOFF = milliseconds(0.5);
// A pause as long as the work itself is no handing on.
const HANDOFF_SHARE = 0.25;
// By chance a start follows an end now and then; a queue hands on every time somebody waits.
const LEAST_HANDED_ON = 5;
const HANDED_ON_SHARE = 0.8;

/**
 * Finds resources that requests get one at a time, or so many at a time: a lock of the SDK, a pool
 * of connections. It shows where, whenever one lets go while others wait, another begins at once,
 * and never more than so many are at it. Whoever was in flight all the while waited its turn.
 */
export function findQueues(requests: readonly InFlight[]): Queued[] {
  const byResource = new Map<string, Turn[]>();
  for (const turn of turnsOf(requests)) {
    const turns = byResource.get(turn.resource);
    if (turns === undefined) byResource.set(turn.resource, [turn]);
    else turns.push(turn);
  }
  return [...byResource.values()].flatMap((turns) => queuedAt(turns, requests));
}

function turnsOf(requests: readonly InFlight[]): Turn[] {
  const turns: Turn[] = [];
  for (const [request, { calls }] of requests.entries()) {
    const open = new Map<string, { startedAt: Timestamp; endedAt: Timestamp }>();
    const close = (resource: string): void => {
      const turn = open.get(resource);
      if (turn !== undefined) turns.push({ request, resource, ...turn });
      open.delete(resource);
    };
    for (const { waits, startedAt, endedAt } of calls) {
      const resource = waits.at(-1)?.to ?? '';
      const turn = open.get(resource);
      if (turn !== undefined && startedAt - turn.endedAt <= PAUSE_WITHIN_TURN) {
        if (endedAt > turn.endedAt) turn.endedAt = endedAt;
        continue;
      }
      close(resource);
      open.set(resource, { startedAt, endedAt });
    }
    for (const resource of open.keys()) close(resource);
  }
  return turns;
}

function queuedAt(unsorted: readonly Turn[], requests: readonly InFlight[]): Queued[] {
  const turns = unsorted.toSorted((a, b) => a.startedAt - b.startedAt || a.endedAt - b.endedAt);
  const lengths = turns.map(({ startedAt, endedAt }) => endedAt - startedAt).toSorted((a, b) => a - b);
  const usual = lengths[lengths.length >> 1] ?? 0;
  const handoff = Math.min(MOST_HANDOFF, Math.max(LEAST_HANDOFF, usual * HANDOFF_SHARE));
  const most = mostAtOnce(turns);
  // As many as all requests in flight need no queue.
  const full = stretchesFull(turns, most, handoff);
  if (!handsOn(turns, requests, full, most, handoff)) return [];
  const queued: Queued[] = [];
  for (const turn of turns) {
    const stretch = lastBefore(full, turn.startedAt);
    if (stretch === null || turn.startedAt - stretch.endedAt > 0) continue;
    const since = at(
      Math.max((requests[turn.request] as InFlight).startedAt, stretch.startedAt, ownFormerEnd(turns, turn)),
    );
    if (since < turn.startedAt) queued.push({ ...turn, startedAt: since, endedAt: turn.startedAt });
  }
  return queued;
}

/** A request that had a turn before waits for the next from when that one ended, at the earliest. */
function ownFormerEnd(turns: readonly Turn[], turn: Turn): number {
  let end = -Infinity;
  for (const former of turns) {
    if (former.startedAt >= turn.startedAt) break;
    if (former.request === turn.request) end = former.endedAt;
  }
  return end;
}

function mostAtOnce(turns: readonly Turn[]): number {
  const ends = turns.map(({ endedAt }) => endedAt as number).toSorted((a, b) => a - b);
  let most = 0;
  let ended = 0;
  for (const [index, { startedAt }] of turns.entries()) {
    while ((ends[ended] as number) <= startedAt) ended++;
    most = Math.max(most, index + 1 - ended);
  }
  return most;
}

interface Full {
  startedAt: number;
  /** With the time that it takes to hand on. */
  endedAt: number;
}

/** When as many were at it as ever are, in order; a handing on does not end it. */
function stretchesFull(turns: readonly Turn[], most: number, handoff: number): Full[] {
  const changes = turns
    .flatMap(({ startedAt, endedAt }) => [
      { at: startedAt as number, by: 1 },
      { at: endedAt + handoff, by: -1 },
    ])
    .toSorted((a, b) => a.at - b.at || b.by - a.by);
  const full: Full[] = [];
  let count = 0;
  for (const change of changes) {
    const before = count;
    count += change.by;
    if (before < most && count >= most) full.push({ startedAt: change.at, endedAt: Infinity });
    else if (before >= most && count < most) (full.at(-1) as Full).endedAt = change.at;
  }
  return full;
}

/** The stretch that began last before then. */
function lastBefore(full: readonly Full[], time: number): Full | null {
  let low = 0;
  let high = full.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((full[middle] as Full).startedAt < time) low = middle + 1;
    else high = middle;
  }
  return full[low - 1] ?? null;
}

/** Whenever one of the most that are ever at it lets go while another request waits, somebody begins at once. */
function handsOn(
  turns: readonly Turn[],
  requests: readonly InFlight[],
  full: readonly Full[],
  most: number,
  handoff: number,
): boolean {
  const starts = turns.map(({ startedAt }) => startedAt as number);
  // In order of what they still wait for: a request waits from its start to its turn's.
  const waiting = turns.map((turn) => ({
    from: Math.max((requests[turn.request] as InFlight).startedAt, ownFormerEnd(turns, turn)),
    until: turn.startedAt as number,
  }));
  let lettingGo = 0;
  let handedOn = 0;
  const ends = turns.map(({ endedAt }) => endedAt as number).toSorted((a, b) => a - b);
  let begun = 0;
  let waits = 0;
  const byFrom = waiting.map(({ from }) => from).toSorted((a, b) => a - b);
  for (const [index, end] of ends.entries()) {
    while (begun < starts.length && (starts[begun] as number) < end) begun++;
    // Who began and has not ended, this one included.
    const active = begun - index;
    if (active < most) continue;
    // Waiting: begun to wait before this end, and their turn begins after it.
    while (waits < byFrom.length && (byFrom[waits] as number) < end - handoff) waits++;
    if (waits - begun <= 0) continue;
    lettingGo++;
    const next = starts[begun];
    if (next !== undefined && next - end <= handoff) handedOn++;
  }
  return full.length > 0 && handedOn >= LEAST_HANDED_ON && handedOn >= lettingGo * HANDED_ON_SHARE;
}
