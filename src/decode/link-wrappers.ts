import { isReadableLinkType, LINK_TYPE } from '../model/link-type.ts';
import type { Layers } from '../model/packet.ts';
import { damaged, etherTypeOfVersion, readU16, STOP, type Cursor } from './cursor.ts';

/** What cooked captures say of who a packet is by or for (sll_pkttype). */
export const COOKED_TYPE = { toUs: 0, byUs: 4 } as const;

// pth_length, pth_type_next, pth_dlt, pth_ifname[24], pth_flags (XNU's bsd/net/pktap.h); the rest grew with releases.
const PKTAP = { next: 4, within: 8, flags: 36, least: 40, interfaceType: 80, interfaceUnit: 82 } as const;
const PKTAP_PACKET_FOLLOWS = 1;
const PKTAP_FLAG = { in: 1, out: 2 } as const;
// One header in another tells nothing: the second could hold a third.
const PKTAP_TYPES: ReadonlySet<number> = new Set([LINK_TYPE.pktap, LINK_TYPE.pktapUser2]);

/**
 * Apple's `tcpdump -i any` and `-i pktap`: before each packet stands who sent it and through what. Numbers are as the
 * Mac has them, little-endian.
 * @returns the link type of what follows, or STOP
 */
export function readPktap(cursor: Cursor, layers: Layers): number {
  const { bytes, position, end } = cursor;
  if (end - position < PKTAP.least) return damaged(cursor);
  const length = little32(bytes, position);
  if (length < PKTAP.least || length > end - position) return damaged(cursor);
  if (little32(bytes, position + PKTAP.next) !== PKTAP_PACKET_FOLLOWS) return STOP;
  const flags = little32(bytes, position + PKTAP.flags);
  if ((flags & PKTAP_FLAG.out) !== 0) layers.cookedType = COOKED_TYPE.byUs;
  else if ((flags & PKTAP_FLAG.in) !== 0) layers.cookedType = COOKED_TYPE.toUs;
  if (length >= PKTAP.interfaceUnit + 2) {
    // What kind of interface, and the number in its name: en0, utun3.
    const kind = little16(bytes, position + PKTAP.interfaceType);
    layers.interface = (kind << 16) | little16(bytes, position + PKTAP.interfaceUnit);
  }
  const within = little32(bytes, position + PKTAP.within);
  cursor.position = position + length;
  return isReadableLinkType(within) && !PKTAP_TYPES.has(within) ? within : STOP;
}

const NFLOG = { header: 4, attribute: 4, payload: 9 } as const;
// The upper bits of an attribute's type say how it is stored (linux/netlink.h).
const NFLOG_TYPE_MASK = 0x3fff;

/**
 * iptables' NFLOG (tcpdump.org/linktypes/LINKTYPE_NFLOG.html): attributes, of which one is the IP packet. Their numbers
 * are in the byte order of the machine that captured, which nearly always is little-endian: the first length tells.
 */
export function readNflog(cursor: Cursor): number {
  const { bytes, position, end } = cursor;
  if (end - position < NFLOG.header + NFLOG.attribute) return damaged(cursor);
  let at = position + NFLOG.header;
  // The other way round a length below 256 is above it, and beyond all that there is.
  const read = little16(bytes, at) <= readU16(bytes, at) ? little16 : readU16;
  while (end - at >= NFLOG.attribute) {
    const length = read(bytes, at);
    if (length < NFLOG.attribute) break;
    if ((read(bytes, at + 2) & NFLOG_TYPE_MASK) === NFLOG.payload) {
      cursor.position = at + NFLOG.attribute;
      cursor.end = Math.min(end, at + length);
      return etherTypeOfVersion(cursor);
    }
    at += (length + 3) & ~3;
  }
  return damaged(cursor);
}

const little16 = (bytes: Uint8Array, offset: number): number =>
  (bytes[offset] as number) | ((bytes[offset + 1] as number) << 8);

const little32 = (bytes: Uint8Array, offset: number): number =>
  (little16(bytes, offset) | (little16(bytes, offset + 2) << 16)) >>> 0;
