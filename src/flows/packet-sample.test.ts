import { expect, it } from 'vitest';
import { at, milliseconds } from '../base/time.ts';
import { createLayers, IP_PROTOCOL, type Layers } from '../model/packet.ts';
import { PacketSample } from './packet-sample.ts';

const segment = (index: number, time: number, parts: Partial<Layers> = {}): Layers => ({
  ...createLayers(),
  protocol: IP_PROTOCOL.tcp,
  sequence: 1000 * index,
  acknowledgment: 7,
  ipId: index,
  time: at(milliseconds(time)),
  ...parts,
});

/** Segments 10 ms apart; `later` says how much later each is seen. */
function sampleOf(
  count: number,
  later: (index: number) => number = () => 0,
  parts: Partial<Layers> = {},
): PacketSample {
  const sample = new PacketSample();
  for (let index = 0; index < count; index++) sample.push(segment(index, 10 * index + later(index), parts), false);
  return sample;
}

it('tells how far the times of the same packets are apart', () => {
  const other = sampleOf(20, (index) => 300 + (index % 3));
  expect(sampleOf(20).shiftOf(other)).toEqual({
    usual: milliseconds(301),
    least: milliseconds(300),
    most: milliseconds(302),
  });
});

it.each<[string, PacketSample]>([
  ['few are the same', sampleOf(7)],
  ['resends have identifications of their own', sampleOf(20, () => 300, { ipId: 999 })],
  ['each is as far from its like as chance has it', sampleOf(20, (index) => 400 * (index % 4))],
])('tells nothing where %s', (_, other) => {
  expect(sampleOf(20).shiftOf(other)).toBeNull();
});

it('leaves out what comes again long after', () => {
  const other = sampleOf(20, () => 300);
  for (let index = 0; index < 13; index++) other.push(segment(index, 5000), false);
  expect(sampleOf(20).shiftOf(other)).toBeNull();
  other.push(segment(13, 500), false);
  expect(sampleOf(21).shiftOf(other)).toBeNull();
});

it('equals another only with the same packets at the same times', () => {
  expect(sampleOf(20).equals(sampleOf(20))).toBe(true);
  expect(sampleOf(20).equals(sampleOf(20, (index) => (index === 9 ? 1 : 0)))).toBe(false);
  expect(sampleOf(20).equals(sampleOf(19))).toBe(false);
  expect(sampleOf(0).equals(sampleOf(0))).toBe(false);
});
