import { partitionPoint } from '../../../base/sorted.ts';
import { at, milliseconds, nanoseconds, type Duration, type Timestamp } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';
import { LEAST_SLOW } from './ordinary-exchanges.ts';
import type { AnsweringServer } from './server-answers.ts';

// After a stop all go on together; each still has its own work to do, one after another.
const TOGETHER = milliseconds(25);
// What a call takes that no stop hits: the quickest of a server's twenty. The median may be a hit one.
const UNHIT = 0.05;
const LEAST_KNOWN = 20;
// Of a kind that is held by design (a long poll) the quickest is as long as all: that many show it.
const LEAST_OF_KIND = 5;
// A call that was stopped takes this many times what it takes otherwise.
const FACTOR = 3;
// One slow call is slow by itself.
export const LEAST_VICTIMS = 2;
// A stop hits all that are open, so calls are slow together or not at all. Where many are slow one
// by one, those that end together do so by chance. Of the time, and not of the calls: on a busy machine
// some are a little late besides, one by one (9 of 10 where a process was stopped, 1 to 6 of 10 where none was).
const LEAST_TOGETHER = 0.7;

/** A stretch in which a server answered none of several calls, until all went on. */
export interface Pause {
  readonly from: Timestamp;
  readonly until: Timestamp;
  readonly victims: readonly Exchange[];
  /** The server had answered nobody before: it or what it needs may just have been starting. */
  readonly isFirst: boolean;
}

/** What one server did, as far as its answers show. */
export interface PausesOf {
  readonly input: number;
  /** `address:port` of the back end where it is known, else as the client names it. */
  readonly server: string;
  readonly calls: number;
  readonly pauses: readonly Pause[];
}

/** How long one of its victims stood still. */
export const lostIn = ({ from, until }: Pause, { requestedAt }: Exchange): Duration =>
  nanoseconds(Math.max(0, until - Math.max(from, requestedAt)));

/** Stretches in which a server made no progress, as far as was seen; none where its calls are not slow together. */
export function pausesOf({ input, server, delays, answers, slow, alike }: AnsweringServer): PausesOf {
  const none: PausesOf = { input, server, calls: delays.count, pauses: [] };
  if (delays.count < LEAST_KNOWN) return none;
  const least = FACTOR * delays.quantile(UNHIT);
  const isLate = (call: Exchange): boolean => {
    // What the way takes is no stop: of several ways to one server one may be far longer.
    const wait = waitOf(call) - (call.roundTrip > 0 ? call.roundTrip : 0);
    if (wait < least) return false;
    const own = alike(call);
    return own === null || own.count < LEAST_OF_KIND || wait >= FACTOR * own.quantile(UNHIT);
  };
  const late = slow.filter(isLate).toSorted((a, b) => a.firstByteAt - b.firstByteAt);
  const sorted = answers.toSorted((a, b) => a - b);
  const found: Pause[] = [];
  let together = 0;
  for (const cluster of clustersOf(late)) {
    const pause = pauseOf(cluster, sorted);
    if (pause === null) continue;
    found.push(pause);
    for (const victim of pause.victims) together += lostIn(pause, victim);
  }
  const waited = late.reduce((sum, call) => sum + waitOf(call), 0);
  return together < LEAST_TOGETHER * waited ? none : { ...none, pauses: found };
}

const waitOf = ({ firstByteAt, requestedAt }: Exchange): number => firstByteAt - requestedAt;

/** Calls that were answered one right after another. */
function clustersOf(calls: readonly Exchange[]): Exchange[][] {
  const clusters: Exchange[][] = [];
  for (const call of calls) {
    const last = clusters.at(-1);
    if (last !== undefined && call.firstByteAt - (last[0] as Exchange).firstByteAt <= TOGETHER) last.push(call);
    else clusters.push([call]);
  }
  return clusters;
}

function pauseOf(cluster: readonly Exchange[], answers: readonly number[]): Pause | null {
  const until = (cluster[0] as Exchange).firstByteAt;
  const lastAnswer = lastBefore(answers, until);
  const victims = cluster.filter((call) => until - Math.max(lastAnswer, call.requestedAt) >= LEAST_SLOW);
  if (victims.length < LEAST_VICTIMS) return null;
  const first = Math.min(...victims.map(({ requestedAt }) => requestedAt));
  return { from: at(Math.max(lastAnswer, first)), until, victims, isFirst: lastAnswer === Number.NEGATIVE_INFINITY };
}

/** The last of the sorted times before this one; minus infinity where none is. */
function lastBefore(times: readonly number[], time: number): number {
  const before = partitionPoint(times.length, (index) => (times[index] as number) < time);
  return times[before - 1] ?? Number.NEGATIVE_INFINITY;
}
