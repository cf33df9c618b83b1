/** Tells from the first bytes what an input is; never from its name. */

export type Format =
  | { kind: 'pcap'; little: boolean; nanoseconds: boolean; modified: boolean }
  | { kind: 'pcapng' | 'gzip' | 'zstd' | 'utf16' | 'text' | 'rows' | 'empty' | 'unknown' }
  | { kind: 'foreign'; what: string; advice: string };

const MAGIC_BYTES = 4;
// So much is looked at to tell text from bytes.
const SAMPLE_BYTES = 4096;
// A pasted hex dump or a name with odd bytes is still text; a capture is full of zeros and controls.
const MAX_ODD_SHARE = 0.05;

const PCAP_MAGICS: readonly { magic: number; nanoseconds: boolean; modified: boolean }[] = [
  { magic: 0xa1b2c3d4, nanoseconds: false, modified: false },
  { magic: 0xa1b23c4d, nanoseconds: true, modified: false },
  // Alexey Kuznetsov's modified format: eight more bytes in each record header.
  { magic: 0xa1b2cd34, nanoseconds: false, modified: true },
];

const CONVERT = 'convert it with: editcap -F pcapng FILE out.pcapng';

const FOREIGN: readonly { bytes: readonly number[]; what: string; advice: string }[] = [
  { bytes: [...Buffer.from('snoop\0\0\0')], what: 'a snoop capture', advice: CONVERT },
  { bytes: [...Buffer.from('btsnoop\0')], what: 'a Bluetooth capture (btsnoop)', advice: 'it holds no IP packets' },
  { bytes: [0xfd, ...Buffer.from('7zXZ\0')], what: 'packed with xz', advice: 'unpack it with: xz -d' },
  { bytes: [0x04, 0x22, 0x4d, 0x18], what: 'packed with lz4', advice: 'unpack it with: lz4 -d' },
  { bytes: [...Buffer.from('BZh')], what: 'packed with bzip2', advice: 'unpack it with: bzip2 -d' },
  { bytes: [...Buffer.from('PK\x03\x04')], what: 'a zip archive', advice: 'unpack it and name the captures in it' },
  { bytes: [...Buffer.from('7z\xbc\xaf', 'latin1')], what: 'a 7-Zip archive', advice: 'unpack it first' },
  { bytes: [...Buffer.from('GMBU')], what: 'a Microsoft Network Monitor capture', advice: CONVERT },
  { bytes: [...Buffer.from('RTSS')], what: 'a Microsoft Network Monitor capture', advice: CONVERT },
  { bytes: [...Buffer.from('XCP\0')], what: 'a NetXRay capture', advice: CONVERT },
  { bytes: [...Buffer.from('TRSNIFF')], what: 'a Sniffer capture', advice: CONVERT },
  { bytes: [...Buffer.from('iptrace ')], what: 'an AIX iptrace', advice: CONVERT },
  { bytes: [0x7f, ...Buffer.from('ELF')], what: 'a program', advice: 'name a capture' },
  { bytes: [...Buffer.from('%PDF')], what: 'a PDF', advice: 'name a capture' },
];

// What sysdig and Falco write has pcapng's blocks, and other things in them (libsinsp's scap_savefile.h: MI_BLOCK_TYPE
// and the rest from 0x201 on, of which the first follows the section's header).
const SYSDIG_BLOCKS = { first: 0x201, last: 0x221 } as const;
// Which Wireshark writes beside packets.
const SYSTEM_CALLS: ReadonlySet<number> = new Set([0x204, 0x208]);
const SYSDIG: Format = {
  kind: 'foreign',
  what: 'a capture of sysdig or Falco',
  advice: 'it holds system calls, no packets: capture them with: tcpdump -i any -s 0 -w out.pcap',
};

/**
 * @param bytes what of the input is in memory
 * @param ended there is no more to come
 * @returns null while more bytes are needed to tell
 */
export function recognise(bytes: Uint8Array, ended: boolean): Format | null {
  if (bytes.length < MAGIC_BYTES && !ended) return null;
  if (bytes.length === 0) return { kind: 'empty' };
  const binary = recogniseMagic(bytes);
  if (binary !== null) return binary;
  if (bytes.length >= 2 && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))) {
    return { kind: 'utf16' };
  }
  if (!isText(bytes)) return { kind: 'unknown' };
  return recogniseText(bytes, ended);
}

function recogniseMagic(bytes: Uint8Array): Format | null {
  if (bytes.length >= MAGIC_BYTES) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, MAGIC_BYTES);
    for (const { magic, nanoseconds, modified } of PCAP_MAGICS) {
      if (view.getUint32(0, true) === magic) return { kind: 'pcap', little: true, nanoseconds, modified };
      if (view.getUint32(0, false) === magic) return { kind: 'pcap', little: false, nanoseconds, modified };
    }
    if (view.getUint32(0) === 0x0a0d0d0a) return isSysdig(bytes) ? SYSDIG : { kind: 'pcapng' };
    const word = view.getUint32(0, true);
    // A skippable frame may come first (RFC 8878 section 3.1.2).
    if (word === 0xfd2fb528 || (word & 0xfffffff0) >>> 0 === 0x184d2a50) return { kind: 'zstd' };
  }
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return { kind: 'gzip' };
  for (const { bytes: magic, what, advice } of FOREIGN) {
    if (magic.every((byte, index) => bytes[index] === byte)) return { kind: 'foreign', what, advice };
  }
  return null;
}

function isSysdig(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 8) return false;
  const length = view.getUint32(4, true);
  if (length % 4 !== 0 || length + 4 > bytes.length) return false;
  const type = view.getUint32(length, true);
  return type >= SYSDIG_BLOCKS.first && type <= SYSDIG_BLOCKS.last && !SYSTEM_CALLS.has(type);
}

function isText(bytes: Uint8Array): boolean {
  const sample = bytes.subarray(0, SAMPLE_BYTES);
  let odd = 0;
  for (const byte of sample) {
    if (byte === 0) return false;
    // Tab, line feed, form feed, carriage return and escape (coloured output) occur in text.
    const control = byte < 32 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13 && byte !== 27;
    if (control || byte === 127) odd++;
  }
  return odd <= sample.length * MAX_ODD_SHARE;
}

function recogniseText(bytes: Uint8Array, ended: boolean): Format | null {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (at < bytes.length && isBlank(bytes[at] as number)) at++;
  if (at === bytes.length) return ended ? { kind: 'empty' } : null;
  return { kind: bytes[at] === 0x7b ? 'rows' : 'text' };
}

const isBlank = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);
