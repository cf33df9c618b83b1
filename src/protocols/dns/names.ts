/**
 * Names on the wire (RFC 1035 section 3.1 and 4.1.4) as JavaScript strings: lower case, labels
 * joined by dots, no dot at the end, `.` for the root. The same few names come by a million
 * times, so the strings are kept in a small cache that is indexed by the name's bytes.
 */

// A node sees some thousand names, and two in one slot push each other out: 2 MB, of which only
// the slots in use are touched.
const CACHE_SLOTS = 1 << 14;
// RFC 1035 section 2.3.4: 255 octets, length bytes included.
export const MAX_NAME_OCTETS = 255;
// A name of 255 octets has at most 127 labels; more pointers than that is a loop.
const MAX_POINTERS = 127;

export interface NameReader {
  /** The name that was read last. */
  name: string;
  /** Equal names have equal hashes; names told apart by case only, too. */
  hash: number;
  /** A hash of the first label, which all names of one search walk share. */
  labelHash: number;
  /**
   * Reads the name at `offset`.
   * @param message where the message starts, which compression pointers count from
   * @param end one past the last byte
   * @returns the offset behind the name, or -1 where it is cut, too long or loops
   */
  read(bytes: Uint8Array, offset: number, message: number, end: number): number;
}

// Longer names are spelled out each time; a name within a cluster has some 50 octets.
const CACHED_OCTETS = 128;
const SLOT_WORDS = CACHED_OCTETS / 4;

export function createNameReader(): NameReader {
  // What is compared lies together: names are looked up for each packet, and a cache line counts.
  const cachedWords = new Int32Array(CACHE_SLOTS * SLOT_WORDS);
  // No name is as long as that: the root's length is 0, which must not be found in an empty slot.
  const cachedLengths = new Uint8Array(CACHE_SLOTS).fill(MAX_NAME_OCTETS);
  const cachedHashes = new Int32Array(CACHE_SLOTS);
  const cachedLabelHashes = new Int32Array(CACHE_SLOTS);
  const cachedNames: string[] = Array.from({ length: CACHE_SLOTS }, () => '');
  const expanded = new Uint8Array(MAX_NAME_OCTETS + 1);
  let viewed: Uint8Array | null = null;
  let view: DataView = new DataView(expanded.buffer);

  const reader: NameReader = {
    name: '',
    hash: 0,
    labelHash: 0,
    read(bytes, offset, message, end) {
      let position = offset;
      for (;;) {
        if (position >= end) return -1;
        const length = bytes[position] as number;
        if (length === 0) break;
        if (length > 63) return readCompressed(bytes, offset, message, end);
        position += 1 + length;
        if (position - offset >= MAX_NAME_OCTETS) return -1;
      }
      use(bytes, offset, position - offset);
      return position + 1;
    },
  };

  /** @param length without the root's zero octet */
  function use(bytes: Uint8Array, start: number, length: number): void {
    if (bytes !== viewed) {
      viewed = bytes;
      view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const wordsEnd = start + (length & ~3);
    const end = start + length;
    // Only spread matters here: which name it is, is compared below.
    let hash = length;
    let at = start;
    for (; at < wordsEnd; at += 4) {
      hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    for (; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
    const slot = (hash ^ (hash >>> 16)) & (CACHE_SLOTS - 1);
    if (cachedLengths[slot] === length && isCached(bytes, start, length, slot)) {
      reader.name = cachedNames[slot] as string;
      reader.hash = cachedHashes[slot] as number;
      reader.labelHash = cachedLabelHashes[slot] as number;
      return;
    }
    const name = nameOf(bytes, start, end);
    reader.name = name;
    reader.hash = hashText(name);
    reader.labelHash = hashText(firstLabel(name));
    if (length <= CACHED_OCTETS) remember(bytes, start, length, slot);
  }

  function isCached(bytes: Uint8Array, start: number, length: number, slot: number): boolean {
    const end = start + length;
    const wordsEnd = start + (length & ~3);
    let word = slot * SLOT_WORDS;
    let at = start;
    for (; at < wordsEnd; at += 4) if (cachedWords[word++] !== view.getInt32(at, true)) return false;
    let rest = 0;
    for (; at < end; at++) rest = (rest << 8) | (bytes[at] as number);
    return wordsEnd === end || cachedWords[word] === rest;
  }

  function remember(bytes: Uint8Array, start: number, length: number, slot: number): void {
    const end = start + length;
    const wordsEnd = start + (length & ~3);
    let word = slot * SLOT_WORDS;
    let at = start;
    for (; at < wordsEnd; at += 4) cachedWords[word++] = view.getInt32(at, true);
    if (wordsEnd < end) {
      let rest = 0;
      for (; at < end; at++) rest = (rest << 8) | (bytes[at] as number);
      cachedWords[word] = rest;
    }
    cachedLengths[slot] = length;
    cachedHashes[slot] = reader.hash;
    cachedLabelHashes[slot] = reader.labelHash;
    cachedNames[slot] = reader.name;
  }

  /** Rare: questions are not compressed by any resolver. Expands the name, then reads that. */
  function readCompressed(bytes: Uint8Array, offset: number, message: number, end: number): number {
    let position = offset;
    let behind = -1;
    let length = 0;
    let pointers = 0;
    for (;;) {
      if (position >= end) return -1;
      const octet = bytes[position] as number;
      if (octet === 0) break;
      if (octet >= 0xc0) {
        if (position + 1 >= end || ++pointers > MAX_POINTERS) return -1;
        if (behind < 0) behind = position + 2;
        const target = message + (((octet & 0x3f) << 8) | (bytes[position + 1] as number));
        // RFC 1035 4.1.4: a pointer points to a *prior* occurrence.
        if (target >= position) return -1;
        position = target;
        continue;
      }
      if (octet > 63) return -1;
      const next = position + 1 + octet;
      if (next > end || length + 1 + octet >= MAX_NAME_OCTETS) return -1;
      expanded.set(bytes.subarray(position, next), length);
      length += 1 + octet;
      position = next;
    }
    expanded[length] = 0;
    return reader.read(expanded, 0, 0, length + 1) < 0 ? -1 : behind < 0 ? position + 1 : behind;
  }

  return reader;
}

/** Bytes that are no printable ASCII, and dots within a label, are written as `\DDD` (RFC 1035 section 5.1). */
function nameOf(bytes: Uint8Array, start: number, end: number): string {
  let name = '';
  let position = start;
  while (position < end) {
    const next = position + 1 + (bytes[position] as number);
    if (name !== '') name += '.';
    for (let index = position + 1; index < next; index++) {
      const octet = bytes[index] as number;
      if (octet >= 0x41 && octet <= 0x5a) name += String.fromCharCode(octet + 32);
      else if (octet === 0x2e || octet === 0x5c || octet <= 0x20 || octet >= 0x7f)
        name += `\\${octet.toString().padStart(3, '0')}`;
      else name += String.fromCharCode(octet);
    }
    position = next;
  }
  return name === '' ? '.' : name;
}

export const firstLabel = (name: string): string => {
  const dot = name.indexOf('.');
  return dot <= 0 ? name : name.slice(0, dot);
};

/** FNV-1a over UTF-16 units; never 0, which stands for "not computed". */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash | 0 || 1;
}
