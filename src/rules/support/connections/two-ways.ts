import { valueAt } from '../../../base/sorted.ts';
import { nanoseconds, type Duration } from '../../../base/time.ts';
import type { Connection } from '../../../model/connection.ts';
import { LEAST_ROUND_TRIP } from '../exchanges/ordinary-exchanges.ts';

// So many of one client tell; more tell no more.
const MAX_WAYS = 1 << 12;
// One or two may have met a queue as they opened.
const LEAST_OF_EACH = 3;
// Zones of a region differ by less, and so do the back ends of a Service that are placed knowingly.
const FACTOR = 4;
// A way is as long each time; what a queue makes of it is not.
const ALIKE = 1.5;

/** Connections of one client to one server that go two ways, one far longer than the other. */
export interface TwoWays {
  readonly far: number;
  readonly near: number;
  /** One round trip on each: the median. */
  readonly farTrip: Duration;
  readonly nearTrip: Duration;
  /** Back ends that only the far ones lead to; empty where that is not seen. */
  readonly farBackends: readonly string[];
}

type Way = Pick<Connection, 'startedAt' | 'minRoundTrip' | 'backend'>;

/** The least round trip of connections whose handshake is seen: no delayed ACK is among those. */
export class Ways {
  readonly #all: Way[] = [];

  add({ startedAt, minRoundTrip, backend, syns, synAcks }: Connection): void {
    // Of several SYNs nobody knows which is answered (Karn).
    if (syns.length !== 1 || synAcks.length !== 1 || this.#all.length >= MAX_WAYS) return;
    this.#all.push({ startedAt, minRoundTrip, backend });
  }

  /** Null where all go alike, or the long ones are those of one stretch of time: then the way is slow for that long. */
  judge(): TwoWays | null {
    const far = this.#all.filter(({ minRoundTrip }) => minRoundTrip >= LEAST_ROUND_TRIP);
    const near = this.#all.filter(({ minRoundTrip }) => minRoundTrip < LEAST_ROUND_TRIP);
    if (far.length < LEAST_OF_EACH || near.length < LEAST_OF_EACH) return null;
    const trips = tripsOf(far);
    const nearTrips = tripsOf(near);
    if (valueAt(trips, 0) < FACTOR * valueAt(nearTrips, 1) || valueAt(trips, 0.9) > ALIKE * valueAt(trips, 0))
      return null;
    const first = Math.min(...far.map(({ startedAt }) => startedAt));
    const last = Math.max(...far.map(({ startedAt }) => startedAt));
    if (!near.some(({ startedAt }) => startedAt > first && startedAt < last)) return null;
    const others = backendsOf(near);
    const own = [...backendsOf(far)];
    const isOfBackend = own.length > 0 && own.every((backend) => !others.has(backend));
    return {
      far: far.length,
      near: near.length,
      farTrip: nanoseconds(valueAt(trips, 0.5)),
      nearTrip: nanoseconds(valueAt(nearTrips, 0.5)),
      farBackends: isOfBackend ? own : [],
    };
  }
}

const tripsOf = (ways: readonly Way[]): number[] =>
  ways.map(({ minRoundTrip }) => minRoundTrip).toSorted((a, b) => a - b);

const backendsOf = (ways: readonly Way[]): Set<string> =>
  new Set(ways.flatMap(({ backend }) => (backend === null ? [] : [backend])));
