import { addTo, groupBy } from '../../../base/group-by.ts';
import { Recent } from '../../../base/recent.ts';
import { at, endOf, nanoseconds } from '../../../base/time.ts';
import { copyExchange, type Exchange } from '../../../model/exchange.ts';
import type { Request, Wait } from '../../../model/request.ts';
import { LEAST_SLOW } from './ordinary-exchanges.ts';
import { Rests, type RestAfter } from './rests.ts';
import { failureOf, isAnswered, type Chain } from './retries.ts';

// Failed calls whose request has not come yet, or that no request made.
const MAX_FAILED = 1 << 10;
// Services and kinds of their calls, and requests in which one failed.
const MAX_KINDS = 512;
const MAX_FOUND = 1 << 10;
// How often a request makes a call shows in some in which none of the kind fails.
const LEAST_USUAL = 5;

/** Calls of one kind in one request, of which some failed. */
interface Found {
  readonly kind: Kind;
  readonly calls: readonly Wait[];
  /** Those that failed, by the place among the calls. */
  readonly failed: ReadonlyMap<number, Exchange>;
}

interface Kind {
  readonly service: string;
  readonly what: string;
  /** How many requests make so many calls of it, where none fails. */
  readonly usual: Map<number, number>;
}

/** What it has in common, whoever tells. */
const PROVEN = { interrupted: false, wentOnAt: Number.NaN, isProven: true, connection: '', place: 0 } as const;

/**
 * Tries of one call within one request, where requests are put together with their calls: a request that
 * meets a failure makes one call of the kind more than others do. No wait has to stand out.
 */
export function createRetriesWithin() {
  const failed = new Recent<string, Exchange>(MAX_FAILED);
  const kinds = new Map<string, Kind>();
  const found: Found[] = [];
  const rests = new Map<string, Rests>();

  function restsOf(service: string): Rests {
    let known = rests.get(service);
    if (known === undefined) rests.set(service, (known = new Rests()));
    return known;
  }

  function kindOf(service: string, what: string): Kind | null {
    const key = `${service}|${what}`;
    const known = kinds.get(key);
    if (known !== undefined) return known;
    if (kinds.size >= MAX_KINDS) return null;
    const kind = { service, what, usual: new Map<number, number>() };
    kinds.set(key, kind);
    return kind;
  }

  return {
    /** A call that failed; requests come after what they are made of. */
    failed(exchange: Exchange): void {
      failed.set(exchange.id, copyExchange(exchange));
    },
    /** A request that a service received. */
    add(service: string, { startedAt, waits }: Request): void {
      if (waits.length === 0) return;
      restsOf(service).add(startedAt, waits);
      for (const [what, calls] of callsByKind(waits)) {
        const kind = kindOf(service, what);
        if (kind === null) continue;
        const ofThese = new Map<number, Exchange>();
        for (const [place, { ref }] of calls.entries()) {
          const exchange = failed.get(ref);
          if (exchange !== undefined) ofThese.set(place, exchange);
        }
        if (ofThese.size === 0) kind.usual.set(calls.length, (kind.usual.get(calls.length) ?? 0) + 1);
        else if (found.length < MAX_FOUND) found.push({ kind, calls, failed: ofThese });
      }
    },
    chains(): Chain[] {
      const told = found.flatMap(triesOf);
      const known = new Set(told.filter(hasRested).flatMap(({ waits }) => waits.map(({ ref }) => ref)));
      const rested = [...groupBy(found, ({ kind }) => kind.service)].flatMap(([service, ones]) => {
        const open = new Map<string, Exchange[]>();
        for (const { kind, failed: failures } of ones)
          for (const exchange of failures.values()) if (!known.has(exchange.id)) addTo(open, kind.what, exchange);
        return restsOf(service).after(open, known);
      });
      const after = new Set(rested.map(({ failed: { id } }) => id));
      // A second call at once may be another request's: what comes after a rest says more.
      const others = told.filter((tries) => hasRested(tries) || !tries.failed.some(({ id }) => after.has(id)));
      return [...others.map(chainOf), ...rested.map(restedChain)];
    },
  };
}

function callsByKind(waits: readonly Wait[]): Map<string, Wait[]> {
  const calls = waits.filter(({ reason }) => reason === 'upstream').toSorted((a, b) => a.startedAt - b.startedAt);
  return groupBy(calls, ({ what }) => what);
}

/** What most requests make; 0 where too few tell. */
function usualOf({ usual }: Kind): number {
  let most = 0;
  let times = 0;
  let all = 0;
  for (const [count, requests] of usual) {
    all += requests;
    if (requests > times) [most, times] = [count, requests];
  }
  return all >= LEAST_USUAL ? most : 0;
}

/** One call with all its tries. */
interface Tries {
  readonly waits: readonly Wait[];
  readonly failed: readonly Exchange[];
}

/** Between its tries, as a client does that waits for the next. */
const hasRested = ({ waits }: Tries): boolean =>
  waits.some((wait, index) => index > 0 && wait.startedAt - endOf(waits[index - 1] as Wait) >= LEAST_SLOW);

function triesOf({ kind, calls, failed }: Found): Tries[] {
  const usual = usualOf(kind);
  let more = usual === 0 ? 0 : calls.length - usual;
  const found: Tries[] = [];
  const taken = new Set<number>();
  for (const place of failed.keys()) {
    if (taken.has(place)) continue;
    const tries = [place];
    for (let last = place; more > 0 && failed.has(last); more--) {
      const next = calls.findIndex((call, index) => !taken.has(index) && call.startedAt >= endOf(calls[last] as Wait));
      if (next < 0) break;
      taken.add(next);
      tries.push(next);
      last = next;
    }
    if (tries.length < 2) continue;
    const failures = tries.flatMap((one) => failed.get(one) ?? []);
    found.push({ waits: tries.map((one) => calls[one] as Wait), failed: failures });
  }
  return found;
}

function chainOf({ waits, failed }: Tries): Chain {
  const first = failed[0] as Exchange;
  return {
    ...PROVEN,
    first,
    last: lastOf(first, waits.at(-1) as Wait),
    wasAnswered: isAnswered(first),
    retryAfter: first.retryAfter,
    tries: waits.length,
    failures: failed.map((exchange) => failureOf(exchange) as string),
    gaps: waits.slice(1).map((wait, index) => nanoseconds(Math.max(0, wait.startedAt - endOf(waits[index] as Wait)))),
    because: 'request',
    packets: waits.flatMap((wait) => [...wait.packets]),
  };
}

function restedChain({ failed, next }: RestAfter): Chain {
  return {
    ...PROVEN,
    first: failed,
    last: lastOf(failed, next),
    wasAnswered: isAnswered(failed),
    retryAfter: failed.retryAfter,
    tries: 2,
    failures: [failureOf(failed) as string],
    gaps: [nanoseconds(Math.max(0, next.startedAt - failed.startedAt - failed.duration))],
    because: 'rest',
    packets: [...failed.packets, ...next.packets],
  };
}

const lastOf = ({ server, serverPort }: Exchange, { startedAt, duration, packets }: Wait): Chain['last'] => ({
  server,
  serverPort,
  startedAt: at(startedAt),
  duration,
  packets,
});
