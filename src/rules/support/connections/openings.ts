import type { Timestamp } from '../../../base/time.ts';
import { isOpened, type Connection } from '../../../model/connection.ts';
import type { Observer } from '../../../model/observer.ts';
import { defineFact } from '../define-rule.ts';

// Clients and servers, and connections of each: what a caller does next shows in the first thousand.
const MAX_PAIRS = 256;
const MAX_KEPT = 1024;

type Ends = Pick<Connection, 'input' | 'client' | 'server' | 'serverPort'>;

export interface Openings extends Observer {
  connection(connection: Connection): void;
  /**
   * When the same client next opened a connection to the same server, at `after` or later; NaN where
   * it did not. Ask in `finish`: connections come when they end.
   */
  nextFrom(ends: Ends, after: number): Timestamp;
  /** How often it did so from one moment to before another. */
  countIn(ends: Ends, from: number, until: number): number;
}

const keyOf = ({ input, client, server, serverPort }: Ends): string => `${input}|${client}|${server}|${serverPort}`;

/** When connections were opened: a caller that gave up without a word shows by its next try. */
export const openings = defineFact({
  id: 'openings',
  create(): Openings {
    const pairs = new Map<string, Timestamp[]>();
    return {
      connection(connection) {
        if (!isOpened(connection)) return;
        const key = keyOf(connection);
        const known = pairs.get(key);
        if (known === undefined) {
          if (pairs.size < MAX_PAIRS) pairs.set(key, [connection.startedAt]);
        } else if (known.length < MAX_KEPT) known.push(connection.startedAt);
      },
      nextFrom(ends, after) {
        let next = Number.NaN as Timestamp;
        for (const start of pairs.get(keyOf(ends)) ?? []) {
          if (start >= after && !(start >= next)) next = start;
        }
        return next;
      },
      countIn: (ends, from, until) =>
        (pairs.get(keyOf(ends)) ?? []).filter((start) => start >= from && start < until).length,
    };
  },
});
