import type { AddressTable } from '../base/addresses.ts';
import { FRAGMENT, type Layers } from '../model/packet.ts';
import { damaged, readU16, readU32, STOP, type Cursor } from './cursor.ts';

const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
const IPV6_DESTINATION = 24;
const MORE_FRAGMENTS = 0x2000;
const FRAGMENT_OFFSET = 0x1fff;

const EXTENSION = {
  hopByHop: 0,
  routing: 43,
  fragment: 44,
  authentication: 51,
  none: 59,
  destination: 60,
  mobility: 135,
  hip: 139,
  shim6: 140,
} as const;

/**
 * Reads an IPv4 header (RFC 791) and bounds the cursor to what it carries.
 * @returns the protocol number, or STOP
 */
export function readIpv4(cursor: Cursor, layers: Layers, addresses: AddressTable): number {
  const { bytes, position, end } = cursor;
  if (end - position < IPV4_HEADER) return damaged(cursor);
  const first = bytes[position] as number;
  const headerLength = (first & 15) << 2;
  if (first >> 4 !== 4 || headerLength < IPV4_HEADER) return damaged(cursor);

  const totalLength = readU16(bytes, position + 2);
  // 0 is what segmentation offload leaves where the length is yet to be written: all that follows belongs to it.
  const wireEnd = totalLength === 0 ? cursor.wireEnd : position + totalLength;
  if (wireEnd > cursor.wireEnd) cursor.damaged = true;
  cursor.wireEnd = wireEnd;
  if (wireEnd < end) cursor.end = wireEnd;

  const flags = readU16(bytes, position + 6);
  cursor.fragmented = (flags & (MORE_FRAGMENTS | FRAGMENT_OFFSET)) !== 0;
  if (cursor.fragmented) {
    cursor.moreFragments = (flags & MORE_FRAGMENTS) !== 0;
    cursor.fragmentOffset = (flags & FRAGMENT_OFFSET) << 3;
    cursor.fragmentId = readU16(bytes, position + 4);
  }
  const protocol = bytes[position + 9] as number;
  cursor.position = position + headerLength;
  layers.version = 4;
  layers.ipId = readU16(bytes, position + 4);
  layers.hopLimit = bytes[position + 8] as number;
  layers.source = addresses.internV4At(bytes, position + 12);
  layers.destination = addresses.internV4At(bytes, position + 16);
  startPayload(cursor, layers, protocol);
  if (cursor.position > cursor.end) return damaged(cursor);
  const authenticated = protocol === EXTENSION.authentication && !cursor.fragmented;
  return authenticated ? skipExtensions(cursor, layers, protocol) : protocol;
}

/** Reads an IPv6 header (RFC 8200) with its extension headers. @returns the upper protocol's number, or STOP */
export function readIpv6(cursor: Cursor, layers: Layers, addresses: AddressTable): number {
  const { bytes, position, end } = cursor;
  if (end - position < IPV6_HEADER) return damaged(cursor);
  if ((bytes[position] as number) >> 4 !== 6) return damaged(cursor);

  const payloadLength = readU16(bytes, position + 4);
  // 0 is a jumbogram or a segmentation offload above 64 KiB (BIG TCP).
  const wireEnd = payloadLength === 0 ? cursor.wireEnd : position + IPV6_HEADER + payloadLength;
  if (wireEnd > cursor.wireEnd) cursor.damaged = true;
  cursor.wireEnd = wireEnd;
  if (wireEnd < end) cursor.end = wireEnd;
  cursor.fragmented = false;
  const next = bytes[position + 6] as number;
  cursor.position = position + IPV6_HEADER;
  layers.version = 6;
  layers.ipId = -1;
  layers.hopLimit = bytes[position + 7] as number;
  layers.source = addresses.internV6(bytes, position + 8);
  layers.destination = addresses.internV6(bytes, position + 24);
  startPayload(cursor, layers, next);
  return skipExtensions(cursor, layers, next);
}

/** Of an IPv6 header that ends behind its source address: who sent what protocol. @returns whether it is one */
export function readCutIpv6(cursor: Cursor, layers: Layers, addresses: AddressTable): boolean {
  const { bytes, position, end } = cursor;
  if (end - position < IPV6_DESTINATION || (bytes[position] as number) >> 4 !== 6) return false;
  layers.version = 6;
  layers.protocol = bytes[position + 6] as number;
  layers.source = addresses.internV6(bytes, position + 8);
  return true;
}

/** What a transport header would say is unknown until it is read: an outer header's must not stay. */
function startPayload(cursor: Cursor, layers: Layers, protocol: number): void {
  layers.tunnels = cursor.tunnels;
  layers.fragment = FRAGMENT.none;
  layers.sourcePort = 0;
  layers.destinationPort = 0;
  setPayload(cursor, layers, protocol);
}

function setPayload(cursor: Cursor, layers: Layers, protocol: number): void {
  const { end, wireEnd } = cursor;
  const start = cursor.position < end ? cursor.position : end;
  layers.protocol = protocol;
  layers.payloadStart = start;
  layers.payloadEnd = end;
  layers.payloadLength = wireEnd > start ? wireEnd - start : 0;
}

/**
 * Goes through extension headers (RFC 8200 section 4, RFC 4302 for AH) up to the first that is
 * none or to a fragment, which has to be put together before the rest can be read.
 * @returns the protocol that follows, or STOP
 */
export function skipExtensions(cursor: Cursor, layers: Layers, protocol: number): number {
  const bytes = cursor.bytes;
  let next = protocol;
  for (;;) {
    const position = cursor.position;
    let length: number;
    switch (next) {
      case EXTENSION.hopByHop:
      case EXTENSION.routing:
      case EXTENSION.destination:
      case EXTENSION.mobility:
      case EXTENSION.hip:
      case EXTENSION.shim6:
        if (cursor.end - position < 8) return damaged(cursor);
        length = ((bytes[position + 1] as number) + 1) << 3;
        break;
      case EXTENSION.authentication:
        if (cursor.end - position < 8) return damaged(cursor);
        length = ((bytes[position + 1] as number) + 2) << 2;
        break;
      case EXTENSION.fragment: {
        if (cursor.end - position < 8) return damaged(cursor);
        const flags = readU16(bytes, position + 2);
        // Offset 0 and nothing to follow: an "atomic" fragment is the whole datagram (RFC 6946).
        cursor.fragmented = (flags & 0xfff9) !== 0;
        cursor.fragmentOffset = flags & 0xfff8;
        cursor.moreFragments = (flags & 1) !== 0;
        cursor.fragmentId = readU32(bytes, position + 4);
        length = 8;
        break;
      }
      case EXTENSION.none:
        return STOP;
      default:
        return next;
    }
    const header = next;
    if (position + length > cursor.end) return damaged(cursor);
    next = bytes[position] as number;
    cursor.position = position + length;
    setPayload(cursor, layers, next);
    if (header === EXTENSION.fragment && cursor.fragmented) return next;
  }
}
