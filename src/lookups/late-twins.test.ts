import { describe, expect, it } from 'vitest';
import type { Lookup } from '../model/lookup.ts';
import { durations, pair, scenario } from './testing/scenario.ts';

type Capture = ReturnType<typeof scenario>;

/** Pairs that came through whole: their client asks for both families. */
function whole(s: Capture, count: number, ports: 'one' | 'two' = 'one'): void {
  for (let index = 0; index < count; index++) {
    const query = { ms: index * 50, name: `n${index}.test`, port: 50_000 + 2 * index, id: 300 * index };
    const a = s.query(query);
    const second = { ...query, ms: query.ms + 0.03, type: 'AAAA', id: query.id + 700 } as const;
    const aaaa = s.query(ports === 'one' ? second : { ...second, port: query.port + 1 });
    s.reply(a, query.ms + 1);
    s.reply(aaaa, query.ms + 1.2);
  }
}

const half = (s: Capture, type: 'A' | 'AAAA', ms: number, query: { port?: number; id?: number } = {}) => {
  const attempt = s.query({ ms, type, ...query });
  s.reply(attempt, ms + 1);
  return attempt;
};

const last = (rows: readonly Lookup[], after: number): Lookup[] => rows.slice(after);

describe('a family that is first seen when a resolver asks again', () => {
  it.each([
    ["musl's 2.5 s", 2503],
    ["c-ares's 2 s, or 5 s of others", 5004],
  ])('belongs to the other one of its port: %s', (_, waited) => {
    const s = scenario();
    half(s, 'A', 0);
    half(s, 'AAAA', waited);
    const rows = s.finish(20_000);
    expect(rows).toMatchObject([{ outcome: 'ok', attempts: [{ type: 1 }, { type: 28 }] }]);
    expect(durations(rows)).toEqual([waited + 1]);
  });

  it('is the first family as well: glibc asks for both again, for what was lost before the other one', () => {
    const s = scenario();
    const aaaa = half(s, 'AAAA', 0);
    half(s, 'A', 5004);
    s.resend(aaaa, 5005.1);
    s.reply(aaaa, 5006);
    expect(durations(s.finish(20_000))).toEqual([5006]);
  });

  it('is told of the kind of the lookups that show how both are sent', () => {
    const s = scenario();
    whole(s, 12);
    half(s, 'AAAA', 1000, { id: 900 });
    half(s, 'A', 3503, { id: 200 });
    const rows = s.finish(20_000);
    expect(new Set(rows.map(({ resolver }) => resolver))).toEqual(new Set(['musl']));
    expect(last(rows, 12)).toMatchObject([{ attempts: [{ type: 28 }, { type: 1 }] }]);
  });

  it("leaves from another port at Go's timer, where its client is known to ask for both", () => {
    const s = scenario();
    whole(s, 3, 'two');
    half(s, 'A', 1000);
    half(s, 'AAAA', 6004, { port: 41_000 });
    expect(durations(last(s.finish(20_000), 3))).toEqual([5005]);
  });

  it.each<[string, (s: Capture) => void, number[]]>([
    ['at another time, from that port', (s) => void half(s, 'AAAA', 1703), [1, 1]],
    [
      'from another port, in a capture that shows no pairs',
      (s) => void half(s, 'AAAA', 6004, { port: 41_000 }),
      [1, 1],
    ],
    [
      'with its own twin: another call, which asks for both',
      (s) => {
        const aaaa = s.query({ ms: 6004, type: 'AAAA', port: 41_000 });
        const a = s.query({ ms: 6004.2, port: 41_001 });
        s.reply(aaaa, 6005);
        s.reply(a, 6005.2);
      },
      [1, 1.2],
    ],
    ['the same family again, once its time to live is over', (s) => void half(s, 'A', 6000), [1, 1]],
  ])('is another lookup %s', (name, more, expected) => {
    const s = scenario();
    const pairs = name.includes('no pairs') ? 2 : 3;
    whole(s, pairs, 'two');
    half(s, 'A', 1000);
    more(s);
    expect(durations(last(s.finish(20_000), pairs))).toEqual(expected);
  });

  it('is another lookup where most of its client ask for one family, as it is told to', () => {
    const s = scenario();
    whole(s, 3, 'two');
    for (let index = 0; index < 8; index++) half(s, 'A', 1000 + 10_000 * index, { port: 42_000 + index });
    half(s, 'A', 100_000);
    half(s, 'AAAA', 105_004, { port: 41_000 });
    expect(durations(last(s.finish(200_000), 11))).toEqual([1, 1]);
  });

  it('ends a walk whose stage it is', () => {
    const s = scenario();
    const [a] = [s.query({ ms: 0, name: 'db.svc.cluster.local' })];
    s.reply(a, 1, 3);
    const aaaa = s.query({ ms: 2503, name: 'db.svc.cluster.local', type: 'AAAA' });
    s.reply(aaaa, 2504, 3);
    const [found, none] = pair(s, 2504.1, { name: 'db', port: 40_001 });
    s.reply(found, 2505);
    s.reply(none, 2505);
    expect(s.finish(9000)).toMatchObject([{ name: 'db', outcome: 'ok' }]);
  });
});
