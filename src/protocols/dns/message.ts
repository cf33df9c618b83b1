import { signed32 } from '../../base/network-order.ts';
import type { AddressTable } from '../../base/addresses.ts';
import { emptyList } from '../../base/lists.ts';
import { EDNS_SIZE_UNKNOWN, type DnsMessage } from '../../model/dns-message.ts';
import { MAX_ANSWERS, RR_TYPE } from '../../model/lookup.ts';
import { createNameReader } from './names.ts';

/** RFC 1035 section 4.1.1: id, flags and four counts. */
export const HEADER_LENGTH = 12;
// A message of 64 KiB can hold 5,461 records of 12 bytes; nobody's stub asks for more than some.
const MAX_RECORDS = 512;
const CLASS_INTERNET = 1;
/** Within the header's first four octets. */
const FLAG = { response: 0x8000, truncated: 0x200, recursionDesired: 0x100, authenticData: 0x20 } as const;
const EDNS_COOKIE = 10;
const MAX_TTL = 0x7fff_ffff;

// Queries under way on a busy node are some hundred; where two share a place, the reply's name is looked up.
const KNOWN_IDS = 1 << 12;

// Lists of one address are kept for so many addresses.
const MAX_LISTS = 1 << 14;

const NO_ADDRESSES: readonly string[] = emptyList();

export interface DnsParser {
  /**
   * Reads one message between two offsets.
   * @returns false where it is no DNS message: too short, a question that is no name, counts
   *   that cannot be. A message that is cut behind its question is read as far as it goes.
   */
  parse(bytes: Uint8Array, start: number, end: number, message: DnsMessage): boolean;
}

export function createDnsParser(addresses: AddressTable): DnsParser {
  const names = createNameReader();
  const lists: (readonly string[] | undefined)[] = [];
  const slotOfId = new Int16Array(KNOWN_IDS).fill(-1);
  let slotOfQuery = -1;
  let viewed: Uint8Array | null = null;
  let view: DataView = new DataView(new ArrayBuffer(0));

  function parse(bytes: Uint8Array, start: number, end: number, message: DnsMessage): boolean {
    if (end - start < HEADER_LENGTH) return false;
    if (bytes !== viewed) {
      viewed = bytes;
      view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    // Four octets at a time: each look into the bytes is checked against their bounds.
    const idAndFlags = view.getInt32(start);
    const firstCounts = view.getInt32(start + 4);
    const lastCounts = view.getInt32(start + 8);
    const questions = firstCounts >>> 16;
    const answers = firstCounts & 0xffff;
    const response = (idAndFlags & FLAG.response) !== 0;
    const opcode = (idAndFlags >> 11) & 15;
    // No resolver sends two questions, and a standard query brings no answers. The reserved Z bit
    // should be zero (RFC 1035), yet some tools set it, and servers copy it or leave it alone.
    if (questions > 1) return false;
    if (!response && opcode === 0 && (questions === 0 || answers > 0)) return false;
    message.id = idAndFlags >>> 16;
    message.response = response;
    message.opcode = opcode;
    message.rcode = idAndFlags & 15;
    message.truncated = (idAndFlags & FLAG.truncated) !== 0;
    message.recursionDesired = (idAndFlags & FLAG.recursionDesired) !== 0;
    message.authenticData = (idAndFlags & FLAG.authenticData) !== 0;
    message.questions = questions;
    message.answerCount = response ? answers : 0;
    message.addresses = NO_ADDRESSES;
    message.ttl = -1;
    message.ednsSize = -1;
    message.cookie = false;
    message.cut = false;
    let position = start + HEADER_LENGTH;
    if (questions === 1) {
      // A pair of queries has one name, and a reply repeats that of the query with its id.
      const known = message.id & (KNOWN_IDS - 1);
      position = names.read(bytes, position, start, end, response ? slotOfId[known] : slotOfQuery);
      if (position < 0 || position + 4 > end) return false;
      if (!response) {
        slotOfId[known] = names.slot;
        slotOfQuery = names.slot;
      }
      message.name = names.name;
      message.nameHash = names.hash;
      message.labelHash = names.labelHash;
      const typeAndClass = view.getInt32(position);
      message.type = typeAndClass >>> 16;
      message.class = typeAndClass & 0xffff;
      position += 4;
    } else {
      message.name = '';
      message.nameHash = 0;
      message.labelHash = 0;
      message.type = 0;
      message.class = CLASS_INTERNET;
    }
    const records = answers + (lastCounts >>> 16) + (lastCounts & 0xffff);
    if (records > 0) readRecords(bytes, position, end, answers, records < MAX_RECORDS ? records : MAX_RECORDS, message);
    return true;
  }

  function readRecords(
    bytes: Uint8Array,
    from: number,
    end: number,
    answers: number,
    records: number,
    message: DnsMessage,
  ): void {
    let position = from;
    let found: readonly string[] | null = null;
    for (let index = 0; index < records; index++) {
      position = skipName(bytes, position, end);
      if (position < 0 || position + 10 > end) {
        message.cut = true;
        // A query's only records are OPT's (TSIG and SIG(0), which are no stub resolver's, beside it).
        if (!message.response && message.ednsSize < 0) {
          const isSizeThere = position >= 0 && position + 4 <= end;
          message.ednsSize = isSizeThere ? read16(bytes, position + 2) : EDNS_SIZE_UNKNOWN;
        }
        break;
      }
      const type = read16(bytes, position);
      const dataStart = position + 10;
      const dataEnd = dataStart + read16(bytes, position + 8);
      if (dataEnd > end) {
        message.cut = true;
        if (type === RR_TYPE.OPT) message.ednsSize = read16(bytes, position + 2);
        break;
      }
      if (type === RR_TYPE.OPT) {
        message.ednsSize = read16(bytes, position + 2);
        // RFC 6891 6.1.3: the upper eight bits of the response code stand in the OPT's TTL.
        if (message.response) message.rcode |= (bytes[position + 4] as number) << 4;
        message.cookie = hasCookie(bytes, dataStart, dataEnd);
      } else if (index < answers && message.response) {
        // RFC 2181 section 8: 31 bits; a set upper bit means 0.
        const sent = read32(bytes, position + 4);
        const ttl = sent > MAX_TTL ? 0 : sent;
        if (message.ttl < 0 || ttl < message.ttl) message.ttl = ttl;
        const length = dataEnd - dataStart;
        if ((type === RR_TYPE.A && length === 4) || (type === RR_TYPE.AAAA && length === 16)) {
          const address = addressOf(bytes, dataStart, type);
          if (found === null) found = alone(address);
          else if (found.length < MAX_ANSWERS) found = [...found, addresses.text(address)];
        }
      }
      position = dataEnd;
    }
    if (found !== null) message.addresses = found;
  }

  function addressOf(bytes: Uint8Array, offset: number, type: number): number {
    return type === RR_TYPE.AAAA ? addresses.internV6(bytes, offset) : addresses.internV4(read32(bytes, offset));
  }

  /** Most answers are one address, and most of those come again. */
  function alone(address: number): readonly string[] {
    const known = lists[address];
    if (known !== undefined) return known;
    const list = [addresses.text(address)];
    if (address < MAX_LISTS) lists[address] = list;
    return list;
  }

  return { parse };
}

/** The offset behind a name without reading it: to its zero or its first pointer. */
function skipName(bytes: Uint8Array, offset: number, end: number): number {
  let position = offset;
  while (position < end) {
    const length = bytes[position] as number;
    if (length === 0) return position + 1;
    if (length >= 0xc0) return position + 2;
    if (length > 63) return -1;
    position += 1 + length;
  }
  return -1;
}

function hasCookie(bytes: Uint8Array, start: number, end: number): boolean {
  let position = start;
  while (position + 4 <= end) {
    if (read16(bytes, position) === EDNS_COOKIE) return true;
    position += 4 + read16(bytes, position + 2);
  }
  return false;
}

const read16 = (bytes: Uint8Array, offset: number): number =>
  ((bytes[offset] as number) << 8) | (bytes[offset + 1] as number);

const read32 = (bytes: Uint8Array, offset: number): number => signed32(bytes, offset) >>> 0;
