import { milliseconds } from '../../base/time.ts';
import { copyExchange, isResponded, type Exchange } from '../../model/exchange.ts';
import type { Observer } from '../../model/observer.ts';
import { defineFact } from './define-rule.ts';
import { Delays } from './delays.ts';
import { createServerPlaces } from './server-places.ts';
import { isProbe } from './single-use.ts';
import { firstByteWait } from './upstream-wait.ts';

// A node's worth of servers, their first answers and their slower calls: what is beyond repeats it.
const MAX_SERVERS = 64;
const MAX_ANSWERS = 16_384;
export const MAX_SLOW = 1024;
// A scheduler's turn on a busy machine is up to 24 ms (Linux, CFS with several waiting), and a second
// process in line doubles it nearly; longer, and all at once, is a stop. A process throttled in most
// of each CFS period stands still for 50 ms and more.
export const LEAST_SLOW = milliseconds(40);

/** What one server did, as far as its answers show. */
export interface AnsweringServer {
  readonly input: number;
  /** `address:port` of the back end where it is known, else as the client names it. */
  readonly server: string;
  /** How long its calls waited for their first byte… */
  readonly delays: Delays;
  /** …and those of them that are health checks. */
  readonly probes: Delays;
  /** When answers began: the first of them. */
  readonly answers: number[];
  /** Calls that waited for long, whole. */
  readonly slow: Exchange[];
}

export interface ServerAnswers extends Observer {
  exchange(exchange: Exchange): void;
  all(): AnsweringServer[];
  readonly calls: number;
}

/** When servers answered and after how long, once for all rules about servers that stop. */
export const serverAnswers = defineFact({
  id: 'server-answers',
  create(): ServerAnswers {
    const servers = createServerPlaces<AnsweringServer>(MAX_SERVERS, (input, server) => ({
      input,
      server,
      delays: new Delays(),
      probes: new Delays(),
      answers: [],
      slow: [],
    }));
    let calls = 0;

    return {
      exchange(exchange) {
        if (exchange.shape !== 'call' || !isResponded(exchange)) return;
        calls++;
        const known = servers.of(exchange);
        if (known === null) return;
        if (known.answers.length < MAX_ANSWERS) known.answers.push(exchange.firstByteAt);
        const firstByte = firstByteWait(exchange);
        if (!(firstByte >= 0)) return;
        known.delays.add(firstByte);
        if (isProbe(exchange)) known.probes.add(firstByte);
        if (firstByte >= LEAST_SLOW && known.slow.length < MAX_SLOW) known.slow.push(copyExchange(exchange));
      },
      all: servers.all,
      get calls() {
        return calls;
      },
    };
  },
});
