import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../src/analyze.ts';
import type { Diagnosis } from '../src/model/diagnosis.ts';
import { pcapRecords } from './support/pcap-records.ts';

/*
 * A capture that tcpdump cut into files (-C, -G) is told of as if it had not been cut, wherever the
 * cuts are: findings, figures, examples, and each packet under its number in its own file.
 */
const FOLDER = 'test/corpora';
const CAPTURES = [
  ...readdirSync(join(FOLDER, 'net'))
    .filter((name) => name.endsWith('.pcap.gz'))
    .map((name) => `net/${name}`),
  'dns-lab/glibc.race-walk.pcap',
  'dns-lab/go.loss-any.pcap',
  'credentials/storm-v1-c1/s96.pcap.gz',
];
const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const MOST_CUTS = 3;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-rotated-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const bytesOf = (path: string): Uint8Array => {
  const bytes = readFileSync(path);
  return path.endsWith('.gz') ? gunzipSync(bytes) : bytes;
};

async function told(paths: readonly string[]): Promise<Diagnosis> {
  const options = { dnsPorts: [53], clients: [], names: [], slowerThan: null };
  return (await analyze({ ...options, paths })).diagnosis;
}

/** Cut before packets of those indices. */
function cutAt(bytes: Uint8Array, indices: readonly number[]): Uint8Array[] {
  const offsets = [...pcapRecords(bytes)].map(({ start }) => start - RECORD_HEADER);
  const header = bytes.subarray(0, FILE_HEADER);
  const starts = [FILE_HEADER, ...indices.map((index) => offsets[index] as number)];
  return starts.map((start, part) => Buffer.concat([header, bytes.subarray(start, starts[part + 1] ?? bytes.length)]));
}

/** As JSON, in which packets of later files have the numbers that they have in the whole; what is said of files is left out. */
function comparable(diagnosis: Diagnosis, before: readonly number[]): unknown {
  const { inputs, ...rest } = diagnosis;
  expect(inputs).toHaveLength(before.length);
  return JSON.parse(JSON.stringify(rest), (key, value: unknown) => {
    // Of one file only, as Wireshark opens it.
    if (key === 'filter') return null;
    if (key === 'filterLeavesOut') return undefined;
    const place = typeof value === 'string' ? /^(\d+):(\d+)$/.exec(value) : null;
    return place === null ? value : (before[Number(place[1])] as number) + Number(place[2]);
  });
}

describe('a capture in several files', () => {
  it.each(CAPTURES)('%s is told of as if it were in one', async (name) => {
    const bytes = bytesOf(join(FOLDER, name));
    const count = [...pcapRecords(bytes)].length;
    const expected = comparable(await told([writtenWhole(bytes)]), [0]);
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 1, max: count - 1 }), { minLength: 1, maxLength: MOST_CUTS }),
        async (cuts) => {
          const indices = cuts.toSorted((one, other) => one - other);
          const paths = cutAt(bytes, indices).map((part, index) => {
            const path = join(folder, `part.pcap${index === 0 ? '' : index}`);
            writeFileSync(path, part);
            return path;
          });
          expect(comparable(await told(paths), [0, ...indices])).toEqual(expected);
        },
      ),
      { numRuns: 1 },
    );
  });
});

const later =
  (seconds: number) =>
  (record: DataView): void =>
    record.setUint32(0, record.getUint32(0, true) + seconds, true);

describe('captures that are no parts of one', () => {
  const bytes = bytesOf(join(FOLDER, 'net/healthy-http-mix.pcap.gz'));
  const half = Math.floor([...pcapRecords(bytes)].length / 2);
  const [first, second] = cutAt(bytes, [half]) as [Uint8Array, Uint8Array];

  /** Of the second file, whose packets are changed and moved in time, what is said where it follows the first. */
  async function notesOf(name: string, change: (record: DataView) => void): Promise<string[]> {
    const bytesAfter = new Uint8Array(second);
    for (const { start, end } of pcapRecords(bytesAfter)) {
      change(new DataView(bytesAfter.buffer, start - RECORD_HEADER, RECORD_HEADER + end - start));
    }
    const paths = [join(folder, 'web-0.pcap'), join(folder, name)];
    writeFileSync(paths[0] as string, first);
    writeFileSync(paths[1] as string, bytesAfter);
    return (await told(paths)).inputs[1]?.damage.notes ?? [];
  }

  it('are apart where one has another name, or began long after the other ended', async () => {
    expect(await notesOf('web-1.pcap', later(0))).toHaveLength(1);
    expect(await notesOf('api-1.pcap', later(0))).toEqual([]);
    expect(await notesOf('web-1.pcap', later(50))).toHaveLength(1);
    expect(await notesOf('web-1.pcap', later(70))).toEqual([]);
    // Side by side.
    expect(await notesOf('web-1.pcap', later(-1))).toEqual([]);
  });

  it('are parts of one where the second begins with a packet of no host, as a multicast', async () => {
    let count = 0;
    const notes = await notesOf('web-1.pcap', (record) => {
      if (count++ > 0) return;
      // 169.254.0.9 to 224.0.0.2, over SLL2.
      for (const [index, byte] of [169, 254, 0, 9, 224, 0, 0, 2].entries()) {
        record.setUint8(RECORD_HEADER + 20 + 12 + index, byte);
      }
    });
    expect(notes.join()).toMatch(/^goes on where/);
  });

  it('are apart where the second is of another pod', async () => {
    const { addresses } = (await told([writtenWhole(bytes)])).inputs[0]!.vantage;
    const last = Number(addresses[0]?.split('.')[3]);
    const moved = await notesOf('web-1.pcap', (record) => {
      // The last byte of both addresses of IPv4 over SLL2, whichever is the pod's.
      for (const place of [RECORD_HEADER + 20 + 15, RECORD_HEADER + 20 + 19]) {
        if (record.getUint8(place) === last) record.setUint8(place, last + 1);
      }
    });
    expect(moved).toEqual([]);
  });
});

function writtenWhole(bytes: Uint8Array): string {
  const path = join(folder, 'whole.pcap');
  writeFileSync(path, bytes);
  return path;
}
