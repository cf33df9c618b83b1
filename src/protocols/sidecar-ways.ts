import { at, between, endOf, nanoseconds, orZero, type Timestamp } from '../base/time.ts';
import { openingDuration, type Stall } from '../model/connection.ts';
import type { Exchange } from '../model/exchange.ts';
import type { TrackedConnection } from '../model/tracked-connection.ts';
import { answeredAt } from './sidecar-hop.ts';

// What is still on its way through the proxy when a stall ends was held up by it only if that was most of its time: other
// calls go by other connections meanwhile.
const STALLED_SHARE = 0.5;

/**
 * The connections of a pod's proxy to others that can't be read. What is known of them is that they opened and that they
 * stood still, which a call to the proxy waited for that lasted meanwhile.
 */
export class SidecarWays {
  readonly #open = new Set<TrackedConnection>();
  /** Those whose handshakes somebody waited for. */
  readonly #waitedFor = new Set<TrackedConnection>();

  add(connection: TrackedConnection): void {
    this.#open.add(connection);
  }

  delete(connection: TrackedConnection): void {
    this.#open.delete(connection);
    this.#waitedFor.delete(connection);
  }

  /** What a call to the proxy waited for on its way to others: it then begins when the connection was open, as others do. */
  waited(call: Exchange): void {
    const until = answeredAt(call);
    const stalls = this.#stallsWithin(call.startedAt, until);
    if (stalls.length > 0) call.stalls = [...call.stalls, ...stalls].toSorted((a, b) => a.startedAt - b.startedAt);
    const opened = this.#openedWithin(call.startedAt, until);
    if (opened === null) return;
    const end = endOf(call);
    call.openedAt = openedAt(opened);
    call.connectDuration = opened.connectDuration;
    call.tlsDuration = opened.tls?.handshakeDuration ?? nanoseconds(Number.NaN);
    call.startedAt = openAt(opened);
    call.requestedAt = at(Math.max(call.requestedAt, call.startedAt));
    call.duration = between(call.startedAt, end);
    call.reused = false;
  }

  /** The first connection that was opened then and that nobody else waited for. */
  #openedWithin(from: Timestamp, until: Timestamp): TrackedConnection | null {
    let first: TrackedConnection | null = null;
    for (const connection of this.#open) {
      if (!isUnread(connection) || this.#waitedFor.has(connection)) continue;
      const isWithin = openedAt(connection) >= from && openAt(connection) <= until;
      if (isWithin && (first === null || openedAt(connection) < openedAt(first))) first = connection;
    }
    if (first !== null) this.#waitedFor.add(first);
    return first;
  }

  #stallsWithin(from: Timestamp, until: Timestamp): Stall[] {
    const least = between(from, until) * STALLED_SHARE;
    return [...this.#open]
      .filter((connection) => connection.stalls.length > 0 && isUnread(connection))
      .flatMap(({ stalls }) => stalls.filter(isMostOf));

    function isMostOf(stall: Stall): boolean {
      return stall.duration >= least && stall.startedAt >= from && endOf(stall) <= until;
    }
  }
}

const isUnread = ({ tls }: TrackedConnection): boolean => tls !== null && !tls.decrypted;
const openedAt = ({ syns, startedAt }: TrackedConnection): Timestamp => syns[0]?.at ?? startedAt;
const openAt = (connection: TrackedConnection): Timestamp =>
  at(openedAt(connection) + orZero(openingDuration(connection)));
