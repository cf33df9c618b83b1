import fc from 'fast-check';
import { expect, it } from 'vitest';
import { at, nanoseconds } from '../../base/time.ts';
import { OccurrenceLog } from './occurrence-log.ts';

const MOST_TOGETHER = 4096;

it('keeps the earliest of many logs, and says from when on it is not whole', () => {
  const ends = fc.array(fc.array(fc.nat({ max: 5000 }), { minLength: 700, maxLength: 1100 }), {
    minLength: 3,
    maxLength: 9,
  });
  fc.assert(
    fc.property(ends, (logs) => {
      const together = new OccurrenceLog();
      const own: OccurrenceLog[] = [];
      const all: { id: string; until: number }[] = [];
      let completeUntil = Number.POSITIVE_INFINITY;
      for (const [index, untils] of logs.entries()) {
        const log = new OccurrenceLog();
        for (const [place, until] of untils.entries()) {
          const id = `${index}.${place}`;
          log.add(id, '', 'client', 'server', at(0), at(until), nanoseconds(1), nanoseconds(1));
          if (place < 1024) all.push({ id, until });
          else completeUntil = Math.min(completeUntil, until);
        }
        own.push(log);
      }
      // Some after the others: what was cut before stays so.
      together.addAll(own.slice(0, 2));
      together.addAll(own.slice(2));
      // The oracle: all at once; those that end together in the order of their logs.
      const sorted = all.length > MOST_TOGETHER ? all.toSorted((a, b) => a.until - b.until) : all;
      const next = sorted[MOST_TOGETHER];
      if (next !== undefined) completeUntil = Math.min(completeUntil, next.until);
      expect([...together].map(({ id }) => id)).toEqual(sorted.slice(0, MOST_TOGETHER).map(({ id }) => id));
      expect(together.size).toBe(Math.min(MOST_TOGETHER, all.length));
      expect(together.completeUntil).toBe(completeUntil);
    }),
    { numRuns: 20 },
  );
});
