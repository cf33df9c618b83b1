import { describe, expect, it } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { scenario } from './testing/scenario.ts';

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
