import { between, seconds } from '../../../base/time.ts';
import type { Connection } from '../../../model/connection.ts';
import type { Exchange } from '../../../model/exchange.ts';
import type { Observer } from '../../../model/observer.ts';
import { isProbe } from '../../../model/probe.ts';
import { defineFact } from '../define-rule.ts';
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
}

/** Who only looks after pods: nobody's request waits for what it asks. */
export const checkers = defineFact({
  id: 'checkers',
  create(fact): Checkers {
    const seen = fact(traffic);
    /** Clients that asked for more than health checks. */
    const callers = new Set<string>();
    const looks = new Map<string, number>();
    const asks = (input: number, client: string): void => {
      if (callers.size < MAX_CLIENTS) callers.add(keyOf(input, client));
    };
    return {
      unusualExchange(exchange) {
        if (!isProbe(exchange)) asks(exchange.input, exchange.client);
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
        let isChecking = (looks.get(keyOf(input, client)) ?? 0) >= SEVERAL;
        for (const { peer, isProbe: isCheck, count } of seen.routes.all) {
          if (peer.input !== input || peer.client !== client || count === 0) continue;
          if (!isCheck) return false;
          isChecking = true;
        }
        for (const peer of seen.peers()) {
          if (peer.input !== input || peer.client !== client) continue;
          if (peer.streams > 0) return false;
          isChecking ||= peer.calls.count > 0;
        }
        return isChecking;
      },
    };
  },
});

const isLook = ({ synAcks, bytes, endedBy, startedAt, endedAt }: Connection): boolean =>
  synAcks.length > 0 &&
  bytes.client === 0 &&
  bytes.server === 0 &&
  endedBy === 'client' &&
  between(startedAt, endedAt) <= SHORT;
