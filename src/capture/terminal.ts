import { MAX_PACKET_BYTES } from './limits.ts';
import type { RecordShape } from './pcap-resync.ts';
import { PCAP_HEADER_BYTES } from './pcap.ts';
import { WindowSource } from './window-source.ts';

const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
// In a capture every 256th byte is a line feed, and each 10.… address has one: that many with a carriage return before each
// are none of its own.
const MANY_LINES = 16;
// Where the two lengths stand in a record's header, and where the second ends.
const LENGTHS = { captured: 8, wire: 12, end: 16 } as const;

/** What passed through a terminal on its way (`kubectl exec -t`): each line feed got a carriage return before it (ONLCR). */
export function cameThroughTerminal(bytes: Uint8Array): boolean {
  let lines = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) {
    if (at === 0 || bytes[at - 1] !== CARRIAGE_RETURN) return false;
    lines++;
  }
  return lines >= MANY_LINES;
}

/** Whether the records of a pcap, as far as they are in memory, do not follow one another. */
export function isOutOfStep(bytes: Uint8Array, { little, headerLength }: RecordShape): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = PCAP_HEADER_BYTES;
  while (at + LENGTHS.end <= bytes.length) {
    const captured = view.getUint32(at + LENGTHS.captured, little);
    if (captured > MAX_PACKET_BYTES || view.getUint32(at + LENGTHS.wire, little) > MAX_PACKET_BYTES) return true;
    at += headerLength + captured;
  }
  return false;
}

/** Takes the carriage returns out again: as each line feed got one, what was there is there again. */
export class TerminalSource extends WindowSource {
  async read(target: Uint8Array, start: number): Promise<number> {
    const { window } = this;
    for (;;) {
      const { bytes, end } = window;
      let from = window.start;
      let to = start;
      while (from < end && to < target.length) {
        if (bytes[from] === CARRIAGE_RETURN) {
          // What follows tells whether it stays.
          if (from + 1 === end && !window.ended) break;

          if (from + 1 < end && bytes[from + 1] === LINE_FEED) from++;
        }
        target[to++] = bytes[from++] as number;
      }
      window.start = from;
      if (to > start) return to - start;
      if (window.ended) return 0;
      // oxlint-disable-next-line no-await-in-loop -- one read after another
      await window.fill();
    }
  }
}
