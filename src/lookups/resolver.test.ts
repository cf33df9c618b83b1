import { describe, expect, it } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { pair, scenario } from './testing/scenario.ts';

const DEAD = '10.96.0.11';

/** Pairs with ids at random that the first server never answers, and the second at once, after these waits in ms. */
function resolversAfter(waits: readonly number[]): Set<string> {
  const random = seededRandom(5);
  const id = (): number => Math.floor(random() * 65_536);
  const s = scenario();
  for (const [index, wait] of waits.entries()) {
    const from = index * 10_000;
    const name = `a${index}.test`;
    const port = 41_000 + 2 * index;
    const [first, second] = [id(), id()];
    s.query({ ms: from, name, server: DEAD, port, id: first });
    s.query({ ms: from + 0.04, name, type: 'AAAA', server: DEAD, port, id: second });
    const a = s.query({ ms: from + wait, name, port: port + 1, id: first });
    const aaaa = s.query({ ms: from + wait + 0.04, name, type: 'AAAA', port: port + 1, id: second });
    s.reply(a, from + wait + 2);
    s.reply(aaaa, from + wait + 2);
  }
  return new Set(s.finish(waits.length * 10_000 + 20_000).map(({ resolver }) => resolver));
}

/** Three pairs from two ports each, the second query so many ms after the first, which is answered after two. */
function resolversOfPairs(edns: number, after = 0.2): Set<string> {
  const s = scenario();
  for (const ms of [0, 100, 200]) {
    const port = 41_000 + ms;
    const a = s.query({ ms, name: `a${ms}.test`, port, edns });
    const aaaa = s.query({ ms: ms + after, name: `a${ms}.test`, type: 'AAAA', port: port + 1, edns });
    s.reply(a, ms + 2);
    s.reply(aaaa, ms + 2 + after);
  }
  return new Set(s.finish(1000).map(({ resolver }) => resolver));
}

/** Lookups of A alone, from these ports. */
function resolversFrom(ports: readonly number[], edns = 4096): Set<string> {
  const s = scenario();
  for (const [index, port] of ports.entries()) {
    s.reply(s.query({ ms: index * 100, name: `a${index}.test`, port, edns }), index * 100 + 2);
  }
  return new Set(s.finish(10_000).map(({ resolver }) => resolver));
}

describe('a timer of two seconds', () => {
  it('that a busy machine holds up is not taken for Node’s, which looks at the clock once a second', () => {
    const held = [2001, 2002, 2170, 2003, 2040, 2001, 2240, 2002, 2004, 2090, 2001, 2012, 2130, 2003];
    expect(resolversAfter(held)).not.toContain('node');
  });

  it('that Node began with its query tells it from c-ares by nothing', () => {
    expect(resolversAfter([2004, 2003, 2005, 2007])).toEqual(new Set(['unknown']));
  });

  it('that ends anywhere within the second after is Node’s', () => {
    const spread = [2100, 2900, 2450, 2700, 2310, 2820, 2550, 2640, 2380, 2760];
    expect(resolversAfter(spread)).toContain('node');
  });
});

describe('A and AAAA from two ports', () => {
  it("are systemd-resolved's with what fits into 1500 bytes of IPv4 as EDNS size, and nobody's with another", () => {
    expect(resolversOfPairs(1472)).toEqual(new Set(['systemd-resolved']));
    expect(resolversOfPairs(1400)).toEqual(new Set(['unknown']));
  });

  it('are Go’s at once where the size is not seen, and nobody’s one after the other, as glibc asks since a loss', () => {
    expect(resolversOfPairs(0)).toEqual(new Set(['go']));
    expect(resolversOfPairs(0, 3)).toEqual(new Set(['unknown']));
  });
});

/** One family each, asked again once from the same port after so many ms. */
function resolversOfWait(waited: number): Set<string> {
  const s = scenario();
  for (let index = 0; index < 6; index++) {
    const attempt = s.query({ ms: index * 10_000, name: `a${index}.test`, port: 41_000 + index });
    s.resend(attempt, index * 10_000 + waited);
    s.reply(attempt, index * 10_000 + waited + 1);
  }
  return new Set(s.finish(70_000).map(({ resolver }) => resolver));
}

describe('asking again after 2 s', () => {
  it('is c-ares’s, or what `timeout:2` makes of glibc and musl: all of a client’s waits are one setting', () => {
    expect(resolversOfWait(2003)).toEqual(new Set(['unknown']));
    expect(resolversOfWait(2503)).toEqual(new Set(['musl']));
    expect(resolversOfWait(5003)).toEqual(new Set(['glibc']));
  });
});

/** A, then AAAA, each from its own port: once the first is answered, or at once; AAAA is lost and both asked anew. */
function resolversOfReopened(inTurn: boolean): Set<string> {
  const s = scenario();
  for (let index = 0; index < 4; index++) {
    const [ms, name, port] = [index * 20_000, `a${index}.test`, 41_000 + 10 * index];
    const after = inTurn ? 1.1 : 0.1;
    // The first lookup's A came before the capture.
    if (index > 0) s.reply(s.query({ ms, name, port, id: index }), ms + 1);
    s.query({ ms: ms + after, name, port: port + 1, id: 100 + index, type: 'AAAA' });
    if (index > 0 && inTurn) continue;
    s.reply(s.query({ ms: ms + 5003, name, port: port + 2, id: index }), ms + 5004);
    s.reply(s.query({ ms: ms + 5003 + after, name, port: port + 3, id: 100 + index, type: 'AAAA' }), ms + 5005);
  }
  return new Set(s.finish(100_000).map(({ resolver }) => resolver));
}

describe('the same ids from new ports', () => {
  it('are glibc’s that asks one by one, and Node’s that asks at once', () => {
    expect(resolversOfReopened(true)).toEqual(new Set(['glibc']));
    expect(resolversOfReopened(false)).toEqual(new Set(['node']));
  });
});

describe('pairs from one port', () => {
  it.each([
    ['ids at random', () => 23_456, 'c-ares'],
    ['ids of musl, glibc and Node in turn', (index: number) => [5, 3 << 8, 23_456][index % 3] as number, 'unknown'],
  ])('with %s', (_, step, resolver) => {
    const s = scenario();
    for (let index = 0; index < 30; index++) {
      const query = { ms: index * 20, name: `a${index}.test`, port: 41_000 + index };
      const id = 1000 + index * 601;
      for (const attempt of [s.query({ ...query, id }), s.query({ ...query, type: 'AAAA', id: id + step(index) })]) {
        s.reply(attempt, index * 20 + 1);
      }
    }
    // One after c-ares's own 5 and 10 s.
    const lost = pair(s, 1000, { name: 'lost.test', port: 42_000, id: 7 });
    for (const ms of [6000, 16_000]) for (const attempt of lost) s.resend(attempt, ms);
    for (const attempt of lost) s.reply(attempt, 16_001);
    expect(new Set(s.finish(60_000).map((row) => row.resolver))).toEqual(new Set([resolver]));
  });
});

/** So many pairs that begin with A, then one without its A, which asks for both again. */
function resolverOfLast(pairsBefore: number): string | undefined {
  const s = scenario();
  for (let index = 0; index < pairsBefore; index++) {
    const query = { ms: index * 20, name: `a${index}.test`, port: 41_000 + index };
    for (const attempt of [
      s.query({ ...query, id: 8 * index }),
      s.query({ ...query, type: 'AAAA', id: 8 * index + 3 }),
    ])
      s.reply(attempt, index * 20 + 1);
  }
  const lost = { name: 'lost.test', ms: 1000, port: 42_000 };
  s.query({ ...lost, type: 'AAAA', id: 7 });
  for (const type of ['A', 'AAAA'] as const) {
    s.reply(s.query({ ...lost, ms: 6000, type, id: type === 'A' ? 4 : 7, port: 42_001, server: '10.96.0.11' }), 6001);
  }
  return s.finish(20_000).at(-1)?.resolver;
}

describe('AAAA before A', () => {
  it('is gRPC’s c-ares, but not of one lookup among many with A first: the capture may lack that', () => {
    expect(resolverOfLast(0)).toBe('c-ares');
    expect(resolverOfLast(2)).toBe('c-ares');
    expect(resolverOfLast(3)).toBe('unknown');
  });
});

describe('lookups from one port', () => {
  it("are Netty's, of several processes in turn and for one family alone, too", () => {
    expect(resolversFrom([1, 2, 3, 1, 2, 3, 1, 2, 3, 1])).toEqual(new Set(['netty']));
  });

  it("are nobody's where most ports are new, or the EDNS size is another", () => {
    expect(resolversFrom([1, 2, 3, 4, 5, 6, 1, 2, 3, 7])).toEqual(new Set(['unknown']));
    expect(resolversFrom([1, 2, 3, 1, 2, 3, 1, 2, 3, 1], 1400)).toEqual(new Set(['unknown']));
  });
});

/** Pairs of which each has one of these EDNS sizes, in turn: long names may be cut before it (0). */
function resolversOfSizes(sizes: readonly number[], ports: 'one' | 'one each' | 'two each'): Set<string> {
  const s = scenario();
  for (let index = 0; index < 24; index++) {
    const port = ports === 'one' ? 41_000 : 41_000 + 2 * index;
    const query = { ms: index * 300, name: `a${index}.test`, port, edns: sizes[index % sizes.length] as number };
    const twin = { ...query, ms: query.ms + 0.1, type: 'AAAA', port: ports === 'two each' ? port + 1 : port } as const;
    for (const attempt of [s.query(query), s.query(twin)]) s.reply(attempt, index * 300 + 2);
  }
  return new Set(s.finish(20_000).map(({ resolver }) => resolver));
}

describe('queries that are cut in front of their EDNS size', () => {
  it.each([
    [[0, 4096, 0], 'one', 'netty'],
    [[4096, 0], 'one', 'netty'],
    [[0, 1472], 'two each', 'systemd-resolved'],
    [[0, 1232], 'two each', 'go'],
    [[0, 1232], 'one each', 'c-ares'],
  ] as const)('are of whom the client’s others are: %j from %s port', (sizes, ports, resolver) => {
    expect(resolversOfSizes(sizes, ports)).toEqual(new Set([resolver]));
  });

  it('are nobody’s where the others have several sizes', () => {
    expect(resolversOfSizes([0, 1232, 1472], 'one each')).toEqual(new Set(['c-ares', 'unknown']));
    expect(resolversOfSizes([0, 1472, 1232], 'two each')).toEqual(new Set(['systemd-resolved', 'go', 'unknown']));
  });

  it('are Netty’s or c-ares’s where all are, from the one port of both', () => {
    expect(resolversOfSizes([0], 'one')).toEqual(new Set(['unknown']));
    expect(resolversOfSizes([0], 'one each')).toEqual(new Set(['c-ares']));
  });
});
