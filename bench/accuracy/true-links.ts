/** Which calls each request made, as the programs themselves logged it. */

/** One inbound request with its calls. */
export interface TrueLinks {
  request: TrueExchange;
  calls: readonly TrueExchange[];
}

/**
 * An exchange by its frame (its first packet's number), by its client's port and which it is on that port (from 1), or,
 * where no frame can be told from outside (TLS), by its port and when it lasted, in Unix seconds.
 */
export type TrueExchange = number | { port: number; nth: number } | { port: number; from: number; until: number };

type Json = Record<string, unknown>;

const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);

/** `credentials/`: by frames, which are the pod side's. */
export function linksByFrame(truth: Json): TrueLinks[] {
  return list(truth['requests']).flatMap((request) => {
    const frame = number(request['frame']);
    return frame === null ? [] : [{ request: frame, calls: list(request['calls']).flatMap(callOf) }];
  });
}

/** Nothing where it never went on the wire: credentials from a cache. */
function callOf(call: Json): TrueExchange[] {
  const frame = number(call['frame']);
  if (frame !== null) return [frame];
  const [port, from, until] = ['local_port', 'start', 'end'].map((name) => number(call[name]));
  if (typeof port !== 'number' || typeof from !== 'number' || typeof until !== 'number') return [];
  return [{ port, from, until }];
}

/** `cluster/`: by ports, the same on every side. */
export function linksByPort(truth: Json): TrueLinks[] {
  return list(truth['chains']).flatMap((chain) => {
    const { client, nth_on_connection: nth } = chain['inbound'] as Json;
    const port = Number(String(client).slice(String(client).lastIndexOf(':') + 1));
    const calls = list(chain['outbound']).map((call) => ({
      port: Number(call['local_port']),
      nth: Number(call['nth_on_connection']),
    }));
    return [{ request: { port, nth: Number(nth) }, calls }];
  });
}
