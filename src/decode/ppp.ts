import type { Layers } from '../model/packet.ts';
import { damaged, ETHER_TYPE, readU16, STOP, type Cursor } from './cursor.ts';
import { COOKED_TYPE } from './link-wrappers.ts';

const IPV4 = 0x0021;
const IPV6 = 0x0057;
// Address and control of PPP in HDLC-like framing (RFC 1662 section 3.1), which both sides may agree to leave out.
const HDLC_ALL_STATIONS = 0xff03;
const PPPOE_HEADER = 6;

/** PPP (RFC 1661), with or without HDLC's two bytes. @returns the EtherType of what it carries, or STOP */
export function readPpp(cursor: Cursor): number {
  const { bytes, position, end } = cursor;
  if (end - position >= 2 && readU16(bytes, position) === HDLC_ALL_STATIONS) cursor.position += 2;
  return readProtocol(cursor);
}

/** LINKTYPE_PPP_PPPD: the first byte, which would be HDLC's address, says who sent it (tcpdump.org/linktypes.html). */
export function readPppWithDirection(cursor: Cursor, layers: Layers): number {
  const { bytes, position, end } = cursor;
  if (end - position < 2) return damaged(cursor);
  layers.cookedType = bytes[position] === 0 ? COOKED_TYPE.toUs : COOKED_TYPE.byUs;
  cursor.position += 2;
  return readProtocol(cursor);
}

/** PPPoE's session stage (RFC 2516 section 4). */
export function readPppoe(cursor: Cursor): number {
  if (cursor.end - cursor.position < PPPOE_HEADER) return damaged(cursor);
  cursor.position += PPPOE_HEADER;
  return readProtocol(cursor);
}

/** Two bytes, or one where its last bit says that it ends there (RFC 1661 section 2). */
function readProtocol(cursor: Cursor): number {
  const { bytes, position, end } = cursor;
  if (end - position < 2) return damaged(cursor);
  const first = bytes[position] as number;
  const isShort = (first & 1) !== 0;
  const protocol = isShort ? first : readU16(bytes, position);
  cursor.position += isShort ? 1 : 2;
  if (protocol === IPV4) return ETHER_TYPE.ipv4;
  return protocol === IPV6 ? ETHER_TYPE.ipv6 : STOP;
}
