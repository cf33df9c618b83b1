/**
 * The whole program over captures that lack packets, of DNS alone: what its answers show of that, and what is then told.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { analyze } from '../src/analyze.ts';
import { seededRandom } from '../src/base/random.ts';
import type { Diagnosis } from '../src/model/diagnosis.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubelag-lacking-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Packet = 'question' | 'answer';

/** Four hundred lookups of c-ares, one a second, each of a name of its own; of their packets those that are not lacking. */
async function diagnosed(
  isLacking: (packet: Packet, chance: number) => boolean,
  secondAnswer = '1/0/0 AAAA fd00::1 (80)',
): Promise<Diagnosis> {
  const random = seededRandom(7);
  const lines: string[] = [];
  const add = (packet: Packet, at: number, words: string): void => {
    const ends = packet === 'question' ? '10.0.3.7.PORT > 10.96.0.10.53' : '10.96.0.10.53 > 10.0.3.7.PORT';
    if (!isLacking(packet, random())) lines.push(`${(1_700_000_000 + at).toFixed(6)} IP ${ends}: ${words}`);
  };
  for (let lookup = 0; lookup < 400; lookup++) {
    const first = lines.length;
    const [a, aaaa] = [Math.floor(random() * 65_536), Math.floor(random() * 65_536)];
    add('question', lookup, `${a}+ A? n${lookup}.test. (40)`);
    add('question', lookup + 0.00004, `${aaaa}+ AAAA? n${lookup}.test. (40)`);
    add('answer', lookup + 0.0008, `${a} 1/0/0 A 10.100.0.1 (60)`);
    add('answer', lookup + 0.0009, `${aaaa} ${secondAnswer}`);
    for (let line = first; line < lines.length; line++) {
      lines[line] = (lines[line] as string).replace('PORT', String(33_000 + Math.floor(lookup * 7.3)));
    }
  }
  const path = join(folder, 'capture.txt');
  writeFileSync(path, `${lines.join('\n')}\n`);
  const { diagnosis } = await analyze({ paths: [path], dnsPorts: [53], clients: [], names: [], slowerThan: null });
  return diagnosis;
}

const loud = ({ findings }: Diagnosis): string[] =>
  findings.filter(({ severity }) => severity !== 'info').map(({ rule }) => rule);

it('a capture that lacks a packet in thirty says so, and no answer is told as lost', async () => {
  const diagnosis = await diagnosed((_, chance) => chance < 1 / 30);
  expect(diagnosis.inputs[0]?.damage.unseenQuestions).toBeGreaterThan(10);
  expect(loud(diagnosis)).toEqual([]);
});

it('one that lacks as many answers and no question shows their loss', async () => {
  const diagnosis = await diagnosed((packet, chance) => packet === 'answer' && chance < 1 / 30);
  expect(diagnosis.inputs[0]?.damage.unseenQuestions).toBeUndefined();
  expect(loud(diagnosis)).toEqual(['dns-loss']);
});

it('one whose resolver would ask again for as many of them lacks answers, too', async () => {
  // Without an address of the other family c-ares does not leave it at that.
  const diagnosis = await diagnosed((packet, chance) => packet === 'answer' && chance < 1 / 30, '0/1/0 (90)');
  expect(loud(diagnosis)).toEqual([]);
});

it('one that has nearly no questions lacks more than a packet now and then', async () => {
  const diagnosis = await diagnosed((packet, chance) => packet === 'question' && chance < 0.9);
  expect(diagnosis.inputs[0]?.damage.unseenQuestions).toBeUndefined();
});
