import { at, type Timestamp } from '../base/time.ts';
import type { Arrival } from '../model/tracked-connection.ts';

/** Data that waits for what is missing before it. */
export interface Segment {
  sequence: number;
  bytes: Uint8Array;
  /** On the wire: more than `bytes.length` where the capture cut it. */
  length: number;
  /** What its sender had of the other side's bytes. */
  acknowledgment: number;
  arrival: Arrival;
}

/** When the first of them was sent that acknowledges bytes from `sequence` on: at `latest` where none before does. */
export function awareAt(segments: readonly Segment[], sequence: number, latest: Timestamp): Timestamp {
  for (const { acknowledgment, arrival } of segments) {
    if (((acknowledgment - sequence) | 0) > 0) return at(Math.min(arrival.time, latest));
  }
  return latest;
}
