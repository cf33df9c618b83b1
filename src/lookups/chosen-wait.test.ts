import { describe, expect, it } from 'vitest';
import { scenario } from './testing/scenario.ts';

/** What the last row says of its client's waits, in ms. */
function told(waits: readonly number[], { fromNewPort = false } = {}): number | null {
  const s = scenario();
  for (const [index, wait] of waits.entries()) {
    const ms = index * 20_000;
    const name = `lost${index}.test`;
    const attempt = s.query({ ms, name, port: 42_000 + index });
    s.reply(s.query({ ms: ms + 0.1, name, port: 44_000 + index, type: 'AAAA' }), ms + 1);
    if (fromNewPort) s.reply(s.query({ ms: ms + wait, name, port: 43_000 + index }), ms + wait + 1);
    else {
      s.resend(attempt, ms + wait);
      s.reply(attempt, ms + wait + 1);
    }
  }
  const chosen = s.finish(waits.length * 20_000).at(-1)?.chosenWait ?? null;
  return chosen === null ? null : chosen / 1e6;
}

describe('the wait that a client has chosen', () => {
  it.each([
    ['a whole second, however late its timer', [2003, 2110], 2000],
    ['a part of one, as musl divides its time by attempts:', [667.1, 668, 690], 667.1],
    ['that of most', [1002, 3003, 1002, 1004], 1000],
    ['none where each is another, as with jitter', [1300, 1900, 1600, 1750], null],
  ])('is %s', (_, waits, expected) => {
    expect(told(waits)).toBe(expected);
  });

  it('is no part of a second where the port is another one', () => {
    expect(told([667, 667, 667], { fromNewPort: true })).toBeNull();
    expect(told([2003, 2004, 2002], { fromNewPort: true })).toBe(2000);
  });

  it('is not known of who waits for nothing', () => {
    const s = scenario();
    s.reply(s.query({ ms: 0 }), 1);
    expect(s.finish(1000)[0]?.chosenWait).toBeNull();
  });
});
