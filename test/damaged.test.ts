import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../src/analyze.ts';
import { copyLookup, type Lookup } from '../src/model/lookup.ts';
import { UserError } from '../src/model/user-error.ts';

/** Captures as damage leaves them: whatever is in them, an answer or one line that says what is wrong. */
const CAPTURES = [
  'test/corpora/resolvers/g_aaaadrop.pcap',
  'test/corpora/resolvers/go_vc.pcap',
  'test/corpora/dns-lab/glibc.race-walk.pcap',
  'test/corpora/dns-lab/musl-1.2.3.truncated.pcap',
  'test/corpora/dns-lab/go.loss-any.pcap',
].map((path) => new Uint8Array(readFileSync(path)));

const FILE_HEADER = 24;
const RECORD_HEADER = 16;

/** Where records begin, as far as their lengths can be believed. */
function recordsOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const offsets: number[] = [];
  for (let at = FILE_HEADER; at + RECORD_HEADER <= bytes.length; at += RECORD_HEADER + view.getUint32(at + 8, true)) {
    offsets.push(at);
  }
  return offsets;
}

type Damage = (bytes: Uint8Array) => Uint8Array;

const cut = fc.nat().map(
  (at): Damage =>
    (bytes) =>
      bytes.slice(0, at % bytes.length),
);
const flips = fc
  .array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 60 })
  .map((changes): Damage => (bytes) => {
    for (const [at, value] of changes) bytes[at % bytes.length] = value;
    return bytes;
  });
const hole = fc.tuple(fc.nat(), fc.nat(300)).map(([at, length]): Damage => (bytes) => {
  const from = at % bytes.length;
  return Uint8Array.from([...bytes.slice(0, from), ...bytes.slice(from + length)]);
});
/** Records shuffled, sent twice and left out, with times that jump and run backwards. */
const records = fc
  .array(fc.tuple(fc.nat(), fc.integer({ min: -100_000, max: 100_000 })), { maxLength: 400 })
  .map((picks): Damage => (bytes) => {
    const offsets = recordsOf(bytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const parts = picks.map(([pick, by]) => {
      const at = offsets[pick % offsets.length] as number;
      const record = bytes.slice(at, at + RECORD_HEADER + view.getUint32(at + 8, true));
      const times = new DataView(record.buffer);
      if (pick % 3 === 0) times.setUint32(0, times.getUint32(0, true) + (by >> 12), true);
      return record;
    });
    return Uint8Array.from([...bytes.slice(0, FILE_HEADER), ...parts.flatMap((part) => [...part])]);
  });

describe('a damaged capture', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kubelag-damaged-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function read(bytes: Uint8Array): Promise<Lookup[] | UserError> {
    const path = join(folder, 'capture.pcap');
    writeFileSync(path, bytes);
    const lookups: Lookup[] = [];
    try {
      await analyze({
        paths: [path],
        dnsPorts: [53],
        clients: [],
        names: [],
        slowerThan: null,
        observers: [{ lookup: (lookup) => lookups.push(copyLookup(lookup)) }],
      });
    } catch (error) {
      if (error instanceof UserError) return error;
      throw error;
    }
    return lookups;
  }

  it.each([
    ['cut', cut],
    ['changed', flips],
    ['with a hole', hole],
    ['with its packets in any order and at any time', records],
  ])('%s, gives an answer: no crash, no hang, no time below zero', async (_, damage) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(CAPTURES.length - 1), damage, async (which, harm) => {
        const found = await read(harm((CAPTURES[which] as Uint8Array).slice()));
        if (found instanceof UserError) {
          expect(found.message.split('\n')).toHaveLength(1);
          return;
        }
        for (const lookup of found) expect(lookup.duration).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 120 },
    );
  });
});
