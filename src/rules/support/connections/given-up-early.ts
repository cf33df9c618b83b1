import { at, milliseconds, type Duration } from '../../../base/time.ts';
import { copyConnection, type Connection } from '../../../model/connection.ts';
import type { Input } from '../../../model/input.ts';
import type { Request } from '../../../model/request.ts';
import { NEXT_SYN } from '../../../model/syn-timer.ts';
import { endOf } from '../input-end.ts';
import { isAnswered } from './syn-waits.ts';

// Connections, and what requests waited for connections, that are kept until the end.
const MAX_KEPT = 1 << 12;
// What is shorter, nobody notices.
const LEAST_WAIT = milliseconds(100);
// A kernel's timers are a bit late on a busy machine.
const LATE = milliseconds(100);

export interface GivenUp {
  readonly connection: Connection;
  /** How long a request waited for it. */
  readonly wait: Duration;
}

/**
 * Connections of which the one SYN was never answered, and never sent again though it was time to: whoever asked for
 * them had given up before. How long it waited, the request tells that went on with something else then.
 */
export function createGivenUpEarly(inputs: readonly Input[]) {
  const kept: Connection[] = [];
  const waits = new Map<string, Duration>();
  return {
    request(request: Request): void {
      for (const { reason, ref, duration } of request.waits) {
        if (reason === 'connect' && duration >= LEAST_WAIT && waits.size < MAX_KEPT) waits.set(ref, duration);
      }
    },
    connection(connection: Connection): void {
      const { syns, endedBy, bytes } = connection;
      if (syns.length !== 1 || isAnswered(connection) || endedBy !== null) return;
      if (bytes.client + bytes.server === 0 && kept.length < MAX_KEPT) kept.push(copyConnection(connection));
    },
    found: (): GivenUp[] =>
      kept.flatMap((connection) => {
        const { id, input, startedAt } = connection;
        const wait = waits.get(id);
        const isDue = at(startedAt + NEXT_SYN + LATE) <= endOf(inputs, input);
        return wait !== undefined && isDue ? [{ connection, wait }] : [];
      }),
  };
}
