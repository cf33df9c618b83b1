import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at } from '../base/time.ts';
import { createLayers, type Layers } from '../model/packet.ts';
import { SegmentRoom, SentSegments } from './sent-segments.ts';

interface Plain {
  start: number;
  end: number;
  time: number;
  sends: number;
}

const layersAt = (time: number): Layers => Object.assign(createLayers(), { number: time, time: at(time), ipId: 7 });

const contents = (sent: SentSegments): object[] =>
  Array.from({ length: sent.count }, (_, index) => ({
    start: sent.start(index),
    end: sent.end(index),
    time: sent.time(index),
    packet: sent.packet(index),
  }));

describe('segments that are sent', () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('send' as const),
        length: fc.integer({ min: 1, max: 3000 }),
        gap: fc.constantFrom(0, 0, 0, 500),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('acknowledge' as const),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('again' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('fill' as const) }) },
  );

  it('are kept as a plain list would keep them, over the wrap of their numbers', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.array(step, { maxLength: 200 }), (origin, steps) => {
        const sent = new SentSegments(new SegmentRoom(1 << 20));
        let plain: Plain[] = [];
        const holes: [number, number][] = [];
        let next = 0;
        let time = 0;
        const numberAt = (offset: number): number => (origin + offset) | 0;
        for (const one of steps) {
          time++;
          const lowest = plain[0]?.start ?? next;
          if (one.kind === 'send') {
            if (one.gap > 0) holes.push([next, next + one.gap]);
            next += one.gap;
            sent.push(numberAt(next), numberAt(next + one.length), layersAt(time));
            plain.push({ start: next, end: next + one.length, time, sends: 1 });
            next += one.length;
          } else if (one.kind === 'fill') {
            const hole = holes.pop();
            if (hole === undefined || hole[0] < lowest) continue;
            sent.insert(numberAt(hole[0]), numberAt(hole[1]), layersAt(time));
            plain.push({ start: hole[0], end: hole[1], time, sends: 1 });
            plain.sort((a, b) => a.start - b.start);
          } else {
            const target = lowest + Math.floor((next - lowest) * one.share);
            const index = sent.holding(numberAt(target));
            expect(index).toBe(plain.findIndex(({ start, end }) => start <= target && target < end));
            if (one.kind === 'again') {
              if (index >= 0) expect(sent.sendAgain(index, 0)).toBe(++(plain[index] as Plain).sends);
              continue;
            }
            const removed = plain.filter(({ end }) => end <= target);
            plain = plain
              .filter(({ end }) => end > target)
              .map((kept) => ({ ...kept, start: Math.max(kept.start, target) }));
            sent.acknowledge(numberAt(target));
            const once = removed.filter(({ sends }) => sends === 1);
            expect(sent.removed).toBe(removed.length);
            expect(sent.removedAgain).toBe(once.length < removed.length);
            expect(sent.removedAt).toBe(once.at(-1)?.time ?? Number.NaN);
          }
        }
        expect(contents(sent)).toEqual(
          plain.map(({ start, end, time: sentAt }) => ({
            start: numberAt(start),
            end: numberAt(end),
            time: sentAt,
            packet: sentAt,
          })),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('are bounded each and together: the oldest are forgotten', () => {
    const room = new SegmentRoom(100);
    const sent = new SentSegments(room);
    for (let index = 0; index < 500; index++) sent.push(index * 10, index * 10 + 10, layersAt(index));
    expect(sent.count).toBe(64);
    expect(sent.start(0)).toBe((500 - 64) * 10);
    expect(room.left).toBe(100 - 56);
    sent.release();
    expect(room.left).toBe(100);

    const alone = new SentSegments(new SegmentRoom(1 << 20));
    for (let index = 0; index < 10_000; index++) alone.push(index, index + 1, layersAt(index));
    expect(alone.count).toBe(4096);
  });

  it('of directions that share room are their own, whoever had that room before', () => {
    const room = new SegmentRoom(100);
    const [one, other] = [new SentSegments(room), new SentSegments(room)];
    one.push(0, 10, layersAt(1));
    other.push(500, 510, layersAt(2));
    one.acknowledge(10);
    other.push(510, 530, layersAt(3));
    one.push(10, 15, layersAt(4));
    other.acknowledge(510);
    expect(contents(one)).toEqual([{ start: 10, end: 15, time: 4, packet: 4 }]);
    expect(contents(other)).toEqual([{ start: 510, end: 530, time: 3, packet: 3 }]);
    expect(other.removedAt).toBe(2);
  });
});
