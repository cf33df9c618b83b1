import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at } from '../../base/time.ts';
import { FrameReader, LINE, MAX_KEPT } from './frames.ts';
import { sqlVerb } from './sql-verb.ts';

const text = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.subarray(start, end)).toString('latin1');
/** Without the packets' numbers. */
const plain = (log: readonly string[]): string[] => log.map((line) => line.replace(/ \d+(-\d+)?$/, ''));
const verb = (statement: string): string => sqlVerb(Buffer.from(statement), 0, statement.length);

/** Frames whose head tells the body's length in its last octet; or lines `NUMBER`, with so many octets behind. */
function createReader(headLength: number) {
  const log: string[] = [];
  let counted = 0;
  const reader: FrameReader = new FrameReader(
    {
      head(bytes, start, end, first, arrival) {
        const head = text(bytes, start, end);
        log.push(`head ${head} ${first.number}-${arrival.number}`);
        const length = headLength === LINE ? Number(head) : (bytes[end - 1] as number);
        reader.look = 3;
        return Number.isNaN(length) ? -1 : length;
      },
      bytes(length) {
        counted += length;
      },
      body: (bytes, start, end) => void log.push(`body ${text(bytes, start, end)}`),
      done: ({ number }) => void log.push(`done ${number}${reader.tailLost ? ' lost' : ''}`),
      lost: () => void log.push('lost'),
      fits: (bytes, start) => bytes[start] === 0x21,
    },
    headLength,
    true,
  );
  let number = 0;
  const arrival = () => ({ input: 0, number: ++number, time: at(number) });
  return {
    log,
    reader,
    push(...parts: readonly string[]) {
      for (const part of parts) reader.push(Buffer.from(part, 'latin1'), 0, part.length, arrival());
      return this;
    },
    gap(length: number) {
      reader.gap(length, arrival());
      return this;
    },
    counted: () => counted,
  };
}

describe('frames', () => {
  it('are cut by their heads; of a body its beginning is handed on', () => {
    const { log, counted } = createReader(2).push('a\u0005helloB\u0000', 'c', '\u0002', 'h', 'i');
    expect(log).toEqual([
      'head a\u0005 1-1',
      'body hel',
      'done 1',
      'head B\0 1-1',
      'done 1',
      'head c\u0002 2-3',
      'body hi',
      'done 5',
    ]);
    expect(counted()).toBe(13);
  });

  it('may begin with a line, of which the first octets are kept', () => {
    const long = '0'.repeat(MAX_KEPT + 20);
    const { log } = createReader(LINE).push('2\r\nhi3\nyou', `${long}7\r\n`, '1', '\r', '\n', '!');
    expect(log).toEqual([
      'head 2 1-1',
      'body hi',
      'done 1',
      'head 3 1-1',
      'body you',
      'done 1',
      `head ${long.slice(0, MAX_KEPT)} 2-2`,
      'done 2',
      'head 1 3-5',
      'body !',
      'done 6',
    ]);
  });

  it('go on behind bytes that are missing of a body', () => {
    const { log } = createReader(2).push('a\u0009he').gap(5).push('ldb\u0001!').push('c\u0004').gap(4).push('d\u0000');
    expect(log).toEqual([
      'head a\u0009 1-1',
      'body he',
      'done 3',
      'head b\u0001 3-3',
      'body !',
      'done 3',
      'head c\u0004 4-4',
      'body ',
      'done 5 lost',
      'head d\0 6-6',
      'done 6',
    ]);
  });

  it('are looked for behind any other hole, and behind what can be none', () => {
    const { log } = createReader(2).push('a\u0002h').gap(9).push('x\u0000', '!\u0000');
    expect(log).toEqual(['head a\u0002 1-1', 'lost', 'lost', 'head !\0 4-4', 'done 4']);
    const { log: lines } = createReader(LINE).push('no number\n1\n', '!\n');
    expect(lines.slice(0, 2)).toEqual(['head no number 1-1', 'lost']);
    expect(createReader(LINE).push('x'.repeat(200_000)).log).toEqual(['lost']);
  });

  it('are the same however they are cut', () => {
    const stream = fc
      .array(fc.uint8Array({ maxLength: 20 }), { maxLength: 12 })
      .map((bodies) =>
        bodies.map((body) => `h${String.fromCharCode(body.length)}${Buffer.from(body).toString('latin1')}`).join(''),
      );
    fc.assert(
      fc.property(stream, fc.infiniteStream(fc.integer({ min: 1, max: 9 })), (said, steps) => {
        const pieces: string[] = [];
        for (let start = 0; start < said.length;) {
          const end = start + (steps.next().value as number);
          pieces.push(said.slice(start, end));
          start = end;
        }
        const [whole, cut] = [createReader(2).push(said), createReader(2).push(...pieces)];
        expect(plain(cut.log)).toEqual(plain(whole.log));
        expect(cut.counted()).toBe(whole.counted());
      }),
    );
  });
});

describe("a statement's verb", () => {
  it('is its first word, behind brackets, comments and hints', () => {
    const texts = [
      'select 2',
      ' \n(SELECT 1)',
      '/* app=x */ -- y\n insert',
      '# mysql\nUpdate t',
      '/*!40101 SET x=1 */',
      ';;BEGIN',
      'with a as (select 2) delete',
      'START_REPLICATION SLOT',
    ];
    expect(texts.map(verb)).toEqual([
      'SELECT',
      'SELECT',
      'INSERT',
      'UPDATE',
      'SET',
      'BEGIN',
      'WITH',
      'START_REPLICATION',
    ]);
  });

  it('is told apart where it asks for nothing but an answer', () => {
    expect(['SELECT 1', 'select\n1 ;', '/* ping */ SELECT 1\u0000', 'SELECT 1;\u0000\u0000\u0000'].map(verb)).toEqual(
      Array.from({ length: 4 }, () => 'SELECT 1'),
    );
    expect(['SELECT 12', 'SELECT 1 FROM a', 'SELECT(1)', 'SELECT 1, b', 'SELECT', 'SELECT '].map(verb)).toEqual([
      'SELECT',
      'SELECT',
      'SELECT',
      'SELECT',
      'SELECT',
      'SELECT',
    ]);
    expect(['\u0000', ';\u0000', '-- ping\u0000', '/* a */\u0000\u0000\u0000'].map(verb)).toEqual(
      Array.from({ length: 4 }, () => 'EMPTY'),
    );
  });

  it('is no other word, whatever stands there', () => {
    for (const odd of ['', 'hunter2', 'selects', '/* never closed', '-- ', '/*', "'SELECT", 'S'.repeat(99)])
      expect(verb(odd)).toBe('QUERY');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) =>
        /^[A-Z_]{1,20}$|^SELECT 1$/.test(sqlVerb(bytes, 0, bytes.length)),
      ),
    );
  });
});
