import { formatDuration } from '../base/text.ts';
import { nanoseconds } from '../base/time.ts';
import type { Request, Wait } from '../model/request.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { createServedRequests, type ServedRequests } from './support/served-requests.ts';
import { observedServices } from './support/observed-services.ts';
import { requestTally, type RequestTally } from './support/tally.ts';

// A turn or two may be chance.
const LEAST_REQUESTS = 5;
// A service has a pool for each of a few upstreams.
const MAX_POOLS = 256;

interface Pool {
  readonly service: ServedRequests;
  readonly upstream: string;
  readonly tally: RequestTally;
}

export default defineRule({
  id: 'connection-pool-wait',
  title: 'Requests wait for their turn to call an upstream',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    waits:
      '{count} of {total:request} to {service} waited {cost:duration} for their turn to call {upstream}, while others were at it',
    clear: 'no request waits for its turn to call an upstream ({total})',
  },
  create({ report, clear, unobservable, fact }) {
    const served = createServedRequests(fact(observedServices));
    const pools = new Map<string, Pool>();
    return {
      request(request) {
        const service = served.current();
        if (service === null) return;
        for (const [upstream, waited] of turnsOf(request)) {
          const key = `${service.input}|${service.server}|${upstream}`;
          let pool = pools.get(key);
          if (pool === undefined) {
            if (pools.size >= MAX_POOLS) continue;
            pool = { service, upstream, tally: requestTally() };
            pools.set(key, pool);
          }
          const refs = request.waits.filter(({ reason, to }) => reason === 'upstream' && to === upstream);
          pool.tally.add(request, nanoseconds(waited), ({ packets }) => packets, { refs: refs.map(({ ref }) => ref) });
        }
      },
      finish() {
        const found = [...pools.values()].filter(({ tally }) => tally.count >= LEAST_REQUESTS);
        for (const { service, upstream, tally } of found) {
          const { server, input, latency } = service;
          report({
            message: 'waits',
            data: {
              count: tally.count,
              total: latency.count,
              service: server,
              upstream,
              cost: tally.costs.quantile(0.5),
            },
            input,
            subject: { kind: 'server', name: server },
            of: latency.count,
            unit: 'requests',
            latency,
            cost: tally,
            confidence: 'likely',
            confidenceBecause:
              'whenever one call ends while requests wait, another begins at once, and never more than so many are under way',
            evidence: evidenceOf(
              tally.examples.slice(0, 1).map(({ packets }) => ({
                says: `a request that waited ${formatDuration(tally.costs.max)} for its turn`,
                packets: [...packets],
              })),
              tally.dearest,
            ),
            because: [
              {
                component: `the pool of ${server} for ${upstream}`,
                setting: 'connections (or whatever its requests share)',
                value: 'fewer than requests that need one',
                origin: 'wire',
                source: 'the packets: starts follow ends',
              },
              {
                component: upstream,
                setting: 'time of a call',
                value: 'how long each turn lasts',
                origin: 'wire',
                source: 'the packets',
              },
            ],
            fix: [
              advice(
                'code',
                'more connections in the pool (maxSockets, MaxConnsPerHost, maxTotalPerRoute, pool size), or quicker calls: both shorten the line',
                `the client for ${upstream} in ${server}`,
                'set the former size again',
              ),
            ],
            // The upstream may be slower with more calls at once.
            whatIf: { method: 'each affected request without its wait in the line', isAtMost: true },
            relieves: ['queue'],
            errors: 0,
            habit: false,
          });
        }
        if (found.length > 0) return;
        const total = served.all().reduce((sum, { latency }) => sum + latency.count, 0);
        if (total === 0) {
          return unobservable({
            why: 'a client’s wait for a connection of its own is not on the wire; capture where its callers’ requests come in',
            capture: null,
          });
        }
        clear('clear', { total }, { count: total, unit: 'requests' });
      },
    };
  },
});

/** By upstream that is called; locks that an SDK holds for its credentials, or a JVM for a name's lookup, are no pools. */
function turnsOf({ waits }: Request): ReadonlyMap<string, number> {
  if (!waits.some(isTurn)) return NO_TURNS;
  const turns = new Map<string, number>();
  const upstreams = new Set<string>();
  for (const { reason, to } of waits) if (reason === 'upstream') upstreams.add(to);
  for (const wait of waits) {
    const { to, critical } = wait;
    if (isTurn(wait) && upstreams.has(to)) turns.set(to, (turns.get(to) ?? 0) + critical);
  }
  return turns;
}

const NO_TURNS: ReadonlyMap<string, number> = new Map();

const isTurn = ({ reason, critical }: Wait): boolean => reason === 'queue' && critical > 0;
