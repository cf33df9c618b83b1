import { nanoseconds, type Duration } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';
import { CFS_PERIOD, concentrationOf, gridThroughout, hasLengths, isPaced } from './cfs-grid.ts';
import type { Delays } from '../delays.ts';
import { MAX_SLOW, type AnsweringServer } from './server-answers.ts';
import { isProbe } from '../../../model/probe.ts';
import { firstByteWait } from '../requests/upstream-wait.ts';

// Of fewer, times lie on a grid by chance.
const LEAST_CALLS = 20;
// Its answers come in the few milliseconds of a period in which it runs. What works in turns of
// about 100 ms for reasons of its own drifts against the clock, by a millisecond a turn; calls that
// are slow for other reasons reach a third of this.
const LEAST_CONCENTRATION = 0.75;
// Slow beside the quickest of its calls.
const FACTOR = 2.5;
const QUICKEST = 0.05;
// A limit that is used up now and then slows a part of the calls.
const LEAST_SLOW_SHARE = 0.3;
// Where something else holds its callers up most of the time, as lost SYNs do, fewer are late. So few are told where each
// came in a period of its own, so that none is late because of another, and no other period explains them better.
const LEAST_SHARE_APART = 0.2;
// A process that is throttled in each period keeps nearly all its calls for a period or more.
const LEAST_SHARE = 0.8;

/** One server whose slow answers come at one phase of the CFS period. */
export interface GridAnswers {
  readonly calls: readonly Exchange[];
  readonly concentration: number;
  /** What a call takes without waiting for a period: the quickest, or all of one period where none is quick. */
  readonly usual: Duration;
}

/** A server's calls without its health checks, which a process may answer while it is throttled. */
interface Server {
  readonly delays: Delays;
  readonly calls: readonly Exchange[];
}

/** Servers whose slow answers come as a period of the CPU limit begins. */
export const gridAnswersOf = (servers: readonly AnsweringServer[]): GridAnswers[] =>
  servers
    .map(({ delays, probes, slow }) => ({
      delays: delays.without(probes),
      calls: slow.filter((call) => !isProbe(call)),
    }))
    .flatMap(dearerOf);

/** Of a process of which few calls are quick, both may be told: what explains more of what its calls took is. */
function dearerOf(server: Server): readonly GridAnswers[] {
  const told = [slowNowAndThen(server), slowThroughout(server)].filter((one) => one !== null);
  return told.toSorted((a, b) => lostOf(b) - lostOf(a)).slice(0, 1);
}

const lostOf = ({ calls, usual }: GridAnswers): number => calls.reduce((sum, call) => sum + beyond(call, usual), 0);

/** Some calls are quick, and those that are not end on the grid. */
function slowNowAndThen({ delays, calls }: Server): GridAnswers | null {
  const usual = delays.quantile(QUICKEST);
  const slow = calls.filter((call) => firstByteWait(call) >= FACTOR * usual);
  const share = isApart(slow) ? LEAST_SHARE_APART : LEAST_SLOW_SHARE;
  return onGrid(slow, share * Math.min(delays.count, MAX_SLOW), usual);
}

function isApart(calls: readonly Exchange[]): boolean {
  const periods = new Set(calls.map(({ firstByteAt }) => Math.floor(firstByteAt / CFS_PERIOD)));
  const ends = calls.map(({ firstByteAt }) => ({ until: firstByteAt }));
  return periods.size >= LEAST_CALLS && gridThroughout(ends.toSorted((a, b) => a.until - b.until))?.phases === 1;
}

/** None is quick: each takes several periods. */
function slowThroughout({ delays, calls }: Server): GridAnswers | null {
  const long = calls.filter((call) => firstByteWait(call) >= CFS_PERIOD);
  return hasLengths(long) ? onGrid(long, LEAST_SHARE * Math.min(delays.count, MAX_SLOW), CFS_PERIOD) : null;
}

function onGrid(calls: readonly Exchange[], least: number, usual: Duration): GridAnswers | null {
  if (calls.length < Math.max(LEAST_CALLS, least)) return null;
  const concentration = concentrationOf(calls.map(({ firstByteAt }) => ({ until: firstByteAt })));
  return concentration >= LEAST_CONCENTRATION && !isPaced(calls) ? { calls, concentration, usual } : null;
}

/** What the call took beyond that. */
export const beyond = (call: Exchange, usual: Duration): Duration =>
  nanoseconds(Math.max(0, firstByteWait(call) - usual));
