import { describe, expect, it } from 'vitest';
import { durations, scenario } from './testing/scenario.ts';

const DEAD = 'fd00:96::b';

/** Go's pairs: each asked of a server over IPv6 in vain, and after a wait of one over IPv4. */
function rows(wait: number, { others = 0, sameName = true } = {}) {
  const s = scenario();
  for (let index = 0; index < others; index++) {
    s.reply(s.query({ ms: 0, name: 'warm.test', client: 200 + index, address: `fd00::${200 + index}` }), 1);
  }
  for (let index = 0; index < 4; index++) {
    const ms = 1000 + index * 20_000;
    const name = `a${index}.test`;
    const own = { name, client: 1, edns: 1232 };
    const port = 41_000 + 10 * index;
    s.query({ ...own, ms, address: 'fd00::7', port, server: DEAD });
    s.query({ ...own, ms: ms + 0.1, address: 'fd00::7', port: port + 1, server: DEAD, type: 'AAAA' });
    const again = { ...own, name: sameName ? name : `b${index}.test`, client: 101, address: '10.0.3.7' };
    s.reply(s.query({ ...again, ms: ms + wait, port: port + 2 }), ms + wait + 2);
    s.reply(s.query({ ...again, ms: ms + wait + 0.1, port: port + 3, type: 'AAAA' }), ms + wait + 2);
  }
  return s.finish(100_000);
}

describe('a host that asks from an address of each IP family', () => {
  it('goes on with its lookup at the next server', () => {
    expect(durations(rows(5004))).toEqual([5006, 5006, 5006, 5006]);
    expect(new Set(rows(5004).map(({ client, server, outcome }) => `${client} ${server} ${outcome}`))).toEqual(
      new Set([`fd00::7 ${DEAD} ok`]),
    );
  });

  it('asks all servers at once from one socket (musl)', () => {
    const s = scenario();
    const own = { ms: 0, address: 'fd00::7', server: DEAD };
    const other = { ms: 0.02, client: 101, address: '10.0.3.7' };
    s.query({ ...own, id: 7 });
    const a = s.query({ ...other, id: 7 });
    s.query({ ...own, ms: 0.04, id: 9, type: 'AAAA' });
    const aaaa = s.query({ ...other, ms: 0.06, id: 9, type: 'AAAA' });
    for (const attempt of [a, aaaa]) s.reply(attempt, 2);
    expect(durations(s.finish(20_000))).toEqual([2]);
  });

  it.each([
    ['at no timer', rows(4300)],
    ['for another name', rows(5004, { sameName: false })],
    ['at once, as a forwarder does', rows(2)],
    ['where many ask: nothing tells whose addresses are whose', rows(5004, { others: 8 }).slice(8)],
  ])('is another client %s', (_, other) => {
    expect(other).toHaveLength(8);
  });
});
