import { describe, expect, it } from 'vitest';
import { installed, measure, median } from '../../bench/measure.ts';

describe('measure', () => {
  it('counts the wall time of a program that only waits, and little CPU', () => {
    const waited = measure(['sleep', '0.3']);
    expect(waited.wallSeconds).toBeGreaterThanOrEqual(0.3);
    expect(waited.cpuSeconds).toBeLessThan(0.1);
  });

  it('throws with what the program said when it fails, and takes a status that is allowed', () => {
    const failing = ['node', '-e', 'console.error("no such capture"); process.exit(3)'];
    expect(() => measure(failing)).toThrow(/ended with 3: .*no such capture/s);
    expect(measure(failing, [3]).wallSeconds).toBeGreaterThan(0);
  });

  it('keeps arguments whole: nothing in them is read by a shell', () => {
    expect(() =>
      measure(['node', '-e', 'process.exit(process.argv[1] === "a; exit 9 $(id)" ? 0 : 1)', 'a; exit 9 $(id)']),
    ).not.toThrow();
  });

  it('takes the middle', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  it('tells what is not installed', () => {
    expect(installed('node')).toBe(true);
    expect(installed('no-such-program-here')).toBe(false);
  });
});
