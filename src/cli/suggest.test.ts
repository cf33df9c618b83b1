import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closest, editDistance } from './suggest.ts';

describe('closest', () => {
  it('finds what was meant, and nothing where nothing is near', () => {
    const known = ['explain', 'export', 'rules'];
    expect(closest('exprot', known)).toBe('export');
    expect(closest('Rules', known)).toBe('rules');
    expect(closest('rule', known)).toBe('rules');
    expect(closest('orders', known)).toBeNull();
    expect(closest('x', known)).toBeNull();
  });

  it('measures as a distance does', () => {
    const word = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, a)).toBe(0);
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(editDistance(a, b)).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
    );
  });
});
