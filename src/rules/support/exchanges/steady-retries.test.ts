import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../base/random.ts';
import { endOf, milliseconds, seconds } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';
import { atMs, exchangeOf } from '../../../model/testing/rows.ts';
import { failureOf } from './retries.ts';
import { createSteadyRetries } from './steady-retries.ts';

const PATHS = ['/api/items', '/api/users/{id}', '/api/orders'];

interface Callers {
  callers?: number;
  calls?: number;
  /** Each n-th call of all fails, and so many tries of it. */
  failing?: number;
  tries?: number;
  /** How long a caller rests after the n-th failed try, in milliseconds. */
  rest?: (nth: number, random: () => number) => number;
  /** It asks for the same again, or goes on with its next path. */
  again?: boolean;
  gap?: (random: () => number) => number;
  paths?: readonly string[];
  parts?: Partial<Exchange>;
}

/** Callers beside one another, each going from path to path. */
function called(options: Callers = {}): Exchange[] {
  const { callers = 4, calls = 160, failing = 11, tries = 1, again = true, paths = PATHS, parts = {} } = options;
  const { rest = () => 500, gap = (random) => 20 + 15 * random() } = options;
  const random = seededRandom(5);
  const at = Array.from({ length: callers }, (_, caller) => 7 * caller);
  const turns = Array.from({ length: callers }, (_, caller) => caller);
  const exchanges: Exchange[] = [];
  const call = (caller: number, path: string, isFailed: boolean): void => {
    const startedAt = atMs(at[caller] as number);
    const takes = 5 + 4 * random();
    const failed = isFailed ? { status: 503, outcome: 'error', ...parts } : {};
    exchanges.push(
      exchangeOf({
        id: `0.e${exchanges.length}`,
        path,
        startedAt,
        duration: milliseconds(takes),
        ...(failed as Partial<Exchange>),
      }),
    );
    at[caller] = (at[caller] as number) + takes;
  };
  for (let index = 0; index < calls; index++) {
    const caller = at.indexOf(Math.min(...at));
    const path = paths[(turns[caller] as number) % paths.length] as string;
    turns[caller] = (turns[caller] as number) + 1;
    const fails = index % failing === failing - 1 ? tries : 0;
    for (let nth = 0; nth < fails; nth++) {
      call(caller, path, true);
      at[caller] = (at[caller] as number) + rest(nth, random);
    }
    if (fails === 0 || again) call(caller, path, false);
    at[caller] = (at[caller] as number) + gap(random);
  }
  return exchanges;
}

function chainsOf(exchanges: readonly Exchange[]) {
  const steady = createSteadyRetries();
  for (const exchange of exchanges.toSorted((a, b) => endOf(a) - endOf(b))) steady.add(exchange, failureOf(exchange));
  return steady.chains();
}

describe('failures that are all followed by the same call after the same rest', () => {
  it('are tries of one call', () => {
    const chains = chainsOf(called({ rest: (_, random) => 500 + 6 * random() }));
    // The last one is followed by nothing that long after, and another caller's call may come just then.
    const right = chains.filter(({ tries, gaps }) => tries === 2 && gaps.every((gap) => Math.abs(gap - 503e6) < 4e6));
    expect(right.length).toBeGreaterThan(11);
    expect(chains.length).toBeLessThan(15);
  });

  it('are tries of one call where the rests double', () => {
    const chains = chainsOf(called({ callers: 2, tries: 2, rest: (nth) => 300 * 2 ** nth }));
    expect(chains).toHaveLength(14);
    // Another caller's call may come just then.
    const doubled = chains.filter(
      ({ gaps: [first = 0, second = 0] }) => Math.abs(first - 300e6) < 1e6 && Math.abs(second - 600e6) < 1e6,
    );
    expect(doubled.length).toBeGreaterThan(12);
  });
});

it('are looked for in a moment where nearly all calls fail', () => {
  const began = performance.now();
  chainsOf(called({ callers: 20, calls: 20_000, failing: 2, gap: () => 1 }));
  expect(performance.now() - began).toBeLessThan(5000);
});

describe.each<[string, Callers]>([
  ['after which callers go on with their next path', { callers: 2, again: false, gap: () => 25 }],
  ['after which they go on at once', { again: false, rest: () => 0 }],
  ['that rest differently each time', { rest: (_, random) => 2000 * random() }],
  ['of which there are few', { callers: 2, failing: 40, gap: (random) => 300 + 200 * random() }],
  ['of which half rest alike', { calls: 400, rest: (_, random) => (random() < 0.5 ? 500 : 2000 * random()) }],
  ['of callers who ask every 100 ms', { callers: 2, rest: () => 0, gap: () => 95, paths: ['/a'], again: false }],
  ['that say when to come back', { parts: { retryAfter: seconds(1) } }],
])('failures %s', (_, options) => {
  it('show nothing', () => {
    expect(chainsOf(called(options))).toEqual([]);
  });
});

/** One caller, of whose calls some fail at once; the next begins so long after it began. */
function paced(pace: (took: number) => number): Exchange[] {
  const random = seededRandom(7);
  let began = 0;
  return Array.from({ length: 300 }, (_, index): Exchange => {
    const isFailed = index % 20 === 10;
    const took = isFailed ? 5 : 35 + 3 * random();
    const exchange = exchangeOf({
      id: `0.e${index}`,
      path: '/',
      startedAt: atMs(began),
      duration: milliseconds(took),
      ...(isFailed ? { status: 503, outcome: 'error' } : {}),
    });
    began += pace(took) + 2 * random();
    return exchange;
  });
}

it('is no retry where calls that succeed begin at the same pace', () => {
  expect(chainsOf(paced(() => 80))).toEqual([]);
  // Who rests for 75 ms after a failure, and for 15 otherwise.
  expect(chainsOf(paced((took) => (took === 5 ? 80 : took + 15)))).not.toEqual([]);
});
