import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrivalOf } from '../testing/connection.ts';
import { createBudget, type Budget } from './budget.ts';
import { RecordReader, type RecordSink, type Wanted } from './record-reader.ts';
import { record } from './testing/hellos.ts';

interface Read {
  type: number;
  content: string | null;
  missing: number;
  firstPacket: number;
  lastPacket: number;
}

/** Reads and keeps what is told. */
function reading(wanted: Wanted, budget: Budget = createBudget(1 << 20), placed = true) {
  const read: Read[] = [];
  const resumed: number[] = [];
  let content = '';
  const sink: RecordSink = {
    begin: () => {
      content = '';
      return wanted;
    },
    content: (_, bytes, start, end) => {
      content += Buffer.from(bytes.subarray(start, end)).toString('hex');
    },
    hole: (_, length) => {
      content += '.'.repeat(length);
    },
    finish: ({ type, missing, firstPacket }, arrival) =>
      void read.push({
        type,
        content: wanted === 'skip' ? null : content,
        missing,
        firstPacket,
        lastPacket: arrival.number,
      }),
    lose: () => {},
    resume: (lost) => void resumed.push(lost),
  };
  return { reader: new RecordReader(sink, budget, placed), read, resumed, budget };
}

const records = fc.array(
  fc.record({ type: fc.constantFrom(20, 21, 22, 23), content: fc.uint8Array({ minLength: 0, maxLength: 60 }) }),
  { maxLength: 8 },
);
const stream = (all: readonly { type: number; content: Uint8Array }[]): Buffer =>
  Buffer.concat(all.map(({ type, content }) => record(type, content)));

/** Pushes in pieces of these lengths, packet after packet, each in a place of its own. */
function pushCut(reader: RecordReader, bytes: Uint8Array, cuts: readonly number[]): void {
  let position = 0;
  for (let index = 0; position < bytes.length; index++) {
    const length = Math.min(bytes.length - position, (cuts[index % cuts.length] ?? 7) + 1);
    const placed = Buffer.concat([
      Buffer.alloc(3, 0x16),
      bytes.subarray(position, position + length),
      Buffer.alloc(2, 0x17),
    ]);
    reader.push(placed, 3, 3 + length, arrivalOf(index + 1));
    position += length;
  }
}

describe.each<Wanted>(['whole', 'pieces', 'skip'])('records wanted %s', (wanted) => {
  it('are the same over any segments, and nothing is kept', () => {
    fc.assert(
      fc.property(records, fc.array(fc.nat(30), { minLength: 1, maxLength: 20 }), (all, cuts) => {
        const { reader, read, resumed, budget } = reading(wanted, createBudget(1000));
        pushCut(reader, stream(all), cuts);
        expect(read.map(({ type, content }) => ({ type, content }))).toEqual(
          all.map(({ type, content }) => ({
            type,
            content: wanted === 'skip' ? null : Buffer.from(content).toString('hex'),
          })),
        );
        expect(resumed).toEqual([]);
        expect(budget.take(1000)).toBe(true);
      }),
    );
  });

  it('go on behind lost octets of one, however it was cut', () => {
    fc.assert(
      fc.property(fc.nat(49), fc.integer({ min: 1, max: 50 }), (from, length) => {
        const { reader, read } = reading(wanted);
        const lost = Math.min(length, 50 - from);
        const bytes = stream([
          { type: 23, content: new Uint8Array(50) },
          { type: 21, content: new Uint8Array(2) },
        ]);
        reader.push(bytes, 0, 5 + from, arrivalOf(1));
        reader.gap(lost, arrivalOf(2));
        reader.push(bytes, 5 + from + lost, bytes.length, arrivalOf(2));
        expect(read).toMatchObject([
          { type: 23, missing: lost },
          { type: 21, missing: 0 },
        ]);
      }),
    );
  });
});

describe('a place that is lost', () => {
  const first = record(22, Buffer.alloc(40, 1));
  const second = record(23, Buffer.alloc(100, 2));
  const third = record(23, Buffer.alloc(60, 3));

  it('is found again where a segment begins with a record', () => {
    const { reader, read, resumed } = reading('whole');
    reader.push(first, 0, 20, arrivalOf(1));
    // The first one's rest, and the second.
    reader.gap(first.length - 20 + second.length, arrivalOf(2));
    reader.push(third, 0, third.length, arrivalOf(3));
    expect(read.map(({ type, missing }) => [type, missing])).toEqual([
      [22, 25],
      [23, 0],
    ]);
    expect(resumed).toEqual([second.length]);
  });

  it('is found within a segment by the records that follow', () => {
    const { reader, read, resumed } = reading('whole');
    reader.gap(70, arrivalOf(1));
    const bytes = Buffer.concat([Buffer.alloc(33, 0x5a), second, third]);
    reader.push(bytes, 0, bytes.length, arrivalOf(2));
    expect(read).toHaveLength(2);
    expect(resumed).toEqual([103]);
  });

  it('is not looked for within the segment whose header lies', () => {
    const { reader, read } = reading('whole');
    reader.push(Buffer.concat([Buffer.from('GET / HTTP/1.1\r\n'), second]), 0, 16 + second.length, arrivalOf(1));
    reader.push(third, 0, third.length, arrivalOf(2));
    expect(read.map(({ content }) => content)).toEqual([Buffer.alloc(60, 3).toString('hex')]);
  });

  it('may be lost for good', () => {
    const { reader, resumed } = reading('whole');
    reader.gap(Infinity, arrivalOf(1));
    reader.push(third, 0, third.length, arrivalOf(2));
    expect(resumed).toEqual([Infinity]);
  });
});

it('keeps nothing where there is no room, and goes on', () => {
  const { reader, read } = reading('whole', createBudget(10));
  pushCut(
    reader,
    stream([
      { type: 23, content: new Uint8Array(50) },
      { type: 21, content: Buffer.from([1, 0]) },
    ]),
    [6],
  );
  expect(read).toMatchObject([
    { type: 23, content: '' },
    { type: 21, content: '0100', missing: 0 },
  ]);
  expect(read[0]?.missing).toBeGreaterThan(0);
});

it('no bytes, gaps or cuts make it throw, and it gives back all that it took', () => {
  const step = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    records.map(stream),
    fc.oneof(fc.nat(100), fc.constant(Infinity)),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.boolean(), (steps, placed) => {
      const { reader, budget } = reading('whole', createBudget(1 << 16), placed);
      steps.forEach((bytes, index) => {
        if (typeof bytes === 'number') reader.gap(bytes, arrivalOf(index));
        else reader.push(bytes, 0, bytes.length, arrivalOf(index));
      });
      reader.release();
      expect(budget.take(1 << 16)).toBe(true);
    }),
    { numRuns: 300 },
  );
});
