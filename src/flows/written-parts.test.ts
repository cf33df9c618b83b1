import { expect, it } from 'vitest';
import { createDialogue, type Dialogue } from './testing/dialogue.ts';
import { stallsOf } from './testing/losses.ts';

const FULL = 1448;

interface Written {
  parts?: number;
  rest?: number;
  /** Payload of the segments of each part. */
  lengths?: readonly number[];
  acknowledges?: boolean;
  dialogue?: Dialogue;
}

/** An answer in parts of some segments, each acknowledged, with a rest behind it. */
function written({
  parts = 40,
  rest = 4,
  lengths = [FULL, FULL, 600],
  acknowledges = true,
  dialogue = createDialogue(),
}: Written) {
  dialogue.client(100, { length: 100 });
  for (let part = 0; part < parts; part++) {
    const at = 200 + part * rest;
    for (const [index, length] of lengths.entries()) dialogue.server(at + index * 0.01, { length });
    if (acknowledges) dialogue.client(at + 0.2);
  }
  return stallsOf(dialogue, 'written');
}

it('a program that writes in parts, with rests of a few milliseconds', () => {
  const [stall, ...more] = written({});
  expect(more).toEqual([]);
  expect(stall).toMatchObject({ from: 'server', repaired: true });
  expect(stall!.start).toBeCloseTo(200, 0);
  expect(stall!.duration).toBeGreaterThan(150);
});

it.each<[string, Written]>([
  ['parts follow one another within what networks hand on together', { parts: 200, rest: 1 }],
  ['each part ends full, as of what a shaper lets go in bursts', { lengths: [FULL, FULL, FULL] }],
  ['what was sent is still on its way', { acknowledges: false }],
  ['it is over soon', { parts: 12, rest: 2 }],
  ['rests are few', { parts: 8, rest: 9 }],
  ['rests are told one by one', { rest: 14 }],
  ['the way takes as long', { dialogue: createDialogue({ ways: [3, 0.1] }) }],
])('none where %s', (_, given) => {
  expect(written(given)).toEqual([]);
});
