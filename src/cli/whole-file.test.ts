import {
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openWholeFile } from './whole-file.ts';

let folder = '';
const at = (name: string): string => join(folder, name);
const read = (name: string): string => readFileSync(at(name), 'utf8');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('takes its name when it is whole', () => {
  const file = openWholeFile(at('answer'));
  file.write('one ');
  expect(existsSync(at('answer'))).toBe(false);
  file.write('two');
  file.close();
  expect(readdirSync(folder)).toEqual(['answer']);
  expect(read('answer')).toBe('one two');
});

it('leaves what stood there until then, and its mode for good', () => {
  writeFileSync(at('answer'), 'old', { mode: 0o640 });
  const file = openWholeFile(at('answer'));
  file.write('new');
  expect(read('answer')).toBe('old');
  file.close();
  expect(read('answer')).toBe('new');
  expect(statSync(at('answer')).mode & 0o777).toBe(0o640);
});

it('is written through a link, which stays one', () => {
  writeFileSync(at('target'), 'old');
  symlinkSync('target', at('answer'));
  const file = openWholeFile(at('answer'));
  file.write('new');
  file.close();
  expect(read('target')).toBe('new');
  expect(readdirSync(folder).toSorted()).toEqual(['answer', 'target']);
});

it('is made where a link leads to nothing yet', () => {
  symlinkSync('target', at('answer'));
  const file = openWholeFile(at('answer'));
  file.write('new');
  file.close();
  expect(read('target')).toBe('new');
});

it('is written in place where it has another name', () => {
  writeFileSync(at('other'), 'old');
  linkSync(at('other'), at('answer'));
  const file = openWholeFile(at('answer'));
  file.write('new');
  file.close();
  expect(read('other')).toBe('new');
});

it('is written in place where it is no file', () => {
  const file = openWholeFile('/dev/null');
  file.write('new');
  file.close();
  expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
});
