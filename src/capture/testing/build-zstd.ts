/** Zstandard without compressing: frames of raw and repeated blocks (RFC 8878), enough to test the way around them. */

/** @param windowDescriptor the header's byte: 0x50 asks for 1 MiB */
export function zstdFrame(
  blocks: readonly Uint8Array[],
  options: { checksum?: boolean; windowDescriptor?: number } = {},
) {
  const { checksum = false, windowDescriptor = 0x50 } = options;
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, checksum ? 4 : 0, windowDescriptor]);
  return Buffer.concat([header, ...blocks, Buffer.alloc(checksum ? 4 : 0)]);
}

export const rawBlock = (data: Uint8Array, last: boolean): Uint8Array =>
  Buffer.concat([blockHeader(0, data.length, last), data]);

/** `size` times the same byte. */
export const repeatedBlock = (byte: number, size: number, last: boolean): Uint8Array =>
  Buffer.concat([blockHeader(1, size, last), Buffer.from([byte])]);

export function blockHeader(type: number, size: number, last: boolean): Uint8Array {
  const value = (size << 3) | (type << 1) | (last ? 1 : 0);
  return Uint8Array.of(value & 255, (value >> 8) & 255, (value >> 16) & 255);
}

export function skippableFrame(data: Uint8Array): Uint8Array {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(0x184d2a53);
  header.writeUInt32LE(data.length, 4);
  return Buffer.concat([header, data]);
}
