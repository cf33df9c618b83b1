import { between, nanoseconds, type Timestamp } from '../../base/time.ts';
import type { Side } from '../../model/connection.ts';
import type { TrackedConnection } from '../../model/tracked-connection.ts';
import { unsigned32 } from './frame-header.ts';

// A habit shows at once; the median of so many gaps is the median.
const MAX_GAPS = 64;
// grpc-go measures bandwidth with PINGs of this content, after data (internal/transport/bdp_estimator.go):
// they come with calls and say nothing of how often the connection is kept alive.
const BANDWIDTH_PROBE = [0x0204_1010, 0x090e_0707] as const;

/** Counts a connection's PINGs, and the time between those of its client that keep it alive. */
export class PingWatch {
  readonly #gaps: number[] = [];
  #lastAt: Timestamp | null = null;

  /** A PING that is no acknowledgement; its content begins at `start`. */
  push(connection: TrackedConnection, from: Side, bytes: Uint8Array, start: number, time: Timestamp): void {
    const pings = (connection.pings ??= { fromClient: 0, fromServer: 0, clientInterval: nanoseconds(Number.NaN) });
    if (from === 'server') {
      pings.fromServer++;
      return;
    }
    pings.fromClient++;
    if (unsigned32(bytes, start) === BANDWIDTH_PROBE[0] && unsigned32(bytes, start + 4) === BANDWIDTH_PROBE[1]) return;
    if (this.#lastAt !== null && this.#gaps.length < MAX_GAPS) {
      this.#gaps.push(Math.max(0, between(this.#lastAt, time)));
      // Few, and rare: the row may be asked for at any time.
      const sorted = this.#gaps.toSorted((one, other) => one - other);
      pings.clientInterval = nanoseconds(sorted[sorted.length >>> 1] as number);
    }
    this.#lastAt = time;
  }
}
