import { groupBy } from '../../../base/group-by.ts';
import { partitionPoint, valueAt } from '../../../base/sorted.ts';
import { endOf, milliseconds, nanoseconds, seconds } from '../../../base/time.ts';
import { copyExchange, type Exchange } from '../../../model/exchange.ts';
import { chanceOfAtLeast } from '../binomial.ts';
import { LEAST_SLOW } from './ordinary-exchanges.ts';
import { isAnswered, type Chain } from './retries.ts';

// Nobody waits longer for a pattern to show.
const LONGEST_REST = seconds(10);
// A timer of an event loop that is busy ends some milliseconds late.
const ALIKE = milliseconds(10);
// Of fewer a rest may be alike by chance.
const LEAST_FAILED = 5;
// Nearly all are tried again: the last may be given up, or met by a busy moment.
const NEARLY_ALL = 0.8;
// So many rests are looked at: what one of them all does once in a hundred times by chance is none.
const LOOKED_AT = LONGEST_REST / ALIKE;
const CHANCE = 1 / 100;
const LIKELIEST = 4;
// Where a try fails as well the next rest is as long, or twice as long (exponential backoff).
const FACTORS = [1, 2] as const;
// The first failures show what rest there is.
const MAX_ASKED = 64;
// Calls of clients whose calls fail, from the first failure on.
const MAX_CALLS = 1 << 12;

interface Call {
  readonly kind: string;
  readonly caller: string;
  readonly exchange: Exchange;
  readonly failure: string | null;
}

/**
 * Tries of one call by callers beside one another, who take one another's connections: nothing shows whose call goes
 * on, but each failure is followed by the same call after the same rest, as a client's retry policy has it, and
 * successes are not.
 */
export function createSteadyRetries() {
  const calls: Call[] = [];
  let hasFailed = false;
  return {
    /** @param exchange a call that has ended, in the order of their ends, and what it failed with */
    add(exchange: Exchange, failedWith: string | null): void {
      if (failedWith === null && !hasFailed) return;
      const failure = isAnswered(exchange) && !(exchange.retryAfter > 0) ? failedWith : null;
      hasFailed ||= failure !== null;
      if (!hasFailed || exchange.path === '' || calls.length >= MAX_CALLS) return;
      const { input, client, host, method, path } = exchange;
      const caller = `${input}|${client}`;
      calls.push({ kind: `${caller}|${host}|${method}|${path}`, caller, exchange: copyExchange(exchange), failure });
    },
    chains: (): Chain[] => [...groupBy(calls, ({ caller }) => caller).values()].flatMap(chainsOf),
  };
}

function chainsOf(calls: readonly Call[]): Chain[] {
  const failed = calls.filter(({ failure }) => failure !== null);
  if (failed.length < LEAST_FAILED) return [];
  const sorted = calls.toSorted((a, b) => a.exchange.startedAt - b.exchange.startedAt);
  const rest = restsOf(failed, sorted, true, LONGEST_REST).find((one) => isTelling(failed, sorted, one, true));
  if (rest === undefined || isPaced(failed, sorted, rest)) return [];
  // Who rests and goes on with something else asks for the same again some calls later.
  const before = restsOf(failed, sorted, false, rest - ALIKE).some((one) => isTelling(failed, sorted, one, false));
  return before ? [] : chained(failed, sorted, rest);
}

interface Rest {
  readonly rest: number;
  readonly of: Call;
}

/**
 * The rests that most failures are followed by, until another call of the kind or of another kind: the shortest first,
 * as tries that fail again have longer ones.
 */
function restsOf(failed: readonly Call[], sorted: readonly Call[], isSame: boolean, longest: number): number[] {
  const all: Rest[] = failed
    .slice(0, MAX_ASKED)
    .flatMap((of) => following(of, sorted, isSame, LEAST_SLOW, longest).map(({ rest }) => ({ rest, of })))
    .toSorted((a, b) => a.rest - b.rest);
  const within = new Map<Call, number>();
  const counts = new Map<number, { rest: number; count: number }>();
  let until = 0;
  for (const [from, { rest, of }] of all.entries()) {
    for (; until < all.length && (all[until] as Rest).rest - rest <= ALIKE; until++) {
      const next = (all[until] as Rest).of;
      within.set(next, (within.get(next) ?? 0) + 1);
    }
    const step = Math.floor(rest / ALIKE);
    const { rest: middle } = all[(from + until) >> 1] as Rest;
    if (within.size > (counts.get(step)?.count ?? 0)) counts.set(step, { rest: middle, count: within.size });
    const left = (within.get(of) as number) - 1;
    if (left === 0) within.delete(of);
    else within.set(of, left);
  }
  const likeliest: number[] = [];
  for (const { rest } of [...counts.values()].toSorted((a, b) => b.count - a.count)) {
    if (likeliest.length >= LIKELIEST) break;
    if (likeliest.every((one) => Math.abs(one - rest) > ALIKE)) likeliest.push(rest);
  }
  return likeliest.toSorted((a, b) => a - b);
}

/** Nearly all failures are followed so, and far more of them than successes. */
function isTelling(failed: readonly Call[], sorted: readonly Call[], rest: number, isSame: boolean): boolean {
  const last = (sorted.at(-1) as Call).exchange.startedAt;
  const isOver = ({ exchange }: Call): boolean => endOf(exchange) + rest + ALIKE <= last;
  const followers = (call: Call): Call[] => alikeAfter(call, sorted, isSame, rest).map(({ call: one }) => one);
  // A try that fails again may be followed after another rest.
  const again = new Set(isSame ? failed.flatMap(followers) : []);
  const judged = failed.filter((call) => isOver(call) && !again.has(call));
  const others = sorted.filter((call) => call.failure === null && isOver(call));
  const countOf = (some: readonly Call[]): number => some.filter((call) => followers(call).length > 0).length;
  const count = countOf(judged);
  if (judged.length < LEAST_FAILED || count < NEARLY_ALL * judged.length) return false;
  const usual = (countOf(others) + 1) / (others.length + 2);
  return LOOKED_AT * chanceOfAtLeast(count, judged.length, usual) <= CHANCE;
}

/** Who asks at a pace asks again so long after each call began, and after one that fails soon he rests the longer. */
function isPaced(failed: readonly Call[], sorted: readonly Call[], rest: number): boolean {
  const took = failed.map(({ exchange }) => exchange.duration).toSorted((a, b) => a - b);
  const pace = rest + valueAt(took, 0.5);
  const last = (sorted.at(-1) as Call).exchange.startedAt;
  const others = sorted.filter(
    ({ failure, exchange }) =>
      failure === null && exchange.duration < pace && exchange.startedAt + pace + ALIKE <= last,
  );
  const isFollowed = (of: Call): boolean =>
    alikeAfter(of, sorted, true, pace - of.exchange.duration).some(({ call }) => call !== of);
  return others.length >= LEAST_FAILED && others.filter(isFollowed).length >= NEARLY_ALL * others.length;
}

/** Calls that begin so long after that one ended. */
function following(of: Call, sorted: readonly Call[], isSame: boolean, least: number, most: number) {
  const ended = endOf(of.exchange);
  const first = partitionPoint(sorted.length, (place) => (sorted[place] as Call).exchange.startedAt < ended + least);
  const found: { rest: number; call: Call }[] = [];
  for (let place = first; place < sorted.length; place++) {
    const call = sorted[place] as Call;
    const rest = call.exchange.startedAt - ended;
    if (rest > most) break;
    if ((call.kind === of.kind) === isSame) found.push({ rest, call });
  }
  return found;
}

const alikeAfter = (of: Call, sorted: readonly Call[], isSame: boolean, rest: number) =>
  following(of, sorted, isSame, rest - ALIKE / 2, rest + ALIKE / 2);

/** Each failure with the call that follows it so and follows no other. */
function chained(failed: readonly Call[], sorted: readonly Call[], rest: number): Chain[] {
  const [same, doubled] = FACTORS.map((factor) => chainedBy(failed, sorted, rest, factor)) as [Chain[], Chain[]];
  return triesIn(doubled) > triesIn(same) ? doubled : same;
}

const triesIn = (chains: readonly Chain[]): number => chains.reduce((sum, { tries }) => sum + tries, 0);

function chainedBy(failed: readonly Call[], sorted: readonly Call[], rest: number, factor: number): Chain[] {
  const chains = new Map<Call, Chain>();
  const taken = new Set<Call>();
  const begun: Chain[] = [];
  for (const call of failed.toSorted((a, b) => endOf(a.exchange) - endOf(b.exchange))) {
    const known = chains.get(call);
    const own = rest * factor ** ((known?.tries ?? 1) - 1);
    const [next] = alikeAfter(call, sorted, true, own)
      .filter((one) => !taken.has(one.call))
      .toSorted((a, b) => Math.abs(a.rest - own) - Math.abs(b.rest - own));
    if (next === undefined) continue;
    taken.add(next.call);
    const chain = known ?? firstOf(call);
    if (known === undefined) begun.push(chain);
    const { exchange } = next.call;
    chain.gaps.push(nanoseconds(next.rest));
    chain.last = exchange;
    chain.tries++;
    chain.packets.push(...exchange.packets);
    if (next.call.failure !== null) {
      chain.failures.push(next.call.failure);
      chains.set(next.call, chain);
    }
  }
  return begun;
}

const firstOf = ({ exchange, failure }: Call): Chain => ({
  first: exchange,
  last: exchange,
  wasAnswered: true,
  retryAfter: exchange.retryAfter,
  tries: 1,
  failures: [failure as string],
  gaps: [],
  because: 'steady',
  packets: [...exchange.packets],
  interrupted: false,
  wentOnAt: Number.NaN,
  isProven: true,
  connection: '',
  place: 0,
});
