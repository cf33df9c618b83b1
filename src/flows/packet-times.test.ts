import { describe, expect, it } from 'vitest';
import { at } from '../base/time.ts';
import { PacketTimes } from './packet-times.ts';

const NFLOG = 239;
const ETHERNET = 1;
const MILLISECOND = 1e6;

/** Of so many packets, the how-manieth of which comes then, in nanoseconds. */
function faultOf(count: number, timeOf: (index: number) => number, linkType = ETHERNET): string | null {
  const times = new PacketTimes();
  for (let index = 0; index < count; index++) times.push(at(timeOf(index)), linkType);
  return times.fault();
}

/** Batches of twelve, each 43 ms after another. */
const batched = (index: number): number => Math.floor(index / 12) * 43 * MILLISECOND + (index % 12) * 1000;

describe('times of packets', () => {
  it.each<[string, RegExp | null, number, (index: number) => number]>([
    ['whole seconds', /rounded to seconds/, 40, (index) => Math.floor(index / 7) * 1e9],
    ['whole seconds, one of them not', null, 40, (index) => Math.floor(index / 7) * 1e9 + (index === 39 ? 1000 : 0)],
    ['one second for all', null, 40, () => 0],
    ['few whole seconds', null, 19, (index) => index * 1e9],
    ['a microsecond apart each, as text2pcap counts up', /are made up/, 40, (index) => index * 1000],
    ['a nanosecond apart each', /are made up/, 40, (index) => index],
    ['a microsecond apart each but one', null, 40, (index) => index * 1000 + (index > 20 ? 1000 : 0)],
    ['a few a microsecond apart', null, 19, (index) => index * 1000],
    ['a call each 10 ms', null, 40, (index) => index * 10 * MILLISECOND],
  ])('%s', (_, fault, count, timeOf) => {
    const found = faultOf(count, timeOf);
    if (fault === null) expect(found).toBeNull();
    else expect(found).toMatch(fault);
  });

  it('of NFLOG’s batches are those of when they were handed over', () => {
    expect(faultOf(60, batched, NFLOG)).toMatch(/in batches/);
    // The same of a network card that hands over what it holds.
    expect(faultOf(60, batched)).toBeNull();
  });

  it('of NFLOG are true where each packet is handed over at once, even to two rules', () => {
    expect(faultOf(60, (index) => Math.floor(index / 2) * MILLISECOND + (index % 2) * 1000, NFLOG)).toBeNull();
  });
});
