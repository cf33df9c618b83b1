import { describe, expect, it } from 'vitest';
import { scenario } from './testing/scenario.ts';

/** So many rounds after each other, each with so many addresses of one family. In attempts by lookup. */
function ask(rounds: number, addresses: number, gap = 0.1): number[] {
  const s = scenario();
  let ms = 0;
  for (let round = 0; round < rounds; round++) {
    const port = 41_000 + round;
    const [a, aaaa] = [s.query({ ms, port }), s.query({ ms: ms + 0.01, port, type: 'AAAA' })];
    s.reply(a, ms + 0.2, 0, addresses);
    s.reply(aaaa, ms + 0.3);
    ms += 0.3 + gap;
  }
  return s.finish(ms + 300).map((row) => row.attempts.length);
}

describe('a call whose answers do not fit into its buffer', () => {
  it('asks all over again until they do: 1, 2, 4, 8 KB for 120 addresses', () => {
    expect(ask(4, 120)).toEqual([8]);
  });

  it('is over then: what comes next is the next call', () => {
    expect(ask(5, 120)).toEqual([8, 2]);
    expect(ask(8, 120)).toEqual([8, 8]);
  });

  it('is done at once where they fit', () => {
    expect(ask(3, 25)).toEqual([2, 2, 2]);
  });

  it('goes on at once: some time later it is another call', () => {
    expect(ask(2, 120, 8)).toEqual([2, 2]);
  });
});
