import { emptyList } from '../base/lists.ts';
import { at, between, endOf, microseconds, milliseconds, nanoseconds, seconds, type Timestamp } from '../base/time.ts';
import type { Stall } from '../model/connection.ts';
import type { Exchange } from '../model/exchange.ts';
import type { TrackedConnection } from '../model/tracked-connection.ts';

// So few are looked at in short steps of time: most are acknowledged within a round trip, and what is
// let go of soon is still in the processor's cache.
const FEW = 256;
// No round trip over a network is much shorter; a busy node has some ten packets in it.
const SHORT_STEP = microseconds(100);
// More are looked at in such steps; an acknowledgment is delayed by up to 40 ms or more.
const LONG_STEP = milliseconds(10);
// A lost segment is sent again after 200 ms at least (TCP_RTO_MIN), twice that when a probe goes first.
const SHOWS_WITHIN = seconds(1);
// Nobody waits longer for an answer's repair.
const LONGEST_HELD = seconds(120);
// Answers on their way at a time; beyond, those held longest go as they are.
const MAX_HELD = 1 << 14;
// With those that were let go of between: each look at all closes the gaps.
const MAX_PLACES = 2 * MAX_HELD;
const NOWHERE = -1;

/**
 * Where a capture is taken before the place where packets are lost (on a node, at the server), an
 * answer that passed by may not have arrived. So an exchange is held until its client has
 * acknowledged the answer, or what was lost of it has been sent again: it lasts until then.
 * Protocols make a record for each and let go of it, so that it is held as it is.
 * @param emit each exchange, in order of their ends as they pass by, mostly
 */
export function createDelivery(emit: (exchange: Exchange) => void) {
  // Side by side: nothing is made for an exchange that is held, as nearly all are for a moment. Null where one was let go
  // of between: to close the gap for each takes as long as there are others.
  const exchanges: (Exchange | null)[] = emptyList();
  const connections: TrackedConnection[] = emptyList();
  let held = 0;
  let lookAt = at(-Infinity);

  function push(exchange: Exchange, connection: TrackedConnection): void {
    // What a short snap length cut off is known to be over only later: the repair may have come by then.
    if (!connection.undelivered) return settle(exchange, connection);
    if (held >= MAX_HELD) letGoOfOlder();
    if (exchanges.length >= MAX_PLACES) settleIf(() => false);
    if (connection.heldExchanges++ === 0) connection.heldFrom = exchanges.length;
    exchanges.push(exchange);
    connections.push(connection);
    held++;
  }

  function advance(time: Timestamp): void {
    if (held === 0 || time < lookAt) return;
    lookAt = at(time + (held > FEW ? LONG_STEP : SHORT_STEP));
    settleIf((exchange, connection) => !mayShow(exchange, connection, time));
  }

  /** The connection is over: all of its exchanges are as they are. */
  function closed(connection: TrackedConnection): void {
    for (let index = connection.heldFrom; connection.heldExchanges > 0; index++) {
      const exchange = exchanges[index] as Exchange | null;
      if (exchange === null || connections[index] !== connection) continue;
      exchanges[index] = null;
      letGo(exchange, connection);
    }
  }

  /** The older half goes as it is: all at once, since to shift one from so many takes as long. */
  function letGoOfOlder(): void {
    let left = MAX_HELD / 2;
    settleIf(() => left-- > 0);
  }

  /** Lets go of some; the others stay in their order. */
  function settleIf(isDue: (exchange: Exchange, connection: TrackedConnection) => boolean): void {
    let kept = 0;
    for (let index = 0; index < exchanges.length; index++) {
      const exchange = exchanges[index] as Exchange | null;
      if (exchange === null) continue;
      const connection = connections[index] as TrackedConnection;
      if (isDue(exchange, connection)) {
        letGo(exchange, connection);
        if (connection.heldFrom === index) connection.heldFrom = NOWHERE;
        continue;
      }
      const isFirst = connection.heldFrom === index || connection.heldFrom === NOWHERE;
      if (isFirst) connection.heldFrom = kept;
      exchanges[kept] = exchange;
      connections[kept] = connection;
      kept++;
    }
    exchanges.length = kept;
    connections.length = kept;
  }

  function letGo(exchange: Exchange, connection: TrackedConnection): void {
    connection.heldExchanges--;
    held--;
    settle(exchange, connection);
  }

  function settle(exchange: Exchange, connection: TrackedConnection): void {
    if (connection.stalls.length === 0) return emit(exchange);
    const late = connection.stalls.filter((stall) => holdsBack(stall, exchange));
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

/** What was lost of it may show yet. */
function mayShow(exchange: Exchange, { undelivered, repairing }: TrackedConnection, time: Timestamp): boolean {
  if (!undelivered) return false;
  const waited = between(endOf(exchange), time);
  return (waited < SHOWS_WITHIN || repairing) && waited < LONGEST_HELD;
}

/** What was lost of the answer, or before it on the same connection: nothing behind it is read until it is there. */
const holdsBack = ({ reason, from, startedAt, duration }: Stall, exchange: Exchange): boolean =>
  reason === 'loss' &&
  from === 'server' &&
  startedAt <= endOf(exchange) &&
  startedAt + duration > endOf(exchange) &&
  startedAt + duration > exchange.startedAt;
