import { addTo } from '../base/group-by.ts';
import { at, milliseconds, nanoseconds, orZero, type Duration, type Timestamp } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';

// What lies open longer before it is used was opened ahead: by a pool, at the program's start.
const AHEAD = milliseconds(100);
// Who opens a connection for a call sends it as soon as it is open. Pools also open one for a caller who is then served
// by another that comes free: whoever takes it next finds it open, most often later than the program's own usual pause.
const TIMES_USUAL = 3;

/** A connection was opened for it, or shortly before it. */
export const isOpening = ({ connectDuration, tlsDuration }: Exchange): boolean =>
  connectDuration >= 0 || tlsDuration >= 0;

/** When the connection began to open, were it used as soon as it was open. */
const latest = ({ startedAt, connectDuration, tlsDuration }: Exchange): Timestamp =>
  at(startedAt - orZero(connectDuration) - orZero(tlsDuration));

/** How long it lay open before its first exchange; NaN where its opening was not seen. */
const pauseOf = (exchange: Exchange): Duration => nanoseconds(Math.max(0, latest(exchange) - exchange.openedAt));

/** @param pause the longest for which its opening counts */
const begunWithin = (exchange: Exchange, pause: number): Timestamp =>
  pauseOf(exchange) <= pause ? at(Math.min(exchange.openedAt, latest(exchange))) : latest(exchange);

const wayOf = ({ client, server, serverPort }: Exchange): string => `${client} ${server}:${serverPort}`;

export interface Openings {
  /** When an exchange's connection began to open; as if right before it where nobody saw, or that was long before. */
  begun(exchange: Exchange): Timestamp;
  /** The same where it was opened for this very exchange, as far as pauses tell; else as if right before it. */
  begunFor(exchange: Exchange): Timestamp;
}

/** @param exchanges those that are {@link isOpening}: what usual pauses are told from */
export function createOpenings(exchanges: readonly Exchange[]): Openings {
  const pauses = new Map<string, Duration[]>();
  for (const exchange of exchanges) {
    const pause = pauseOf(exchange);
    if (pause <= AHEAD) addTo(pauses, wayOf(exchange), pause);
  }
  const limits = new Map<string, number>();
  for (const [way, all] of pauses) limits.set(way, TIMES_USUAL * medianOf(all));
  return {
    begun: (exchange) => begunWithin(exchange, AHEAD),
    begunFor: (exchange) => begunWithin(exchange, limits.get(wayOf(exchange)) ?? 0),
  };
}

function medianOf(durations: readonly Duration[]): Duration {
  const sorted = durations.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] as Duration;
}
