import { signed32 } from '../base/network-order.ts';
import type { Layers } from '../model/packet.ts';

const END = 0;
const PADDING = 1;
const MAXIMUM_SEGMENT_SIZE = 2;
const WINDOW_SCALE = 3;
const SACK = 5;
const TIMESTAMPS = 8;
// RFC 7323 section 2.3: what is larger counts as 14.
const LARGEST_SCALE = 14;
// How nearly all stacks write timestamps (RFC 7323 appendix A): two paddings, then the option.
const PADDED_TIMESTAMPS = 0x0101080a;
const PADDED_LENGTH = 12;
const SACK_BLOCK = 8;

type Bytes = Uint8Array;

/** Where an option's data begins that has at least so many bytes of it; -1 where there is none. */
function find(bytes: Bytes, start: number, end: number, kind: number, least: number): number {
  for (let offset = start; offset < end;) {
    const found = bytes[offset] as number;
    if (found === END) return -1;
    if (found === PADDING) {
      offset++;
      continue;
    }
    const length = offset + 1 < end ? (bytes[offset + 1] as number) : 0;
    if (length < 2) return -1;
    if (found === kind) return length >= least + 2 && offset + length <= end ? offset + 2 : -1;
    offset += length;
  }
  return -1;
}

/** The largest payload that the sender of this SYN takes (RFC 9293 section 3.7.1); 0 where it does not say. */
export function maximumSegmentSize({ bytes, tcpOptions, payloadStart }: Layers): number {
  const offset = find(bytes, tcpOptions, payloadStart, MAXIMUM_SEGMENT_SIZE, 2);
  return offset < 0 ? 0 : ((bytes[offset] as number) << 8) | (bytes[offset + 1] as number);
}

/** By how many bits the sender of this SYN will shift its windows; -1 where it does not. */
export function windowScale({ bytes, tcpOptions, payloadStart }: Layers): number {
  const offset = find(bytes, tcpOptions, payloadStart, WINDOW_SCALE, 1);
  return offset < 0 ? -1 : Math.min(bytes[offset] as number, LARGEST_SCALE);
}

function timestamps({ bytes, tcpOptions, payloadStart }: Layers): number {
  if (payloadStart - tcpOptions >= PADDED_LENGTH && signed32(bytes, tcpOptions) === PADDED_TIMESTAMPS)
    return tcpOptions + 4;
  return find(bytes, tcpOptions, payloadStart, TIMESTAMPS, 8);
}

export const hasTimestamps = (layers: Layers): boolean => timestamps(layers) >= 0;

/** The sender's clock, signed; 0 where there is no timestamp. */
export function timestampValue(layers: Layers): number {
  const offset = timestamps(layers);
  return offset < 0 ? 0 : signed32(layers.bytes, offset);
}

/** The other side's clock as this side last took it over, signed; 0 where there is none. */
export function timestampEcho(layers: Layers): number {
  const offset = timestamps(layers);
  return offset < 0 ? 0 : signed32(layers.bytes, offset + 4);
}

/** Whether there may be SACK blocks: asked for each acknowledgment, answered without looking through all. */
export function mayHaveSack({ bytes, tcpOptions, payloadStart }: Layers): boolean {
  const length = payloadStart - tcpOptions;
  return length > PADDED_LENGTH || (length === PADDED_LENGTH && signed32(bytes, tcpOptions) !== PADDED_TIMESTAMPS);
}

/** A range of sequence numbers, signed; the end is beyond it. */
export interface Range {
  start: number;
  end: number;
}

/**
 * What the receiver got twice: the first SACK block where it lies below the acknowledgment or
 * within the second block (RFC 2883 section 4); null where there is none.
 */
export function readDuplicateSack(layers: Layers): Range | null {
  const { bytes, tcpOptions, payloadStart, acknowledgment } = layers;
  const offset = find(bytes, tcpOptions, payloadStart, SACK, SACK_BLOCK);
  if (offset < 0) return null;
  const start = signed32(bytes, offset);
  const end = signed32(bytes, offset + 4);
  if (((end - start) | 0) <= 0) return null;
  if (((end - acknowledgment) | 0) <= 0) return { start, end };
  if ((bytes[offset - 1] as number) < 2 * SACK_BLOCK + 2) return null;
  const outerStart = signed32(bytes, offset + SACK_BLOCK);
  const outerEnd = signed32(bytes, offset + SACK_BLOCK + 4);
  return ((start - outerStart) | 0) >= 0 && ((outerEnd - end) | 0) >= 0 ? { start, end } : null;
}
