import { endpoint } from '../base/addresses.ts';
import { keptOf } from '../base/group-by.ts';
import { formatCount } from '../base/text.ts';
import type { Exchange, ExchangeProtocol } from '../model/exchange.ts';
import type { Wait } from '../model/request.ts';
import { defineRule } from './support/define-rule.ts';
import { driverFixes } from './support/requests/driver-fixes.ts';
import { DRIVER_TASKS, driverTrips, type DriverTask, type DriverTrip } from './support/requests/driver-trips.ts';
import { dearestEvidence } from './support/evidence.ts';
import {
  createServedRequests,
  reportedRequests,
  tallyRequest,
  type ServedRequests,
} from './support/requests/served-requests.ts';
import { observedServices } from './support/requests/observed-services.ts';
import { wireSetting } from './support/settings.ts';
import { requestTally, type RequestTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';

// A pool that starts sets its connections up; what most requests do is how they ask.
const LEAST = 5;
const MOST = 0.5;
// What is a small part of a request is not what makes it slow; a database far away makes it more.
const LEAST_SHARE = 0.2;
const MAX_POOLS = 256;
const MAX_DATABASES = 1 << 10;
// Of what is asked a line has room for so many.
const MAX_NAMED = 4;
const SQL: readonly ExchangeProtocol[] = ['postgresql', 'mysql'];

interface Pool {
  readonly service: ServedRequests;
  readonly database: string;
  readonly tally: RequestTally;
  /** In how many requests each stands. */
  readonly asked: Map<string, number>;
  readonly tasks: Map<DriverTask, number>;
  /** Requests of which it is known which statements are theirs. */
  judged: number;
  trips: number;
  statements: number;
}

export default defineRule({
  id: 'sql-round-trips',
  title: 'Round trips to a database that only serve its driver',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    trips:
      '{count} of {total:request} to {service} spent {cost:duration} on {trips} of {statements} round trips to {database} that only serve its driver ({what})',
    clear:
      'no service spends a fifth of its requests’ time on statements that only serve a database’s driver ({total:request})',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const served = createServedRequests(fact(observedServices));
    const databases = new Set<string>();
    const pools = new Map<string, Pool>();

    const poolOf = (service: ServedRequests, database: string): Pool | undefined =>
      keptOf(pools, `${service.input}|${service.server}|${database}`, MAX_POOLS, () => ({
        service,
        database,
        tally: requestTally(),
        asked: new Map(),
        tasks: new Map(),
        judged: 0,
        trips: 0,
        statements: 0,
      }));

    return {
      // The first of each kind of call is told here, however ordinary.
      unusualExchange({ protocol, server, serverPort }: Exchange) {
        if (databases.size < MAX_DATABASES && SQL.includes(protocol)) databases.add(endpoint(server, serverPort));
      },
      request(request) {
        // Which of several requests ended a transaction is what tells reads from writes: it has to be likely.
        if (databases.size === 0) return;
        const service = served.current();
        if (service === null) return;
        for (const [database, statements] of statementsOf(request.waits, databases)) {
          if (statements.some(({ confidence }) => confidence === 'possible')) continue;
          const pool = poolOf(service, database);
          if (pool === undefined) continue;
          pool.judged++;
          const trips = driverTrips(statements);
          // What asks for nothing else is a health check.
          if (trips.length === 0 || trips.length === statements.length) continue;
          pool.trips += trips.length;
          pool.statements += statements.length;
          countEach(
            pool.asked,
            trips.map(({ wait }) => wait.what),
          );
          countEach(
            pool.tasks,
            trips.map(({ task }) => task),
          );
          tallyRequest(
            { ...service, tally: pool.tally },
            request,
            costOf(trips, statements),
            trips.flatMap(({ wait }) => wait.packets),
            trips.map(({ wait }) => wait.ref),
          );
        }
      },
      finish() {
        const found = [...pools.values()].filter(
          ({ tally, judged }) =>
            tally.count >= LEAST &&
            tally.count >= MOST * judged &&
            tally.costs.total >= LEAST_SHARE * tally.affected.total,
        );
        for (const { service, database, tally, asked, tasks, trips, statements } of found) {
          const { server, latency } = service;
          const what = common(asked, tally.count).slice(0, MAX_NAMED).join(', ');
          const told = DRIVER_TASKS.filter((task) => (tasks.get(task) ?? 0) * 2 > tally.count);
          report({
            message: 'trips',
            data: {
              count: tally.count,
              total: latency.count,
              service: server,
              database,
              cost: tally.costs.quantile(0.5),
              trips: formatCount(Math.round(trips / tally.count)),
              statements: formatCount(Math.round(statements / tally.count)),
              what,
            },
            ...reportedRequests(service, tally),
            confidence: 'likely',
            confidenceBecause:
              'each of them waits for these statements in turn; of a statement only its verb is read, not what it is for',
            evidence: dearestEvidence(tally, `one request’s ${what}`),
            because: [wireSetting(`the driver or pool in ${server}`, 'statements beside those of the request', what)],
            fix: driverFixes(told, server),
            whatIf: { method: 'each request without these round trips' },
            errors: 0,
            // Near a database these cost next to nothing, and drivers do it by default.
            habit: false,
          });
        }
        if (found.length > 0) return;
        if (seen.peers().length === 0) return unobservable({ why: 'no request was seen', capture: null });
        const total = served.count();
        clear('clear', { total }, { count: total, unit: 'requests' });
      },
    };
  },
});

/** What a request asked each database, in order. */
function statementsOf(waits: readonly Wait[], databases: ReadonlySet<string>): Map<string, Wait[]> {
  const byDatabase = new Map<string, Wait[]>();
  for (const wait of waits) {
    if (wait.reason !== 'upstream' || !databases.has(wait.to)) continue;
    const known = byDatabase.get(wait.to);
    if (known === undefined) byDatabase.set(wait.to, [wait]);
    else known.push(wait);
  }
  return byDatabase;
}

/**
 * A statement that does next to nothing takes as long as the quickest of its request: what it waits
 * longer, as BEGIN does at a proxy whose connections are taken, the next one would wait instead.
 */
function costOf(trips: readonly DriverTrip[], statements: readonly Wait[]): number {
  const quickest = Math.min(...statements.map(({ duration }) => duration));
  return trips.reduce((sum, { wait }) => sum + Math.min(wait.critical, quickest), 0);
}

function countEach<Key>(counts: Map<Key, number>, keys: readonly Key[]): void {
  for (const key of new Set(keys)) counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** In the order in which they were first asked. */
const common = (asked: ReadonlyMap<string, number>, count: number): string[] =>
  [...asked].filter(([, requests]) => requests * 2 > count).map(([what]) => what);
