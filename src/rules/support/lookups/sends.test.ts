import { describe, expect, it } from 'vitest';
import { at, milliseconds } from '../../../base/time.ts';
import { RR_TYPE, type Lookup } from '../../../model/lookup.ts';
import { analyseLosses, type LossShape } from './loss-shape.ts';
import { isPlain, sendsOf, type SendContext } from './sends.ts';
import { Scenario, type Question } from '../testing/scenario.ts';

const { AAAA } = RR_TYPE;

const lookupOf = (questions: readonly Question[], parts: Parameters<Scenario['ask']>[1] = {}): Lookup =>
  new Scenario().ask(questions, parts).lookups[0]!;

const contextOf = (usual = 0.4, watchedUntil = Number.NaN, slowest = 0): SendContext => ({
  usual: () => milliseconds(usual),
  slowest: () => milliseconds(slowest),
  watchedUntil: at(watchedUntil * 1e6),
  asksFromOnePort: false,
  mayBeLacking: false,
});

const fates = (lookup: Lookup, usual = 0.4): string[] => sendsOf(lookup, contextOf(usual)).map(({ fate }) => fate);

describe('the fate of each sending', () => {
  it.each<[string, Question, string[]]>([
    ['whose answer it may be', { answered: null }, ['unknown']],
    ['of which its sender got none: he asked again', { again: [2500], answered: null }, ['lost', 'unknown']],
  ])('in a capture that lacks packets, %s', (_, question, expected) => {
    const lookup = lookupOf([question], { lasts: 4000, endBecause: 'captureEnd' });
    const context = { ...contextOf(), watchedUntil: at(4e9), mayBeLacking: true };
    expect(sendsOf(lookup, context).map(({ fate }) => fate)).toEqual(expected);
  });

  it.each<[string, Question[], Parameters<Scenario['ask']>[1], string[]]>([
    ['answered at once', [{}], {}, ['answered']],
    ['lost, then answered', [{ again: [5000], answered: 5000.4 }], {}, ['lost', 'answered']],
    ['lost twice', [{ again: [2500, 5000], answered: 5000.4 }], {}, ['lost', 'lost', 'answered']],
    ['never answered', [{ again: [5000], answered: null }], { lasts: 10_000 }, ['lost', 'lost']],
    ['late: far beyond what answers take', [{ again: [2500], answered: 2700 }], {}, ['late', 'unknown']],
    ['a slow cache miss of the resend', [{ again: [5000], answered: 5040 }], {}, ['lost', 'answered']],
    ['an answer to the resend that was held up', [{ again: [2000], answered: 2094 }], {}, ['lost', 'answered']],
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
    [
      'an error asked again within a millisecond, which times of milliseconds do not set in order',
      [{ earlier: [{ at: 0, rcode: 5 }], again: [0], answered: 0, rcode: 5 }],
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

  it('where the capture ends before the timer, who asked in vain before is taken to wait in vain; who asked once is not', () => {
    const fatesOf = (again: readonly number[]): string[] =>
      sendsOf(lookupOf([{ again: [...again], answered: null }], { lasts: 5000 }), contextOf(0.4, 2501)).map(
        ({ fate }) => fate,
      );
    expect(fatesOf([2500])).toEqual(['lost', 'lost']);
    const once = lookupOf([{ sent: 2500, answered: null }], { lasts: 5000 });
    expect(sendsOf(once, contextOf(0.4, 2501)).map(({ fate }) => fate)).toEqual(['unknown']);
  });

  it('one that is missing where all others were errors is no loss to who waits errors out', () => {
    const questions = [{ again: [2500], answered: 2500.4, rcode: 2 }];
    expect(fates(lookupOf(questions, { resolver: 'musl' }))).toEqual(['unknown', 'answered']);
    expect(fates(lookupOf(questions, { resolver: 'glibc' }))).toEqual(['lost', 'answered']);
    expect(fates(lookupOf([{ again: [2500], answered: 2500.4 }], { resolver: 'musl' }))).toEqual(['lost', 'answered']);
  });

  it('a slow server’s answer to the resend is no late answer', () => {
    const lookup = lookupOf([{ again: [5000], answered: 5250 }]);
    expect(fates(lookup, 0.4)).toEqual(['late', 'unknown']);
    expect(fates(lookup, 240)).toEqual(['lost', 'answered']);
  });

  it('one reply for each sending: the second answers the first, late', () => {
    expect(fates(lookupOf([{ again: [5000], answered: 5000.4, late: [5300] }]))).toEqual(['late', 'answered']);
    expect(fates(lookupOf([{ again: [5000], answered: 5200, late: [5200.4] }]))).toEqual(['late', 'answered']);
    expect(fates(lookupOf([{ again: [2000, 5000], answered: 5000.4, late: [5300] }]))).toEqual([
      'late',
      'lost',
      'answered',
    ]);
    const lookup = lookupOf([{ again: [5000], answered: 5000.4, late: [5300] }]);
    const { lateTime, lostTime } = analyseLosses(lookup, contextOf());
    expect(lateTime).toBe(5000e6);
    expect(lostTime).toBe(0);
  });

  it('a server that was seen to answer later than the capture goes on may not have lost it', () => {
    const lookup = lookupOf([{ answered: null }, { port: 9, sent: 1000, answered: 1000.4 }]);
    const fatesOf = (slowest: number): string[] =>
      sendsOf(lookup, contextOf(0.4, 2000, slowest)).map(({ fate }) => fate);
    expect(fatesOf(500)).toEqual(['lost', 'answered']);
    expect(fatesOf(2400)).toEqual(['unknown', 'answered']);
  });

  it('a capture that goes on for a second proves a loss whose waiting it does not show', () => {
    const lookup = lookupOf([{}, { type: AAAA, sent: 0.03, answered: null }], { lasts: 250, endBecause: 'captureEnd' });
    const fatesUntil = (watchedUntil: number): string[] =>
      sendsOf(lookup, contextOf(0.4, watchedUntil)).map(({ fate }) => fate);
    expect(fatesUntil(900)).toEqual(['answered', 'unknown']);
    expect(fatesUntil(1100)).toEqual(['answered', 'lost']);
  });

  it.each<[number[], string[]]>([
    [[], ['unseen']],
    [[2500], ['lost', 'lost']],
  ])('who does not ask again after the last try was not answered for that: asked again at %j', (again, expected) => {
    const parts = { lasts: 2600, endBecause: 'captureEnd' } as const;
    const [lookup] = new Scenario({ resolver: 'musl' }).ask([{ again, answered: null }], parts).lookups;
    expect(sendsOf(lookup!, contextOf(0.4, 30_000)).map(({ fate }) => fate)).toEqual(expected);
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

const shape = (scenario: Scenario): LossShape => analyseLosses(scenario.lookups.at(-1)!, contextOf()).shape;

const firstsLost = (second: Question): number =>
  analyseLosses(lookupOf([{ again: [5000], answered: 5000.4 }, second]), contextOf()).counts.firstLost;

const secondsLost = (resolver: Lookup['resolver'], sent: number): number => {
  const scenario = new Scenario({ resolver }).ask([
    { answered: sent / 2 },
    { type: AAAA, sent, again: [5000], answered: 5000.4 },
  ]);
  return analyseLosses(scenario.lookups[0]!, contextOf()).counts.secondLost;
};

describe('how the losses of a lookup lie', () => {
  it.each<[LossShape, Scenario]>([
    ['second', new Scenario().lostSecond()],
    ['prefix', new Scenario().lostFirst()],
    ['prefix', new Scenario().lostBoth()],
    ['silent', new Scenario().silent()],
    ['other', new Scenario().lostLone()],
    ['late', new Scenario().ask([{ again: [5000], answered: 6000 }])],
    ['unreachable', new Scenario().ask([{ answered: null, unreachable: 1 }], { lasts: 2 })],
    ['answered', new Scenario().ask([{ rcode: 2 }])],
    [
      'flows',
      new Scenario({ resolver: 'go' }).ask([
        { port: 1 },
        { type: AAAA, port: 2, answered: null },
        { type: AAAA, port: 3, sent: 5000, answered: 5001 },
      ]),
    ],
    [
      'second',
      // A search list walked on one port: the second stage's twin is a second, too.
      new Scenario({ resolver: 'c-ares' }).ask([
        { name: 'a.b.test', rcode: 3 },
        { name: 'a.b.test', type: AAAA, sent: 0.03, rcode: 3 },
        { name: 'a.test', sent: 1 },
        { name: 'a.test', type: AAAA, sent: 1.03, again: [5001], answered: 5001.5 },
      ]),
    ],
    [
      'other',
      // Its resend is none.
      new Scenario({ resolver: 'c-ares' }).ask([
        {},
        { type: AAAA, sent: 0.03, again: [5000, 15_000], answered: 15_001 },
      ]),
    ],
    [
      'unheard',
      new Scenario({ resolver: 'musl' }).ask([
        { server: '10.0.0.1', answered: null },
        { server: '10.0.0.2', sent: 0.1, answered: 1 },
      ]),
    ],
    [
      'answered',
      // The other server answered the other question only.
      new Scenario({ resolver: 'musl' }).ask([
        { server: '10.0.0.1', answered: null },
        { server: '10.0.0.2', type: AAAA, sent: 0.1, answered: 1 },
      ]),
    ],
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
    expect(firstsLost({ type: AAAA, sent: 9, answered: 9.4 })).toBe(1);
    expect(firstsLost({ type: AAAA, sent: 30, answered: 30.4 })).toBe(0);
  });

  it('an answer before the twin left leaves it a pair, if it was so quick that no order can be told', () => {
    expect(secondsLost('glibc', 0.1)).toBe(1);
    expect(secondsLost('glibc', 1.8)).toBe(1);
    expect(secondsLost('glibc', 2.2)).toBe(0);
    expect(secondsLost('netty', 0.1)).toBe(0);
  });
});
