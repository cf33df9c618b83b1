import { describe, expect, it } from 'vitest';
import { at } from '../base/time.ts';
import { createLayers, type Layers } from '../model/packet.ts';
import { ACK, PSH, SYN } from './testing/segments.ts';
import { PacketMemory } from './packet-memory.ts';

const MS = 1e6;

interface Seen extends Partial<Omit<Layers, 'time'>> {
  /** Milliseconds. */
  at?: number;
  options?: readonly number[];
}

/** Whether the second of two sightings of one direction is a copy of the first. */
function isCopy(first: Seen, second: Seen): boolean {
  const memory = new PacketMemory();
  const layersOf = ({ at: time = 0, options = [], ...rest }: Seen): Layers =>
    Object.assign(createLayers(), {
      bytes: Uint8Array.from(options),
      tcpOptions: 0,
      payloadStart: options.length,
      payloadLength: 100,
      sequence: 1,
      acknowledgment: 2,
      tcpFlags: ACK | PSH,
      ipId: 7,
      hopLimit: 64,
      interface: 3,
      cookedType: 0,
      time: at(time * MS),
      ...rest,
    });
  expect(memory.isCopy(4, layersOf(first), true)).toBe(false);
  return memory.isCopy(4, layersOf({ ...first, ...second }), true);
}

const STAMPED = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2];
const LATER = [1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 2];

describe('a packet that was seen before', () => {
  it.each<[string, Seen, Seen]>([
    ['on the next interface', {}, { interface: 5, cookedType: 4, hopLimit: 63, at: 0.02 }],
    ['behind a DNAT', { destination: 3 }, { destination: 4, hopLimit: 63, at: 0.02 }],
    ['at the other end of a long path', {}, { interface: 5, hopLimit: 63, at: 90 }],
    ['by another capture', {}, { input: 1, at: -3 }],
    ['in a mirror port', {}, { at: 1 }],
    ['without identification, elsewhere', { ipId: 0 }, { interface: 5, at: 0.02 }],
    ['without identification, at once', { ipId: -1 }, { at: 0.02 }],
    ['an acknowledgment, elsewhere', { payloadLength: 0, tcpFlags: ACK, ipId: 0 }, { interface: 5, at: 0.02 }],
    [
      'a SYN whose segment size a router lowered',
      { tcpFlags: SYN, options: [2, 4, 5, 180] },
      { options: [2, 4, 5, 0], interface: 5 },
    ],
  ])('is a copy: %s', (_, first, second) => expect(isCopy(first, second)).toBe(true));

  it.each<[string, Seen, Seen]>([
    ['with a new identification', {}, { ipId: 8, at: 0.2 }],
    ['with its old identification, after a timeout', {}, { at: 200 }],
    ['without identification, after a timeout', { ipId: 0 }, { at: 200 }],
    ['with a later timestamp', { ipId: 0, options: STAMPED }, { options: LATER, interface: 5, at: 1 }],
    ['an acknowledgment that repeats itself', { payloadLength: 0, tcpFlags: ACK, ipId: 0 }, { at: 0.02 }],
    ['with another window', {}, { window: 9, at: 0.02 }],
  ])('was sent again: %s', (_, first, second) => expect(isCopy(first, second)).toBe(false));

  it('is told from other connections', () => {
    const memory = new PacketMemory();
    const layers = Object.assign(createLayers(), { sequence: 1, payloadLength: 5, ipId: 3, time: at(0) });
    expect(memory.isCopy(1, layers, true)).toBe(false);
    expect(memory.isCopy(2, layers, true)).toBe(false);
    expect(memory.isCopy(1, layers, true)).toBe(true);
  });

  it('is told of a packet that could be none itself', () => {
    const memory = new PacketMemory();
    const layers = Object.assign(createLayers(), { sequence: 1, payloadLength: 5, ipId: 3, time: at(0) });
    expect(memory.isCopy(1, layers, false)).toBe(false);
    expect(memory.isCopy(1, layers, true)).toBe(true);
  });
});
