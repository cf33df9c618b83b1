import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../src/analyze.ts';
import type { Diagnosis } from '../src/model/diagnosis.ts';
import { pcapRecords } from './support/pcap-records.ts';

/*
 * Captures of the same traffic, taken side by side, are told of as one: what comes in is seen first elsewhere than what
 * goes out, so that a request would be of one capture and what it waits for of the other.
 */
const FOLDER = 'test/corpora';
const CAPTURES = [
  'credentials/storm-v1-c4/pod.pcap.gz',
  'credentials/storm-v2-old-c4/pod.pcap.gz',
  'credentials/near-slow-upstream-c4/pod.pcap.gz',
  'credentials/healthy-v1-6h-c4/pod.pcap.gz',
  'net/gateway-timeout.near-slow-within-limit.ingress.pcap.gz',
  'net/gateway-no-upstream-keepalive.near-kept.ingress.pcap.gz',
  'dns-lab/glibc.race-walk.pcap',
];
const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const TCP = 6;
/** Bytes before the IP header, by link type. */
const LINK_HEADERS: Record<number, number> = { 1: 14, 101: 0, 113: 16, 276: 20 };
/** From the node's side of a veth pair to the pod's. */
const BETWEEN_MICROSECONDS = 2;
const LATER_MICROSECONDS = 600e6;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-side-by-side-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const bytesOf = (path: string): Buffer => {
  const bytes = readFileSync(join(FOLDER, path));
  return path.endsWith('.gz') ? gunzipSync(bytes) : bytes;
};

function written(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

async function told(paths: readonly string[]): Promise<Diagnosis> {
  const options = { dnsPorts: [53], clients: [], names: [], slowerThan: null };
  return (await analyze({ ...options, paths })).diagnosis;
}

/** What it comes to. */
const gist = ({ verdict, findings, requests, exchanges, lookups, connections }: Diagnosis): unknown => ({
  says: verdict.says,
  findings: findings.map(({ rule, severity, occurrences }) => ({ rule, severity, occurrences })),
  counts: [requests, exchanges, lookups, connections].map(({ count }) => count),
});

const aboveInfo = (diagnosis: Diagnosis): Diagnosis => ({
  ...diagnosis,
  findings: diagnosis.findings.filter(({ severity }) => severity !== 'info'),
});

/** Other packets of the same form: identifications and sequence numbers are others. */
function renewed(bytes: Buffer): Buffer {
  const other = Buffer.from(bytes);
  for (const { start, linkType } of pcapRecords(other)) {
    const ip = start + (LINK_HEADERS[linkType] as number);
    const transport = ip + 4 * ((other[ip] as number) & 15);
    // Where TCP has its sequence number, UDP has its length, and DNS its identification behind that.
    const places = other[ip + 9] === TCP ? [ip + 4, transport + 4, transport + 8] : [ip + 4, transport + 8];
    for (const place of places) {
      other.writeUInt16BE((other.readUInt16BE(place) + 4711) & 0xffff, place);
    }
  }
  return other;
}

/** Each packet's first bytes, as `tcpdump -s` leaves them. */
function shortened(bytes: Buffer, snapLength: number): Buffer {
  const records = [...pcapRecords(bytes)].map(({ start, end }) => {
    const record = Buffer.from(bytes.subarray(start - RECORD_HEADER, Math.min(end, start + snapLength)));
    record.writeUInt32LE(record.length - RECORD_HEADER, 8);
    return record;
  });
  return Buffer.concat([bytes.subarray(0, FILE_HEADER), ...records]);
}

interface Sent {
  readonly sender: string;
  readonly ports: readonly number[];
  readonly microseconds: number;
  /** With its record header. */
  readonly record: Buffer;
}

function* packetsOf(bytes: Buffer): Generator<Sent> {
  for (const { start, end, linkType } of pcapRecords(bytes)) {
    const ip = start + (LINK_HEADERS[linkType] as number);
    const record = bytes.subarray(start - RECORD_HEADER, end);
    const microseconds = record.readUInt32LE(0) * 1e6 + record.readUInt32LE(4);
    const transport = ip + 4 * ((bytes[ip] as number) & 15);
    const ports = [bytes.readUInt16BE(transport), bytes.readUInt16BE(transport + 2)];
    yield { sender: bytes.subarray(ip + 12, ip + 16).join('.'), ports, microseconds, record };
  }
}

/** The same packets at other times, in order of these. */
function moved(bytes: Buffer, by: (sender: string) => number): Buffer {
  const records = [...packetsOf(bytes)]
    .map(({ sender, microseconds, record }) => ({ at: microseconds + by(sender), record: Buffer.from(record) }))
    .toSorted((a, b) => a.at - b.at);
  for (const { at, record } of records) {
    record.writeUInt32LE(Math.floor(at / 1e6), 0);
    record.writeUInt32LE(at % 1e6, 4);
  }
  return Buffer.concat([bytes.subarray(0, FILE_HEADER), ...records.map(({ record }) => record)]);
}

/** Those that this address sends, and the others: what a tap gives as two files. */
function byDirection(bytes: Buffer, us: string): [Buffer, Buffer] {
  const head = bytes.subarray(0, FILE_HEADER);
  const records = [...packetsOf(bytes)];
  const of = (isOurs: boolean): Buffer =>
    Buffer.concat([head, ...records.filter(({ sender }) => (sender === us) === isOurs).map(({ record }) => record)]);
  return [of(true), of(false)];
}

/** What two runs of tcpdump with a filter each give: DNS, and all else. */
function byPort(bytes: Buffer): [Buffer, Buffer] {
  const head = bytes.subarray(0, FILE_HEADER);
  const records = [...packetsOf(bytes)];
  const of = (isDns: boolean): Buffer =>
    Buffer.concat([head, ...records.filter(({ ports }) => ports.includes(53) === isDns).map(({ record }) => record)]);
  return [of(true), of(false)];
}

const addressOf = ({ inputs }: Diagnosis): string => inputs[0]?.vantage.addresses[0] as string;

describe.each(CAPTURES)('%s', (capture) => {
  it('says the same where it was taken at two places at once, whichever is named first', async () => {
    const bytes = bytesOf(capture);
    const here = written('here.pcap', bytes);
    const alone = await told([here]);
    const us = addressOf(alone);
    // On the node what comes in is seen first, and what goes out last.
    const onNode = moved(bytes, (sender) => (sender === us ? BETWEEN_MICROSECONDS : -BETWEEN_MICROSECONDS));
    const there = written('there.pcap', onNode);
    for (const paths of [
      [here, there],
      [there, here],
    ] as const) {
      const both = await told(paths);
      expect(gist(both)).toEqual(gist(alone));
      expect(both.inputs[1]?.damage.notes.join()).toBe(
        `shows the same packets as ${paths[0]}, and is read as one capture with it`,
      );
    }
  });

  it('says the same where each direction is a file of its own', async () => {
    const bytes = bytesOf(capture);
    const alone = await told([written('whole.pcap', bytes)]);
    const [sent, received] = byDirection(bytes, addressOf(alone));
    const both = await told([written('sent.pcap', sent), written('received.pcap', received)]);
    expect(gist(both)).toEqual(gist(alone));
  });

  it('stays a capture of its own beside one of the same pod from another time', async () => {
    const bytes = bytesOf(capture);
    const again = moved(renewed(bytes), () => LATER_MICROSECONDS);
    const both = await told([written('first.pcap', bytes), written('second.pcap', again)]);
    expect(both.inputs.map(({ damage }) => damage.notes.filter((note) => note.startsWith('shows')))).toEqual([[], []]);
  });
});

describe.each([
  'credentials/storm-v1-c4/pod.pcap.gz',
  'net/gateway-timeout.near-slow-within-limit.ingress.pcap.gz',
  'dns-lab/glibc.race-walk.pcap',
])('%s, taken twice', (capture) => {
  it.each([
    ['300 ms ahead of', 300e3],
    ['2 s behind', -2e6],
    ['60 min 0 s ahead of', 3600e6],
  ])('says the same where a clock is %s the other', async (words, microseconds) => {
    const bytes = bytesOf(capture);
    const here = written('here.pcap', bytes);
    const both = await told([
      here,
      written(
        'there.pcap',
        moved(bytes, () => microseconds),
      ),
    ]);
    expect(gist(both)).toEqual(gist(await told([here])));
    expect(both.inputs[1]?.damage.notes[0]).toBe(
      `its clock is ${words} that of ${here}, as packets tell that both show: its times are moved there`,
    );
  });

  it('says what the whole one says where the other is cut, whichever is named or seen first', async () => {
    const bytes = bytesOf(capture);
    const whole = written('whole.pcap', bytes);
    const expected = gist(await told([whole]));
    for (const by of [-BETWEEN_MICROSECONDS, BETWEEN_MICROSECONDS]) {
      const cut = written(
        'cut.pcap',
        shortened(
          moved(bytes, () => by),
          96,
        ),
      );
      expect(gist(await told([whole, cut]))).toEqual(expected);
      expect(gist(await told([cut, whole]))).toEqual(expected);
    }
  });

  it('leaves a copy under another name out', async () => {
    const bytes = bytesOf(capture);
    const here = written('here.pcap', bytes);
    const both = await told([here, written('copy.pcap', bytes)]);
    expect(gist(both)).toEqual(gist(await told([here])));
    expect(both.inputs[1]).toMatchObject({
      packets: 0,
      damage: { notes: [`holds the same packets as ${here}, and is left out`] },
    });
  });
});

describe('two captures in one pod, of DNS and of all else', () => {
  it.each(['credentials/near-dns-per-request-c4/pod.pcap.gz'])('say what the one says: %s', async (capture) => {
    const bytes = bytesOf(capture);
    const alone = await told([written('whole.pcap', bytes)]);
    const [dns, rest] = byPort(bytes);
    const both = await told([written('dns.pcap', dns), written('rest.pcap', rest)]);
    expect(alone.findings[0]?.rule).toBe('dns-lookup-per-request');
    // Exchanges that end before it is known that both were taken in one pod are told of the other one: what is
    // worth knowing of them may be so of a part.
    expect(gist(aboveInfo(both))).toEqual(gist(aboveInfo(alone)));
    expect(both.inputs[1]?.damage.notes.join()).toMatch(
      /^was taken in the same pod as .*dns\.pcap, and is read as one/,
    );
  });
});
