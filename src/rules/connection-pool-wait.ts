import { addTo, keptOf } from '../base/group-by.ts';
import { Occupancy } from '../base/occupancy.ts';
import { formatCount, formatDuration } from '../base/text.ts';
import { nanoseconds } from '../base/time.ts';
import { isHttp2 } from '../model/exchange.ts';
import type { Request, Wait } from '../model/request.ts';
import { defineRule } from './support/define-rule.ts';
import { dearestEvidence, ownPackets } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { createServedRequests, reportedRequests, type ServedRequests } from './support/requests/served-requests.ts';
import { observedServices } from './support/requests/observed-services.ts';
import { wireSetting } from './support/settings.ts';
import { requestTally, type RequestTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';
import { kindOf } from './support/usual.ts';

// A turn or two may be chance.
const LEAST_REQUESTS = 5;
// A service has a pool for each of a few upstreams.
const MAX_POOLS = 256;

interface Pool {
  readonly service: ServedRequests;
  readonly upstream: string;
  readonly tally: RequestTally;
  /** Calls since the first that had to wait, of all requests. */
  readonly uses: { startedAt: number; endedAt: number }[];
  /** By kind of request, since then. */
  readonly shares: Map<string, Shares>;
}

/** How many requests of one kind have no call of a pool, and how many that waited for it have several. */
interface Shares {
  none: number;
  several: number;
}

// So many calls show how many go at once.
const MAX_USES = 1 << 12;
// Kinds of requests of a service; of more the later ones tell as much.
const MAX_KINDS = 64;
// Where that many which waited have several calls, and as many others of their kind none, links gave some the calls of others:
// what looks like a line then is what an event loop that computes makes of calls in flight together.
const MOST_SEVERAL = 0.5;

export default defineRule({
  id: 'connection-pool-wait',
  title: 'Requests wait for their turn to call an upstream',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    waits:
      '{count} of {total:request} to {service} waited {cost:duration} for their turn to call {upstream}: {most} at a time',
    clear: 'no request waits for its turn to call an upstream ({total})',
  },
  create({ report, clear, unobservable, fact }) {
    const served = createServedRequests(fact(observedServices));
    const seen = fact(traffic);
    const pools = new Map<string, Pool>();
    const byService = new Map<ServedRequests, Pool[]>();
    const speaksHttp2 = (upstream: string): boolean =>
      seen
        .peers()
        .some(({ server, callsBy }) => server === upstream && callsBy.some(({ protocol }) => isHttp2(protocol)));
    return {
      request(request) {
        const service = served.current();
        if (service === null) return;
        const turns = turnsOf(request);
        for (const [upstream, waited] of turns) {
          const key = keyOf(service.input, service.server, upstream);
          const pool = keptOf(pools, key, MAX_POOLS, () => {
            const added: Pool = { service, upstream, tally: requestTally(), uses: [], shares: new Map() };
            addTo(byService, service, added);
            return added;
          });
          if (pool === undefined) continue;
          const refs = request.waits.filter(({ reason, to }) => reason === 'upstream' && to === upstream);
          pool.tally.add(request, nanoseconds(waited), ownPackets, { refs: refs.map(({ ref }) => ref) });
        }
        const own = byService.get(service);
        if (own === undefined) return;
        countUses(pools, service, request);
        for (const pool of own) countShares(pool, request, turns.has(pool.upstream));
      },
      finish() {
        const lines = [...pools.values()].filter(({ tally }) => tally.count >= LEAST_REQUESTS);
        const found = lines.filter((pool) => !isMixedUp(pool));
        for (const { service, upstream, tally, uses } of found) {
          const { server, latency } = service;
          const { most } = new Occupancy(uses);
          const isHttp2s = speaksHttp2(upstream);
          report({
            message: 'waits',
            data: {
              count: tally.count,
              total: latency.count,
              service: server,
              upstream,
              cost: tally.costs.quantile(0.5),
              most: most === 1 ? 'one' : formatCount(most),
            },
            ...reportedRequests(service, tally),
            confidence: 'likely',
            confidenceBecause:
              'whenever one call ends while requests wait, another begins at once, and never more than so many are under way',
            evidence: dearestEvidence(tally, `a request that waited ${formatDuration(tally.costs.max)} for its turn`),
            because: [
              wireSetting(
                `the pool of ${server} for ${upstream}`,
                isHttp2s ? 'streams at once' : 'connections (or whatever its requests share)',
                `${formatCount(most)}, fewer than requests that need one`,
                'the packets: starts follow ends',
              ),
              wireSetting(upstream, 'time of a call', 'how long each turn lasts'),
            ],
            fix: [
              advice(
                'code',
                isHttp2s ? MORE_STREAMS : MORE_CONNECTIONS,
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
        if (lines.length > 0) return unobservable({ why: MIXED_UP, capture: null });
        const total = served.count();
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

const MORE_CONNECTIONS =
  'more connections in the pool (maxSockets, MaxConnsPerHost, maxTotalPerRoute, pool size), or quicker calls: both shorten the line';
const MORE_STREAMS =
  'more HTTP/2 connections, or a higher SETTINGS_MAX_CONCURRENT_STREAMS of the server (RFC 9113 section 5.1.2) and of what limits the client, or quicker calls: all shorten the line';

const MIXED_UP =
  'which calls are whose the packets do not tell: of requests of one kind some seem to make several, and as many none';

function countShares({ upstream, shares }: Pool, request: Request, waited: boolean): void {
  const known = keptOf(shares, kindOf(request), MAX_KINDS, () => ({ none: 0, several: 0 }));
  if (known === undefined) return;
  let calls = 0;
  for (const { reason, to } of request.waits) if (reason === 'upstream' && to === upstream) calls++;
  if (calls === 0) known.none++;
  else if (calls > 1 && waited) known.several++;
}

function isMixedUp({ tally, shares }: Pool): boolean {
  const own = [...shares.values()].filter(({ several }) => several > 0);
  const several = own.reduce((sum, one) => sum + one.several, 0);
  const none = own.reduce((sum, one) => sum + one.none, 0);
  return several > MOST_SEVERAL * tally.count && none >= several;
}

/** When the request's calls were under way, for pools that somebody waits for. */
function countUses(pools: ReadonlyMap<string, Pool>, { input, server }: ServedRequests, { waits }: Request): void {
  for (const { reason, to, startedAt, duration } of waits) {
    if (reason !== 'upstream') continue;
    const uses = pools.get(keyOf(input, server, to))?.uses;
    if (uses !== undefined && uses.length < MAX_USES) uses.push({ startedAt, endedAt: startedAt + duration });
  }
}

const keyOf = (input: number, server: string, upstream: string): string => `${input}|${server}|${upstream}`;

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
