import { describe, expect, it } from 'vitest';
import { Random } from './random.ts';
import { Reservoir } from './reservoir.ts';

function pairsOf(reservoir: Reservoir): [number, number][] {
  const pairs: [number, number][] = [];
  reservoir.each((first, second) => void pairs.push([first, second]));
  return pairs;
}

describe('Reservoir', () => {
  it('keeps all while there is room, with their order', () => {
    const reservoir = new Reservoir(100, 1);
    for (let index = 0; index < 100; index++) reservoir.add(index, index * 2);
    expect(pairsOf(reservoir)).toEqual(Array.from({ length: 100 }, (_, index) => [index, index * 2]));
    expect(reservoir.count).toBe(100);
  });

  it('keeps each with the same probability', () => {
    const kept = Array.from({ length: 50 }, () => 0);
    for (let seed = 0; seed < 4000; seed++) {
      const reservoir = new Reservoir(10, seed);
      for (let index = 0; index < 50; index++) reservoir.add(index, 0);
      for (const [index] of pairsOf(reservoir)) kept[index]!++;
    }
    // 800 expected of each with a deviation of 25.3: five of them.
    for (const count of kept) expect(Math.abs(count - 800)).toBeLessThan(127);
  });

  it('gives the same sample again', () => {
    const samples = [3, 3].map((seed) => {
      const reservoir = new Reservoir(20, seed);
      for (let index = 0; index < 1000; index++) reservoir.add(index, -index);
      return pairsOf(reservoir);
    });
    expect(samples[0]).toEqual(samples[1]);
    expect(samples[0]).toHaveLength(20);
  });

  it('draws ahead what algorithm R draws one by one', () => {
    const reservoir = new Reservoir(10, 7);
    const random = Random.of(7);
    const kept: number[] = [];
    for (let index = 0; index < 5000; index++) {
      reservoir.add(index, 0);
      const place = index < 10 ? index : random.below(index + 1);
      if (place < 10) kept[place] = index;
    }
    expect(pairsOf(reservoir).map(([index]) => index)).toEqual(kept);
  });
});
