import { describe, expect, it } from 'vitest';
import { inputRowOf, raceFinding, whatIfOf } from './testing/diagnoses.ts';
import { costWords, damageWords, savingWords } from './words.ts';

const words = (packets: number, cut: number, format: 'pcap' | 'tcpdump text' = 'pcap'): string => {
  const input = inputRowOf({ packets, format });
  return damageWords({ ...input, damage: { ...input.damage, cut } }, false);
};

describe('the damage of a capture', () => {
  it('says what a snap length hides, and how to see it', () => {
    expect(words(846, 540)).toMatch(/^540 packets cut, what is behind the cut .* capture with -s 0$/);
  });

  it('is only counted where the file is torn, or lines of text are', () => {
    expect(words(846, 1)).toBe('1 packet cut');
    expect(words(20, 1)).toBe('1 packet cut');
    expect(words(846, 540, 'tcpdump text')).toBe('540 lines cut');
    expect(words(846, 0)).toBe('');
  });
});

describe('what a capture lacks', () => {
  it('is told by what was answered', () => {
    const input = inputRowOf({ packets: 846 });
    expect(damageWords({ ...input, damage: { ...input.damage, unseenQuestions: 3 } }, false)).toBe(
      '3 DNS questions answered that it lacks',
    );
  });
});

describe('the cost of lookups', () => {
  it('says where no request is slower for it', () => {
    const spared = raceFinding({ affected: { count: 0, of: 1036, unit: 'requests' } });
    expect(costWords(spared)).toMatch(/of all lookup time; none of 1,036 requests is slower for it$/);
  });

  it('says nothing of requests where some are, or nobody knows', () => {
    for (const affected of [null, { count: 4, of: 36, unit: 'requests' }]) {
      expect(costWords(raceFinding({ affected }))).toMatch(/ of all lookup time$/);
    }
  });
});

describe('what would be saved', () => {
  const whatIf = whatIfOf({ metric: 'request duration p50', nowSeconds: 0.362, thenSeconds: 0.3619, method: '' });
  const spread = { ...whatIf.before, p50Seconds: 0.362, p90Seconds: 0.4, p99Seconds: 0.609 };

  it('is next to nothing where no figure changes as it is shown, and figures where one does', () => {
    const after = { ...spread, p90Seconds: 0.3999 };
    expect(savingWords({ ...whatIf, before: spread, after })).toBe(
      'next to nothing: request duration p50 stays at 362 ms',
    );
    expect(savingWords({ ...whatIf, before: spread, after: { ...after, p99Seconds: 0.5 } })).toBe(
      'request duration p50: 362 ms → 362 ms, p99 609 ms → 500 ms',
    );
  });
});
