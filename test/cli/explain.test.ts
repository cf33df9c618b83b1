import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Analysis, AnalyzeOptions } from '../../src/analyze.ts';
import { milliseconds } from '../../src/base/time.ts';
import type { Diagnosis } from '../../src/model/diagnosis.ts';
import { lookupOf } from '../../src/model/testing/rows.ts';
import { renderJson } from '../../src/report/json.ts';
import { clearDiagnosis, diagnosisOf, emptyDiagnosis, raceFinding } from '../../src/report/testing/diagnoses.ts';
import { INPUTS, kubelag, type Setting } from '../support/kubelag.ts';

let folder: string;
let capture: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-cli-'));
  capture = join(folder, 'a.pcap');
  writeFileSync(capture, 'not read here: these tests bring their own analysis');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('explain', () => {
  it('is the default command', async () => {
    const named = await kubelag(['explain', capture]);
    const short = await kubelag([capture]);
    expect(short.io.out).toBe(named.io.out);
    expect(short.io.out).toContain(diagnosisOf().verdict.says.slice(0, 20));
    expect(short.asked[0]).toMatchObject({
      paths: [capture],
      dnsPorts: [53],
      clients: [],
      names: [],
      slowerThan: null,
    });
    expect(short.status).toBe(1);
    expect(short.io.err).toBe('');
  });

  it('says that no request is to the service that was named, and to whom there are', async () => {
    const { requests, exchanges, ...rest } = clearDiagnosis();
    const row = { server: '10.0.3.7:8080', protocol: 'http/1.1', direction: 'inbound' } as const;
    const latency = { count: 9, p50Seconds: 1, p99Seconds: 1, maxSeconds: 1, totalSeconds: 9, share: 1 };
    const told = async (count: number, ...words: string[]): Promise<string> => {
      const byServer = [{ ...row, ...latency }];
      const diagnosis = { ...rest, requests: { ...requests, count }, exchanges: { ...exchanges, byServer } };
      return (await kubelag([capture, ...words], { diagnosis })).io.err;
    };
    expect(await told(0, '--service', '10.0.3.9:8080')).toBe(
      'kubelag: --service 10.0.3.9:8080: the capture shows no request to it; there are to 10.0.3.7:8080\n',
    );
    expect(await told(3, '--service', '10.0.3.7')).toBe('');
    expect(await told(0)).toBe('');
    expect(await told(0, '--service', '10.0.3.9', '--quiet')).toBe('');
  });

  it('hands on the filters, wherever they stand', async () => {
    const filters = [
      '--client',
      '10.0.3.7,FD00:0::7',
      '--name',
      '*.local',
      '--name',
      'db',
      '--slower-than',
      '500ms',
      '--dns-port',
      '53,5353',
      '--keylog',
      'client.keys',
      '--keylog',
      'server.keys',
    ];
    const expected = {
      clients: ['10.0.3.7', 'fd00::7'],
      names: ['*.local', 'db'],
      slowerThan: milliseconds(500),
      dnsPorts: [53, 5353],
      keyLogs: ['client.keys', 'server.keys'],
    };
    expect((await kubelag([capture, ...filters])).asked[0]).toMatchObject(expected);
    expect((await kubelag([...filters, capture])).asked[0]).toMatchObject(expected);
    expect((await kubelag(['explain', ...filters, capture])).asked[0]).toMatchObject(expected);
  });

  it('writes JSON and Markdown', async () => {
    const json = await kubelag([capture, '--format', 'json']);
    expect(JSON.parse(json.io.out)).toEqual(diagnosisOf());
    const markdown = await kubelag([capture, '--format', 'markdown']);
    expect(markdown.io.out).toMatch(/^#/);
  });

  it.each<[string, Partial<Diagnosis>, string[], number]>([
    ['something critical', { findings: [raceFinding({ severity: 'critical' })] }, [], 1],
    ['only info', { findings: [raceFinding({ severity: 'info' })] }, [], 0],
    ['info, asked for', { findings: [raceFinding({ severity: 'info' })] }, ['--fail-on', 'info'], 1],
    ['minor, below the threshold', { findings: [raceFinding({ severity: 'minor' })] }, ['--fail-on', 'major'], 0],
    ['minor, at the threshold', { findings: [raceFinding({ severity: 'minor' })] }, ['--fail-on', 'minor'], 1],
    ['critical, above the threshold', { findings: [raceFinding({ severity: 'critical' })] }, ['--fail-on', 'major'], 1],
    ['critical, never', { findings: [raceFinding({ severity: 'critical' })] }, ['--fail-on', 'never'], 0],
    ['nothing', clearDiagnosis(), [], 0],
    ['nothing that could be seen', emptyDiagnosis(), [], 3],
    ['nothing that could be seen, never', emptyDiagnosis(), ['--fail-on', 'never'], 3],
  ])('exits by what was found: %s', async (_, parts, words, status) => {
    expect((await kubelag([capture, ...words], { diagnosis: diagnosisOf(parts) })).status).toBe(status);
  });

  it('shows a saved answer again', async () => {
    const saved = join(folder, 'answer.json');
    const { io: first } = await kubelag([capture, '--format', 'json', '--output', saved]);
    expect(first.out).toBe('');
    const again = await kubelag([saved, '--format', 'json']);
    expect(again.asked).toEqual([]);
    expect(again.io.out).toBe(readFileSync(saved, 'utf8'));
    expect(again.status).toBe(1);
    writeFileSync(saved, renderJson(diagnosisOf()).slice(0, -30));
    const cut = await kubelag([saved]);
    expect([cut.status, cut.io.err]).toEqual([
      2,
      expect.stringMatching(/answer\.json: is a saved answer that was cut/),
    ]);
    writeFileSync(saved, renderJson(diagnosisOf()).replace('"findings": [', '"findings": [7,'));
    expect((await kubelag([saved])).status).toBe(2);
  });

  it('reads what is piped in where no file is named, and `-`', async () => {
    let read = '';
    const analyze = async ({ stdin, paths }: AnalyzeOptions): Promise<Analysis> => {
      expect(paths).toEqual(['-']);
      for await (const chunk of stdin!) read += String(chunk);
      return { diagnosis: clearDiagnosis(), inputs: INPUTS };
    };
    expect((await kubelag([], { stdin: 'packets', analyze })).status).toBe(0);
    expect((await kubelag(['-'], { stdin: ' more', analyze })).status).toBe(0);
    expect(read).toBe('packets more');
  });

  it('says shortly what it wants where nothing is piped in', async () => {
    const nothing = await kubelag([]);
    expect([nothing.status, nothing.io.out, nothing.asked]).toEqual([2, '', []]);
    expect(nothing.io.err.split('\n').length).toBeLessThan(8);
    expect(nothing.io.err).toContain('kubelag FILE');
    const dash = await kubelag(['-']);
    expect([dash.status, dash.io.err]).toEqual([2, expect.stringMatching(/nothing is piped in; try: tcpdump/)]);
  });
});

const coloured = async (words: string[], setting: Setting): Promise<boolean> =>
  (await kubelag([capture, ...words], setting)).io.out.includes('\u001b[');

describe('colours', () => {
  it('are for terminals, unless somebody says otherwise', async () => {
    const terminal = { stdoutIsTerminal: true };
    expect(await coloured([], {})).toBe(false);
    expect(await coloured([], terminal)).toBe(true);
    expect(await coloured(['--color', 'never'], terminal)).toBe(false);
    expect(await coloured(['--color', 'always'], {})).toBe(true);
    expect(await coloured([], { ...terminal, environment: { NO_COLOR: '1' } })).toBe(false);
    expect(await coloured([], { ...terminal, environment: { NO_COLOR: '' } })).toBe(true);
    expect(await coloured([], { ...terminal, environment: { TERM: 'dumb' } })).toBe(false);
    expect(await coloured([], { environment: { FORCE_COLOR: '1' } })).toBe(true);
    expect(await coloured([], { ...terminal, environment: { FORCE_COLOR: '0' } })).toBe(false);
    expect(await coloured(['--color', 'always'], { environment: { NO_COLOR: '1' } })).toBe(true);
  });

  it('do not go into files', async () => {
    const file = join(folder, 'answer.txt');
    await kubelag([capture, '--output', file], { stdoutIsTerminal: true });
    expect(readFileSync(file, 'utf8')).not.toContain('\u001b');
  });
});

describe('hostile names', () => {
  it('never reach the terminal as escape sequences', async () => {
    const evil = '\u001b]0;owned\u0007\u009b31m\u202egro';
    const finding = raceFinding({ says: evil, subject: { kind: 'name', name: evil, workload: null } });
    const diagnosis = diagnosisOf({ findings: [finding], verdict: { status: 'found', says: evil } });
    const lookups = [lookupOf({ name: evil, client: evil })];
    const setting = { diagnosis, lookups, stderrIsTerminal: true };
    for (const words of [
      [capture],
      [capture, '--format', 'markdown'],
      ['show', '--slowest', capture],
      ['show', '--lookup', evil, capture],
      ['show', '--name', evil, capture],
      [evil],
      [`--${evil}`, capture],
      [capture, '--slower-than', evil],
    ]) {
      const { io } = await kubelag(words, setting);
      // oxlint-disable-next-line no-control-regex
      expect(io.out + io.err, words.join(' ')).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    }
  });
});
