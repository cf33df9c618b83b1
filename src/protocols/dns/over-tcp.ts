import { HEADER_LENGTH } from './message.ts';

/**
 * DNS over TCP: each message behind its length in two octets (RFC 1035 section 4.2.2, RFC 7766).
 * One framer for each direction of a connection; fed with the stream's bytes in order.
 */

// RFC 1035: the length field has 16 bits, so no message is longer; a framer keeps at most one.
const MAX_MESSAGE = 65_535;
const LENGTH_OCTETS = 2;
// The root's zero octet, type and class; a record is the same with a TTL and a length.
const SHORTEST_QUESTION = 5;
const SHORTEST_RECORD = 11;
// The last one assigned, DSO (IANA, DNS OpCodes).
const MAX_OPCODE = 6;
const MAX_LABEL = 63;
const CLASS_INTERNET = 1;

export interface DnsFramer {
  /**
   * One segment's bytes, in order. Each whole message is handed on at once; it is valid during
   * the call only.
   */
  push(bytes: Uint8Array, start: number, end: number): void;
  /**
   * Bytes are missing. A message that was begun is handed on as far as it is known. What follows
   * may be the rest of a message: the next one is found at the start of a segment.
   */
  gap(): void;
}

export function createDnsFramer(onMessage: (bytes: Uint8Array, start: number, end: number) => void): DnsFramer {
  let pending = new Uint8Array(0);
  let filled = 0;
  /** A message is known to begin where `pending` does. */
  let placed = false;

  function append(bytes: Uint8Array, start: number, end: number): void {
    const needed = filled + end - start;
    if (needed > pending.length) {
      const larger = new Uint8Array(Math.min(MAX_MESSAGE + LENGTH_OCTETS, Math.max(512, needed * 2)));
      larger.set(pending.subarray(0, filled));
      pending = larger;
    }
    pending.set(bytes.subarray(start, end), filled);
    filled = needed;
  }

  /**
   * Where the capture came in late, or behind a gap: looks whether a message begins with this
   * segment. Clients write a message's length and the message in one segment or in two.
   */
  function place(bytes: Uint8Array, start: number, end: number): void {
    const kept = filled;
    const rest = Math.min(end, start + LENGTH_OCTETS + HEADER_LENGTH - kept);
    append(bytes, start, rest);
    if (filled < LENGTH_OCTETS + HEADER_LENGTH) return;
    placed = isHeader(pending, LENGTH_OCTETS, read16(pending, 0));
    if (placed) {
      filled = kept;
      return;
    }
    filled = 0;
    if (kept > 0) place(bytes, start, end);
    // The length alone was lost, in a segment of its own.
    else if (isQuestion(bytes, start, end)) onMessage(bytes, start, end);
  }

  return {
    push(bytes, start, end) {
      if (!placed) {
        place(bytes, start, end);
        if (!placed) return;
      }
      let position = start;
      while (position < end) {
        if (filled === 0 && end - position >= LENGTH_OCTETS) {
          const length = read16(bytes, position);
          if (end - position - LENGTH_OCTETS >= length) {
            onMessage(bytes, position + LENGTH_OCTETS, position + LENGTH_OCTETS + length);
            position += LENGTH_OCTETS + length;
            continue;
          }
        }
        const wanted = filled < LENGTH_OCTETS ? LENGTH_OCTETS : LENGTH_OCTETS + read16(pending, 0);
        const take = Math.min(end - position, Math.max(0, wanted - filled));
        append(bytes, position, position + take);
        position += take;
        if (filled < LENGTH_OCTETS) continue;
        const whole = LENGTH_OCTETS + read16(pending, 0);
        if (filled < whole) continue;
        onMessage(pending, LENGTH_OCTETS, whole);
        filled = 0;
      }
    },
    gap() {
      if (placed && filled >= LENGTH_OCTETS + HEADER_LENGTH) onMessage(pending, LENGTH_OCTETS, filled);
      placed = false;
      filled = 0;
    },
  };
}

const read16 = (bytes: Uint8Array, offset: number): number =>
  ((bytes[offset] as number) << 8) | (bytes[offset + 1] as number);

/** Whether a message of so many octets may begin with this header; chance says yes to one in some 100,000. */
function isHeader(bytes: Uint8Array, at: number, length: number): boolean {
  if (length < HEADER_LENGTH) return false;
  const high = bytes[at + 2] as number;
  const low = bytes[at + 3] as number;
  const response = (high & 0x80) !== 0;
  const opcode = (high >> 3) & 15;
  // The bit that must be zero, and a query's code.
  if (opcode > MAX_OPCODE || (low & 0x40) !== 0 || (!response && (low & 15) !== 0)) return false;
  const questions = read16(bytes, at + 4);
  const answers = read16(bytes, at + 6);
  const others = read16(bytes, at + 8) + read16(bytes, at + 10);
  if (!response && opcode === 0 && answers > 0) return false;
  // Servers may leave the question out with an error.
  if (questions === 0) return response && answers === 0;
  return questions === 1 && HEADER_LENGTH + SHORTEST_QUESTION + (answers + others) * SHORTEST_RECORD <= length;
}

/** The same, and the question can be read. */
function isQuestion(bytes: Uint8Array, start: number, end: number): boolean {
  if (!isHeader(bytes, start, end - start) || read16(bytes, start + 4) !== 1) return false;
  let position = start + HEADER_LENGTH;
  while (position < end) {
    const length = bytes[position] as number;
    position += 1 + length;
    if (length === 0) return position + 4 <= end && read16(bytes, position + 2) === CLASS_INTERNET;
    if (length > MAX_LABEL) return false;
  }
  return false;
}
