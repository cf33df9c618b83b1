import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TOOL } from '../src/model/version.ts';
import { isFresh, program, root } from './support/built.ts';

const kubelag = (...words: string[]) =>
  spawnSync(process.execPath, [program, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

// `npm ci` builds: only who changed the sources since then has no fresh one.
describe.skipIf(!isFresh())('the built program (npm run build)', () => {
  it('is executable and knows its version', () => {
    expect(execFileSync(program, ['--version'], { encoding: 'utf8' })).toBe(`${TOOL.version}\n`);
  });

  it('starts with the compiled code that the build kept', () => {
    const taken = `
      const { compile, setOptions } = require('./dist/cli/compiled.cjs');
      setOptions();
      const file = require('node:path').resolve('dist/cli/kubelag.cjs');
      console.log(compile(file, require('node:fs').readFileSync(file + '.cache')).cachedDataRejected);`;
    expect(execFileSync(process.execPath, ['-e', taken], { cwd: root, encoding: 'utf8' })).toBe('false\n');
  });

  it('runs where the compiled code that the build kept does not fit', () => {
    // V8 refuses what was compiled under other flags.
    const { stdout, stderr } = spawnSync(process.execPath, ['--no-opt', program, '--version'], { encoding: 'utf8' });
    expect([stdout, stderr]).toEqual([`${TOOL.version}\n`, '']);
  });

  it('has the documentation of its rules with it', () => {
    const { stdout, status } = kubelag('rules', 'dns-race');
    expect(status).toBe(0);
    expect(stdout.split('\n').length).toBeGreaterThan(10);
  });

  it.each([
    ['lint', 'examples/refresh-storm.yaml'],
    ['fix', 'examples/refresh-storm.pcap.gz', '-m', 'examples/refresh-storm.yaml'],
    ['show', 'examples/refresh-storm.pcap.gz', '--request', 'slowest'],
    ['compare', 'examples/refresh-storm.pcap.gz', 'examples/refresh-storm.pcap.gz'],
    ['export', 'requests', 'examples/refresh-storm.pcap.gz'],
    ['export', 'otlp', 'examples/refresh-storm.pcap.gz'],
    ['explain', 'examples/refresh-storm.pcap.gz', '--format', 'markdown'],
    ['schema'],
    ['knows', 'kiam'],
    ['completion', 'fish'],
  ])('loads what %s needs', (...words) => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [program, ...words], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(stderr).toBe('');
    expect([0, 1]).toContain(status);
    expect(stdout).not.toBe('');
  });

  it('loads what reads anchors', () => {
    const text = 'apiVersion: v1\nkind: Pod\nmetadata: {name: &n a, labels: {app: *n}}\nspec: {containers: []}\n';
    const { stderr, status } = spawnSync(process.execPath, [program, 'lint', '-'], { encoding: 'utf8', input: text });
    expect([status, stderr]).toEqual([0, '']);
  });

  it('says in one line what is wrong', () => {
    const { stdout, stderr, status } = kubelag('no-such-file.pcap');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^kubelag: no-such-file\.pcap: [^\n]+\n$/);
  });

  it('ends quietly when its reader goes away', async () => {
    const child = spawn(process.execPath, [program, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    child.stdout.destroy();
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect([status, stderr]).toEqual([0, '']);
  });

  it.each(['examples', 'test/corpora'])('explains everything in %s', (folder) => {
    if (!existsSync(join(root, folder))) return;
    for (const entry of readdirSync(join(root, folder)).filter((name) =>
      /\.(?:pcap(?:ng)?|txt)(?:\.gz|\.zst)?$/.test(name),
    )) {
      const { stdout, stderr, status } = kubelag('explain', join(folder, entry));
      expect([0, 1, 3], `${entry}: ${stderr}`).toContain(status);
      expect(stdout.trim()).not.toBe('');
    }
  });
});
