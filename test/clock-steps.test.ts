import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../src/analyze.ts';
import type { Diagnosis } from '../src/model/diagnosis.ts';
import { pcapRecords } from './support/pcap-records.ts';

/* A capture whose clock was set in its midst is told of as if it had not been: what was sent tells by its own clocks. */
const CAPTURES = [
  'net/healthy-http-mix',
  'net/healthy-grpc-multiplexed',
  'net/tcp-rto-stall',
  'net/event-loop-blocked',
  'net/cpu-throttling.near-process-pauses',
  'clusters/nodeport-slow',
  'clusters/own-address-slow',
];
const STEPS = [2_000_000, 300_000, -500_000];
/** Where, as shares of its packets. */
const PLACES = [0.37, 0.5];
const RECORD_HEADER = 16;
// What a step is told to be is right to a tick or two of the senders' clocks, and to how far packets' ways differ.
const MOST_OFF = 0.012;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-steps-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Its clock set by so many microseconds before the packet at that place. */
async function told(name: string, by: number, place: number): Promise<Diagnosis> {
  const bytes = gunzipSync(readFileSync(`test/corpora/${name}.pcap.gz`));
  const isNano = bytes.readUInt32LE(0) === 0xa1b23c4d;
  const unit = isNano ? 1000 : 1;
  const records = [...pcapRecords(bytes)];
  for (const { start } of records.slice(Math.floor(records.length * place))) {
    const at = start - RECORD_HEADER;
    const time = bytes.readUInt32LE(at) * 1_000_000 * unit + bytes.readUInt32LE(at + 4) + by * unit;
    bytes.writeUInt32LE(Math.floor(time / (1_000_000 * unit)), at);
    bytes.writeUInt32LE(time % (1_000_000 * unit), at + 4);
  }
  const path = join(folder, 'set.pcap');
  writeFileSync(path, bytes);
  return (await analyze({ paths: [path], dnsPorts: [53], clients: [], names: [], slowerThan: null })).diagnosis;
}

/** What a person acts on. */
const gist = ({ findings }: Diagnosis) =>
  findings.map(({ rule, severity, subject, occurrences }) => [rule, severity, subject.name, occurrences]);

describe.each(CAPTURES)('%s', (name) => {
  it.each(STEPS.flatMap((by) => PLACES.map((place) => [by, place] as const)))(
    'is told as it was where its clock was set by %i µs at %f of it',
    async (by, place) => {
      const whole = await told(name, 0, place);
      const set = await told(name, by, place);
      expect(gist(set)).toEqual(gist(whole));
      expect(Math.abs(set.requests.latency.maxSeconds - whole.requests.latency.maxSeconds)).toBeLessThan(MOST_OFF);
      const [{ damage, durationSeconds }] = set.inputs as [Diagnosis['inputs'][number]];
      const [before] = whole.inputs as [Diagnosis['inputs'][number]];
      expect(Math.abs(durationSeconds - before.durationSeconds)).toBeLessThan(MOST_OFF);
      expect(damage.notes.filter((note) => note.startsWith('the clock was set'))).toHaveLength(1);
      expect(damage.notes.join()).not.toContain('measured wrong');
      expect(before.damage.notes.join()).not.toContain('the clock was set');
    },
  );
});
