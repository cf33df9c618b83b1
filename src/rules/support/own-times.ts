import type { Duration } from '../../base/time.ts';
import type { Connection } from '../../model/connection.ts';
import { receiverOf } from '../../model/direction.ts';
import type { Observer } from '../../model/observer.ts';
import type { Request } from '../../model/request.ts';
import { defineFact } from './define-rule.ts';
import { LEAST_SLOW } from './ordinary-exchanges.ts';

// A node's pods.
const MAX_SERVICES = 256;
// Requests that take long: as many as two findings keep. What is known of none is nobody's own time.
const MAX_SLOW = 1 << 13;
// What fewer than one request in twenty could have sent unseen is no reason for them to be slow: as many
// bytes as the shortest call has, over however many connections.
const HIDDEN_SHARE = 0.05;
const LEAST_CALL_BYTES = 40;
// What a request lost is its service's own where it spent most of that waiting for nobody.
const MOST = 0.5;

export interface OwnTimes extends Observer {
  connection(connection: Connection): void;
  request(request: Request): void;
  /** Requests that the address received were put together with what they waited for. */
  isKnown(input: number, address: string): boolean;
  /** Some of what they waited for may be inside connections that can't be read. */
  isVeiled(input: number, address: string): boolean;
  /** Whether the request with that root exchange, which lost so much, spent that in the service itself. */
  isOwn(exchange: string, lost: number): boolean;
}

const keyOf = (input: number, address: string): string => `${input}|${address}`;

/** What slow requests spent in the service that received them, waiting for nobody. */
export const ownTimes = defineFact({
  id: 'own-times',
  create(): OwnTimes {
    const requests = new Map<string, number>();
    /** Bytes of each client that may be calls it waits for, and can't be read. */
    const hidden = new Map<string, number>();
    const slow = new Map<string, Duration>();
    return {
      connection(connection) {
        if (!hides(connection)) return;
        const key = keyOf(connection.input, connection.client);
        if (hidden.size < MAX_SERVICES || hidden.has(key))
          hidden.set(key, (hidden.get(key) ?? 0) + connection.bytes.client);
      },
      request(request) {
        const key = keyOf(request.input, receiverOf(request));
        const count = requests.get(key) ?? 0;
        if (count > 0 || requests.size < MAX_SERVICES) requests.set(key, count + 1);
        if (request.duration >= LEAST_SLOW && slow.size < MAX_SLOW) slow.set(request.exchange, request.own);
      },
      isKnown: (input, address) => requests.has(keyOf(input, address)),
      isVeiled(input, address) {
        const key = keyOf(input, address);
        return (hidden.get(key) ?? 0) > HIDDEN_SHARE * (requests.get(key) ?? 0) * LEAST_CALL_BYTES;
      },
      isOwn: (exchange, lost) => (slow.get(exchange) ?? 0) >= MOST * lost,
    };
  },
});

/** Something went over it, and what is not known; or nobody knows when it was answered, as one direction is missing. */
const hides = ({ exchanges, bytes, packets }: Connection): boolean =>
  bytes.client > 0 && (packets.server === 0 || (exchanges === 0 && bytes.server > 0));
