import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readExchanges } from './support/read-exchanges.ts';

/*
 * Real clients fetched credentials in these captures; every key, token and role in them is fake
 * and listed beside them. None may stand in a row.
 */

const CREDENTIALS = join(import.meta.dirname, '../../shared/captures/credentials');
const CASES = existsSync(CREDENTIALS)
  ? readdirSync(CREDENTIALS).filter((name) => existsSync(join(CREDENTIALS, name, 'truth.json')))
  : [];

/** All texts within a value of JSON. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}

describe.skipIf(CASES.length === 0)('exchanges with metadata services (../shared/captures/credentials)', () => {
  it.each(CASES)('%s: no secret becomes a row', async (name) => {
    const folder = join(CREDENTIALS, name);
    const truth = JSON.parse(readFileSync(join(folder, 'truth.json'), 'utf8')) as { secrets: unknown };
    const secrets = textsIn(truth.secrets).filter((text) => text.length >= 6);
    const { exchanges, connections } = await readExchanges(join(folder, 'pod.pcap'));
    const rows = JSON.stringify([exchanges, connections]);
    expect(exchanges.length).toBeGreaterThan(0);
    expect(secrets.length).toBeGreaterThan(0);
    expect(secrets.filter((secret) => rows.includes(secret))).toEqual([]);
  });
});
