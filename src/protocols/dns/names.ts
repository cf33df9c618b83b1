/**
 * Names on the wire (RFC 1035 section 3.1 and 4.1.4) as JavaScript strings: lower case, labels
 * joined by dots, no dot at the end, `.` for the root. The same few names come by a million
 * times, so the strings are kept in a small cache that is indexed by the name's bytes.
 */

// A node sees some thousand names. Each has a slot, given out in turn, so that those of a capture lie
// close together: spread over 2 MB they missed the processor's caches, its own of addresses first of all.
const SLOTS = 1 << 14;
// Slots by the hash of a name. Two of one place find room in it and its neighbour; three push each other out.
const PLACES = 1 << 15;
const PLACE_SHIFT = 32 - 15;
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
  /** Where the name is kept, -1 where it is not. */
  slot: number;
  /**
   * Reads the name at `offset`.
   * @param message where the message starts, which compression pointers count from
   * @param end one past the last byte
   * @param likely the slot of the name that is most likely there, -1 where nothing tells
   * @returns the offset behind the name, or -1 where it is cut, too long or loops
   */
  read(bytes: Uint8Array, offset: number, message: number, end: number, likely?: number): number;
}

// What is compared lies together: names are looked up for each packet, and a cache line counts.
// A slot holds one more than the name's length (0 where the slot is empty), its hash, its octets.
const SLOT_WORDS = 32;
const [LENGTH, HASH, OCTETS] = [0, 1, 2] as const;
const SLOT_PAIRS = SLOT_WORDS / 2;
const OCTET_PAIRS = OCTETS / 2;
// Names by their beginning and where the message ends: mostly right, and told without walking the name.
const GUESSES = 1 << 13;
const GUESS_SHIFT = 32 - 13;
// Longer names are spelled out each time; a name within a cluster has some 50 octets.
const CACHED_OCTETS = (SLOT_WORDS - OCTETS) * 4;

export function createNameReader(): NameReader {
  const cache = new Int32Array(SLOTS * SLOT_WORDS);
  // The same memory, eight octets at a time. Numbers that are none (NaN) equal nothing, and the long
  // way finds them; no kept name has a zero octet, so zero and minus zero are none of theirs.
  const pairs = new Float64Array(cache.buffer);
  const guesses = new Int16Array(GUESSES).fill(-1);
  const places = new Int16Array(PLACES).fill(-1);
  const cachedNames: string[] = [];
  const labelHashes = new Int32Array(SLOTS);
  const expanded = new Uint8Array(MAX_NAME_OCTETS + 1);
  let viewed: Uint8Array | null = null;
  let view: DataView = new DataView(expanded.buffer);
  /** The place of the name at hand, -1 where it is too long or too close to the end. */
  let wantedPlace = -1;
  let nextSlot = 0;

  const reader: NameReader = {
    name: '',
    hash: 0,
    labelHash: 0,
    slot: -1,
    read(bytes, offset, message, end, likely = -1) {
      if (bytes !== viewed) {
        viewed = bytes;
        view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      }
      if (likely >= 0 && isAt(likely, offset, end)) return take(likely, offset);
      if (offset + 12 > end) return readUnguessed(bytes, offset, message, end);
      const beginning = Math.imul(view.getInt32(offset + 4, true), 31) ^ view.getInt32(offset + 8, true);
      const place = Math.imul(beginning ^ (end - offset), 0x9e3779b1) >>> GUESS_SHIFT;
      const guess = guesses[place] as number;
      if (guess >= 0 && isAt(guess, offset, end)) return take(guess, offset);
      const behind = readUnguessed(bytes, offset, message, end);
      guesses[place] = reader.slot;
      return behind;
    },
  };

  function readUnguessed(bytes: Uint8Array, offset: number, message: number, end: number): number {
    const known = readKnown(offset, end);
    return known >= 0 ? known : readUnknown(bytes, offset, message, end);
  }

  function take(slot: number, offset: number): number {
    const kept = slot * SLOT_WORDS;
    reader.slot = slot;
    reader.name = cachedNames[slot] as string;
    reader.hash = cache[kept + HASH] as number;
    reader.labelHash = labelHashes[slot] as number;
    return offset + (cache[kept + LENGTH] as number);
  }

  /** Whether the name that is kept in the slot stands there, its end included. */
  function isAt(slot: number, offset: number, end: number): boolean {
    const words = view;
    const length = (cache[slot * SLOT_WORDS + LENGTH] as number) - 1;
    const last = offset + (length & ~3);
    if (length < 0 || last + 4 > end) return false;
    let pair = slot * SLOT_PAIRS + OCTET_PAIRS;
    let position = offset;
    for (; position + 8 <= last; position += 8) {
      if (pairs[pair++] !== words.getFloat64(position, true)) return false;
    }
    let kept = pair * 2;
    if (position < last && cache[kept++] !== words.getInt32(position, true)) return false;
    // What is behind the zero that ends it is shifted out.
    const behind = 24 - ((length & 3) << 3);
    return (cache[kept] as number) << behind === words.getInt32(last, true) << behind;
  }

  /**
   * The same octets as those of a name that was read before are that name: then its labels need
   * not be walked. Looks four octets at a time for the zero that ends a name without pointers.
   * @returns the offset behind the name, -1 where it is none of those
   */
  function readKnown(offset: number, end: number): number {
    const words = view;
    const last = Math.min(end - 4, offset + CACHED_OCTETS - 4);
    let hash = 0;
    for (let at = offset; at <= last; at += 4) {
      let word = words.getInt32(at, true);
      // The lowest bit set stands in the first octet that is zero (Hacker's Delight, 6-1).
      const zeros = (word - 0x01010101) & ~word & 0x80808080;
      const rest = zeros === 0 ? 4 : (31 - Math.clz32(zeros & -zeros)) >> 3;
      if (rest < 4) word &= (1 << (rest << 3)) - 1;
      hash = Math.imul(hash ^ word, 0x9e3779b1);
      if (rest === 4) continue;
      const length = at - offset + rest;
      // Multiplying carries upwards: the upper bits are the mixed ones.
      const place = hash >>> PLACE_SHIFT;
      let slot = places[place] as number;
      if (slot < 0 || !isCached(words, slot, offset, length, word)) {
        slot = places[place ^ 1] as number;
        if (slot < 0 || !isCached(words, slot, offset, length, word)) {
          wantedPlace = place;
          return -1;
        }
      }
      return take(slot, offset);
    }
    wantedPlace = -1;
    return -1;
  }

  /** @param rest the octets behind the last whole word */
  function isCached(words: DataView, slot: number, offset: number, length: number, rest: number): boolean {
    let kept = slot * SLOT_WORDS;
    if (cache[kept + LENGTH] !== length + 1) return false;
    kept += OCTETS;
    const last = offset + (length & ~3);
    for (let position = offset; position < last; position += 4) {
      if (cache[kept++] !== words.getInt32(position, true)) return false;
    }
    return cache[kept] === rest;
  }

  function readUnknown(bytes: Uint8Array, offset: number, message: number, end: number): number {
    const place = wantedPlace;
    let position = offset;
    for (;;) {
      if (position >= end) return -1;
      const length = bytes[position] as number;
      if (length === 0) break;
      if (length > 63) return readCompressed(bytes, offset, message, end);
      position += 1 + length;
      if (position - offset >= MAX_NAME_OCTETS) return -1;
    }
    const name = nameOf(bytes, offset, position);
    reader.slot = -1;
    reader.name = name;
    reader.hash = hashText(name);
    reader.labelHash = hashText(firstLabel(name));
    const length = position - offset;
    // A label may hold a zero octet: then the quick way would end there, and must not find it.
    if (place >= 0 && length < CACHED_OCTETS && bytes.indexOf(0, offset) === position) remember(offset, length, place);
    return position + 1;
  }

  function remember(offset: number, length: number, wanted: number): void {
    const isTaken = (place: number): boolean => places[place] !== -1;
    const slot = nextSlot;
    nextSlot = (slot + 1) & (SLOTS - 1);
    places[isTaken(wanted) && !isTaken(wanted ^ 1) ? wanted ^ 1 : wanted] = slot;
    const kept = slot * SLOT_WORDS;
    cache[kept + LENGTH] = length + 1;
    cache[kept + HASH] = reader.hash;
    labelHashes[slot] = reader.labelHash;
    const whole = length >> 2;
    for (let index = 0; index < whole; index++) {
      cache[kept + OCTETS + index] = view.getInt32(offset + index * 4, true);
    }
    cache[kept + OCTETS + whole] = view.getInt32(offset + whole * 4, true) & ((1 << ((length & 3) << 3)) - 1);
    cachedNames[slot] = reader.name;
    reader.slot = slot;
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

/** What is readable of a name that its message's end cuts off, with an ellipsis: never the name itself. */
export function partOfName(bytes: Uint8Array, start: number, messageEnd: number): string {
  const end = Math.min(messageEnd, start + MAX_NAME_OCTETS);
  let name = '';
  for (let position = start; position < end;) {
    const length = bytes[position] as number;
    if (length === 0 || length > 63 || position + 1 === end) break;
    const next = Math.min(end, position + 1 + length);
    // A label that is cut is told as far as it goes.
    const label = nameOf(Uint8Array.of(next - position - 1, ...bytes.subarray(position + 1, next)), 0, next - position);
    name += name === '' ? label : `.${label}`;
    position = next;
  }
  return `${name}…`;
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
