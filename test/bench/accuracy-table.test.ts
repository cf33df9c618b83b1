import { describe, expect, it } from 'vitest';
import { renderMarkdown, renderText, summarise } from '../../bench/accuracy/table.ts';

const scored = [
  {
    case: { set: 'net', id: 'a', side: 'pod', path: 'a.pcap', expected: [], alsoTrue: new Set<string>(), links: [] },
    outcomes: [
      { rule: 'dns-race', kind: 'found', countError: 0, costError: 0.1, savingError: Number.NaN, says: '' },
      {
        rule: 'dns-loss',
        kind: 'missed',
        countError: Number.NaN,
        costError: Number.NaN,
        savingError: Number.NaN,
        says: '',
      },
      {
        rule: 'service-slow',
        kind: 'false',
        countError: Number.NaN,
        costError: Number.NaN,
        savingError: Number.NaN,
        says: '',
      },
    ],
    reported: ['dns-race', 'service-slow'],
    links: { requests: 4, right: 3, certain: 2, certainRight: 1 },
    saving: null,
  },
] as const;

describe('the table of accuracy', () => {
  const summary = summarise(scored);

  it('has a cell for each column in each row', () => {
    const [table = ''] = renderMarkdown('net', summary).split('What was taken for what');
    const widths = table
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .map((line) => line.split('|').length);
    expect(widths.length).toBe(5);
    expect(new Set(widths).size).toBe(1);
    const [head, ...lines] = renderText(summary).split('\n');
    for (const line of lines.slice(0, 3)) expect(line.trimEnd()).toHaveLength((head as string).length);
  });

  it('counts what was right, missed and false', () => {
    expect(summary.precision).toBe(0.5);
    expect(summary.recall).toBe(0.5);
    expect(renderText(summary)).toContain('3 of 4 requests have exactly their own calls (75.00 %)');
  });
});
