import type { Layers } from '../model/packet.ts';

const SLOTS = 1 << 12;
const FORTH = 1;
const BACK = 2;

export interface FlowWatch {
  push(layers: Layers): void;
  /** Some flow was seen in both directions: the capture shows what is answered. */
  bothWays(): boolean;
}

/** Remembers the last flows, each with the directions seen. Of fixed size. */
export function createFlowWatch(): FlowWatch {
  const keys = new Int32Array(SLOTS);
  const directions = new Uint8Array(SLOTS);
  let both = false;

  function push(layers: Layers): void {
    if (both) return;
    const { source, destination, sourcePort, destinationPort } = layers;
    const isForth = source < destination || (source === destination && sourcePort <= destinationPort);
    const low = isForth ? hash(source, sourcePort) : hash(destination, destinationPort);
    const high = isForth ? hash(destination, destinationPort) : hash(source, sourcePort);
    const key = Math.imul(low, 31) ^ high ^ layers.protocol;
    const slot = (key ^ (key >>> 15)) & (SLOTS - 1);
    if (keys[slot] !== key) {
      keys[slot] = key;
      directions[slot] = 0;
    }
    const seen = (directions[slot] as number) | (isForth ? FORTH : BACK);
    directions[slot] = seen;
    if (seen === (FORTH | BACK)) both = true;
  }

  return { push, bothWays: () => both };
}

const hash = (address: number, port: number): number => Math.imul(address, 0x9e3779b1) ^ Math.imul(port, 0x85ebca6b);
