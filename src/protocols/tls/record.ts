import type { Timestamp } from '../../base/time.ts';
import type { PacketId } from '../../model/packet.ts';

/** TLS records as they stand on the wire: RFC 8446 section 5.1, RFC 5246 section 6.2. */

export const RECORD = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23, heartbeat: 24 } as const;

/** When the first octet of a record's header came, and with which packet. */
export interface RecordPlace {
  firstAt: Timestamp;
  firstPacket: PacketId;
}

/** One record on its way. Filled again and again. */
export interface RecordHead extends RecordPlace {
  type: number;
  /** As its header says it: `0x0303`. */
  version: number;
  /** Octets behind the header. */
  length: number;
  /** Octets of it that the capture lost. */
  missing: number;
}

/** Type, version, length. */
export const RECORD_HEADER_BYTES = 5;

// RFC 5246 section 6.2.3: what compression and encryption may add to 2^14 octets.
export const MAX_RECORD_BYTES = (1 << 14) + 2048;

const MAJOR = 3;
// SSL 3.0 to TLS 1.3, which calls itself 1.2 here.
const LAST_MINOR = 4;

/** The length that the header at `start` tells, -1 where none can stand there: five octets must be there. */
export function recordLength(bytes: Uint8Array, start: number): number {
  const type = bytes[start] as number;
  if (type < RECORD.changeCipherSpec || type > RECORD.heartbeat) return -1;
  if (bytes[start + 1] !== MAJOR || (bytes[start + 2] as number) > LAST_MINOR) return -1;
  const length = ((bytes[start + 3] as number) << 8) | (bytes[start + 4] as number);
  return length <= MAX_RECORD_BYTES ? length : -1;
}

// Handshake messages have a header of four octets, an alert has two; a change of cipher has one.
const LEAST_LENGTH: Readonly<Record<number, number>> = {
  [RECORD.changeCipherSpec]: 1,
  [RECORD.alert]: 2,
  [RECORD.handshake]: 4,
  [RECORD.applicationData]: 1,
  [RECORD.heartbeat]: 3,
};

/** The same, and no empty or impossible record: for bytes that may be anything. */
export function plausibleRecordLength(bytes: Uint8Array, start: number): number {
  const length = recordLength(bytes, start);
  if (length < (LEAST_LENGTH[bytes[start] as number] ?? Infinity)) return -1;
  return bytes[start] === RECORD.changeCipherSpec && bytes[start + 2] === LAST_MINOR ? -1 : length;
}

/**
 * Where the first record of these bytes begins: a header that is followed by another one or by
 * the end, or one whose record goes beyond the end.
 * @param version the connection's, as its records say it; 0 where it is not known yet
 * @returns -1 where there is none
 */
export function findRecord(bytes: Uint8Array, start: number, end: number, version: number): number {
  for (let at = start; at + RECORD_HEADER_BYTES <= end; at++) {
    if ((bytes[at + 1] as number) !== MAJOR) continue;
    const length = plausibleRecordLength(bytes, at);
    const minor = bytes[at + 2] as number;
    // Nobody speaks SSL 3.0 any more, and its zero stands in many other protocols' lengths.
    if (length < 0 || (version === 0 ? minor === 0 : minor !== (version & 0xff))) continue;
    const next = at + RECORD_HEADER_BYTES + length;
    if (next >= end) {
      // Within ciphertext chance makes one such header in some ten million places.
      if (at === start || next === end || version !== 0) return at;
    } else if (next + RECORD_HEADER_BYTES > end || plausibleRecordLength(bytes, next) >= 0) return at;
  }
  return -1;
}
