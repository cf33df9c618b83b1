import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDnsFramer } from './over-tcp.ts';

function query(id: number, ...labels: readonly string[]): Uint8Array {
  const header = [id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  const name = labels.flatMap((label) => [label.length, ...Buffer.from(label)]);
  return Uint8Array.from([...header, ...name, 0, 0, 1, 0, 1]);
}

/** A reply's header and question with so many octets of records behind it that nobody looks at. */
const message = fc
  .record({ id: fc.nat(0xffff), response: fc.boolean(), rest: fc.uint8Array({ maxLength: 700 }) })
  .map(({ id, response, rest }) => {
    const bytes = Uint8Array.from([...query(id, 'db'), ...rest]);
    if (response) bytes[2] = 0x81;
    return bytes;
  });
const messages = fc.array(message, { maxLength: 8 });
const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 });

function frame(all: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(all.flatMap((one) => [one.length >> 8, one.length & 255, ...one]));
}

/** What a framer finds in segments; null is a gap. */
function found(...segments: readonly (Uint8Array | null)[]): number[][] {
  const all: number[][] = [];
  const framer = createDnsFramer((bytes, start, end) => all.push([...bytes.subarray(start, end)]));
  for (const segment of segments) {
    if (segment === null) framer.gap();
    else framer.push(segment, 0, segment.length);
  }
  return all;
}

function* segmentsOf(stream: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < stream.length; turn++) {
    const next = Math.min(stream.length, at + (lengths[turn % lengths.length] as number));
    yield stream.subarray(at, next);
    at = next;
  }
}

it('finds the same messages however the stream is cut into segments', () => {
  fc.assert(
    fc.property(messages, cuts, (sent, lengths) => {
      expect(found(...segmentsOf(frame(sent), lengths))).toEqual(sent.map((one) => [...one]));
    }),
  );
});

it('takes any bytes and gaps without harm, and hands on no more than there is', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.uint8Array({ maxLength: 90 }))), (segments) => {
      const all = found(...segments);
      const given = segments.reduce((sum, segment) => sum + (segment?.length ?? 0), 0);
      expect(all.reduce((sum, one) => sum + one.length, 0)).toBeLessThanOrEqual(given);
    }),
  );
});

describe('where bytes are missing', () => {
  const first = query(1, 'first', 'example');
  const second = query(2, 'second', 'example');
  const third = query(0x5803, 'third', 'example');

  it('goes on with the message that begins behind the gap', () => {
    expect(found(frame([first]), null, frame([second, third]))).toEqual([[...first], [...second], [...third]]);
  });

  it('hands on what was begun, as far as it is known', () => {
    const known = first.subarray(0, -6);
    expect(found(frame([first]).subarray(0, -6), null, frame([second]))).toEqual([[...known], [...second]]);
    // Less than a header says nothing.
    expect(found(frame([first]).subarray(0, 13), null, frame([second]))).toEqual([[...second]]);
  });

  it('does not take the rest of a message for the start of one', () => {
    expect(found(frame([first]).subarray(0, 20), null, first.subarray(25), frame([second]))).toEqual([
      [...first.subarray(0, 18)],
      [...second],
    ]);
    // The capture came in late.
    expect(found(first.subarray(9), frame([second]))).toEqual([[...second]]);
  });

  it('reads a message whose length stood in the segment that is missing', () => {
    expect(found(third, frame([second]))).toEqual([[...third], [...second]]);
    expect(found(frame([first]), null, third, frame([second]).subarray(0, 2), second)).toEqual([
      [...first],
      [...third],
      [...second],
    ]);
  });
});
