import { describe, expect, it } from 'vitest';
import { createDialogue, type DialogueOptions } from './testing/dialogue.ts';
import { stallsOf } from './testing/losses.ts';

const FULL = 1448;
const WINDOW = 32 * FULL;
// Windows are announced in units of 128 bytes.
const announced = Math.floor(WINDOW / 128);

interface Transfer {
  /** From here to the server and back, and to the client and back. */
  ways: readonly [number, number];
  rounds?: number;
  /** Segments that are sent in each round trip. */
  each?: number;
  options?: DialogueOptions;
  /** The window closes for a while in that round. */
  shutIn?: number;
}

/** An answer that goes in rounds of so many segments, each acknowledged as the receiver gets it. */
function transfer({ ways: [near, far], rounds = 20, each = 32, options = {}, shutIn = -1 }: Transfer) {
  const dialogue = createDialogue({ ...options, ways: [near, far] });
  const way = near + far;
  dialogue.client(2 * way, { length: 100, window: announced });
  const start = 2 * way + near;
  const packets: { at: number; send: () => void }[] = [];
  for (let index = 0; index < rounds * each; index++) {
    const round = Math.floor(index / each);
    const sent = start + round * way + (index % each) * 0.1;
    packets.push({ at: sent, send: () => dialogue.server(sent, { length: FULL }) });
    // Its acknowledgment is seen when the receiver has had it.
    const at = sent + far + 0.02;
    const says = { acknowledges: (index + 1) * FULL, window: round === shutIn ? 0 : announced };
    packets.push({ at, send: () => dialogue.client(at, says) });
  }
  for (const { send } of packets.toSorted((a, b) => a.at - b.at)) send();
  return stallsOf(dialogue, 'window');
}

describe('the receive window is used up in each round trip', () => {
  it('seen near the sender', () => {
    const [stall, ...more] = transfer({ ways: [0.1, 50] });
    expect(more).toEqual([]);
    expect(stall).toMatchObject({ from: 'server', bytes: announced * 128, repaired: true });
    expect(stall!.duration).toBeGreaterThan(900);
  });

  it('seen at the receiver', () => {
    const [stall, ...more] = transfer({ ways: [50, 0.1] });
    expect(more).toEqual([]);
    expect(stall!.duration).toBeGreaterThan(800);
  });

  it.each<[string, Transfer]>([
    ['half of it is used', { ways: [50, 0.1], each: 16 }],
    ['half of it is used, seen near the sender', { ways: [0.1, 50], each: 16 }],
    ['the way is short', { ways: [0.8, 0.1] }],
    ['it is so for a few round trips', { ways: [50, 0.1], rounds: 4 }],
    ['it closes: its program does not read', { ways: [0.1, 50], shutIn: 0 }],
    ['nobody saw how windows are scaled', { ways: [50, 0.1], options: { midstream: true } }],
  ])('not where %s', (_, given) => {
    expect(transfer(given)).toEqual([]);
  });
});
