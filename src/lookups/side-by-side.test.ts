import { describe, expect, it } from 'vitest';
import { scenario } from './testing/scenario.ts';

describe('two lookups for one name', () => {
  it.each([4, 60])('are two walks that begin with the name as it is, refused, %s ms apart', (apart) => {
    const s = scenario();
    const walk = (ms: number): void => {
      for (const [index, name] of ['db', 'db', 'db.shop.cluster.local', 'db.cluster.local'].entries()) {
        s.reply(s.query({ ms: ms + index, name, port: ms + index + 1 }), ms + index + 0.5, name === 'db' ? 5 : 3);
      }
    };
    walk(0);
    walk(3 + apart);
    expect(s.finish(400)).toMatchObject([{ attempts: { length: 4 } }, { attempts: { length: 4 } }]);
  });

  it('are those of two threads that ask one family after the other, side by side', () => {
    const s = scenario();
    const a = s.query({ ms: 0, port: 1 });
    const other = s.query({ ms: 7, port: 2 });
    s.reply(a, 11);
    const aaaa = s.query({ ms: 11.2, port: 3, type: 'AAAA' });
    s.reply(other, 18);
    const otherAaaa = s.query({ ms: 18.2, port: 4, type: 'AAAA' });
    s.reply(aaaa, 22);
    s.reply(otherAaaa, 29);
    expect(s.finish(500).map(({ attempts }) => attempts.map(({ clientPort }) => clientPort))).toEqual([
      [1, 3],
      [2, 4],
    ]);
  });

  it('are those of two threads that walk one list side by side, each step after both answers of the one before', () => {
    const s = scenario();
    const steps: [number, string, number][] = [];
    for (const [thread, ms] of [0, 0.9].entries()) {
      for (const [index, name] of ['db.shop.svc.cluster.local', 'db.svc.cluster.local', 'db.cluster.local'].entries()) {
        steps.push([ms + index * 4.2, name, 100 * thread + 10 * index + 1]);
      }
    }
    const events: { ms: number; run(): unknown }[] = [];
    for (const [ms, name, port] of steps) {
      let query = null as ReturnType<typeof s.query> | null;
      for (const [index, type] of (['A', 'AAAA'] as const).entries()) {
        events.push({
          ms: ms + 2.1 * index,
          run: () => (query = s.query({ ms: ms + 2.1 * index, name, port: port + index, type })),
        });
        events.push({ ms: ms + 2.1 * index + 2, run: () => query !== null && s.reply(query, ms + 2.1 * index + 2, 3) });
      }
    }
    for (const { run } of events.toSorted((one, later) => one.ms - later.ms)) run();
    expect(s.finish(500).map(({ attempts }) => attempts.map(({ clientPort }) => Math.floor(clientPort / 100)))).toEqual(
      [Array.from({ length: 6 }, () => 0), Array.from({ length: 6 }, () => 1)],
    );
  });
});
