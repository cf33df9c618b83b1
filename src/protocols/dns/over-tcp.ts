/**
 * DNS over TCP: each message behind its length in two octets (RFC 1035 section 4.2.2, RFC 7766).
 * One framer for each direction of a connection; fed with the stream's bytes in order.
 */

// RFC 1035: the length field has 16 bits, so no message is longer; a framer keeps at most one.
const MAX_MESSAGE = 65_535;

export interface DnsFramer {
  /** Bytes in order. Each whole message is handed on at once; it is valid during the call only. */
  push(bytes: Uint8Array, start: number, end: number): void;
  /** Bytes are missing: what was begun is given up, the next bytes are taken for a message's start. */
  gap(): void;
}

export function createDnsFramer(onMessage: (bytes: Uint8Array, start: number, end: number) => void): DnsFramer {
  let pending = new Uint8Array(0);
  let filled = 0;

  function append(bytes: Uint8Array, start: number, end: number): void {
    const needed = filled + end - start;
    if (needed > pending.length) {
      const larger = new Uint8Array(Math.min(MAX_MESSAGE + 2, Math.max(512, needed * 2)));
      larger.set(pending.subarray(0, filled));
      pending = larger;
    }
    pending.set(bytes.subarray(start, end), filled);
    filled = needed;
  }

  return {
    push(bytes, start, end) {
      let position = start;
      while (position < end) {
        if (filled === 0 && end - position >= 2) {
          const length = ((bytes[position] as number) << 8) | (bytes[position + 1] as number);
          if (end - position - 2 >= length) {
            onMessage(bytes, position + 2, position + 2 + length);
            position += 2 + length;
            continue;
          }
        }
        const wanted = filled < 2 ? 2 : 2 + (((pending[0] as number) << 8) | (pending[1] as number));
        const take = Math.min(end - position, Math.max(0, wanted - filled));
        append(bytes, position, position + take);
        position += take;
        if (filled < 2) continue;
        const whole = 2 + (((pending[0] as number) << 8) | (pending[1] as number));
        if (filled < whole) continue;
        onMessage(pending, 2, whole);
        filled = 0;
      }
    },
    gap() {
      filled = 0;
    },
  };
}
