import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lint } from '../src/lint.ts';

/*
 * Manifests as teams write them, each with a pathology or a near miss: rendered charts, dumps, lists,
 * overlays, Rollouts, Knative, programs in scripts, settings in ConfigMaps and beside lock files. What
 * lint must say stands above the files of each: severity, rule, and the first line that is quoted.
 */

const CASES = join(import.meta.dirname, 'lint-cases');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-cases-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The expectation, and files behind lines such as `-- app.yaml --`. */
function partsOf(text: string): { expected: string[]; files: [name: string, text: string][] } {
  const [head = '', ...rest] = text.split(/^-- (.+) --\n/m);
  const files: [string, string][] = [];
  for (let index = 0; index + 1 < rest.length; index += 2) files.push([rest[index] as string, rest[index + 1] as string]);
  return { expected: head.trim().split('\n').slice(1).toSorted(), files };
} // prettier-ignore

describe('lint says of', () => {
  const names = readdirSync(CASES);
  it('many cases', () => expect(names.length).toBeGreaterThan(100));

  it.each(names)('%s', async (name) => {
    const { expected, files } = partsOf(readFileSync(join(CASES, name), 'utf8'));
    const root = join(folder, name);
    for (const [file, text] of files) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
    const { findings, manifests } = await lint({
      paths: [root],
      settings: null,
      baseline: new Set(),
      today: '2026-11-25',
    });
    expect(manifests?.problems).toEqual([]);
    const told = findings.map(({ severity, rule, evidence }) => {
      const place = evidence.find((one) => one.place !== undefined)?.place;
      return `${severity} ${rule} ${place === undefined ? '-' : `${relative(root, place.file)}:${place.line}`}`;
    });
    expect(told.toSorted()).toEqual(expected);
  });
});
