import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../base/random.ts';
import { milliseconds, type Timestamp } from '../../../base/time.ts';
import { AnswerLog, type OneAtATime } from './one-at-a-time.ts';

const MS = milliseconds(1);
type Random = () => number;

/** Calls come at random, and that many are worked at at once; as they come. */
function served(
  workers: number,
  gap: number,
  takes: (random: Random) => number,
  calls = 200,
  seed = 7,
): OneAtATime | null {
  const random = seededRandom(seed);
  const free = Array.from({ length: workers }, () => 0);
  const all: { asked: number; answered: number }[] = [];
  let now = 0;
  for (let index = 0; index < calls; index++) {
    now -= gap * Math.log(1 - random());
    const next = free.indexOf(Math.min(...free));
    free[next] = Math.max(now, free[next] as number) + takes(random);
    all.push({ asked: now, answered: free[next] as number });
  }
  const log = new AnswerLog();
  for (const { asked, answered } of all.toSorted((a, b) => a.answered - b.answered)) {
    log.add((asked * MS) as Timestamp, (answered * MS) as Timestamp);
  }
  return log.judge();
}

const about45 = (random: Random): number => 45 + 4 * random();

/** Callers who each ask again when answered, the first time together; that many are worked at at once. */
function again(callers: number, workers: number, takes: (random: Random) => number): OneAtATime | null {
  const random = seededRandom(3);
  const free = Array.from({ length: workers }, () => 0);
  const asks = Array.from({ length: callers }, (_, index) => index / 10);
  const log = new AnswerLog();
  const all: [number, number][] = [];
  for (let count = 0; count < 100; count++) {
    const asked = asks.shift() as number;
    const next = free.indexOf(Math.min(...free));
    const answered = Math.max(asked, free[next] as number) + takes(random);
    free[next] = answered;
    all.push([asked, answered]);
    asks.push(answered + 5);
    asks.sort((a, b) => a - b);
  }
  for (const [asked, answered] of all.toSorted((a, b) => a[1] - b[1])) {
    log.add((asked * MS) as Timestamp, (answered * MS) as Timestamp);
  }
  return log.judge();
}

describe('a server that answers one after another', () => {
  it('is known by calls that find it idle, and those that do not', () => {
    const { each, most } = served(1, 60, about45) ?? { each: 0, most: 0 };
    expect(each / MS).toBeGreaterThan(44);
    expect(each / MS).toBeLessThan(50);
    expect(most).toBeGreaterThan(2);
  });

  it('is known by its beat where it is never idle', () => {
    expect(served(1, 30, about45)).not.toBeNull();
  });

  it.each<[string, number, number, (random: Random) => number]>([
    ['answers as many at once as ask, each after the same time', 99, 30, () => 300],
    ['does so after times that differ', 99, 30, (random) => 20 - 150 * Math.log(1 - random())],
    ['is quick for most, and slow for some', 99, 30, (random) => (random() < 0.8 ? 20 : 300)],
    ['has two workers, and is idle now and then', 2, 40, about45],
    ['takes another time for each', 1, 60, (random) => -45 * Math.log(1 - random())],
    ['takes a millisecond', 1, 1.2, () => 1],
    ['is hardly ever asked by two at once', 1, 2000, about45],
  ])('is none that %s', (_, workers, gap, takes) => {
    for (let seed = 1; seed <= 10; seed++) expect(served(workers, gap, takes, 200, seed)).toBeNull();
  });

  it('is known by callers who all wait as long, where they began together', () => {
    expect(Math.round((again(8, 1, about45)?.each ?? 0) / MS)).toBe(47);
  });

  it.each<[string, number, number, (random: Random) => number]>([
    ['takes each of them as long', 8, 8, () => 376],
    ['takes each of them about as long', 8, 8, (random) => 340 + 70 * random()],
    ['works at two at a time', 8, 2, about45],
  ])('is none that %s', (_, callers, workers, takes) => {
    expect(again(callers, workers, takes)).toBeNull();
  });

  it.each([
    ['', 0],
    [', and once four together', 4],
  ])('is none whose callers, each at its own time from the first on%s, all wait as long', (_, together) => {
    const log = new AnswerLog();
    const ask = (at: number): void => void log.add((at * MS) as Timestamp, ((at + 376) * MS) as Timestamp);
    for (let index = 0; index < 100; index++) ask(index * 47);
    for (let index = 0; index < together; index++) ask(4700 + index);
    expect(log.judge()).toBeNull();
  });

  it('is not told of few', () => {
    expect(served(1, 30, about45, 25)).toBeNull();
  });

  it('keeps who stands behind the answer before waiting until that', () => {
    const log = new AnswerLog();
    expect(log.add(0 as Timestamp, 50 as Timestamp)).toBe(0);
    expect(log.add(20 as Timestamp, 95 as Timestamp)).toBe(30);
    expect(log.add(200 as Timestamp, 240 as Timestamp)).toBe(0);
  });
});
