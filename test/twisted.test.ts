import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { readPackets, rowsOf, type Capture } from '../bench/fuzz/reading.ts';
import { doubled, half } from '../bench/fuzz/twists.ts';
import { createDamage } from '../src/model/input.ts';
import type { Packet } from '../src/model/packet.ts';

/*
 * Captures as people take them: begun in the midst, of one direction, with each packet twice. What
 * is healthy stays so, and nothing lasts less than nothing.
 */
const FOLDER = 'test/corpora/net';
const HEALTHY = readdirSync(FOLDER).filter((name) => /^healthy.*\.pcap\.gz$/.test(name));
const ALL = readdirSync(FOLDER).filter((name) => name.endsWith('.pcap.gz'));
const MOST_PACKETS = 20_000;

const captures = new Map<string, Capture>();
beforeAll(async () => {
  for (const name of ALL) {
    const capture = await readPackets(join(FOLDER, name), MOST_PACKETS);
    if (capture !== null) captures.set(name, capture);
  }
});

/** Rules with findings above info, or absorbed by one; and that nothing is negative. */
function alarms({ input }: Capture, packets: readonly Packet[]): string[] {
  const numbered = packets.map((packet, index) => ({ ...packet, number: index + 1 }));
  const { lookups, connections, exchanges, diagnosis } = rowsOf({
    input: { ...structuredClone(input), damage: createDamage() },
    packets: numbered,
  });
  const short = [...lookups, ...connections, ...exchanges].filter(({ duration }) => !(duration >= 0));
  expect(short).toEqual([]);
  return diagnosis.findings
    .filter(({ severity }) => severity !== 'info')
    .flatMap(({ rule, absorbs }) => [rule, ...absorbs.map((absorbed) => absorbed.rule)]);
}

describe('a healthy capture', () => {
  it.each(HEALTHY)('%s is healthy from any packet on', (name) => {
    const capture = captures.get(name) as Capture;
    fc.assert(
      fc.property(fc.nat(capture.packets.length - 1), (first) => {
        expect(alarms(capture, capture.packets.slice(first))).toEqual([]);
      }),
      { numRuns: 8 },
    );
  });
});

describe('a capture', () => {
  it.each(ALL)('%s says no more where each packet is there twice, or one direction is missing', (name) => {
    const capture = captures.get(name) as Capture;
    const known = alarms(capture, capture.packets);
    for (const packets of [
      doubled(capture.packets),
      half(capture.packets, 'server'),
      half(capture.packets, 'client'),
    ]) {
      expect(alarms(capture, packets).filter((rule) => !known.includes(rule))).toEqual([]);
    }
  });
});
