import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { run } from '../src/cli/run.ts';
import { fakeIo } from './support/fake-io.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Package {
  version: string;
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}
const pack = JSON.parse(read('package.json')) as Package;

describe('the documents', () => {
  it('link to what is there', () => {
    for (const document of [
      'README.md',
      'AGENTS.md',
      'CHANGELOG.md',
      'docs/dependencies.md',
      'docs/compare.md',
      'docs/what-if.md',
    ]) {
      for (const [, target] of read(document).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
        expect(existsSync(join(root, dirname(document), target!)), `${document} → ${target}`).toBe(true);
      }
    }
  });

  it('give every dependency its reason, and those that are shipped their version', () => {
    const text = read('docs/dependencies.md');
    for (const name of [...Object.keys(pack.dependencies), ...Object.keys(pack.devDependencies)])
      expect(text).toContain(name);
    for (const name of Object.keys(pack.dependencies)) {
      const { version, license } = JSON.parse(read(`node_modules/${name}/package.json`)) as {
        version: string;
        license: string;
      };
      expect(text).toContain(`| ${name} | ${version} | ${license} |`);
    }
  });

  it('name commands that exist', () => {
    for (const document of ['README.md', 'AGENTS.md']) {
      for (const [, script] of read(document).matchAll(/npm run ([\w-]+)/g))
        expect(pack.scripts).toHaveProperty(script!);
    }
  });

  it('have the two commands, and an example that is there', () => {
    const commands = [...read('README.md').matchAll(/^npm ci && (.+)$/gm)].map((match) => match[1]!);
    expect(commands).toHaveLength(2);
    const example = /^npx kubelag explain (examples\/\S+)$/.exec(commands[0]!)?.[1];
    expect(example).toBeDefined();
    expect(existsSync(join(root, example!)), example).toBe(true);
    expect(commands[1]).toBe('npm test');
    expect(read('.ci/run')).toContain('npm ci && npm test');
  });

  it('show what the program really prints', async () => {
    const shown = [
      ...read('README.md').matchAll(/kubelag (?:explain )?(examples\/\S+)\n```\n\n```\n([\s\S]*?)^```$/gm),
    ];
    expect(shown).toHaveLength(2);
    for (const [, example, text] of shown) {
      const io = fakeIo({});
      await run(['explain', example!], io);
      let from = 0;
      for (const line of text!.split('\n').filter((one) => one.trim() !== '' && one.trim() !== '…')) {
        const at = io.out.indexOf(line, from);
        expect(at, line).toBeGreaterThanOrEqual(0);
        from = at + line.length;
      }
    }
  });

  it('say what each version brought', () => {
    expect(read('CHANGELOG.md')).toMatch(new RegExp(`^## \\[(?:Unreleased|${pack.version})\\]`, 'm'));
  });
});
