import { describe, expect, it } from 'vitest';
import type { Lookup } from '../model/lookup.ts';
import { durations, pair, scenario } from './testing/scenario.ts';

describe('one lookup', () => {
  it('is A and AAAA until the later answer', () => {
    const s = scenario();
    const [a, aaaa] = pair(s, 0);
    s.reply(a, 1);
    s.reply(aaaa, 3);
    expect(s.finish(10)).toMatchObject([
      { name: 'a.test', endBecause: 'reply', outcome: 'ok', answers: ['192.0.2.1'] },
    ]);
    expect(durations(s.finish(10))).toEqual([3]);
  });

  it.each([
    [true, 'ok'],
    [false, 'nxdomain'],
  ])('of whose answer the addresses are cut off (%s) is %s, whatever the other family got', (cutReply, outcome) => {
    const s = scenario();
    const [a, aaaa] = pair(s, 0);
    s.reply(a, 1);
    Object.assign(a, { cutReply, addresses: [] });
    s.reply(aaaa, 3, 3);
    expect(s.finish(10)).toMatchObject([{ name: 'a.test', outcome, answers: [] }]);
  });

  it('goes on over every search suffix, from new ports or from one', () => {
    for (const newPorts of [true, false]) {
      const s = scenario();
      let ms = 0;
      for (const [index, suffix] of ['.prod.svc.cluster.local', '.svc.cluster.local', '.cluster.local', ''].entries()) {
        const [a, aaaa] = pair(s, ms, { name: `api.example.com${suffix}`, port: newPorts ? 40_000 + index : 40_000 });
        s.reply(a, ms + 1, suffix === '' ? 0 : 3);
        s.reply(aaaa, ms + 1.2, suffix === '' ? 0 : 3);
        ms += 1.3;
      }
      const rows = s.finish(100);
      expect(rows).toMatchObject([{ name: 'api.example.com', outcome: 'ok' }]);
      expect((rows[0] as Lookup).attempts).toHaveLength(8);
    }
  });

  it('keeps the walks of A and AAAA that c-ares makes independently', () => {
    const s = scenario();
    const [a, aaaa] = pair(s, 0, { name: 'db.svc.cluster.local' });
    s.reply(aaaa, 1, 3);
    s.reply(s.query({ ms: 1.1, name: 'db.cluster.local', type: 'AAAA' }), 2, 3);
    s.reply(s.query({ ms: 2.1, name: 'db', type: 'AAAA' }), 3);
    s.resend(a, 5000);
    s.reply(a, 5001, 3);
    s.reply(s.query({ ms: 5001.1, name: 'db.cluster.local' }), 5002, 3);
    s.reply(s.query({ ms: 5002.1, name: 'db' }), 5003);
    const rows = s.finish(6000);
    expect(rows).toMatchObject([{ name: 'db', outcome: 'ok' }]);
    expect(durations(rows)).toEqual([5003]);
  });

  it("keeps gRPC's walk for the family that is missing, where its process was held up", () => {
    const s = scenario();
    const aaaa = s.query({ ms: 0, name: 'db.prod.svc.cluster.local', type: 'AAAA' });
    const a = s.query({ ms: 0.03, name: 'db.prod.svc.cluster.local' });
    s.reply(aaaa, 1);
    s.reply(a, 1.1);
    for (const [index, name] of ['db.svc.cluster.local', 'db.cluster.local', 'db'].entries()) {
      s.reply(s.query({ ms: 18 + index, name, type: 'AAAA' }), 18.5 + index, 3);
    }
    expect(s.finish(300)).toMatchObject([{ name: 'db', outcome: 'ok' }]);
  });

  it('takes a retry with the same id from a new port, and to the next server', () => {
    const s = scenario();
    s.query({ ms: 0, id: 7 });
    s.query({ ms: 3000, id: 7, port: 40_001 });
    s.reply(s.query({ ms: 6000, id: 7, port: 40_002, server: '10.96.0.11' }), 6001);
    expect(durations(s.finish(7000))).toEqual([6001]);
  });

  it("takes Go's retry with a new id from a new port at its timer, and not at another time", () => {
    const s = scenario();
    s.query({ ms: 0, port: 1, edns: 1232 });
    s.query({ ms: 0.1, port: 2, edns: 1232, type: 'AAAA' });
    const a = s.query({ ms: 5003, port: 3, edns: 1232 });
    const aaaa = s.query({ ms: 5003.1, port: 4, edns: 1232, type: 'AAAA' });
    s.reply(a, 5004);
    s.reply(aaaa, 5004);
    s.query({ ms: 7300, port: 5, edns: 1232 });
    const rows = s.finish(7400);
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatchObject({ resolver: 'go', outcome: 'ok', endBecause: 'reply' });
  });

  it("takes glibc's last try from new ports, the second of which leaves when the first is answered", () => {
    const s = scenario();
    const [a, aaaa] = pair(s, 0);
    s.reply(aaaa, 1);
    s.resend(a, 5020);
    s.reply(a, 5021);
    // Asked again although it was answered, and lost.
    s.resend(aaaa, 5022);
    s.reply(s.query({ ms: 10_035, port: 41_000, id: a.transactionId }), 10_036);
    s.reply(s.query({ ms: 10_037, port: 41_001, id: aaaa.transactionId, type: 'AAAA' }), 10_038);
    expect(durations(s.finish(20_000))).toEqual([10_038]);
  });

  it.each([
    ['at the same wait', [1002, 2004, 3006], 1],
    ['at another one', [1002, 4003], 2],
    ["after Go's default of two", [5002, 10_004], 2],
  ])("takes Go's third try where somebody chose a shorter wait: %s", (_, tries, lookups) => {
    const s = scenario();
    let port = 1;
    for (const ms of [0, ...tries]) {
      const a = s.query({ ms, port: port++, edns: 1232 });
      const aaaa = s.query({ ms: ms + 0.1, port: port++, edns: 1232, type: 'AAAA' });
      if (ms === tries.at(-1)) for (const attempt of [a, aaaa]) s.reply(attempt, ms + 1);
    }
    expect(s.finish(11_000)).toHaveLength(lookups);
  });

  it("takes Netty's retry at the next server from its one port with a new id, and no second call to one server", () => {
    const lookups = ['10.96.0.11', '10.96.0.10'].map((server) => {
      const s = scenario();
      pair(s, 0, { edns: 4096 });
      for (const attempt of pair(s, 5039, { edns: 4096, server })) s.reply(attempt, 5041);
      return s.finish(6000);
    });
    expect(lookups.map((rows) => rows.length)).toEqual([1, 2]);
    expect(lookups[0]).toMatchObject([{ resolver: 'netty', outcome: 'ok', attempts: [{}, {}, {}, {}] }]);
  });

  it("is not Netty's where another server answered, or the next one is asked at no timer", () => {
    for (const [answered, ms] of [
      [true, 5010],
      [false, 5400],
    ] as const) {
      const s = scenario();
      const first = pair(s, 0, { edns: 4096 });
      if (answered) for (const attempt of first) s.reply(attempt, 2);
      for (const attempt of pair(s, ms, { edns: 4096, server: '10.96.0.11' })) s.reply(attempt, ms + 2);
      expect(s.finish(6000)).toHaveLength(2);
    }
  });

  it('takes a retry after an error, some milliseconds late on a loaded machine', () => {
    const s = scenario();
    const a = s.query({ ms: 0, port: 1, edns: 1232 });
    const aaaa = s.query({ ms: 0.1, port: 2, edns: 1232, type: 'AAAA' });
    s.reply(aaaa, 1, 2);
    s.reply(a, 1.1);
    s.reply(s.query({ ms: 9, port: 3, edns: 1232, type: 'AAAA' }), 10, 2);
    expect(s.finish(300)).toMatchObject([{ outcome: 'ok' }]);
  });

  it("is no gRPC's where AAAA's answer came before A was asked, from one port: ares_gethostbyname", () => {
    const told = [0.05, 1.1].map((gap) => {
      const s = scenario();
      for (const ms of [0, 100, 200]) {
        const aaaa = s.query({ ms, port: 40_000 + ms, type: 'AAAA' });
        if (gap > 1) s.reply(aaaa, ms + 1);
        const a = s.query({ ms: ms + gap, port: 40_000 + ms });
        if (gap < 1) s.reply(aaaa, ms + 1);
        s.reply(a, ms + 2);
      }
      return s.finish(1000).map(({ resolver, resolverDetail }) => `${resolver} ${resolverDetail}`);
    });
    expect(told).toEqual([Array(3).fill('c-ares gRPC'), Array(3).fill('c-ares ≤1.21')]);
  });

  it('asks two servers at once, each with ids of its own, and goes on with the first answer', () => {
    const s = scenario();
    const other = { server: '10.96.0.11' };
    s.query({ ms: 0, port: 1, ...other });
    const a = s.query({ ms: 0.5, port: 2 });
    s.query({ ms: 0.6, port: 3, type: 'AAAA', ...other });
    const aaaa = s.query({ ms: 0.7, port: 4, type: 'AAAA' });
    s.reply(a, 1);
    s.reply(aaaa, 1.1);
    // The next call, a whole second later, is nobody's retry: there was an answer.
    s.reply(s.query({ ms: 3000, port: 5 }), 3001);
    const rows = s.finish(4000);
    expect(rows.map((row) => row.attempts.length)).toEqual([4, 1]);
  });

  it('of two that walk the same list, goes on where the suffix was answered, not where none came', () => {
    const s = scenario();
    const first = pair(s, 0, { name: 'db.test.prod.svc.cluster.local', port: 1 });
    pair(s, 1000, { name: 'db.test.prod.svc.cluster.local', port: 2 });
    for (const attempt of first) s.reply(attempt, 2000, 3);
    for (const attempt of pair(s, 2000.1, { name: 'db.test.svc.cluster.local', port: 3 })) s.reply(attempt, 2001);
    const rows = s.finish(2100);
    expect(rows.map((row) => row.attempts.map((attempt) => attempt.clientPort))).toEqual([
      [1, 1, 3, 3],
      [2, 2],
    ]);
  });
});

describe('two lookups', () => {
  it('are one walk where the capture lacks the first question of one family', () => {
    for (const port of [40_000, 41_000]) {
      const s = scenario();
      s.reply(s.query({ ms: 0, name: 'db.ns.svc.cluster.local' }), 1, 3);
      // The other family first: nothing of it came before.
      s.reply(s.query({ ms: 1.1, name: 'db.svc.cluster.local', type: 'AAAA', port }), 2);
      s.reply(s.query({ ms: 1.2, name: 'db.svc.cluster.local', port: port === 40_000 ? port : 42_000 }), 2.1);
      expect(s.finish(5000)).toMatchObject([{ outcome: 'ok', attempts: [{}, {}, {}] }]);
    }
  });

  it('are one where c-ares walks ahead with the family whose first question the capture lacks', () => {
    const lookups = [40_000, 41_000].map((port) => {
      const s = scenario();
      const a = s.query({ ms: 0, name: 'db.ns.svc.cluster.local' });
      const aaaa = s.query({ ms: 0.5, name: 'db.svc.cluster.local', type: 'AAAA', port });
      s.reply(a, 1, 3);
      s.reply(s.query({ ms: 1.1, name: 'db.svc.cluster.local' }), 2);
      s.reply(aaaa, 2.1);
      return s.finish(5000).length;
    });
    // From another port it is another call's.
    expect(lookups).toEqual([1, 2]);
  });

  it('are two where the first one found its name, or no walk leads from one to the other', () => {
    for (const [first, rcode] of [
      ['db.ns.svc.cluster.local', 0],
      ['db.example.com', 3],
    ] as const) {
      const s = scenario();
      s.reply(s.query({ ms: 0, name: first }), 1, rcode);
      s.reply(s.query({ ms: 1.1, name: 'db.svc.cluster.local', type: 'AAAA', port: 41_000 }), 2);
      expect(s.finish(5000)).toHaveLength(2);
    }
  });

  it('are a walk that ended with the name as it is, and the next walk for it', () => {
    const s = scenario();
    for (const [index, name] of ['db.svc.cluster.local', 'db.cluster.local', 'db'].entries()) {
      s.reply(s.query({ ms: index, name }), index + 0.5, 3);
    }
    s.reply(s.query({ ms: 14, name: 'db.prod.svc.cluster.local', port: 2 }), 15);
    expect(s.finish(300)).toMatchObject([{ outcome: 'nxdomain' }, { outcome: 'ok' }]);
  });

  it('are two walks shortly after each other, both refused at the name as it is', () => {
    const s = scenario();
    const walk = (ms: number): void => {
      for (const [index, name] of ['db.shop.cluster.local', 'db.cluster.local', 'db', 'db'].entries()) {
        s.reply(s.query({ ms: ms + index, name, port: ms + index + 1 }), ms + index + 0.5, name === 'db' ? 5 : 3);
      }
    };
    walk(0);
    walk(18);
    expect(s.finish(400)).toMatchObject([
      { outcome: 'refused', attempts: { length: 4 } },
      { outcome: 'refused', attempts: { length: 4 } },
    ]);
  });

  it('are a query that nobody answered, and a call at a time that is no timer', () => {
    const s = scenario();
    s.query({ ms: 0, edns: 1232 });
    s.query({ ms: 1500, port: 2, edns: 1232 });
    expect(s.finish(2600)).toHaveLength(2);
  });

  it('are two processes of one pod that ask the same name at the same time', () => {
    const s = scenario();
    const first = s.query({ ms: 0, port: 40_000 });
    const second = s.query({ ms: 0.01, port: 40_001 });
    const firstTwin = s.query({ ms: 0.02, port: 40_000, type: 'AAAA' });
    const secondTwin = s.query({ ms: 0.03, port: 40_001, type: 'AAAA' });
    for (const attempt of [first, second, firstTwin, secondTwin]) s.reply(attempt, 1);
    const rows = s.finish(10);
    expect(rows.map((row) => row.attempts.map((attempt) => attempt.clientPort))).toEqual([
      [40_000, 40_000],
      [40_001, 40_001],
    ]);
  });

  it('are the same name asked again after its answer', () => {
    const s = scenario();
    for (const ms of [0, 20, 40]) for (const attempt of pair(s, ms)) s.reply(attempt, ms + 1);
    expect(s.finish(100)).toHaveLength(3);
  });

  it.each(['query', 'answer'])('are each their own where the capture lacks a %s of the first', (lacks) => {
    const s = scenario();
    const go = (ms: number, port: number, type: 'A' | 'AAAA') => s.query({ ms, port, type, edns: 1232 });
    if (lacks === 'answer') go(0, 1, 'A');
    s.reply(go(0.1, 2, 'AAAA'), 1);
    // Soon after the answer the second family may follow it; 1 s later a timer is over.
    const next = lacks === 'answer' ? 1001 : 100;
    const a = go(next, 3, 'A');
    const aaaa = go(next + 0.2, 4, 'AAAA');
    s.reply(a, next + 1);
    s.reply(aaaa, next + 1.1);
    const rows = s.finish(1200);
    expect(rows.map(({ attempts }) => attempts.map(({ clientPort }) => clientPort))).toEqual([
      lacks === 'answer' ? [1, 2] : [2],
      [3, 4],
    ]);
  });

  it('are one whose second family was asked late, and another that begins with the first family right then', () => {
    const s = scenario();
    s.reply(s.query({ ms: 0, port: 1 }), 1);
    const aaaa = s.query({ ms: 91, port: 2, type: 'AAAA' });
    const next = s.query({ ms: 97, port: 3 });
    s.reply(aaaa, 92);
    s.reply(next, 98);
    expect(s.finish(500).map(({ attempts }) => attempts.map(({ clientPort }) => clientPort))).toEqual([[1, 2], [3]]);
  });

  it('are names that only look alike', () => {
    const s = scenario();
    s.reply(s.query({ ms: 0, name: 'www.shop.example' }), 1, 3);
    s.query({ ms: 40, name: 'www.other.test' });
    expect(s.finish(100)).toHaveLength(2);
  });

  it('are those of two clients', () => {
    const s = scenario();
    s.query({ ms: 0 });
    s.query({ ms: 0.02, type: 'AAAA', client: 2 });
    expect(s.finish(10)).toHaveLength(2);
  });

  it("are a failed call and the application's own second try with new ids", () => {
    const s = scenario();
    const [a, aaaa] = pair(s, 0);
    s.resend(a, 5000);
    s.resend(aaaa, 5000.1);
    pair(s, 10_002, { port: 40_001 });
    const rows = s.finish(10_100);
    expect(rows).toHaveLength(2);
  });
});

/** A is answered, and asked again after the timer; AAAA is not seen before. */
function halfSeen(again: 'same id' | 'new id'): Lookup[] {
  const s = scenario();
  for (let index = 0; index < 6; index++) {
    for (const attempt of pair(s, index * 20, { name: `warm${index}.test`, port: 41_000 + index })) {
      s.reply(attempt, index * 20 + 1);
    }
  }
  const a = s.query({ ms: 1000, port: 42_000 });
  s.reply(a, 1001);
  s.advance(5900);
  if (again === 'same id') s.resend(a, 6005);
  const second = again === 'same id' ? a : s.query({ ms: 6005, port: 42_000 });
  s.reply(second, 6006);
  s.reply(s.query({ ms: 6006.1, port: 42_000, type: 'AAAA' }), 6008);
  return s.finish(8000).slice(6);
}

describe('a lookup of which the capture lacks the query that was lost', () => {
  it('goes on where the answered one is asked again', () => {
    const rows = halfSeen('same id');
    expect(rows).toMatchObject([{ outcome: 'ok', attempts: [{ type: 1 }, { type: 28 }] }]);
    expect(durations(rows)).toEqual([5008]);
  });

  it('is another where somebody asks anew', () => {
    expect(durations(halfSeen('new id'))).toEqual([1, 3]);
  });
});

describe('bounds', () => {
  it('hold with many open lookups, and say what was let go', () => {
    const s = scenario();
    for (let index = 0; index < 40_000; index++)
      s.query({ ms: index / 100, name: `n${index}.test`, port: 1024 + (index % 60_000) });
    expect(s.lookups.counts.evicted).toBeGreaterThan(0);
    const rows = s.finish(500);
    expect(rows).toHaveLength(40_000);
    expect(new Set(rows.map((row) => row.id)).size).toBe(40_000);
  });

  it('hold where one id and name come from port after port', () => {
    const s = scenario();
    for (let index = 0; index < 10_000; index++) s.query({ ms: index / 100, id: 7, port: 1024 + index });
    const rows = s.finish(500);
    expect(rows.reduce((sum, { attempts }) => sum + attempts.length, 0)).toBe(10_000);
    expect(Math.max(...rows.map(({ attempts }) => attempts.length))).toBe(256);
  });

  it('emit in order of start', () => {
    const s = scenario();
    for (let index = 0; index < 5000; index++)
      s.reply(s.query({ ms: index * 10, name: `n${index}.test` }), index * 10 + (index % 7));
    const starts = s.finish(60_000).map((row) => row.startedAt);
    expect(starts).toEqual(starts.toSorted((one, other) => one - other));
    expect(starts).toHaveLength(5000);
  });
});
