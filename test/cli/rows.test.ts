import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lookupOf } from '../../src/model/testing/rows.ts';
import { kubelag, oneLine } from '../support/kubelag.ts';

let folder: string;
let capture: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-cli-'));
  capture = join(folder, 'a.pcap');
  writeFileSync(capture, 'not read here: these tests bring their own analysis');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('show', () => {
  it.each([
    [['--lookup', '0.l17'], '0.l17'],
    [['--lookup', '17'], '0.l17'],
    [['--lookup', 'l17'], '0.l17'],
    [['--lookup', '1.l1'], '1.l1'],
    [['--slowest'], '0.l17'],
    [[], '0.l17'],
  ])('%j', async (words, id) => {
    const { io, status } = await kubelag(['show', ...words, capture, '--format', 'json']);
    expect(JSON.parse(io.out)).toMatchObject({ id });
    expect(status).toBe(0);
  });

  it('draws the lookup', async () => {
    const { io } = await kubelag(['show', '--slowest', capture]);
    expect(io.out).toContain('slow.example.org');
  });

  it.each([
    [['--lookup', '1'], /--lookup 1: stands for 0\.l1, 1\.l1; give one of these/],
    [['--lookup', '99'], /--lookup 99: there is no such lookup among 3; see their ids/],
    [['--lookup', 'x'], /--lookup x: is no id; write 0\.l17/],
    [['--lookup', '1', '--slowest'], /give either/],
  ])('%j is no lookup', async (words, says) => {
    const { io, status } = await kubelag(['show', ...words, capture]);
    expect([status, io.out]).toEqual([2, '']);
    expect(io.err).toMatch(says);
    expect(io.err).toMatch(oneLine);
  });

  it('exits with 3 where there is none at all', async () => {
    const { io, status } = await kubelag(['show', '--name', 'db', capture], { lookups: [] });
    expect([status, io.out]).toEqual([3, '']);
    expect(io.err).toMatch(/holds no lookup of the name db/);
  });
});

describe('export', () => {
  it('writes rows as they are found', async () => {
    const { io, status } = await kubelag(['export', 'lookups', capture]);
    expect(status).toBe(0);
    const rows = io.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string });
    expect(rows.map((row) => row.id)).toEqual(['0.l1', '0.l17', '1.l1']);
  });

  it('writes transactions as CSV to a file', async () => {
    const file = join(folder, 'rows.csv');
    const { io, status } = await kubelag(['export', 'transactions', capture, '--format', 'csv', '--output', file]);
    expect([status, io.out]).toEqual([0, '']);
    expect(readFileSync(file, 'utf8').split('\r\n')).toHaveLength(5);
  });

  it('exits with 3 where there is nothing', async () => {
    const { io, status } = await kubelag(['export', 'lookups', capture], { lookups: [] });
    expect([status, io.out]).toEqual([3, '']);
    expect(io.err).toMatch(oneLine);
  });

  it('holds no more than a buffer of what it writes', async () => {
    const many = Array.from({ length: 5000 }, (_, index) => lookupOf({ id: `0.l${index}` }));
    const sizes: number[] = [];
    await kubelag(['export', 'lookups', capture], { lookups: many, write: (text) => void sizes.push(text.length) });
    expect(sizes.length).toBeGreaterThan(20);
    expect(Math.max(...sizes)).toBeLessThan(100_000);
  });

  it('will not write over what it reads', async () => {
    const before = readFileSync(capture, 'utf8');
    const { io, status } = await kubelag(['export', 'lookups', capture, '--output', capture]);
    expect([status, io.err]).toEqual([2, expect.stringMatching(/is an input and would be written over/)]);
    expect(readFileSync(capture, 'utf8')).toBe(before);
  });
});
