import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { writeCapture, type GenerateOptions } from '../../bench/generate.ts';

function bytesOf(options: GenerateOptions): Buffer {
  const pieces: Buffer[] = [];
  writeCapture(options, (bytes) => pieces.push(Buffer.from(bytes)));
  return Buffer.concat(pieces);
}

interface Seen {
  packets: number;
  dns: number;
  replies: number;
  nxdomain: number;
  repeated: number;
  backwards: number;
  longestGapSeconds: number;
}

/** Walks the records of a little-endian microsecond pcap with its own reading of the formats. */
function look(file: Buffer): Seen {
  const seen: Seen = { packets: 0, dns: 0, replies: 0, nxdomain: 0, repeated: 0, backwards: 0, longestGapSeconds: 0 };
  const sent = new Map<string, number>();
  let last = 0;
  let at = 24;
  while (at < file.length) {
    const time = file.readUInt32LE(at) + file.readUInt32LE(at + 4) / 1e6;
    const length = file.readUInt32LE(at + 8);
    const ip = at + 16 + 14;
    if (time < last) seen.backwards++;
    last = time;
    seen.packets++;
    expect(file.readUInt16BE(ip + 2)).toBe(length - 14);
    if (file[ip + 9] === 17) {
      seen.dns++;
      const flags = file.readUInt16BE(ip + 30);
      if ((flags & 0x8000) === 0) {
        const key = file.toString('latin1', ip + 12, ip + 24) + file.toString('latin1', ip + 28, at + 16 + length);
        const before = sent.get(key);
        if (before !== undefined) {
          seen.repeated++;
          seen.longestGapSeconds = Math.max(seen.longestGapSeconds, time - before);
        }
        sent.set(key, time);
      } else {
        seen.replies++;
        if ((flags & 15) === 3) seen.nxdomain++;
      }
    }
    at += 16 + length;
  }
  expect(at).toBe(file.length);
  return seen;
}

const hash = (seed: number): string =>
  createHash('sha256')
    .update(bytesOf({ kind: 'half', packets: 5000, seed }))
    .digest('hex');

describe('generated captures', () => {
  it('are the same bytes for the same seed, and others for another', () => {
    expect(hash(1)).toBe(hash(1));
    expect(hash(1)).not.toBe(hash(2));
  });

  it('hold the packets asked for, half of them DNS, in order of time', () => {
    const seen = look(bytesOf({ kind: 'half', packets: 40_000, seed: 3 }));
    expect(seen.packets).toBe(40_000);
    expect(seen.backwards).toBe(0);
    expect(seen.dns / seen.packets).toBeCloseTo(0.5, 2);
    expect(seen.replies / seen.dns).toBeGreaterThan(0.48);
    expect(seen.nxdomain).toBeGreaterThan(0);
  });

  it('ask a lost query again after 5 s', () => {
    const seen = look(bytesOf({ kind: 'dns', packets: 600_000, seed: 1 }));
    expect(seen.dns).toBe(600_000);
    expect(seen.repeated).toBeGreaterThan(0);
    expect(seen.longestGapSeconds).toBeGreaterThanOrEqual(5);
    expect(seen.longestGapSeconds).toBeLessThan(5.1);
  });

  it('begin alike whatever their length', () => {
    const short = bytesOf({ kind: 'half', packets: 1000, seed: 1 });
    const long = bytesOf({ kind: 'half', packets: 2000, seed: 1 });
    expect(long.subarray(0, short.length).equals(short)).toBe(true);
  });
});
