import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createDnsFramer } from './over-tcp.ts';

const messages = fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 8 });

function frame(all: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(all.flatMap((message) => [message.length >> 8, message.length & 255, ...message]));
}

it('finds the same messages however the stream is cut into segments', () => {
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (sent, cuts) => {
      const stream = frame(sent);
      const found: number[][] = [];
      const framer = createDnsFramer((bytes, start, end) => found.push([...bytes.subarray(start, end)]));
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const next = Math.min(stream.length, at + (cuts[turn % cuts.length] as number));
        framer.push(stream, at, next);
        at = next;
      }
      expect(found).toEqual(sent.map((message) => [...message]));
    }),
  );
});

it('starts anew behind a gap', () => {
  const found: number[] = [];
  const framer = createDnsFramer((_, start, end) => found.push(end - start));
  framer.push(Uint8Array.from([0, 9, 1, 2]), 0, 4);
  framer.gap();
  framer.push(frame([Uint8Array.from([7, 7, 7])]), 0, 5);
  expect(found).toEqual([3]);
});
