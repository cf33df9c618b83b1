/** Captures with a short snap length: a name that is cut is never told as a whole one, nor judged by. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPackets, rowsOf } from '../bench/fuzz/reading.ts';
import { createDamage } from '../src/model/input.ts';

const FOLDER = 'test/corpora/dns-lab';
const MOST_PACKETS = 20_000;

async function cut(name: string, length: number) {
  const capture = await readPackets(join(FOLDER, `${name}.pcap`), MOST_PACKETS);
  if (capture === null) throw new Error(`${name} holds no packets`);
  const packets = capture.packets.map((packet) => ({ ...packet, end: Math.min(packet.end, packet.start + length) }));
  return rowsOf({ input: { ...capture.input, damage: createDamage() }, packets });
}

const truth = (name: string): { lookups: { name: string }[] } =>
  JSON.parse(readFileSync(join(FOLDER, `${name}.truth.json`), 'utf8')) as { lookups: { name: string }[] };

describe.each(['glibc.walk', 'musl-1.2.3.race-walk', 'cares-1.18.1.walk', 'go.loss'])('%s', (name) => {
  it.each([64, 72, 80, 88, 96, 104, 112, 128])('cut at %i bytes tells whole names only', async (length) => {
    const { lookups } = await cut(name, length);
    const asked = new Set(truth(name).lookups.map((lookup) => lookup.name));
    // What is asked for with a suffix begins with the name and a dot.
    const isWhole = (told: string): boolean =>
      asked.has(told) || [...asked].some((one) => told.startsWith(`${one}.`) && told.endsWith('.local'));
    const names = new Set(lookups.flatMap((lookup) => lookup.attempts.map((attempt) => attempt.name)));
    expect([...names].filter((told) => !isWhole(told))).toEqual([]);
  });
});

describe('a walk whose longest names are cut', () => {
  it('is told with a reserve, its parts with an ellipsis', async () => {
    const { diagnosis } = await cut('glibc.walk', 96);
    const walk = diagnosis.findings.find(({ rule }) => rule === 'dns-search-walk');
    expect(walk).toMatchObject({ confidence: 'likely', confidenceBecause: expect.stringMatching(/cut off/) });
    expect(diagnosis.inputs[0]?.damage.notes).toEqual([expect.stringMatching(/^a DNS name is cut off, such as \S+…$/)]);
  });

  it('is not judged where no name is whole', async () => {
    const { diagnosis } = await cut('glibc.walk', 64);
    expect(diagnosis.findings).toEqual([]);
    expect(diagnosis.verdict.says).toMatch(/DNS messages are cut within the name that they ask for$/);
  });
});
