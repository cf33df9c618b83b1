import { signed32 } from './network-order.ts';
/**
 * Addresses as small integers, so that the hot path compares numbers and keeps no strings.
 * Id 0 is "unknown" and also stands for all addresses beyond the table's bound.
 */

// A flood of forged addresses must not eat the memory: 2^17 addresses are more than a
// cluster has pods, and cost about 10 MB.
export const MAX_ADDRESSES = 1 << 17;
const INITIAL_SLOTS = 1 << 10;

// IPv4 addresses met lately, before the table itself: a capture has few, and each packet asks twice.
const RECENT_BITS = 10;
const RECENT_SHIFT = 32 - RECENT_BITS;

const VERSION_NAME = 0;
const VERSION_4 = 4;
const VERSION_6 = 6;

export class AddressTable {
  /** Addresses that found no place, each time they were met. */
  overflowed = 0;
  #slots = new Int32Array(INITIAL_SLOTS);
  // Signed words: an unsigned one above 2^31 would be boxed wherever a call is not inlined.
  #words = new Int32Array(INITIAL_SLOTS * 4);
  #versions = new Uint8Array(INITIAL_SLOTS);
  #recentAddresses = new Int32Array(1 << RECENT_BITS);
  #recentIds = new Int32Array(1 << RECENT_BITS);
  #texts: (string | undefined)[] = ['?'];
  #names = new Map<string, number>();
  #count = 1;

  get size(): number {
    return this.#count - 1;
  }

  /** @param address the four bytes as one unsigned number, network order */
  internV4(address: number): number {
    return this.#intern(VERSION_4, address | 0, 0, 0, 0);
  }

  /** Four bytes from `offset`; the caller has checked that they are there. */
  internV4At(bytes: Uint8Array, offset: number): number {
    const address = signed32(bytes, offset);
    const slot = Math.imul(address, 0x9e3779b1) >>> RECENT_SHIFT;
    const id = this.#recentIds[slot] as number;
    if (id !== 0 && this.#recentAddresses[slot] === address) return id;
    return this.#remember(slot, address);
  }

  #remember(slot: number, address: number): number {
    const id = this.#intern(VERSION_4, address, 0, 0, 0);
    this.#recentAddresses[slot] = address;
    this.#recentIds[slot] = id;
    return id;
  }

  /** Sixteen bytes from `offset`; the caller has checked that they are there. */
  internV6(bytes: Uint8Array, offset: number): number {
    const first = signed32(bytes, offset);
    const second = signed32(bytes, offset + 4);
    const third = signed32(bytes, offset + 8);
    const fourth = signed32(bytes, offset + 12);
    // IPv4-mapped (RFC 4291 2.5.5.2): the same host as its IPv4 address.
    if (first === 0 && second === 0 && third === 0xffff) return this.#intern(VERSION_4, fourth, 0, 0, 0);
    return this.#intern(VERSION_6, first, second, third, fourth);
  }

  /** An address in text, or a name as tcpdump prints without `-n`. */
  internText(text: string): number {
    const v4 = parseV4(text);
    if (v4 !== null) return this.internV4(v4);
    const v6 = isV6(text) ? parseV6(text) : null;
    if (v6 !== null) return this.internV6(v6, 0);
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const id = this.#add(VERSION_NAME, 0, 0, 0, 0);
    if (id !== 0) {
      this.#texts[id] = text;
      this.#names.set(text, id);
    }
    return id;
  }

  text(id: number): string {
    const known = this.#texts[id];
    if (known !== undefined) return known;
    const base = id * 4;
    const words = this.#words.subarray(base, base + 4);
    const text = this.#versions[id] === VERSION_4 ? formatV4(words[0] ?? 0) : formatV6(words);
    this.#texts[id] = text;
    return text;
  }

  #intern(version: number, first: number, second: number, third: number, fourth: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash(first, second, third, fourth) & mask;
    for (;;) {
      const id = this.#slots[slot] as number;
      if (id === 0) break;
      const base = id * 4;
      if (
        this.#words[base] === first &&
        this.#versions[id] === version &&
        (version === VERSION_4 ||
          (this.#words[base + 1] === second && this.#words[base + 2] === third && this.#words[base + 3] === fourth))
      ) {
        return id;
      }
      slot = (slot + 1) & mask;
    }
    const id = this.#add(version, first, second, third, fourth);
    if (id !== 0) this.#place(id);
    return id;
  }

  #add(version: number, first: number, second: number, third: number, fourth: number): number {
    if (this.#count >= MAX_ADDRESSES) {
      this.overflowed++;
      return 0;
    }
    if (this.#count * 2 >= this.#slots.length) this.#grow();
    const id = this.#count++;
    this.#words.set([first, second, third, fourth], id * 4);
    this.#versions[id] = version;
    this.#texts.push(undefined);
    return id;
  }

  #place(id: number): void {
    const mask = this.#slots.length - 1;
    const words = this.#words;
    let slot = hash(words[id * 4] ?? 0, words[id * 4 + 1] ?? 0, words[id * 4 + 2] ?? 0, words[id * 4 + 3] ?? 0) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = id;
  }

  #grow(): void {
    const size = this.#slots.length * 2;
    const words = new Int32Array(size * 4);
    words.set(this.#words);
    this.#words = words;
    const versions = new Uint8Array(size);
    versions.set(this.#versions);
    this.#versions = versions;
    this.#slots = new Int32Array(size);
    for (let id = 1; id < this.#count; id++) if (versions[id] !== VERSION_NAME) this.#place(id);
  }
}

function hash(first: number, second: number, third: number, fourth: number): number {
  let value = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
  value ^= Math.imul(third, 0xc2b2ae35) ^ Math.imul(fourth, 0x27d4eb2f);
  return value ^ (value >>> 15);
}

/** The address as an unsigned number, or null where the text is no dotted quad. */
export function parseV4(text: string): number | null {
  // No leading zeros: some readers take them for octal (RFC 6943 section 3.1.1).
  const match = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/.exec(text);
  if (match === null) return null;
  let value = 0;
  for (let index = 1; index <= 4; index++) {
    const octet = Number(match[index]);
    if (octet > 255) return null;
    value = value * 256 + octet;
  }
  return value;
}

/** Sixteen bytes, or null where the text is no IPv6 address (RFC 4291 section 2.2; a zone is cut off). */
export function parseV6(text: string): Uint8Array | null {
  const bare = text.split('%', 1)[0] as string;
  const halves = bare.split('::');
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0] as string, halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1] as string, true) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]));
}

/** @param isLast these groups end the address, so that a dotted quad may stand at their end */
function groupsOf(text: string, isLast: boolean): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const v4 = isLast && index === parts.length - 1 ? parseV4(part) : null;
    if (v4 !== null) groups.push(v4 >>> 16, v4 & 0xffff);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return null;
  }
  return groups;
}

export const formatV4 = (address: number): string =>
  `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;

/** RFC 5952: lower case, the longest run of two or more zero groups as `::`. */
export function formatV6(words: ArrayLike<number>): string {
  const groups: number[] = [];
  for (let index = 0; index < 4; index++)
    groups.push((words[index] as number) >>> 16, (words[index] as number) & 0xffff);
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) [bestStart, bestLength] = [start, length];
  }
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return bestStart < 0 ? hex(0, 8) : `${hex(0, bestStart)}::${hex(bestStart + bestLength, 8)}`;
}

/** Of an address, without a port. */
export const isV6 = (address: string): boolean => address.includes(':');

/** `address:port`, an IPv6 address in brackets (RFC 3986 section 3.2.2). */
export const endpoint = (address: string, port: number): string =>
  isV6(address) ? `[${address}]:${port}` : `${address}:${port}`;

/** The address of an {@link endpoint}, or of one that has no port. */
export function addressOf(text: string): string {
  if (text.startsWith('[')) return text.slice(1, Math.max(1, text.indexOf(']')));
  const colon = text.indexOf(':');
  // More than one colon is an IPv6 address, whose last group is no port.
  return colon < 0 || text.includes(':', colon + 1) ? text : text.slice(0, colon);
}

/** RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3: what a host says to itself. */
export const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';
