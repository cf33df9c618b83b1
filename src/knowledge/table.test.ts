import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { compareVersions } from '../base/versions.ts';
import type { KnownDefault } from '../model/knowledge.ts';
import { knownComponents, knownDefault, valueOf } from './known.ts';

const FOLDER = new URL('components/', import.meta.url);

test('the table that is loaded is made of the files (mend it with: npm run knowledge)', () => {
  const files = readdirSync(FOLDER).toSorted();
  expect(knownComponents()).toEqual(files.map((name) => parse(readFileSync(new URL(name, FOLDER), 'utf8')) as unknown));
});

test('each component has a file of its name', () => {
  const files = readdirSync(FOLDER)
    .toSorted()
    .map((name) => name.replace(/\.yaml$/, ''));
  expect(knownComponents().map(({ component }) => component)).toEqual(files);
});

test('the schema refuses what has no source, no unit that is known, or two answers', () => {
  const entry = { value: 1, source: 'a source' };
  const check = validator();
  expect(check(of(entry))).toBe(true);
  expect(check(of({ value: 1 }))).toBe(false);
  expect(check(of({ ...entry, unit: 'min' }))).toBe(false);
  expect(check(of({ ...entry, honoured: true }))).toBe(false);
  expect(check(of({ ...entry, since: 'v1' }))).toBe(false);
});

describe.each(knownComponents().map((component) => [component.component, component] as const))('%s', (_, component) => {
  test('has the shape of the schema', () => {
    const check = validator();
    check(component);
    expect(check.errors ?? []).toEqual([]);
  });

  test('names each setting once', () => {
    const names = component.settings.map(({ setting }) => setting);
    expect(new Set(names).size).toBe(names.length);
  });

  test('says a unit for each time, and for nothing else than numbers', () => {
    for (const { setting, defaults } of component.settings) {
      for (const { value, unit } of defaults) {
        if (unit !== undefined) expect(typeof value, setting).toBe('number');
        if (typeof value === 'number' && /(?:time|duration|lifetime|ttl|window)$/i.test(setting)) {
          expect(unit, setting).toBeDefined();
        }
      }
    }
  });

  test.each(component.settings.map((one) => [one.setting, one] as const))(
    '%s has neither overlap nor hole',
    (__, one) => {
      const roles = new Set(one.defaults.map(({ where }) => where));
      for (const role of roles) expect(breaksOf(one.defaults.filter(({ where }) => where === role))).toEqual([]);
    },
  );
});

test('a hole and an overlap are seen', () => {
  const source = 'a source';
  expect(
    breaksOf([
      { value: 1, until: '1.9', source },
      { value: 2, since: '1.10', source },
    ]),
  ).toHaveLength(1);
  expect(
    breaksOf([
      { value: 1, until: '1.10', source },
      { value: 2, since: '1.9', source },
    ]),
  ).toHaveLength(1);
  expect(
    breaksOf([
      { value: 1, source },
      { value: 2, source },
    ]),
  ).toHaveLength(1);
  expect(breaksOf([{ value: 1, since: '2', until: '1', source }])).toHaveLength(1);
  expect(
    breaksOf([
      { value: 1, until: '1.10', source },
      { value: 2, since: '1.10', source },
    ]),
  ).toEqual([]);
});

test('a default is told by version and role', () => {
  expect(valueOf('c-ares', 'timeout', '1.19.1')).toBe(5);
  expect(valueOf('c-ares', 'timeout', '1.34.5')).toBe(2);
  expect(knownDefault('c-ares', 'timeout')).toMatchObject({ value: 2, unit: 's' });
  expect(knownDefault('c-ares', 'timeout', '1.20')).toMatchObject({ value: 2 });
  expect(valueOf('aws-load-balancer', 'idle timeout', null, 'ALB')).toBe(60);
  expect(knownDefault('kiam', '--session-refresh', '2.7')).toBeNull();
  expect(() => valueOf('nginx', 'keepalive-timeout')).toThrow('nginx keepalive-timeout');
  expect(() => valueOf('pgbouncer', 'pool_mode')).toThrow('no number');
});

const of = (one: object): object => ({
  component: 'x',
  name: 'XX',
  kind: 'proxy',
  settings: [{ setting: 'aa', means: 'It means something.', defaults: [one] }],
});

function validator() {
  return new Ajv({ allErrors: true, allowUnionTypes: true }).compile<unknown>(
    JSON.parse(readFileSync(new URL('component.schema.json', import.meta.url), 'utf8')) as object,
  );
}

/** Where one range does not begin as the one before ends. */
function breaksOf(ranges: readonly KnownDefault[]): string[] {
  const breaks: string[] = [];
  for (const [index, { since, until }] of ranges.entries()) {
    if (since !== undefined && until !== undefined && compareVersions(since, until) >= 0)
      breaks.push(`${since}: ends before`);
    if (index > 0 && (since === undefined || since !== ranges[index - 1]!.until))
      breaks.push(`${since}: hole or overlap`);
  }
  return breaks;
}
