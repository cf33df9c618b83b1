import { describe, expect, it } from 'vitest';
import { packetId } from '../model/packet.ts';
import { wiresharkFilter } from './filter.ts';

describe("Wireshark's filter", () => {
  it.each([
    [[611, 412, 413, 412], 'frame.number in {412, 413, 611}'],
    [[1, 2, 3, 4, 9], 'frame.number in {1..4, 9}'],
    [[7], 'frame.number in {7}'],
    [[packetId(1, 5)], null],
    [[packetId(1, 5), 5], 'frame.number in {5}'],
    [[], null],
  ])('of %j', (packets, filter) => {
    expect(wiresharkFilter(packets, 0)).toEqual(filter === null ? null : { filter, leftOut: 0 });
  });

  it('stays short enough to paste, and says what it leaves out', () => {
    const packets = Array.from({ length: 10_000 }, (_, index) => 2 * index + 1);
    const short = wiresharkFilter(packets, 0);
    expect(short?.filter.match(/\d+/g)).toHaveLength(60);
    expect(short?.leftOut).toBe(9940);
  });
});
