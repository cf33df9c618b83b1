import { milliseconds, nanoseconds, seconds, type Duration, type Timestamp } from '../../../base/time.ts';
import { copyConnection, type Connection } from '../../../model/connection.ts';
import type { Observer } from '../../../model/observer.ts';
import { defineFact } from '../define-rule.ts';
import { openings } from './openings.ts';
import { isAnswered, synWait, waitedForSyn } from './syn-waits.ts';

// Those that others were refused meanwhile are few.
const NOT_KNOWN = nanoseconds(Number.NaN);
// A host sends so many ICMP errors only: Linux one a second to each host, after the first six
// (RFC 1812 section 4.3.2.8; net.ipv4.icmp_ratelimit, XRLIM_BURST_FACTOR in net/ipv4/icmp.c).
const BETWEEN_ERRORS = seconds(1);
// Fine beside the second that a SYN waits, coarse beside what a busy client opens in an hour.
const SLOT = milliseconds(100);
// Clients and servers, and slots of each in which they were answered: minutes of the busiest.
const MAX_PAIRS = 256;
const MAX_SLOTS = 1 << 10;
// Refusals that came with an error: what is left out here is one a second.
const MAX_REFUSED = 1 << 10;
const MAX_WAITING = 1 << 12;

interface Pair {
  readonly refusedAt: Timestamp[];
  /** When SYNs were answered at once. */
  readonly answered: Set<number>;
}

export interface SilentRefusals extends Observer {
  connection(connection: Connection): void;
  /**
   * Whether a SYN without an answer was refused as those around it: they were with ICMP errors, of which a host
   * sends few, and nobody was answered meanwhile. Ask in `finish`.
   */
  has(connection: Connection): boolean;
  /** All of them, and how long each waited. */
  all(): { readonly connection: Connection; readonly wait: Duration }[];
}

const slotOf = (time: Timestamp): number => Math.floor(time / SLOT);

export const silentRefusals = defineFact({
  id: 'silent-refusals',
  create(fact): SilentRefusals {
    const opened = fact(openings);
    const pairs = new Map<string, Pair>();
    const waiting: Connection[] = [];

    function pairOf({ input, client, server, serverPort }: Connection): Pair | undefined {
      const key = `${input}|${client}|${server}|${serverPort}`;
      let pair = pairs.get(key);
      if (pair === undefined && pairs.size < MAX_PAIRS) {
        pair = { refusedAt: [], answered: new Set() };
        pairs.set(key, pair);
      }
      return pair;
    }

    function has(connection: Connection): boolean {
      const { syns, startedAt } = connection;
      const pair = pairOf(connection);
      const last = (isAnswered(connection) ? syns.at(-2) : syns.at(-1))?.at ?? startedAt;
      // Of whom too much was seen to be kept, nobody knows whether others were answered.
      if (pair === undefined || pair.answered.size >= MAX_SLOTS) return false;
      for (let slot = slotOf(startedAt); slot <= slotOf(last); slot++) if (pair.answered.has(slot)) return false;
      return pair.refusedAt.some((time) => time >= startedAt - BETWEEN_ERRORS && time <= last + BETWEEN_ERRORS);
    }

    return {
      connection(connection) {
        const { syns, synAcks, ending, endedBy, startedAt, connectDuration } = connection;
        if (syns.length === 0) return;
        if (waitedForSyn(connection)) {
          if (waiting.length < MAX_WAITING) waiting.push(copyConnection(connection));
          return;
        }
        const pair = pairOf(connection);
        if (pair === undefined) return;
        if (ending === 'refused') {
          if (endedBy === null && pair.refusedAt.length < MAX_REFUSED) {
            pair.refusedAt.push((startedAt + Math.max(0, connectDuration)) as Timestamp);
          }
        } else if (synAcks.length > 0 && pair.answered.size < MAX_SLOTS) pair.answered.add(slotOf(startedAt));
      },
      has,
      all: () =>
        waiting.filter(has).map((connection) => ({ connection, wait: synWait(connection, opened, NOT_KNOWN).wait })),
    };
  },
});
