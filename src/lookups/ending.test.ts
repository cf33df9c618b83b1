import { describe, expect, it } from 'vitest';
import type { Lookup } from '../model/lookup.ts';
import { durations, pair, scenario } from './testing/scenario.ts';

describe('the end', () => {
  it("is the resolver's timer where no packet marks it", () => {
    const s = scenario();
    for (let index = 0; index < 5; index++) {
      for (const attempt of pair(s, index * 20, { name: `warm${index}.test` })) s.reply(attempt, index * 20 + 1);
    }
    // musl: AAAA's id a little after A's in all pairs.
    const t = scenario();
    for (let index = 0; index < 5; index++) {
      const a = t.query({ ms: index * 20, name: `warm${index}.test`, id: 300 + index * 4000 });
      const aaaa = t.query({ ms: index * 20 + 0.03, name: `warm${index}.test`, type: 'AAAA', id: 600 + index * 4000 });
      t.reply(a, index * 20 + 1);
      t.reply(aaaa, index * 20 + 1);
    }
    const a = t.query({ ms: 1000, id: 30_000 });
    const aaaa = t.query({ ms: 1000.03, id: 30_300, type: 'AAAA' });
    t.reply(a, 1001);
    t.resend(aaaa, 3500);
    const row = t.finish(20_000).at(-1) as Lookup;
    expect(row).toMatchObject({
      resolver: 'musl',
      endBecause: 'timer',
      outcome: 'timeout',
      durationIsLowerBound: false,
    });
    expect(row.duration).toBeCloseTo(5e9, -8);
  });

  it('is told over TCP where a query over UDP was given up for it, though its answer comes all the same', () => {
    const s = scenario();
    const [a, aaaa] = pair(s, 0);
    s.reply(a, 1);
    a.truncated = true;
    const tcp = s.query({ ms: 1.2, port: 45_000, transport: 'tcp', id: a.transactionId });
    const tcpTwin = s.query({ ms: 1.2, port: 45_000, type: 'AAAA', transport: 'tcp', id: aaaa.transactionId });
    s.reply(aaaa, 2.5);
    s.reply(tcp, 14);
    s.reply(tcpTwin, 27);
    expect(durations(s.finish(1000))).toEqual([27]);
  });

  it.each([5, 3])('of a walk is told by the name as it is where that was asked for first (rcode %d)', (rcode) => {
    const s = scenario();
    // glibc's two ids of a pair differ in the lowest bits of the low octet only.
    const ask = (ms: number, name: string, code: number): void => {
      const query = { ms, name, port: 40_000 + ms };
      for (const attempt of [
        s.query({ ...query, id: 8 * ms }),
        s.query({ ...query, ms: ms + 0.03, id: 8 * ms + 0x4001, type: 'AAAA' }),
      ])
        s.reply(attempt, ms + 0.5, code);
    };
    for (let index = 0; index < 6; index++) ask(index * 20, `warm${index}.test`, 0);
    for (const [index, name] of ['db.corp.test', 'db.corp.test.svc.test', 'db.corp.test.test'].entries())
      ask(1000 + index, name, index === 0 ? rcode : 3);
    expect(s.finish(20_000).at(-1)).toMatchObject({
      resolver: 'glibc',
      name: 'db.corp.test',
      outcome: rcode === 5 ? 'refused' : 'nxdomain',
    });
  });

  it("is the resolver's timer where the reply came after the last one was over, and the reply before", () => {
    const ends = [5900, 6200].map((replied) => {
      const s = scenario();
      for (let index = 0; index < 5; index++) {
        const name = `warm${index}.test`;
        s.reply(s.query({ ms: index * 20, name, id: 300 + index * 4000 }), index * 20 + 1);
        s.reply(s.query({ ms: index * 20 + 0.03, name, type: 'AAAA', id: 600 + index * 4000 }), index * 20 + 1);
      }
      const a = s.query({ ms: 1000, id: 30_000 });
      const aaaa = s.query({ ms: 1000.03, id: 30_300, type: 'AAAA' });
      s.reply(a, 1001);
      s.resend(aaaa, 3500);
      s.reply(aaaa, replied);
      const { resolver, outcome, duration } = s.finish(20_000).at(-1) as Lookup;
      return [resolver, outcome, Math.round(duration / 1e8)];
    });
    expect(ends).toEqual([
      ['musl', 'ok', 49],
      ['musl', 'timeout', 50],
    ]);
  });

  it('is the answer that came while other servers were still being asked, but no error, and none that was asked for again', () => {
    const ends = [
      { rcode: 0, next: '10.96.0.11' },
      { rcode: 2, next: '10.96.0.11' },
      { rcode: 0, next: '10.96.0.10' },
    ].map(({ rcode, next }) => {
      const s = scenario();
      const a = s.query({ ms: 0, id: 7 });
      s.reply(a, 1.2, rcode);
      s.query({ ms: 1.25, id: 7, server: next });
      return s.finish(20_000)[0]?.endBecause;
    });
    expect(ends).toEqual(['reply', 'captureEnd', 'captureEnd']);
  });

  it('is the end of the capture where the next try would come later, and then a lower bound', () => {
    const s = scenario();
    pair(s, 0);
    expect(s.finish(2000)).toMatchObject([
      { endBecause: 'captureEnd', durationIsLowerBound: true, outcome: 'incomplete' },
    ]);
  });

  it('is a lower bound for a resolver that is not known', () => {
    const s = scenario();
    const a = s.query({ ms: 0 });
    s.resend(a, 7000);
    const rows = s.finish(60_000);
    expect(rows).toMatchObject([{ resolver: 'unknown', durationIsLowerBound: true, outcome: 'timeout' }]);
    expect(durations(rows)).toEqual([14_000]);
  });
});

/** Both families walk, AAAA to the name as it is; of A's walk the capture lacks the end. */
function cutWalk(resent: boolean): string[] {
  const s = scenario();
  const [a, aaaa] = pair(s, 0, { name: 'db.cluster.local' });
  s.reply(a, 1, 3);
  if (resent) s.resend(aaaa, 5000);
  s.reply(aaaa, resent ? 5001 : 1.1, 3);
  s.reply(s.query({ ms: resent ? 5001.1 : 1.2, name: 'db', type: 'AAAA' }), resent ? 5002 : 2);
  return s.finish(20_000).map(({ name, outcome }) => `${name} ${outcome}`);
}

describe('a walk whose last question the capture lacks', () => {
  it('tells no outcome, whether or not something was lost on its way', () => {
    expect(cutWalk(false)).toEqual(['db incomplete']);
    expect(cutWalk(true)).toEqual(['db incomplete']);
  });
});
