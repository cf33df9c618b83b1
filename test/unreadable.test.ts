import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../src/analyze.ts';
import { kubelag, oneLine } from './support/kubelag.ts';

/* A folder's captures are named together (*.pcap): one that is empty or no capture must not take the answer along. */
const CAPTURE = 'test/corpora/sidecar/slow-beside.pcap.gz';

let folder: string;
let empty: string;
let notes: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-unreadable-'));
  empty = join(folder, 'empty.pcap');
  notes = join(folder, 'notes.pcap');
  writeFileSync(empty, '');
  writeFileSync(notes, 'nothing that tcpdump would print\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

const read = (...paths: string[]) => kubelag(paths, { analyze });

describe('an input that holds nothing to read', () => {
  it('beside others is named on standard error, and they are told of; the exit status says so', async () => {
    const { status, io } = await read(empty, CAPTURE, notes);
    expect(status).toBe(2);
    expect(io.out).toContain('15 of 120 exchanges with 127.0.0.1:9000 waited');
    expect(io.err.split('\n')).toEqual([
      expect.stringMatching(/^kubelag: .*empty\.pcap: is empty/),
      expect.stringMatching(/^kubelag: .*notes\.pcap: text, but no line of it is tcpdump's/),
      '',
    ]);
  });

  it('is an error where there is no other', async () => {
    const { status, io } = await read(empty, notes);
    expect(status).toBe(2);
    expect(io.out).toBe('');
    expect(io.err).toMatch(oneLine);
  });

  it('is none that is missing: a name is a slip', async () => {
    const { status, io } = await read(CAPTURE, join(folder, 'missing.pcap'));
    expect(status).toBe(2);
    expect(io.out).toBe('');
    expect(io.err).toMatch(/missing\.pcap: no such file/);
  });

  it('is thrown to who does not ask to be told', async () => {
    const options = { dnsPorts: [53], clients: [], names: [], slowerThan: null };
    await expect(analyze({ ...options, paths: [CAPTURE, empty] })).rejects.toThrow('is empty');
  });
});
