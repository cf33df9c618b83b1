import { describe, expect, it } from 'vitest';
import { seededRandom } from '../base/random.ts';
import type { Lookup } from '../model/lookup.ts';
import { pair, scenario } from './testing/scenario.ts';

const inMs = ({ duration }: Lookup): number => Math.round(duration / 1e6);

/** Lookups one after the other from two ports, as with glibc's single-request-reopen, AAAA asked for when A is answered. */
function inTurn(replied: number): Lookup {
  const s = scenario();
  for (let index = 0; index < 6; index++) {
    const [ms, name, port] = [index * 20, `warm${index}.test`, 41_000 + 2 * index];
    s.reply(s.query({ ms, name, port }), ms + 1);
    s.reply(s.query({ ms: ms + 1.1, name, port: port + 1, type: 'AAAA' }), ms + 2);
  }
  s.reply(s.query({ ms: 1000, port: 42_000 }), 1000 + replied);
  s.query({ ms: 1000 + replied + 0.1, port: 42_001, type: 'AAAA' });
  return s.finish(20_000).at(-1) as Lookup;
}

// glibc's two ids of a pair differ in the lowest bits of the low octet only.
const GLIBC = 0x4001;

const inTurnLater = (s: ReturnType<typeof scenario>): void => {
  s.reply(s.query({ ms: 9000, port: 42_000 }), 9001);
  s.query({ ms: 9001.1, port: 42_001, type: 'AAAA' });
};

const pairs = (s: ReturnType<typeof scenario>): void => {
  for (let index = 0; index < 6; index++) {
    const [ms, name, port] = [index * 20, `warm${index}.test`, 41_000 + index];
    s.reply(s.query({ ms, name, port, id: 8 * index }), ms + 1);
    s.reply(s.query({ ms: ms + 0.03, name, port, id: 8 * index + GLIBC, type: 'AAAA' }), ms + 1);
  }
};

describe('a last wait', () => {
  it('is rounded up by the kernel', () => {
    expect(inTurn(1)).toMatchObject({ resolver: 'glibc', endBecause: 'timer', durationIsLowerBound: false });
    expect(inMs(inTurn(1))).toBe(5005);
  });

  it('of glibc that asks one by one runs for both from the first one’s query', () => {
    expect(inMs(inTurn(3000))).toBe(5005);
  });

  it.each([
    ['in turn from one port, then from new ones, is its second', 1.1, 10],
    ['at once before is followed by a third', 0.03, null],
  ])('of glibc that asked %s', (_, twinAfter, seconds) => {
    const s = scenario();
    pairs(s);
    const query = { name: 'b.test', port: 41_900 };
    s.reply(s.query({ ...query, ms: 1000, id: 16 }), 1001);
    s.query({ ...query, ms: 1000 + twinAfter, id: 16 + GLIBC, type: 'AAAA' });
    s.reply(s.query({ ...query, ms: 6005, port: 41_901, id: 16 }), 6006);
    s.query({ ...query, ms: 6006.1, port: 41_902, id: 16 + GLIBC, type: 'AAAA' });
    const row = s.finish(70_000).at(-1) as Lookup;
    expect(row).toMatchObject({ resolver: 'glibc', endBecause: seconds === null ? 'captureEnd' : 'timer' });
    if (seconds !== null) expect(Math.abs(inMs(row) - seconds * 1000)).toBeLessThan(20);
  });

  it('that nobody follows is over in vain where the capture is silent for longer than answers take', () => {
    const ends = [1, 300].map((delay) => {
      const s = scenario();
      for (let index = 0; index < 6; index++) {
        const ms = index * 1000;
        for (const attempt of pair(s, ms, { name: `warm${index}.test`, port: 41_000 + index, edns: 1232 })) {
          s.reply(attempt, ms + delay);
        }
      }
      const [a] = pair(s, 8000, { port: 42_000, edns: 1232 });
      s.reply(a, 8000 + delay);
      const { resolver, endBecause } = s.finish(8500).at(-1) as Lookup;
      return `${resolver} ${endBecause}`;
    });
    expect(ends).toEqual(['c-ares timer', 'c-ares captureEnd']);
  });

  it('that c-ares waits for a lost family ends it where the other one’s answer is there, though cut before its address', () => {
    const ends = [1, 0].map((answerCount) => {
      const s = scenario();
      for (let index = 0; index < 6; index++) {
        const ms = index * 1000;
        const name = `warm${index}.test`;
        for (const attempt of pair(s, ms, { name, port: 41_000 + index, edns: 1232 })) s.reply(attempt, ms + 1);
      }
      const [a] = pair(s, 8000, { port: 42_000, edns: 1232 });
      s.reply(a, 8001);
      Object.assign(a, { addresses: [], answerCount, cutReply: true });
      return s.finish(20_000).at(-1)?.endBecause;
    });
    expect(ends).toEqual(['timer', 'captureEnd']);
  });

  it.each([
    [[2002, 2003], 2004],
    [[2002], 2004],
    [[2002, 5005, 2002, 5005], 5005],
  ])('is what the client waited for before it asked again in other lookups: %j', (waits, expected) => {
    const s = scenario();
    for (let index = 0; index < 8; index++) {
      for (const attempt of pair(s, index * 20, { name: `warm${index}.test`, port: 41_000 + index })) {
        s.reply(attempt, index * 20 + 1);
      }
    }
    for (const [index, wait] of waits.entries()) {
      const ms = 1000 + index * 10_000;
      const attempts = pair(s, ms, { name: `lost${index}.test`, port: 42_000 + index });
      for (const attempt of attempts) s.resend(attempt, ms + wait);
      for (const attempt of attempts) s.reply(attempt, ms + wait + 1);
    }
    s.reply(s.query({ ms: 50_000, port: 43_000 }), 50_001);
    s.query({ ms: 50_001.1, port: 43_001, type: 'AAAA' });
    const row = s.finish(70_000).at(-1) as Lookup;
    expect(row).toMatchObject({ resolver: 'glibc', endBecause: 'timer' });
    expect(Math.abs(inMs(row) - expected)).toBeLessThan(10);
  });

  it('is rounded up by a tenth of a second at most', () => {
    const random = seededRandom(7);
    const id = (): number => Math.floor(random() * 65_536);
    const s = scenario();
    for (let index = 0; index < 8; index++) {
      const query = { name: `warm${index}.test` };
      s.reply(s.query({ ...query, ms: index * 20, id: id() }), index * 20 + 1);
      s.reply(s.query({ ...query, ms: index * 20 + 0.03, id: id(), type: 'AAAA' }), index * 20 + 1);
    }
    const attempts = pair(s, 1000);
    // Waits of 5, 10 and 20 s, each by a half per cent longer as of a process that is nice.
    for (const ms of [6025, 16_075, 36_175]) for (const attempt of attempts) s.resend(attempt, ms);
    const row = s.finish(120_000).at(-1) as Lookup;
    expect(row).toMatchObject({ resolver: 'c-ares', endBecause: 'timer', outcome: 'timeout' });
    expect(inMs(row)).toBe(75_275);
  });

  it('is as long as the waits that its client’s other lookups show', () => {
    const chosen = scenario();
    pairs(chosen);
    const [a, aaaa] = [
      chosen.query({ ms: 1000, name: 'b.test', port: 41_900, id: 16 }),
      chosen.query({ ms: 1000.03, name: 'b.test', port: 41_900, id: 16 + GLIBC, type: 'AAAA' }),
    ];
    for (const attempt of [a, aaaa]) chosen.resend(attempt, 2002);
    for (const attempt of [a, aaaa]) chosen.reply(attempt, 2003);
    inTurnLater(chosen);
    const last = chosen.finish(30_000).at(-1) as Lookup;
    expect(last).toMatchObject({ resolver: 'glibc', endBecause: 'timer' });
    expect(inMs(last)).toBe(1001);

    const usual = scenario();
    pairs(usual);
    inTurnLater(usual);
    expect(inMs(usual.finish(30_000).at(-1) as Lookup)).toBe(5005);
  });
});
