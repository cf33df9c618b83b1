import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubelag } from '../support/kubelag.ts';

let folder: string;
let capture: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-cli-'));
  capture = join(folder, 'a.pcap');
  writeFileSync(capture, 'not read here: these tests bring their own analysis');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('rules, schema and completion', () => {
  it('lists the rules, and prints the documentation of one', async () => {
    const { io, status } = await kubelag(['rules']);
    expect(status).toBe(0);
    expect(io.out).toMatch(/^ *dns-race +\S/m);
    const one = await kubelag(['rules', 'dns-race']);
    expect(one.io.out).toContain('dns-race');
    expect(one.io.out.split('\n').length).toBeGreaterThan(10);
    const slip = await kubelag(['rules', 'dns-rcae']);
    expect([slip.status, slip.io.err]).toEqual([
      2,
      'kubelag: rules dns-rcae: there is no such rule; did you mean dns-race?\n',
    ]);
    expect((await kubelag(['rules', '../../package.json'])).status).toBe(2);
  });

  it.each(['diagnosis', 'lookup', 'transaction', 'input'])('prints the schema of %s', async (of) => {
    const { io, status } = await kubelag(['schema', of]);
    expect(status).toBe(0);
    expect(JSON.parse(io.out)).toMatchObject({ type: 'object' });
  });

  it.each(['bash', 'zsh', 'fish'])('completes in %s whatever the program knows', async (shell) => {
    const { io, status } = await kubelag(['completion', shell]);
    expect(status).toBe(0);
    for (const word of [
      'explain',
      'show',
      'export',
      'completion',
      'slower-than',
      'fail-on',
      'critical',
      'ndjson',
      'dns-race',
    ]) {
      expect(io.out, word).toContain(word);
    }
    const binary = { bash: ['bash', '-n'], zsh: ['zsh', '-n'], fish: ['fish', '--no-execute'] }[shell] as [
      string,
      string,
    ];
    const script = join(folder, `completion.${shell}`);
    writeFileSync(script, io.out);
    if (isInstalled(binary[0])) execFileSync(binary[0], [binary[1], script]);
  });

  it.skipIf(!isInstalled('bash'))('completes in a real bash', async () => {
    const script = join(folder, 'completion.bash');
    writeFileSync(script, (await kubelag(['completion', 'bash'])).io.out);
    const complete = (...words: string[]): string[] =>
      execFileSync('bash', [
        '-c',
        'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _kubelag; printf "%s\\n" "${COMPREPLY[@]}"',
        'bash',
        script,
        ...words,
      ])
        .toString()
        .split('\n')
        .filter((word) => word !== '');
    expect(complete('kubelag', 'exp')).toEqual(expect.arrayContaining(['explain', 'export']));
    expect(complete('kubelag', '--fa')).toEqual(['--fail-on']);
    expect(complete('kubelag', 'a.pcap', '--format', '')).toEqual(['terminal', 'json', 'markdown']);
    expect(complete('kubelag', 'export', 'lookups', '--format', '')).toEqual(['ndjson', 'csv']);
    expect(complete('kubelag', 'export', 'l')).toContain('lookups');
    expect(complete('kubelag', 'rules', 'dns-ra')).toEqual(['dns-race']);
    expect(complete('kubelag', '--top', '')).toEqual([]);
    expect(complete('kubelag', join(folder, 'a.p'))).toEqual([capture]);
    for (const words of [['-m'], ['--manifests'], ['fix', '-m'], ['lint', '--patch-dir']]) {
      expect(complete('kubelag', ...words, join(folder, 'a.p')), words.join(' ')).toEqual([capture]);
    }
  });
});

function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
