import { describe, expect, it } from 'vitest';
import { at, milliseconds } from '../../../base/time.ts';
import { RR_TYPE } from '../../../model/lookup.ts';
import { analyseLosses, type LossAnalysis } from './loss-shape.ts';
import { Scenario, type Client, type Question } from '../testing/scenario.ts';

const { AAAA } = RR_TYPE;

function analysed(questions: readonly Question[], watchedUntil = 60_000, client: Client = {}): LossAnalysis {
  const [lookup] = new Scenario(client).ask(questions).lookups;
  return analyseLosses(lookup!, {
    usual: () => milliseconds(0.4),
    slowest: () => milliseconds(0),
    watchedUntil: at(milliseconds(watchedUntil)),
    asksFromOnePort: false,
    mayBeLacking: false,
  });
}

const fates = ({ sends }: LossAnalysis): string[] => sends.map(({ fate }) => fate);

const fatesOf = (questions: readonly Question[], resolver: 'glibc' | 'go'): string[] => {
  const [lookup] = new Scenario().ask(questions, { lasts: 15_000, resolver }).lookups;
  return fates(
    analyseLosses(lookup!, {
      usual: () => milliseconds(0.4),
      slowest: () => milliseconds(0),
      watchedUntil: at(milliseconds(60_000)),
      asksFromOnePort: false,
      mayBeLacking: false,
    }),
  );
};

describe('of a pair without an answer', () => {
  it('one was answered where only the other is asked again: the race took the second', () => {
    const first = analysed([{ answered: null }, { type: AAAA, sent: 0.03, again: [2500], answered: 2500.4 }]);
    expect(fates(first)).toEqual(['unseen', 'lost', 'answered']);
    expect(first).toMatchObject({ shape: 'second', counts: { secondLost: 1, bothLost: 0 } });
    const second = analysed([
      { again: [2500], answered: 2500.4 },
      { type: AAAA, sent: 0.03, answered: null },
    ]);
    expect(second).toMatchObject({ shape: 'prefix', counts: { firstLost: 1, bothLost: 0 } });
  });

  it('both may be lost where the capture ends as one is asked again', () => {
    const { counts } = analysed(
      [{ answered: null }, { type: AAAA, sent: 0.03, again: [2500], answered: 2500.4 }],
      2501,
    );
    expect(counts).toMatchObject({ secondLost: 0, bothLost: 1 });
  });

  it('one was answered where glibc asks again one by one, and which is not known', () => {
    const analysis = analysed([
      { again: [5000], answered: 5000.4 },
      { type: AAAA, sent: 0.03, again: [5000.5], answered: 5001, records: 0 },
    ]);
    expect(analysis).toMatchObject({ shape: 'second', lost: 1, counts: { secondLost: 0, bothLost: 0, firstLost: 0 } });
  });

  it('both were lost where another resolver’s second timer ends after the first answer', () => {
    const questions: Question[] = [
      { answered: null },
      { type: AAAA, sent: 0.7, answered: null },
      { port: 9, sent: 2000, answered: 2001.9 },
      { port: 10, type: AAAA, sent: 2002.1, answered: 2003, records: 0 },
    ];
    expect(analysed(questions, 60_000, { resolver: 'node' })).toMatchObject({ lost: 2, counts: { bothLost: 1 } });
  });

  it('both were lost where both are asked again at once', () => {
    const { counts } = analysed([
      { again: [5000], answered: 5000.4 },
      { type: AAAA, sent: 0.03, again: [5000.03], answered: 5000.5, records: 0 },
    ]);
    expect(counts).toMatchObject({ bothLost: 1 });
  });
});

describe('glibc, which asks one by one', () => {
  it('had an answer where it goes on from another port', () => {
    const questions = [
      { answered: null, port: 7 },
      { type: AAAA, sent: 0.3, answered: null, port: 8 },
    ];
    expect(fatesOf(questions, 'glibc')).toEqual(['unseen', 'lost']);
    // Go sends both at once, from two ports.
    expect(fatesOf(questions, 'go')).toEqual(['lost', 'lost']);
  });

  it('had an answer where it asks again, and only then for the other family', () => {
    const questions = [
      { answered: null, again: [5000] },
      { type: AAAA, sent: 5000.3, answered: null },
    ];
    expect(fatesOf(questions, 'glibc')).toEqual(['lost', 'unseen', 'lost']);
  });

  it('had none where the other family follows at the timer, or in one go', () => {
    expect(
      fatesOf(
        [
          { answered: null, port: 7 },
          { type: AAAA, sent: 5000, answered: null, port: 8 },
        ],
        'glibc',
      ),
    ).toEqual(['lost', 'lost']);
    expect(fatesOf([{ answered: null }, { type: AAAA, sent: 0.03, answered: null }], 'glibc')).toEqual([
      'lost',
      'lost',
    ]);
  });
});

describe('a query that is seen alone', () => {
  it('has no place in its pair where the other’s first sending is missing', () => {
    const analysis = analysed([
      { type: AAAA, again: [5000.5], answered: 5001, records: 0 },
      { sent: 5000, answered: 5000.4 },
    ]);
    expect(analysis).toMatchObject({ shape: 'second', lost: 1, counts: { loneLost: 0, secondLost: 0 } });
  });

  it('is alone where the other is asked only after its answer', () => {
    const { counts } = analysed([
      { again: [5000], answered: 5000.4 },
      { type: AAAA, sent: 5000.5, answered: 5001, records: 0 },
    ]);
    expect(counts).toMatchObject({ loneLost: 1 });
  });
});
