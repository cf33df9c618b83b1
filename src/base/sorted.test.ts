import fc from 'fast-check';
import { expect, it } from 'vitest';
import { partitionPoint } from './sorted.ts';

it('finds for how many of the first something holds', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -20, max: 20 })), fc.integer({ min: -25, max: 25 }), (values, limit) => {
      const sorted = values.toSorted((a, b) => a - b);
      const below = sorted.filter((value) => value < limit).length;
      expect(partitionPoint(sorted.length, (index) => (sorted[index] as number) < limit)).toBe(below);
    }),
  );
});
