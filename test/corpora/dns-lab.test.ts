/** The recorded set itself: whole, small, and consistent with what it says of itself. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('./dns-lab/', import.meta.url));
const MOST_CAPTURE_BYTES = 100_000;
const MOST_SET_BYTES = 6_000_000;
/** Wall and monotonic clocks are read one after the other, on a machine that does other things too. */
const CLOCKS_SECONDS = 0.05;

interface Truth {
  name: string;
  rule: string | null;
  captures: { file: string; vantage: string }[];
  summary: { lookups: number; droppedQueries: number; droppedByPlace: Record<string, number> };
  lookups: { name: string; startEpoch: number; endEpoch: number; seconds: number; ok: boolean }[];
  serverLogFields: string[];
  serverLog: unknown[][];
}

const truths = readdirSync(folder)
  .filter((file) => file.endsWith('.truth.json'))
  .map((file): [string, Truth] => [file.replace('.truth.json', ''), JSON.parse(readFileSync(folder + file, 'utf8'))]);

describe('the dns-lab set', () => {
  it('is small and every capture in it has a truth', () => {
    const files = readdirSync(folder);
    expect(files.reduce((sum, file) => sum + statSync(folder + file).size, 0)).toBeLessThan(MOST_SET_BYTES);
    const described = new Set(truths.flatMap(([, truth]) => truth.captures.map((capture) => capture.file)));
    expect(files.filter((file) => file.endsWith('.pcap') && !described.has(file))).toEqual([]);
  });

  it('has race, loss, dead and slow server for each resolver', () => {
    const names = new Set(truths.map(([name]) => name));
    const resolvers = ['glibc', 'musl-1.2.3', 'go', 'cares-1.18.1', 'pycares-1.34.9', 'grpc-1.51.1', 'grpc-1.85.3', 'node'];
    const wanted = resolvers.flatMap((resolver) => ['race', 'loss', 'dead', 'slow'].map((scenario) => `${resolver}.${scenario}`));
    expect(wanted.filter((name) => !names.has(name))).toEqual([]);
  });

  it.each(truths)('%s agrees with itself', (name, truth) => {
    expect(truth.name).toBe(name);
    expect(readFileSync(`${folder}README.md`, 'utf8')).toContain(`| \`${name}\` |`);
    for (const { file } of truth.captures) {
      expect(existsSync(folder + file)).toBe(true);
      expect(statSync(folder + file).size).toBeLessThan(MOST_CAPTURE_BYTES);
      expect(readFileSync(folder + file).readUInt32LE(0)).toBe(0xa1b2c3d4);
    }
    expect(truth.lookups).toHaveLength(truth.summary.lookups);
    for (const lookup of truth.lookups) {
      expect(Math.abs(lookup.endEpoch - lookup.startEpoch - lookup.seconds)).toBeLessThan(CLOCKS_SECONDS);
    }
    const action = truth.serverLogFields.indexOf('action');
    expect(truth.serverLog.filter((entry) => entry[action] === 'drop')).toHaveLength(truth.summary.droppedQueries);
    if (truth.rule === 'dns-race') {
      const { second, ...elsewhere } = truth.summary.droppedByPlace;
      expect(Object.values(elsewhere)).toEqual([0, 0, 0, 0]);
      expect(second).toBe(truth.summary.droppedQueries);
    }
    if (truth.rule === null) expect(truth.summary.droppedQueries).toBe(0);
  });
});
