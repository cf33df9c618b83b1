import { expect, it } from 'vitest';
import { scenario } from './testing/scenario.ts';

/** Go asks for both families at 0 and at `late`, in vain, and again for both at `again`; so many lookups that makes. */
function lookupsOf(late: number, again: number): number {
  const s = scenario();
  const go = (ms: number, port: number, type: 'A' | 'AAAA') => s.query({ ms, port, type, edns: 1232 });
  go(0, 1, 'A');
  go(late, 2, 'AAAA');
  s.reply(go(again, 3, 'AAAA'), again + 1);
  s.reply(go(again + 0.03, 4, 'A'), again + 1.1);
  return s.finish(60_000).length;
}

it('a second family that left late on a busy machine is asked for again with the first one', () => {
  // As measured: 7.6 ms after A, and 4.9963 s before its timer was over.
  expect(lookupsOf(7.6, 5003.9)).toBe(1);
  expect(lookupsOf(0.1, 5003.9)).toBe(1);
});

it('one that was asked for at no timer’s wait since either left is another call’s', () => {
  expect(lookupsOf(7.6, 4990)).toBe(2);
});
