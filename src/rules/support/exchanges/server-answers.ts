import { groupBy } from '../../../base/group-by.ts';
import { copyExchange, isResponded, type Exchange } from '../../../model/exchange.ts';
import type { Observer } from '../../../model/observer.ts';
import { defineFact } from '../define-rule.ts';
import { Delays } from '../delays.ts';
import { LEAST_SLOW } from './ordinary-exchanges.ts';
import type { Route } from '../routes.ts';
import { createServerPlaces } from './server-places.ts';
import { isProbe } from '../../../model/probe.ts';
import { traffic } from '../traffic.ts';
import { firstByteWait } from '../requests/upstream-wait.ts';
import { createUsual, type Kind } from '../usual.ts';

// A node's worth of servers, their first answers and their slower calls: what is beyond repeats it.
const MAX_SERVERS = 64;
const MAX_ANSWERS = 16_384;
export const MAX_SLOW = 1024;

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
  /** How long calls of the same kind as that slow one waited; null where there are too many kinds. */
  alike(slow: Exchange): Delays | null;
}

type Counted = Omit<AnsweringServer, 'alike'>;

export interface ServerAnswers extends Observer {
  all(): readonly AnsweringServer[];
  calls(): number;
}

/** When servers answered and after how long, once for all rules about servers that stop. */
export const serverAnswers = defineFact({
  id: 'server-answers',
  create(fact): ServerAnswers {
    const seen = fact(traffic);
    const { routes } = seen;
    const usual = createUsual(seen);
    const kinds = new Map<string, Kind | null>();
    const servers = createServerPlaces<Counted>(MAX_SERVERS, (input, server) => ({
      input,
      server,
      delays: new Delays(),
      probes: new Delays(),
      answers: [],
      slow: [],
    }));
    /** By route: null where servers were too many. */
    const byRoute: (Counted | null | undefined)[] = [];
    let calls = 0;
    // Several rules ask at the end: what was put together holds until the next call is heard.
    let latest: { readonly calls: number; readonly servers: readonly AnsweringServer[] } | null = null;

    function serverOf(route: Route, exchange: Exchange): Counted | null {
      const server = servers.of(exchange);
      byRoute[route.place] = server;
      return server;
    }

    /** What was counted of its ordinary calls, and of the others. */
    function whole(server: Counted, own: readonly Route[], delaysOf: ReadonlyMap<Kind, Delays>): AnsweringServer {
      const probes = own.filter((route) => route.isProbe);
      return {
        ...server,
        delays: server.delays.with(own.map(({ firstBytes }) => firstBytes)),
        probes: server.probes.with(probes.map(({ firstBytes }) => firstBytes)),
        alike({ id }) {
          const kind = kinds.get(id) ?? null;
          return kind === null ? null : (delaysOf.get(kind) ?? kind.delays);
        },
      };
    }

    return {
      ordinaryExchange(exchange) {
        const route = routes.current as Route;
        const known = byRoute[route.place];
        const server = known === undefined ? serverOf(route, exchange) : known;
        if (server !== null && server.answers.length < MAX_ANSWERS) server.answers.push(exchange.firstByteAt);
      },
      unusualExchange(exchange) {
        if (exchange.shape !== 'call' || !isResponded(exchange)) return;
        calls++;
        const known = servers.of(exchange);
        if (known === null) return;
        if (known.answers.length < MAX_ANSWERS) known.answers.push(exchange.firstByteAt);
        const firstByte = firstByteWait(exchange);
        if (!(firstByte >= 0)) return;
        known.delays.add(firstByte);
        const kind = usual.add(exchange, firstByte);
        if (isProbe(exchange)) known.probes.add(firstByte);
        if (firstByte < LEAST_SLOW || known.slow.length >= MAX_SLOW) return;
        known.slow.push(copyExchange(exchange));
        kinds.set(exchange.id, kind);
      },
      all() {
        const heard = calls + routes.calls;
        if (latest?.calls === heard) return latest.servers;
        const routesOf = groupBy(routes.all, ({ place }) => byRoute[place]);
        const delaysOf = usual.withOrdinary();
        const all = servers.all().map((server) => whole(server, routesOf.get(server) ?? [], delaysOf));
        latest = { calls: heard, servers: all };
        return all;
      },
      calls: () => calls + routes.calls,
    };
  },
});
