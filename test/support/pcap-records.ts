/** One record of a classic pcap file, as bounds in its bytes. */
export interface PcapRecord {
  number: number;
  /** Nanoseconds since 1970: exact enough to order packets. */
  time: number;
  start: number;
  end: number;
  wireLength: number;
  linkType: number;
}

/** Reads a whole classic pcap of either byte order; nothing where the bytes are none. For tests that stand apart from the real reader. */
export function* pcapRecords(bytes: Uint8Array): Generator<PcapRecord> {
  if (bytes.length < 24) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const littleEndian = bytes[0] === 0xd4 || bytes[0] === 0x4d;
  const magic = view.getUint32(0, littleEndian);
  if (magic !== 0xa1b2c3d4 && magic !== 0xa1b23c4d) return;
  const fraction = magic === 0xa1b23c4d ? 1 : 1000;
  const linkType = view.getUint32(20, littleEndian) & 0xffff;
  let offset = 24;
  for (let number = 1; offset + 16 <= bytes.length; number++) {
    const captured = view.getUint32(offset + 8, littleEndian);
    const start = offset + 16;
    if (start + captured > bytes.length) return;
    const time = view.getUint32(offset, littleEndian) * 1e9 + view.getUint32(offset + 4, littleEndian) * fraction;
    const wireLength = view.getUint32(offset + 12, littleEndian);
    yield { number, time, start, end: start + captured, wireLength, linkType };
    offset = start + captured;
  }
}
