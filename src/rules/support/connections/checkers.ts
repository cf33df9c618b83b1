import { between, seconds } from '../../../base/time.ts';
import type { Connection } from '../../../model/connection.ts';
import type { Exchange } from '../../../model/exchange.ts';
import type { Observer } from '../../../model/observer.ts';
import { isProbe } from '../../../model/probe.ts';
import { defineFact } from '../define-rule.ts';
import type { Route } from '../routes.ts';
import { traffic } from '../traffic.ts';

// A node's clients.
const MAX_CLIENTS = 1 << 12;
// Who opens so many connections and closes each without a word looks whether somebody listens: the kubelet's tcpSocket…
const SEVERAL = 3;
// …which it waits for as long, unless timeoutSeconds says else.
const SHORT = seconds(1);

const keyOf = (input: number, client: string): string => `${input}|${client}`;

export interface Checkers extends Observer {
  unusualExchange(exchange: Exchange): void;
  connection(connection: Connection): void;
  /** Whether all that a client asks is health checks, as the kubelet's. Ask in `finish`. */
  has(input: number, client: string): boolean;
  /** Whether a client asks for health, whatever else it asks. Ask in `finish`. */
  checksToo(input: number, client: string): boolean;
}

/** Who only looks after pods: nobody's request waits for what it asks. */
export const checkers = defineFact({
  id: 'checkers',
  create(fact): Checkers {
    const seen = fact(traffic);
    /** Clients that asked for more than health checks. */
    const callers = new Set<string>();
    /** Of whom health checks were seen that are no ordinary calls. */
    const probing = new Set<string>();
    const looks = new Map<string, number>();
    const asks = (input: number, client: string): void => {
      if (callers.size < MAX_CLIENTS) callers.add(keyOf(input, client));
    };
    const ordinaryOf = (input: number, client: string): Route[] =>
      seen.routes.all.filter(
        ({ peer, count, method }) => peer.input === input && peer.client === client && count > 0 && method !== '',
      );
    const checksToo = (input: number, client: string): boolean =>
      probing.has(keyOf(input, client)) || (looks.get(keyOf(input, client)) ?? 0) >= SEVERAL;
    return {
      unusualExchange(exchange) {
        // Of what began before the capture nobody knows what it asked.
        if (exchange.method === '') return;
        if (!isProbe(exchange)) asks(exchange.input, exchange.client);
        else if (probing.size < MAX_CLIENTS) probing.add(keyOf(exchange.input, exchange.client));
      },
      connection(connection) {
        const { input, client, exchanges, bytes } = connection;
        // What it carried that can't be read may be calls.
        if (exchanges === 0 && bytes.client > 0) asks(input, client);
        if (!isLook(connection)) return;
        const key = keyOf(input, client);
        if (looks.has(key) || looks.size < MAX_CLIENTS) looks.set(key, (looks.get(key) ?? 0) + 1);
      },
      has(input, client) {
        if (callers.size >= MAX_CLIENTS || callers.has(keyOf(input, client))) return false;
        const asked = ordinaryOf(input, client);
        if (asked.some((route) => !route.isProbe)) return false;
        if (seen.peers().some((peer) => peer.input === input && peer.client === client && peer.streams > 0))
          return false;
        return asked.length > 0 || checksToo(input, client);
      },
      checksToo: (input, client) =>
        checksToo(input, client) || ordinaryOf(input, client).some((route) => route.isProbe),
    };
  },
});

const isLook = ({ synAcks, bytes, endedBy, startedAt, endedAt }: Connection): boolean =>
  synAcks.length > 0 &&
  bytes.client === 0 &&
  bytes.server === 0 &&
  endedBy === 'client' &&
  between(startedAt, endedAt) <= SHORT;
