import { describe, expect, it } from 'vitest';
import { scenario } from './testing/scenario.ts';

/** So many rows come of it. @param seen a family each, alone, at its time in milliseconds, answered or not */
function rowsOf(
  seen: readonly (readonly ['A' | 'AAAA', ms: number, isAnswered: boolean])[],
  given: { lacksPackets: boolean; edns?: number; pairs?: number },
): number {
  const s = scenario(given);
  const { edns = -1, pairs = 0 } = given;
  for (let index = 0; index < pairs; index++) {
    const query = { ms: index * 50, name: `n${index}.test`, port: 50_000 + 2 * index, edns };
    s.reply(s.query(query), query.ms + 1);
    s.reply(s.query({ ...query, ms: query.ms + 0.03, type: 'AAAA', port: query.port + 1 }), query.ms + 1);
  }
  for (const [index, [type, ms, isAnswered]] of seen.entries()) {
    const attempt = s.query({ ms: 1000 + ms, type, port: 41_000 + index, edns });
    if (isAnswered) s.reply(attempt, 1001 + ms);
  }
  return s.finish(60_000).length - pairs;
}

describe('what a capture that lacks packets has of two calls some whole seconds apart', () => {
  const goes = { edns: 1232 };

  it.each([
    [
      'one family each, the first in vain',
      [
        ['A', 0, false],
        ['AAAA', 3000, true],
      ],
      {},
    ],
    [
      'the same family from a new port, with a new id',
      [
        ['A', 0, false],
        ['A', 3000, true],
      ],
      goes,
    ],
    [
      'the other family, of a client that asks for both',
      [
        ['A', 0, true],
        ['AAAA', 3000, true],
      ],
      { ...goes, pairs: 9 },
    ],
  ] as const)('is two: %s', (_, seen, given) => {
    expect(rowsOf(seen, { ...given, lacksPackets: true })).toBe(2);
    // Where nothing is lacking it is one that asks again, as with `options timeout:3`.
    expect(rowsOf(seen, { ...given, lacksPackets: false })).toBe(1);
  });

  it('is one where they are as far apart as a resolver asks again without being told to', () => {
    expect(
      rowsOf(
        [
          ['A', 0, false],
          ['A', 5001, true],
        ],
        { ...goes, lacksPackets: true },
      ),
    ).toBe(1);
    expect(
      rowsOf(
        [
          ['A', 0, false],
          ['AAAA', 5001, true],
        ],
        { lacksPackets: true },
      ),
    ).toBe(1);
  });
});
