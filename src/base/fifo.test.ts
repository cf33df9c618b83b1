import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Fifo } from './fifo.ts';

it('is an array that is pushed to and shifted from', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer(), fc.constant(null)), { maxLength: 400 }), (steps) => {
      const fifo = new Fifo<number>();
      const array: number[] = [];
      for (const step of steps) {
        if (step === null) expect(fifo.shift()).toBe(array.shift());
        else {
          fifo.push(step);
          array.push(step);
        }
        expect(fifo.size).toBe(array.length);
        expect(fifo.first).toBe(array[0]);
      }
      expect([...fifo]).toEqual(array);
    }),
  );
});
