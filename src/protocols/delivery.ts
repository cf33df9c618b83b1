import { at, between, milliseconds, nanoseconds, seconds, type Timestamp } from '../base/time.ts';
import type { Stall } from '../model/connection.ts';
import type { Exchange } from '../model/exchange.ts';
import type { TrackedConnection } from '../model/tracked-connection.ts';

// Held ones are looked at in such steps; an acknowledgment is delayed by up to 40 ms or more.
const LOOK_STEP = milliseconds(10);
// A lost segment is sent again after 200 ms at least (TCP_RTO_MIN), twice that when a probe goes first.
const SHOWS_WITHIN = seconds(1);
// Nobody waits longer for an answer's repair.
const LONGEST_HELD = seconds(120);
// Answers on their way at a time; beyond, the one held longest goes as it is.
const MAX_HELD = 1 << 14;

interface Held {
  readonly exchange: Exchange;
  readonly connection: TrackedConnection;
  readonly since: Timestamp;
}

/**
 * Where a capture is taken before the place where packets are lost (on a node, at the server), an
 * answer that passed by may not have arrived. So an exchange is held until its client has
 * acknowledged the answer, or what was lost of it has been sent again: it lasts until then.
 * Protocols make a record for each and let go of it, so that it is held as it is.
 * @param emit each exchange, in order of their ends as they pass by, mostly
 */
export function createDelivery(emit: (exchange: Exchange) => void) {
  let held: Held[] = [];
  let lookAt = at(-Infinity);

  function push(exchange: Exchange, connection: TrackedConnection): void {
    if (!connection.undelivered) return emit(exchange);
    if (held.length >= MAX_HELD) settle(held.shift() as Held);
    const ends = at(exchange.startedAt + exchange.duration);
    held.push({ exchange, connection, since: ends });
  }

  function advance(time: Timestamp): void {
    if (held.length === 0 || time < lookAt) return;
    lookAt = at(time + LOOK_STEP);
    const kept: Held[] = [];
    for (const one of held) {
      const waited = between(one.since, time);
      const mayShow = one.connection.undelivered && (waited < SHOWS_WITHIN || one.connection.repairing);
      if (mayShow && waited < LONGEST_HELD) kept.push(one);
      else settle(one);
    }
    held = kept;
  }

  /** The connection is over: all of its exchanges are as they are. */
  function closed(connection: TrackedConnection): void {
    if (held.length === 0) return;
    const others: Held[] = [];
    for (const one of held) {
      if (one.connection === connection) settle(one);
      else others.push(one);
    }
    held = others;
  }

  function settle({ exchange, connection, since }: Held): void {
    if (connection.stalls.length === 0) return emit(exchange);
    const late = connection.stalls.filter((stall) => holdsBack(stall, exchange, since));
    const last = late.at(-1);
    if (last !== undefined) {
      exchange.stalls = [...exchange.stalls, ...late.filter((stall) => !exchange.stalls.includes(stall))];
      const end = at(last.startedAt + last.duration);
      exchange.duration = nanoseconds(Math.max(exchange.duration, between(exchange.startedAt, end)));
      if (!last.repaired && (exchange.outcome === 'ok' || exchange.outcome === 'error')) {
        exchange.outcome = connection.endedBy === 'client' ? 'cancelled' : 'incomplete';
        exchange.endedBy = connection.endedBy;
        connection.unanswered++;
      }
    }
    emit(exchange);
  }

  return { push, advance, closed };
}

/** What was lost of the answer, or before it on the same connection: nothing behind it is read until it is there. */
const holdsBack = (stall: Stall, { startedAt }: Exchange, ends: Timestamp): boolean =>
  stall.reason === 'loss' &&
  stall.from === 'server' &&
  stall.startedAt <= ends &&
  stall.startedAt + stall.duration > ends &&
  stall.startedAt + stall.duration > startedAt;
