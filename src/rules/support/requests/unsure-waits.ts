import { endpoint } from '../../../base/addresses.ts';
import type { Connection } from '../../../model/connection.ts';
import { receiverOf } from '../../../model/direction.ts';
import type { Observer } from '../../../model/observer.ts';
import type { Request } from '../../../model/request.ts';
import { defineFact } from '../define-rule.ts';

// A node's pods.
const MAX_SERVICES = 256;
// Whom one of them calls.
const MAX_SERVERS = 64;
// One refusal may be a pod's that starts.
const LEAST_REFUSED = 2;
// Where most requests have no call, and as many calls as half of these have nobody's name on them.
const MOST = 0.5;

interface Service {
  requests: number;
  /** Those that are not known to have called anybody. */
  bare: number;
  /** What those took. */
  bareTime: number;
  /** Calls that several requests could have made, by server. */
  readonly unsure: Map<string, number>;
  /** What these took. */
  unsureTime: number;
}

interface Tried {
  refused: number;
  opened: number;
}

export interface UnsureWaits extends Observer {
  connection(connection: Connection): void;
  request(request: Request): void;
  /** What requests that seem to wait for nobody may be waiting for, in words behind "in itself"; '' where nothing. */
  beside(input: number, address: string): string;
  /** Their calls, any of which may be any request's, take most of the time of those that seem to make none. */
  mayBeAll(input: number, address: string): boolean;
}

/** What a service's own time may be beside its own: a line for an upstream, or one that nobody reaches. */
export const unsureWaits = defineFact({
  id: 'unsure-waits',
  create(): UnsureWaits {
    const services = new Map<string, Service>();
    const tried = new Map<string, Map<string, Tried>>();

    /** gRPC with `wait_for_ready`, and clients that try again, hold calls back until one of many tries is taken. */
    const refusing = (key: string): string[] =>
      [...(tried.get(key) ?? [])]
        .filter(([, { refused, opened }]) => refused >= LEAST_REFUSED && opened === 0)
        .map(([server]) => server);

    /** Calls that begin and end together, as streams of one connection at their limit do, could be anybody's. */
    function lineFor(key: string): string | null {
      const service = services.get(key);
      if (service === undefined || service.bare < MOST * service.requests) return null;
      const [most] = [...service.unsure].toSorted(([, one], [, other]) => other - one);
      return most !== undefined && most[1] >= MOST * service.bare ? most[0] : null;
    }

    return {
      connection(connection) {
        const { input, client, server, serverPort, ending, synAcks, bytes } = connection;
        const servers = known(tried, `${input}|${client}`, MAX_SERVICES, () => new Map<string, Tried>());
        const counts =
          servers && known(servers, endpoint(server, serverPort), MAX_SERVERS, () => ({ refused: 0, opened: 0 }));
        if (counts === null) return;
        if (ending === 'refused') counts.refused++;
        else if (synAcks.length > 0 || bytes.server > 0) counts.opened++;
      },
      request(request) {
        const service = known(services, `${request.input}|${receiverOf(request)}`, MAX_SERVICES, () => ({
          requests: 0,
          bare: 0,
          bareTime: 0,
          unsure: new Map<string, number>(),
          unsureTime: 0,
        }));
        if (service === null) return;
        service.requests++;
        const calls = request.waits.filter(({ reason }) => reason === 'upstream');
        if (calls.length === 0) {
          service.bare++;
          service.bareTime += request.duration;
        }
        if (!request.ambiguous) return;
        for (const { to, confidence, duration } of calls) {
          if (confidence !== 'possible') continue;
          service.unsureTime += duration;
          if (service.unsure.has(to) || service.unsure.size < MAX_SERVERS)
            service.unsure.set(to, (service.unsure.get(to) ?? 0) + 1);
        }
      },
      mayBeAll(input, address) {
        const key = `${input}|${address}`;
        const service = services.get(key);
        return service !== undefined && lineFor(key) !== null && service.unsureTime >= MOST * service.bareTime;
      },
      beside(input, address) {
        const key = `${input}|${address}`;
        const [refuses] = refusing(key);
        if (refuses !== undefined) return `, or waiting for ${refuses}, which refuses connections`;
        const line = lineFor(key);
        return line === null ? '' : `, or in line for its calls to ${line}`;
      },
    };
  },
});

/** What stands there, or what is made there; null beyond the bound. */
function known<Value>(map: Map<string, Value>, key: string, most: number, make: () => Value): Value | null {
  const value = map.get(key);
  if (value !== undefined) return value;
  if (map.size >= most) return null;
  const made = make();
  map.set(key, made);
  return made;
}
