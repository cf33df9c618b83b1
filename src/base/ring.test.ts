import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Ring } from './ring.ts';

it('holds what a list holds of which the first is dropped for each that is too many', () => {
  const item = fc.integer({ min: 0, max: 9 });
  const step = fc.oneof(fc.record({ put: item }), fc.record({ take: item }));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step), (most, steps) => {
      const ring = new Ring<number>(most, []);
      const list: number[] = [];
      for (const one of steps) {
        if ('put' in one) {
          expect(ring.oldest).toBe(list.length < most ? undefined : list[0]);
          ring.put(one.put);
          list.push(one.put);
          if (list.length > most) list.shift();
        } else {
          const isWanted = (known: number): boolean => known >= one.take;
          const place = list.findIndex(isWanted);
          expect(ring.take(isWanted)).toBe(place < 0 ? null : list.splice(place, 1)[0]);
        }
        expect(ring.inOrder()).toEqual(list);
        expect(ring.size).toBe(list.length);
      }
    }),
  );
});
