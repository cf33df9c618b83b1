import { describe, expect, it } from 'vitest';
import { inputRowOf, raceFinding } from './testing/diagnoses.ts';
import { costWords, damageWords } from './words.ts';

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
