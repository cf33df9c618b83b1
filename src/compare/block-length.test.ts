import { describe, expect, it } from 'vitest';
import { blockLength } from './block-length.ts';

/** An autoregressive series of a generator that any language can repeat (Numerical Recipes' LCG). */
function series(count: number, memory: number, seed: number): Float64Array {
  let state = seed;
  let value = 0;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    value = memory * value + state / 2 ** 32;
    return value;
  });
}

describe('blockLength', () => {
  it.each([
    // count, memory, seed, what `arch.bootstrap.optimal_block_length` 8.0.0 says (column stationary)
    [60, 0.8, 2, 7.625762504193818],
    [300, 0.5, 3, 5.998086214712169],
    [1000, 0.9, 4, 43.53792051701913],
    [24, 0.3, 5, 1.4568806345099639],
  ])('%i values with memory %f: as the Python package arch', (count, memory, seed, expected) => {
    expect(blockLength(series(count, memory, seed))).toBeCloseTo(expected, 8);
  });

  it('is a plain bootstrap where nothing depends on anything', () => {
    // arch says 0.161, which is no length.
    expect(blockLength(series(60, 0, 1))).toBe(1);
  });

  it('is 1 for too few, and for values that never differ', () => {
    expect(blockLength(new Float64Array())).toBe(1);
    expect(blockLength(Float64Array.of(1, 2, 3))).toBe(1);
    expect(blockLength(new Float64Array(100).fill(7))).toBe(1);
  });
});
