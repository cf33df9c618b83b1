import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ComparisonSchema } from '../../src/model/comparison.ts';
import { problemsOf } from '../../src/model/testing/validate.ts';
import { renderJson } from '../../src/report/json.ts';
import { clearDiagnosis, emptyDiagnosis, lookupSamples } from '../../src/report/testing/diagnoses.ts';
import { INPUTS, kubelag, oneLine } from '../support/kubelag.ts';

const saved = (seconds: number): string => renderJson({ ...clearDiagnosis(), samples: lookupSamples(120, seconds) });

let folder: string;
const path = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-compare-'));
  writeFileSync(path('slow.json'), saved(0.4));
  writeFileSync(path('quick.json'), saved(0.02));
  writeFileSync(path('empty.json'), renderJson(emptyDiagnosis()));
  writeFileSync(path('cut.json'), saved(0.4).slice(0, 400));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('compare', () => {
  it.each([
    ['slow.json', 'quick.json', 0, 'It worked: lookups p50 400 ms → 20 ms'],
    ['quick.json', 'slow.json', 1, 'It got worse: lookups p50 20 ms → 400 ms'],
    ['slow.json', 'slow.json', 0, 'No difference: lookups p50 400 ms → 400 ms'],
    ['slow.json', 'empty.json', 3, 'Not enough data to say: what was saved after has no samples'],
  ])('%s %s exits with %i', async (before, after, expected, says) => {
    const { io, status } = await kubelag(['compare', path(before), path(after)]);
    expect(status).toBe(expected);
    expect(io.out.split('\n')[0]).toContain(says);
    expect(io.err).toBe('');
  });

  it('reads captures as explain does, each for itself', async () => {
    const { asked, status } = await kubelag(['compare', 'a.pcap', 'b.pcap', '--client', '10.0.3.7', '--keylog', 'k'], {
      diagnosis: clearDiagnosis(),
    });
    expect(status).toBe(0);
    expect(asked.map(({ paths, clients, keyLogs }) => ({ paths, clients, keyLogs }))).toEqual([
      { paths: ['a.pcap'], clients: ['10.0.3.7'], keyLogs: ['k'] },
      { paths: ['b.pcap'], clients: ['10.0.3.7'], keyLogs: ['k'] },
    ]);
  });

  it('takes one side from standard input', async () => {
    const { status, io } = await kubelag(['compare', path('slow.json'), '-'], {
      stdin: 'packets',
      analyze: () => ({ diagnosis: { ...clearDiagnosis(), samples: lookupSamples(120, 0.02) }, inputs: INPUTS }),
    });
    expect(status).toBe(0);
    expect(io.out).toContain('It worked');
  });

  it('writes JSON by its schema, and Markdown', async () => {
    const json = await kubelag(['compare', path('slow.json'), path('quick.json'), '--format', 'json']);
    expect(problemsOf(ComparisonSchema, JSON.parse(json.io.out))).toEqual([]);
    const markdown = await kubelag(['compare', path('slow.json'), path('quick.json'), '--format', 'markdown']);
    expect(markdown.io.out).toMatch(/^# It worked/);
  });

  it('says how several files of one side become one', async () => {
    const { io, status } = await kubelag(['compare', 'a.pcap', 'b.pcap', 'c.pcap']);
    expect(status).toBe(2);
    expect(io.err).toMatch(oneLine);
    expect(io.err).toContain('and not 3: make one of several with kubelag export rows FILES > before.ndjson');
  });

  it.each([
    [['compare', 'a.pcap']],
    [['compare', '-', '-']],
    [['compare', '/no/such/before.pcap', '/no/such/after.pcap']],
    [['compare', 'CUT', 'CUT']],
  ])('%j is bad usage, in one line', async (words) => {
    const meant = words.map((word) => (word === 'CUT' ? path('cut.json') : word));
    const { io, status } = await kubelag(meant, {
      analyze: async (options) => (await import('../../src/analyze.ts')).analyze(options),
    });
    expect(status).toBe(2);
    expect(io.err).toMatch(oneLine);
    expect(io.out).toBe('');
  });
});
