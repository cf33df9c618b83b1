import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../base/time.ts';
import { RR_TYPE, type Lookup } from '../../model/lookup.ts';
import { analyseLosses, type LossShape } from './loss-shape.ts';
import { isPlain, sendsOf } from './sends.ts';
import { Scenario, type Question } from './testing/scenario.ts';

const { AAAA } = RR_TYPE;

const lookupOf = (questions: readonly Question[], parts: Parameters<Scenario['ask']>[1] = {}): Lookup =>
  new Scenario().ask(questions, parts).lookups[0]!;

const fates = (lookup: Lookup, usual = 0.4): string[] =>
  sendsOf(lookup, () => milliseconds(usual)).map(({ fate }) => fate);

describe('the fate of each sending', () => {
  it.each<[string, Question[], Parameters<Scenario['ask']>[1], string[]]>([
    ['answered at once', [{}], {}, ['answered']],
    ['lost, then answered', [{ again: [5000], answered: 5000.4 }], {}, ['lost', 'answered']],
    ['lost twice', [{ again: [2500, 5000], answered: 5000.4 }], {}, ['lost', 'lost', 'answered']],
    ['never answered', [{ again: [5000], answered: null }], { lasts: 10_000 }, ['lost', 'lost']],
    ['late: far beyond what answers take', [{ again: [2500], answered: 2700 }], {}, ['late', 'unknown']],
    ['a slow cache miss of the resend', [{ again: [5000], answered: 5040 }], {}, ['lost', 'answered']],
    ['late for a short wait', [{ again: [250], answered: 290 }], {}, ['late', 'unknown']],
    [
      'answered, and asked again for its twin',
      [{ earlier: [{ at: 0.4, rcode: 0 }], again: [5000], answered: 5000.4 }],
      {},
      ['answered', 'answered'],
    ],
    [
      'answered, asked again, and lost then',
      [{ answered: 0.4, again: [5000] }],
      { lasts: 10_000 },
      ['answered', 'lost'],
    ],
    [
      'an error asked again at once',
      [{ earlier: [{ at: 0.4, rcode: 2 }], again: [0.5], answered: 0.9, rcode: 2 }],
      {},
      ['answered', 'answered'],
    ],
    ['asked again at once, the error not seen', [{ again: [0.5], answered: 0.9 }], {}, ['unknown', 'answered']],
    ['nobody listens', [{ answered: null, unreachable: 0.2 }], { lasts: 0.3 }, ['unreachable']],
    ['not waited for', [{}, { type: AAAA, sent: 0.03, answered: null }], { lasts: 0.5 }, ['answered', 'unknown']],
    ['cut off by the end of the capture', [{ answered: null }], { lasts: 900, endBecause: 'captureEnd' }, ['unknown']],
    ['lost before the end of the capture', [{ answered: null }], { lasts: 4000, endBecause: 'captureEnd' }, ['lost']],
    ['TCP is not judged', [{ transport: 'tcp', answered: null }], { lasts: 5000 }, ['unknown']],
    [
      'retried from a new port',
      [{ answered: null }, { port: 9, sent: 5000, answered: 5000.4 }],
      {},
      ['lost', 'answered'],
    ],
  ])('%s', (_, questions, parts, expected) => {
    expect(fates(lookupOf(questions, parts))).toEqual(expected);
  });

  it('a slow server’s answer to the resend is no late answer', () => {
    const lookup = lookupOf([{ again: [5000], answered: 5250 }]);
    expect(fates(lookup, 0.4)).toEqual(['late', 'unknown']);
    expect(fates(lookup, 240)).toEqual(['lost', 'answered']);
  });

  it('plain lookups are told apart from all others', () => {
    const scenario = new Scenario().pair().walk();
    expect(scenario.lookups.every(isPlain)).toBe(true);
    const others = new Scenario()
      .lostFirst()
      .silent()
      .ask([{ rcode: 2 }])
      .ask([{ rcode: 5 }]);
    expect(others.lookups.some(isPlain)).toBe(false);
  });
});

const shape = (scenario: Scenario): LossShape =>
  analyseLosses(scenario.lookups.at(-1)!, () => milliseconds(0.4), false).shape;

const firstsLost = (second: Question): number =>
  analyseLosses(lookupOf([{ again: [5000], answered: 5000.4 }, second]), () => milliseconds(0.4), false).counts
    .firstLost;

const secondsLost = (resolver: Lookup['resolver'], sent: number, lostBefore: boolean): number => {
  const scenario = new Scenario({ resolver }).ask([
    { answered: sent / 2 },
    { type: AAAA, sent, again: [5000], answered: 5000.4 },
  ]);
  return analyseLosses(scenario.lookups[0]!, () => milliseconds(0.4), lostBefore).counts.secondLost;
};

describe('how the losses of a lookup lie', () => {
  it.each<[LossShape, Scenario]>([
    ['second', new Scenario().lostSecond()],
    ['first', new Scenario().lostFirst()],
    ['prefix', new Scenario().lostBoth()],
    ['silent', new Scenario().silent()],
    ['other', new Scenario().lostLone()],
    ['late', new Scenario().ask([{ again: [5000], answered: 6000 }])],
    ['unreachable', new Scenario().ask([{ answered: null, unreachable: 1 }], { lasts: 2 })],
    ['answered', new Scenario().ask([{ rcode: 2 }])],
    [
      'second-past-dnat',
      new Scenario().ask([{}, { type: AAAA, sent: 0.03, answered: null, behindDnat: 'both' }], { lasts: 2000 }),
    ],
  ])('%s', (expected, scenario) => {
    expect(shape(scenario)).toBe(expected);
  });

  it('a pair of one port needs both families, one name and no time between', () => {
    expect(firstsLost({ type: AAAA, sent: 0.03 })).toBe(1);
    expect(firstsLost({ type: AAAA, sent: 0.03, port: 5 })).toBe(0);
    expect(firstsLost({ type: AAAA, sent: 0.03, name: 'else.test' })).toBe(0);
    expect(firstsLost({ type: RR_TYPE.A, sent: 0.03 })).toBe(0);
    expect(firstsLost({ type: AAAA, sent: 9, answered: 9.4 })).toBe(0);
  });

  it('an answer before the twin left unmakes a pair where glibc may ask one by one', () => {
    expect(secondsLost('glibc', 0.1, false)).toBe(1);
    expect(secondsLost('glibc', 0.1, true)).toBe(0);
    expect(secondsLost('glibc', 0.8, false)).toBe(0);
    expect(secondsLost('musl', 0.8, true)).toBe(1);
    expect(secondsLost('musl', 3, false)).toBe(0);
    expect(secondsLost('netty', 0.1, false)).toBe(0);
  });
});
