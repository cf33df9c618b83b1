import { endpoint } from '../../../base/addresses.ts';
import { addTo, OTHERS } from '../../../base/group-by.ts';
import { at, endOf, milliseconds, type Timestamp } from '../../../base/time.ts';
import type { Connection } from '../../../model/connection.ts';
import { receiverOf } from '../../../model/direction.ts';
import type { Exchange } from '../../../model/exchange.ts';
import type { Input } from '../../../model/input.ts';
import type { Observer } from '../../../model/observer.ts';
import type { Request } from '../../../model/request.ts';
import { defineFact } from '../define-rule.ts';
import { LEAST_SLOW } from '../exchanges/ordinary-exchanges.ts';

// A node's pods.
const MAX_SERVICES = 256;
// Requests that take long: as many as two findings keep. What is known of none is nobody's own time.
const MAX_SLOW = 1 << 13;
// What fewer than one request in twenty could have sent unseen is no reason for them to be slow: as many
// bytes as the shortest call has, over however many connections.
const HIDDEN_SHARE = 0.05;
const LEAST_CALL_BYTES = 40;
// Servers of one client that are told apart: a line has room for two.
const MAX_UNREAD = 8;
const WEBSOCKET = 'websocket';
// Credentials are fetched now and then, by some dozen requests; of more, the first.
const MAX_FETCHES = 1 << 10;
// What a request lost is its service's own where it spent most of that waiting for nobody.
const MOST = 0.5;
// Around the calls that fetch credentials an SDK loads code and opens connections, under the same lock: the calls alone
// may be an eighth of it (80 of 680 ms with a Java SDK's first fetch).
const FETCHED = 0.1;

export interface OwnTimes extends Observer {
  connection(connection: Connection): void;
  request(request: Request): void;
  unusualExchange(exchange: Exchange): void;
  /** Requests that the address received were put together with what they waited for. */
  isKnown(input: number, address: string): boolean;
  /** Some of what they waited for may be inside connections that can't be read. */
  isVeiled(input: number, address: string): boolean;
  /** To whom those go, those with the most bytes first; empty where they could not make requests slow. */
  veilsOf(input: number, address: string): readonly string[];
  /** The same of all services: by the address that received requests. */
  veils(): readonly { readonly input: number; readonly service: string; readonly servers: readonly string[] }[];
  /** Whether the request with that root exchange, which lost so much, spent that in the service itself. */
  isOwn(exchange: string, lost: number): boolean;
  /** What of a request's own time may be lookups: it lies before the connections that it opens, and no DNS is seen. */
  mayBeLookups(request: Request): number;
}

/** When a request waited for upstreams, from the first on to the last. */
interface Asked {
  from: Timestamp;
  until: Timestamp;
}

// Requests that ask for the same wait for one call of one of them (a batch of a Kafka producer, single flight, a
// cache that fills): they go on with its answer, and have waited for it all the time.
const WITH_ANSWER = milliseconds(10);
const SWAPPED = milliseconds(1);
const ALL_THE_TIME = 0.9;
// Waits that others may share, of all services: as many as requests that take long.
const MAX_ASKED = MAX_SLOW;

const keyOf = (input: number, address: string): string => `${input}|${address}`;

/** What slow requests spent in the service that received them, waiting for nobody. */
export const ownTimes = defineFact({
  id: 'own-times',
  create(): OwnTimes {
    const requests = new Map<string, number>();
    const services = new Map<string, { readonly input: number; readonly address: string }>();
    /** Bytes of each client that may be calls it waits for, and can't be read, by server. */
    const hidden = new Map<string, Map<string, number>>();
    /** `since` its own last answer, or from its beginning on. */
    const slow = new Map<string, { own: number; key: string; from: Timestamp; since: Timestamp; until: Timestamp }>();
    const inputs = new Map<number, Input>();
    const mayBeLookups = (request: Request): number =>
      inputs.get(request.input)?.vantage.sees.dns === false ? beforeOpening(request) : 0;
    const asked = new Map<string, Asked[]>();
    let kept = 0;
    /** Calls to metadata services: while one request fetches credentials, the others wait for it at the SDK's lock. */
    const fetches: { key: string; from: Timestamp; until: Timestamp }[] = [];

    function fetching({ key, from, until }: { key: string; from: Timestamp; until: Timestamp }): number {
      let time = 0;
      for (const one of fetches) {
        if (one.key === key) time += Math.max(0, Math.min(until, one.until) - Math.max(from, one.from));
      }
      return time;
    }

    function isVeiled(input: number, address: string): boolean {
      const key = keyOf(input, address);
      const bytes = [...(hidden.get(key)?.values() ?? [])].reduce((sum, one) => sum + one, 0);
      return bytes > HIDDEN_SHARE * (requests.get(key) ?? 0) * LEAST_CALL_BYTES;
    }

    /** It asked nobody any more, and went on with an answer that another one waited for just as long. */
    const sharesAnswer = ({ key, since, until }: { key: string; since: Timestamp; until: Timestamp }): boolean =>
      (asked.get(key) ?? []).some((other) => {
        const rest = until - other.until;
        if (other.until <= since || rest < -SWAPPED || rest > WITH_ANSWER) return false;
        return other.until - Math.max(since, other.from) >= ALL_THE_TIME * (until - since);
      });

    function hide(ends: Pick<Connection, 'input' | 'client' | 'server' | 'serverPort'>, bytes: number): void {
      const key = keyOf(ends.input, ends.client);
      if (hidden.size >= MAX_SERVICES && !hidden.has(key)) return;
      const servers = hidden.get(key) ?? new Map<string, number>();
      hidden.set(key, servers);
      const server = endpoint(ends.server, ends.serverPort);
      const place = servers.has(server) || servers.size < MAX_UNREAD ? server : OTHERS;
      servers.set(place, (servers.get(place) ?? 0) + bytes);
    }

    function veilsOf(input: number, address: string): readonly string[] {
      if (!isVeiled(input, address)) return [];
      const servers = [...(hidden.get(keyOf(input, address)) ?? [])];
      return servers.toSorted(([, one], [, other]) => other - one).map(([server]) => server);
    }

    return {
      input: (input) => void inputs.set(input.input, input),
      connection(connection) {
        if (hides(connection)) hide(connection, connection.bytes.client);
      },
      request(request) {
        const address = receiverOf(request);
        const key = keyOf(request.input, address);
        const count = requests.get(key) ?? 0;
        if (count > 0 || requests.size < MAX_SERVICES) requests.set(key, count + 1);
        if (count === 0 && services.size < MAX_SERVICES) services.set(key, { input: request.input, address });
        if (request.duration < LEAST_SLOW || slow.size >= MAX_SLOW) return;
        const { startedAt: from, duration } = request;
        const own = request.own - mayBeLookups(request);
        const waited = askedOf(request);
        slow.set(request.exchange, { own, key, from, since: waited?.until ?? from, until: at(from + duration) });
        if (waited === null || waited.until - waited.from < LEAST_SLOW || kept >= MAX_ASKED) return;
        kept++;
        addTo(asked, key, waited);
      },
      unusualExchange(exchange) {
        const within = askedWithin(exchange);
        if (within > 0) hide(exchange, within);
        const { metadata, input, client, startedAt, duration } = exchange;
        if (metadata === null || fetches.length >= MAX_FETCHES) return;
        fetches.push({ key: keyOf(input, client), from: startedAt, until: at(startedAt + duration) });
      },
      mayBeLookups,
      isKnown: (input, address) => requests.has(keyOf(input, address)),
      isVeiled,
      veilsOf,
      veils: () =>
        [...services.values()].flatMap(({ input, address }) => {
          const servers = veilsOf(input, address);
          return servers.length === 0 ? [] : [{ input, service: address, servers }];
        }),
      isOwn(exchange, lost) {
        const request = slow.get(exchange);
        if (request === undefined || request.own < MOST * lost || fetching(request) >= FETCHED * lost) return false;
        return request.until - request.since < MOST * lost || !sharesAnswer(request);
      },
    };
  },
});

/** How long a request waited for nobody right before the connections that it opened. */
function beforeOpening({ startedAt, waits }: Request): number {
  let time = 0;
  let busyUntil = startedAt;
  for (const wait of waits) {
    if (wait.reason === 'connect') time += Math.max(0, wait.startedAt - busyUntil);
    busyUntil = at(Math.max(busyUntil, endOf(wait)));
  }
  return time;
}

function askedOf({ waits }: Request): Asked | null {
  let from = Number.POSITIVE_INFINITY;
  let until = Number.NEGATIVE_INFINITY;
  for (const { reason, startedAt, duration } of waits) {
    if (reason !== 'upstream' && reason !== 'queue') continue;
    from = Math.min(from, startedAt);
    until = Math.max(until, startedAt + duration);
  }
  return until > from ? { from: at(from), until: at(until) } : null;
}

/**
 * Something went over it, and what is not known; or nobody knows when it was answered, as one direction is missing. Of
 * a WebSocket only the request for it is read.
 */
const hides = ({ exchanges, bytes, packets, protocol }: Connection): boolean =>
  bytes.client > 0 &&
  (packets.server === 0 || ((exchanges === 0 || protocol === WEBSOCKET || protocol === null) && bytes.server > 0));

/**
 * Bytes of a stream in which a client may ask, or be answered what it asked elsewhere, request by request: which of its
 * messages belong together is not known. Streams that only the server speaks on (watches, downloads) are asked once.
 */
function askedWithin({ shape, protocol, requestMessages, requestBytes, responseBytes }: Exchange): number {
  if (shape !== 'stream') return 0;
  // What is asked by PUBLISH or by a push on a list is answered by a message to its subscriber, or to who waits for it.
  if (protocol === 'redis') return responseBytes;
  return requestMessages > 1 ? requestBytes : 0;
}
