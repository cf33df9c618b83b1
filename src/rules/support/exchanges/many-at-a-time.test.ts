import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../base/random.ts';
import { milliseconds } from '../../../base/time.ts';
import { manyAtATime, type ManyAtATime } from './many-at-a-time.ts';
import type { Span } from './queueing.ts';

const MS = milliseconds(1);
const SEEDS = [3, 5, 7, 11, 13];
const NO_LIMIT = 500;

type Random = () => number;
/** How long a call that comes then is worked at, in milliseconds. */
type Takes = (random: Random, came: number) => number;

const uneven: Takes = (random) => 20 + 40 * random();
const about40: Takes = (random) => 26 + 7 * (random() + random() + random() + random());
const even: Takes = () => 40;
const wild: Takes = (random) => -40 * Math.log(1 - random());

function judged(calls: readonly (readonly [from: number, until: number])[]): ManyAtATime | null {
  const spans = calls.map(([from, until]) => ({ from: from * MS, until: until * MS }) as Span);
  return manyAtATime(spans.toSorted((a, b) => a.from - b.from));
}

/** They come at random, so many together, and are worked at as they come. */
function served(workers: number, gap: number, takes: Takes, seed: number, together = 1): ManyAtATime | null {
  const random = seededRandom(seed);
  const free = Array.from({ length: workers }, () => 0);
  const calls: [number, number][] = [];
  for (let now = 0; calls.length < 300;) {
    now -= gap * together * Math.log(1 - random());
    for (let count = 0; count < together; count++) {
      const next = free.indexOf(Math.min(...free));
      free[next] = Math.max(now, free[next] as number) + takes(random, now);
      calls.push([now, free[next] as number]);
    }
  }
  return judged(calls);
}

/** Callers who each ask again when answered. */
function again(callers: number, workers: number, takes: Takes, seed: number): ManyAtATime | null {
  const random = seededRandom(seed);
  const free = Array.from({ length: workers }, () => 0);
  const asks = Array.from({ length: callers }, () => 20 * random());
  const calls: [number, number][] = [];
  while (calls.length < 300) {
    asks.sort((a, b) => a - b);
    const asked = asks.shift() as number;
    const next = free.indexOf(Math.min(...free));
    const answered = Math.max(asked, free[next] as number) + takes(random, asked);
    free[next] = answered;
    calls.push([asked, answered]);
    asks.push(answered + 1);
  }
  return judged(calls);
}

const among = (all: readonly (ManyAtATime | null)[], workers: number): number =>
  all.filter((one) => one !== null && one.least <= workers && one.most >= workers).length;

describe('a line before several workers', () => {
  it.each([
    ['even calls, two workers', 2, even],
    ['uneven calls, two workers', 2, uneven],
    ['uneven calls, four workers', 4, uneven],
    ['wild calls, four workers', 4, wild],
  ] as const)('is told of %s under load', (_, workers, takes) => {
    const all = SEEDS.map((seed) => served(workers, 40 / workers / 0.95, takes, seed));
    expect(among(all, workers)).toBeGreaterThanOrEqual(3);
  });

  it.each([2, 4, 8])('is told of %i workers whose callers ask again and again', (workers) => {
    const all = SEEDS.map((seed) => again(3 * workers, workers, even, seed));
    expect(all.map((one) => [one?.least, one?.most])).toEqual(SEEDS.map(() => [workers, workers]));
  });

  it('says from how many to how many it may be, where calls are uneven', () => {
    const all = SEEDS.map((seed) => again(12, 4, uneven, seed));
    expect(all.some((one) => one !== null && one.least < one.most)).toBe(true);
    expect(all.every((one) => one === null || (one.least >= 4 && one.most <= 7))).toBe(true);
  });

  it('tells what one takes from its turn on, and what each waited for it', () => {
    const line = again(12, 4, even, 3);
    expect(Math.round((line?.each ?? 0) / MS)).toBe(40);
    const waits = (line?.waits ?? []).slice(20, 280).map((wait) => Math.round(wait / MS / 40));
    expect(waits.every((turns) => turns === 2)).toBe(true);
  });
});

const slowFor =
  (takes: Takes, factor: number): Takes =>
  (random, came) =>
    takes(random, came) * (came > 600 && came < 1800 ? factor : 1);
const slowNowAndThen =
  (factor: number): Takes =>
  (_, came) =>
    40 * (1 + (factor - 1) * Math.max(0, Math.sin(came / 600)));

describe('no line', () => {
  it('callers who ask again and again, each taking about as long', () => {
    for (let seed = 1; seed <= 40; seed++) expect(again(12, NO_LIMIT, about40, seed)).toBeNull();
  });

  it.each<[string, (seed: number) => ManyAtATime | null]>([
    ['calls that come at random, each as long', (seed) => served(NO_LIMIT, 5, even, seed)],
    ['uneven calls that come at random', (seed) => served(NO_LIMIT, 5, uneven, seed)],
    ['calls that come twelve at a time', (seed) => served(NO_LIMIT, 20, uneven, seed, 12)],
    ['callers who ask again and again', (seed) => again(12, NO_LIMIT, uneven, seed)],
    ['as many callers as workers', (seed) => again(4, 4, uneven, seed)],
    ['what it asks is slow for a while, for all alike', (seed) => served(NO_LIMIT, 8, slowFor(even, 3), seed)],
    ['what it asks is slow for a while, for each another time', (seed) => served(NO_LIMIT, 8, slowFor(wild, 8), seed)],
    ['what it asks gets slower and quicker again', (seed) => served(NO_LIMIT, 8, slowNowAndThen(3), seed)],
    [
      'one in ten takes twenty times as long',
      (seed) => served(NO_LIMIT, 8, (random) => (random() < 0.1 ? 800 : 40), seed),
    ],
    [
      'calls that are quick at first',
      (seed) => again(12, NO_LIMIT, (random, came) => (came < 1000 ? 5 : 95 + 10 * random()), seed),
    ],
    [
      'what finds a worker free is far quicker than the rest',
      (seed) => again(12, 4, (_, came) => (came < 10 ? 5 : 40), seed),
    ],
    ['workers that are free for most', (seed) => served(4, 16, uneven, seed)],
    ['work of a millisecond', (seed) => served(4, 0.26, () => 1, seed)],
  ])('%s', (_, calls) => {
    expect(SEEDS.map(calls)).toEqual(SEEDS.map(() => null));
  });
});
