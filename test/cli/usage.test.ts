import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClosedOutput } from '../../src/cli/io.ts';
import { UserError } from '../../src/model/user-error.ts';
import { TOOL } from '../../src/model/version.ts';
import { clearDiagnosis } from '../../src/report/testing/diagnoses.ts';
import { kubelag, oneLine } from '../support/kubelag.ts';

let folder: string;
let capture: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-cli-'));
  capture = join(folder, 'a.pcap');
  writeFileSync(capture, 'not read here: these tests bring their own analysis');
});
afterAll(() => rmSync(folder, { recursive: true }));

const nobodyReads = (): never => {
  throw new ClosedOutput();
};

describe('help and bad usage', () => {
  it('teaches by example, and names all there is', async () => {
    const { io, status } = await kubelag(['--help']);
    expect(status).toBe(0);
    expect(io.out.indexOf('Examples:')).toBeLessThan(io.out.indexOf('Commands:'));
    for (const word of [
      'explain',
      'show',
      'export',
      'rules',
      'schema',
      'completion',
      '--fail-on',
      'kubectl',
      'Exit status',
    ]) {
      expect(io.out).toContain(word);
    }
    expect(Math.max(...io.out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  it.each(['explain', 'compare', 'show', 'export', 'rules', 'schema', 'completion'])(
    '%s --help ends with examples',
    async (command) => {
      const { io, status } = await kubelag([command, '--help']);
      expect(status).toBe(0);
      expect(io.out).toContain(`Usage: kubelag ${command}`);
      expect(io.out).toMatch(/Examples:\n(?: {2}.*kubelag .*\n)+$/);
    },
  );

  it.each([['-h'], ['show', '-h'], ['export', 'lookups', '-h']])('%s is --help', async (...words) => {
    const long = words.map((word) => (word === '-h' ? '--help' : word));
    const [asked, meant] = [await kubelag(words), await kubelag(long)];
    expect([asked.status, asked.io.out]).toEqual([0, meant.io.out]);
    expect((await kubelag(['-V'])).io.out).toBe((await kubelag(['--version'])).io.out);
  });

  it('has no example that the program itself refuses', async () => {
    const help = (await kubelag(['--help'])).io.out;
    const commands = await Promise.all(
      ['explain', 'compare', 'show', 'export', 'rules', 'schema'].map((name) => kubelag([name, '--help'])),
    );
    const lines = [help, ...commands.map(({ io }) => io.out)]
      .flatMap((text) => text.split('\n'))
      .map((line) => /(?:^|\| ) *(kubelag (?!tells|\[|explain \[|\w+ \[).*)$/.exec(line)?.[1])
      .filter((line) => line !== undefined)
      // These read manifests for themselves: lint.test.ts has them.
      .filter((line) => !/^kubelag (?:lint|fix) /.test(line));
    expect(lines.length).toBeGreaterThan(12);
    for (const line of lines) {
      const words = line
        .replace(/ >.*$/, '')
        .replace(/ --output \S+/, '')
        .replaceAll("'", '')
        .split(' ')
        .slice(1);
      const { status, io } = await kubelag(words, {
        stdin: words.includes('-') ? 'packets' : undefined!,
        diagnosis: clearDiagnosis(),
      });
      expect([line, status, io.err]).toEqual([line, 0, '']);
    }
  });

  it('prints the version that the package has', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect((await kubelag(['--version'])).io.out).toBe(`${version}\n`);
    expect(TOOL.version).toBe(version);
  });

  it.each([
    [['--formt', 'json', 'x'], /unknown option '--formt'; did you mean --format\?/],
    [['x', '--format', 'xml'], /'xml' is invalid; write one of terminal, json, markdown/],
    [['x', '--fail-on', 'warning'], /write one of critical, major, minor, info, never/],
    [['x', '--slower-than', '5'], /--slower-than 5: is no duration; write 500ms or 2s/],
    [['x', '--slower-than', '9999999s'], /more than a day/],
    [['x', '--dns-port', '0'], /is no port; write 53/],
    [['x', '--dns-port', '53,70000'], /is no port/],
    [['x', '--client', '10.0.0.1:53'], /is no address/],
    [['x', '--client', '10.0.0.0/8'], /is no address/],
    [['x', '--name', ''], /--name: needs a name/],
    [['help', 'explian'], /help explian: there is no such command; did you mean kubelag help explain\?/],
    [['help', 'nonsense'], /help nonsense: there is no such command; see kubelag --help/],
    [['x', '--top', '-1'], /--top -1: is no number/],
    [['x', '--top'], /argument missing/],
    [['exprot', 'lookups', 'x'], /exprot: no such file or command; did you mean kubelag export\?/],
    [['--quiet', 'show', 'x'], /show: no such file; a command comes first, options behind it: kubelag show …/],
    [['--quiet', 'show', '--lookup', '0.l1'], /unknown option '--lookup'; a command comes first, .*: kubelag show …/],
    [['rules', '--quiet'], /unknown option '--quiet'; see kubelag rules --help/],
    [['export', 'a.pcap'], /^kubelag: 'a\.pcap' is not known here; write one of rows, lookups, transactions/],
    [['x', 'x'], /x: is named twice/],
    [['completion', 'tcsh'], /write one of bash, zsh, fish/],
    [['x', '--output', '/no/such/folder/answer'], /its directory is not there; name another file/],
    [['x', '--output', '/'], /is a directory/],
  ])('%j', async (words, says) => {
    const { status, io } = await kubelag(words);
    expect(io.err).toMatch(says);
    expect(io.err).toMatch(oneLine);
    expect([status, io.out]).toEqual([2, '']);
  });

  it('shows what the user can mend in one line, and a bug with its stack', async () => {
    const mend = await kubelag([capture], {
      analyze: () => {
        throw new UserError('a.pcap: is no capture\u001b[2J; give a pcap');
      },
    });
    expect([mend.status, mend.io.err]).toEqual([2, 'kubelag: a.pcap: is no capture\\x1b[2J; give a pcap\n']);
    const bug = await kubelag([capture], {
      analyze: () => {
        throw new TypeError('oops');
      },
    });
    expect(bug.status).toBe(70);
    expect(bug.io.err).toMatch(/^kubelag: this is a bug.*report it/);
    expect(bug.io.err).toMatch(/TypeError: oops\n +at /);
  });

  it('ends quietly when nobody reads on', async () => {
    for (const words of [[capture], ['export', 'lookups', capture], ['rules'], ['--help']]) {
      const { status, io } = await kubelag(words, { write: nobodyReads });
      expect([status, io.err]).toEqual([0, '']);
    }
  });
});
