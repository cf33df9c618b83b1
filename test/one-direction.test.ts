/**
 * Captures of which one direction was taken (a mirrored port, `src host`, replies on another path):
 * real resolvers' queries without their answers, and answers without queries. Nothing is alarming
 * but a server that everybody asked in vain.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPackets, rowsOf } from '../bench/fuzz/reading.ts';
import { half } from '../bench/fuzz/twists.ts';

const FOLDER = 'test/corpora/dns-lab';
const MOST_PACKETS = 20_000;
/** Here each server's or family's silence is the truth, and being asked again shows it. */
const SILENT = new Set(['dns-dead-server', 'dns-family-missing']);

interface Truth {
  name: string;
  rule: string | null;
  captures: { file: string; vantage: string }[];
}

const captures = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.truth.json'))
  .map((file) => JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Truth)
  .flatMap(({ rule, captures: own }) =>
    own.filter(({ vantage }) => vantage === 'pod').map(({ file }): [string, string | null] => [file, rule]),
  );

async function judged(file: string, towards: 'server' | 'client') {
  const capture = await readPackets(join(FOLDER, file), MOST_PACKETS);
  if (capture === null) throw new Error(`${file} holds no packets`);
  const packets = half(capture.packets, towards).map((packet, index) => ({ ...packet, number: index + 1 }));
  return rowsOf({ input: capture.input, packets }).diagnosis;
}

describe('queries without answers', () => {
  it.each(captures.filter(([, rule]) => rule === null || !SILENT.has(rule)))('%s: %s is not told', async (file) => {
    const { findings, verdict, unobservable } = await judged(file, 'server');
    expect(findings.filter(({ severity }) => severity !== 'info').map(({ says }) => says)).toEqual([]);
    expect(verdict.status).toBe('insufficient');
    expect(unobservable.find(({ rule }) => rule === 'dns-loss')?.why).toMatch(/no answer of anybody/);
  });

  it('show a server that all ask in vain, and ask again', async () => {
    const { findings } = await judged('glibc.dead-only.pcap', 'server');
    expect(findings[0]).toMatchObject({ rule: 'dns-dead-server', severity: 'critical' });
  });
});

describe('answers without queries', () => {
  // Of TCP that began with an answer nobody knows what it says.
  it.each(captures.filter(([file]) => !/dead-only|use-vc/.test(file)))('%s: nothing is told', async (file) => {
    const { findings, verdict } = await judged(file, 'client');
    expect(findings).toEqual([]);
    expect(verdict).toMatchObject({ status: 'insufficient', says: expect.stringMatching(/it saw one direction/) });
  });
});
