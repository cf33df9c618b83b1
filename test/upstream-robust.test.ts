import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Exchange } from '../src/model/exchange.ts';
import { packetNumber } from '../src/model/packet.ts';
import { type Dialogue, readDialogues, replay, type Said } from './support/dialogues.ts';
import { readExchanges } from './support/read-exchanges.ts';
import { pcapRecords } from './support/pcap-records.ts';
import { withoutPackets } from './support/without-packet.ts';

/*
 * Databases' traffic, cut elsewhere, with packets that are not there, and spoilt: the same
 * exchanges, no other one lost, nothing thrown.
 */

const FOLDER = join(import.meta.dirname, 'corpora/upstream');
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith('.pcap'));
const dialogues = new Map<string, Dialogue[]>();
for (const name of NAMES) dialogues.set(name, await readDialogues(join(FOLDER, name)));
const all = [...dialogues.values()].flat();

const folder = mkdtempSync(join(tmpdir(), 'kubelag-loss-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('any segmentation', () => {
  it.each(NAMES)('%s gives the same exchanges', (name) => {
    for (const dialogue of dialogues.get(name) ?? []) {
      const whole = replay(dialogue, dialogue.said).exchanges;
      fc.assert(
        fc.property(fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (steps) => {
          expect(replay(dialogue, cut(dialogue.said, steps)).exchanges).toEqual(whole);
        }),
        { numRuns: 10 },
      );
      const single = dialogue.said.flatMap((piece) => pieces(piece, () => 1));
      expect(replay(dialogue, single).exchanges).toEqual(whole);
    }
  });
});

/** Each piece with the packet that it came in. */
const cut = (said: readonly Said[], steps: Iterator<number>): Said[] =>
  said.flatMap((piece) => pieces(piece, () => steps.next().value as number));

function pieces(piece: Said, step: () => number): Said[] {
  if (piece.bytes === undefined) return [piece];
  const parts: Said[] = [];
  for (let start = 0; start < piece.bytes.length;) {
    const end = Math.min(piece.bytes.length, start + step());
    parts.push({ ...piece, bytes: piece.bytes.subarray(start, end) });
    start = end;
  }
  return parts;
}

/** Of what one missing packet does to exchanges that it is no part of. */
interface Harm {
  drops: number;
  /** Another time, outcome or error. */
  wrong: string[];
  /** Told as incomplete, or not at all. */
  lost: string[];
}

/** What was prepared in the missing packet is not known by its verb when it runs. */
const isSameKind = (one: string, other: string): boolean => one === other || one === 'EXECUTE';

async function harmOf(name: string): Promise<Harm> {
  const bytes = new Uint8Array(readFileSync(join(FOLDER, name)));
  const whole = await readExchanges(join(FOLDER, name));
  const harm: Harm = { drops: 0, wrong: [], lost: [] };
  const path = join(folder, name);
  for (const { number } of pcapRecords(bytes)) {
    writeFileSync(path, withoutPackets(bytes, new Set([number])));
    // oxlint-disable-next-line no-await-in-loop -- one file at a time
    const rest = await readExchanges(path);
    const shift = Number(rest.base - whole.base);
    harm.drops++;
    const left = [...rest.exchanges];
    for (const exchange of whole.exchanges) {
      const found = left.findIndex((one) => isSame(one, exchange, shift));
      const [other] = found === -1 ? [undefined] : left.splice(found, 1);
      if (isTouched(exchange, number)) continue;
      const says = `${number}: ${exchange.method} of ${exchange.packets.map(packetNumber).join(', ')}`;
      if (other === undefined || other.outcome === 'incomplete') harm.lost.push(says);
      else if (told(other) !== told(exchange)) harm.wrong.push(says);
    }
  }
  return harm;
}

const isSame = (one: Exchange, other: Exchange, shift: number): boolean =>
  one.clientPort === other.clientPort &&
  one.startedAt + shift === other.startedAt &&
  isSameKind(one.method, other.method);

function isTouched({ packets, method, place }: Exchange, number: number): boolean {
  const [first = 0, last = 0] = [packets[0], packets.at(-1)].map((packet) => packetNumber(packet ?? 0));
  // The wait for a server's greeting begins with the handshake: three packets before the first.
  const from = method === 'AUTHENTICATE' && place === 0 ? first - 3 : first;
  return from <= number && number <= last;
}

const told = ({ outcome, error, duration, firstByteAt, startedAt, requestBytes, responseBytes }: Exchange): string =>
  [outcome, error, duration, firstByteAt - startedAt, requestBytes, responseBytes].join(' ');

/** What can't be helped, by capture: how many are lost in all the runs together. */
const LOST: Readonly<Record<string, { count: number; because: string }>> = {
  'memcached.text.pcap': {
    count: 2,
    because: 'a request that nobody answers is not there: it might have been one, and the next began with it (Nagle)',
  },
  'mysql.compressed.pcap': { count: 1, because: 'that compression begins is told by the missing packet' },
  'mysql.connector.pcap': { count: 3, because: 'a request that nobody answers is not there: it might have been one' },
  'postgresql.libpq.pcap': { count: 1, because: "the server's FIN is its answer to a CANCEL" },
  'redis.listeners.pcap': {
    count: 5,
    because: 'the end of the connection is missing, or a command that was typed comes behind a hole',
  },
};

describe('a packet that is not there', () => {
  it.each(NAMES)('of %s takes nothing with it but what it was part of', async (name) => {
    const { drops, wrong, lost } = await harmOf(name);
    expect(drops).toBeGreaterThan(10);
    expect(wrong).toEqual([]);
    expect(lost.length, lost.join('\n')).toBe(LOST[name]?.count ?? 0);
  });
});

/** Bytes as they came, or changed. */
const spoil = (said: readonly Said[]) =>
  fc
    .array(
      fc.record({
        at: fc.nat(said.length - 1),
        how: fc.constantFrom('flip', 'drop', 'gap', 'twice', 'swap', 'noise', 'other side'),
        where: fc.nat(),
        noise: fc.uint8Array({ minLength: 1, maxLength: 60 }),
      }),
      { minLength: 1, maxLength: 8 },
    )
    .map((changes) => untilEnds(changes.reduce((result, change) => spoilt(result, change), [...said])));

/** Nothing follows the end of a side: that is agreed on. */
function untilEnds(said: readonly Said[]): Said[] {
  const ended = new Set<string>();
  return said.filter(({ from, because }) => {
    if (ended.has(from)) return false;
    if (because !== undefined) ended.add(from);
    return true;
  });
}

interface Change {
  at: number;
  how: string;
  where: number;
  noise: Uint8Array<ArrayBuffer>;
}

function spoilt(said: Said[], { at, how, where, noise }: Change): Said[] {
  const place = at % said.length;
  const piece = said[place];
  const bytes = piece?.bytes;
  if (piece === undefined || bytes === undefined || bytes.length === 0) return said;
  const changed = [...said];
  if (how === 'flip') {
    const flipped = bytes.slice();
    const index = where % flipped.length;
    flipped[index] = (flipped[index] as number) ^ (1 << (where & 7));
    changed[place] = { ...piece, bytes: flipped };
  } else if (how === 'drop') {
    changed.splice(place, 1);
  } else if (how === 'gap') {
    changed[place] = { from: piece.from, arrival: piece.arrival, gap: where % 3 === 0 ? Infinity : bytes.length };
  } else if (how === 'twice') {
    changed.splice(place, 0, piece);
  } else if (how === 'swap') {
    const other = changed[where % said.length];
    if (other?.bytes !== undefined) [changed[place], changed[where % said.length]] = [other, piece];
  } else if (how === 'noise') {
    changed.splice(place, 0, { ...piece, bytes: noise });
  } else {
    changed[place] = { ...piece, from: piece.from === 'client' ? 'server' : 'client' };
  }
  return changed;
}

describe('spoilt traffic', () => {
  it('never throws, and no exchange stays open or lasts less than nothing', () => {
    const spoken = all.filter(({ said }) => said.some(({ bytes }) => bytes !== undefined));
    const anyOne = fc.nat(spoken.length - 1).chain((index) => {
      const dialogue = spoken[index] as Dialogue;
      return spoil(dialogue.said).map((said) => ({ dialogue, said }));
    });
    fc.assert(
      fc.property(anyOne, ({ dialogue, said }) => {
        const { exchanges, connection } = replay(dialogue, said);
        expect(connection.openExchanges).toBe(0);
        for (const { duration, method, path, host, error } of exchanges) {
          expect(duration).toBeGreaterThanOrEqual(0);
          expect(`${path}${host}`).toBe('');
          expect(method).toMatch(/^[A-Za-z_.-]{0,32}$|^SELECT 1$/);
          // A code is a number, and what is spoilt may be a negative one.
          expect(error ?? '').toMatch(/^-?[A-Za-z0-9_]{0,64}$/);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
