import { LINK_TYPE } from '../model/link-type.ts';
import type { Layers } from '../model/packet.ts';
import { damaged, ETHER_TYPE, etherTypeOfVersion, readU16, readU32, STOP, type Cursor } from './cursor.ts';
import { readNflog, readPktap } from './link-wrappers.ts';
import { readPpp, readPppoe, readPppWithDirection } from './ppp.ts';

const ETHERNET_HEADER = 14;
const SLL_HEADER = 16;
const SLL2_HEADER = 20;
const FAMILY_HEADER = 4;

// Below this an Ethernet "type" is a length (IEEE 802.3 clause 3.2.6).
const FIRST_ETHER_TYPE = 0x0600;
// Netlink messages in cooked captures: their "protocol" is no EtherType.
const ARPHRD_NETLINK = 824;

const TAG_TYPES = { q: 0x8100, ad: 0x88a8, qinq: 0x9100, mpls: 0x8847, mplsMulticast: 0x8848, pppoe: 0x8864 } as const;
// Provider networks stack two tags; a packet that is nothing but tags is hostile.
const MAX_TAGS = 8;

// AF_INET is 2 everywhere; AF_INET6 differs: Linux 10, Windows 23, NetBSD and OpenBSD 24, FreeBSD 28, Darwin 30.
const AF_INET = 2;
const AF_INET6 = [10, 23, 24, 28, 30] as const;

/**
 * Reads the link layer and moves the cursor to what it carries.
 * @returns its EtherType, or STOP where it carries nothing of ours or ends too early
 */
export function readLinkLayer(cursor: Cursor, linkType: number, layers: Layers): number {
  switch (linkType) {
    case LINK_TYPE.ethernet:
      return readEthernet(cursor);
    case LINK_TYPE.linuxSll2:
      return readSll2(cursor, layers);
    case LINK_TYPE.linuxSll:
      return readSll(cursor, layers);
    case LINK_TYPE.null:
      return readFamily(cursor, true);
    case LINK_TYPE.loop:
      return readFamily(cursor, false);
    case LINK_TYPE.ppp:
    case LINK_TYPE.pppHdlc:
      return readPpp(cursor);
    case LINK_TYPE.pppoe:
      return readPppoe(cursor);
    case LINK_TYPE.pppPppd:
      return readPppWithDirection(cursor, layers);
    case LINK_TYPE.nflog:
      return readNflog(cursor);
    case LINK_TYPE.pktap:
    case LINK_TYPE.pktapUser2: {
      const within = readPktap(cursor, layers);
      return within === STOP ? STOP : readLinkLayer(cursor, within, layers);
    }
    default:
      return etherTypeOfVersion(cursor);
  }
}

/** Also what tunnels carry as Transparent Ethernet Bridging. */
export function readEthernet(cursor: Cursor): number {
  const position = cursor.position;
  if (cursor.end - position < ETHERNET_HEADER) return damaged(cursor);
  const type = readU16(cursor.bytes, position + 12);
  cursor.position = position + ETHERNET_HEADER;
  if (type === ETHER_TYPE.ipv4 || type === ETHER_TYPE.ipv6) return type;
  return type < FIRST_ETHER_TYPE ? readSnap(cursor) : skipTags(cursor, type);
}

function readSll(cursor: Cursor, layers: Layers): number {
  const { bytes, position } = cursor;
  if (cursor.end - position < SLL_HEADER) return damaged(cursor);
  layers.cookedType = readU16(bytes, position);
  if (readU16(bytes, position + 2) === ARPHRD_NETLINK) return STOP;
  cursor.position = position + SLL_HEADER;
  return skipTags(cursor, readU16(bytes, position + 14));
}

function readSll2(cursor: Cursor, layers: Layers): number {
  const { bytes, position } = cursor;
  if (cursor.end - position < SLL2_HEADER) return damaged(cursor);
  layers.interface = readU32(bytes, position + 4);
  layers.cookedType = bytes[position + 10] as number;
  if (readU16(bytes, position + 8) === ARPHRD_NETLINK) return STOP;
  cursor.position = position + SLL2_HEADER;
  return skipTags(cursor, readU16(bytes, position));
}

/** BSD loopback: the address family, in the byte order of the machine that captured (null) or of the network (loop). */
function readFamily(cursor: Cursor, hostOrder: boolean): number {
  const { bytes, position } = cursor;
  if (cursor.end - position < FAMILY_HEADER) return damaged(cursor);
  let family = readU32(bytes, position);
  // Some writers put an EtherType into the last two bytes (Wireshark reads it so as well).
  const etherType = family & 0xffff;
  if (hostOrder && (etherType === ETHER_TYPE.ipv4 || etherType === ETHER_TYPE.ipv6)) {
    cursor.position = position + FAMILY_HEADER;
    return etherType;
  }
  // Families are small numbers: one with its value in the upper half was written by the other byte order.
  if (hostOrder && family > 0xffff) family = (bytes[position] as number) | ((bytes[position + 1] as number) << 8);
  cursor.position = position + FAMILY_HEADER;
  if (family === AF_INET) return ETHER_TYPE.ipv4;
  return (AF_INET6 as readonly number[]).includes(family) ? ETHER_TYPE.ipv6 : STOP;
}

/** IEEE 802.2 LLC with SNAP (RFC 1042), the way IP travels in 802.3 frames. */
function readSnap(cursor: Cursor): number {
  const { bytes, position } = cursor;
  if (cursor.end - position < 8) return STOP;
  if (readU32(bytes, position) !== 0xaaaa0300 || readU16(bytes, position + 4) !== 0) return STOP;
  cursor.position = position + 8;
  return skipTags(cursor, readU16(bytes, position + 6));
}

/** Goes through VLAN tags (802.1Q, 802.1ad), MPLS labels (RFC 3032) and PPPoE (RFC 2516). */
export function skipTags(cursor: Cursor, etherType: number): number {
  let type = etherType;
  for (let tag = 0; tag < MAX_TAGS; tag++) {
    switch (type) {
      case TAG_TYPES.q:
      case TAG_TYPES.ad:
      case TAG_TYPES.qinq:
        if (cursor.end - cursor.position < 4) return damaged(cursor);
        type = readU16(cursor.bytes, cursor.position + 2);
        cursor.position += 4;
        break;
      case TAG_TYPES.mpls:
      case TAG_TYPES.mplsMulticast:
        return readMpls(cursor);
      case TAG_TYPES.pppoe:
        return readPppoe(cursor);
      default:
        return type >= FIRST_ETHER_TYPE ? type : STOP;
    }
  }
  return damaged(cursor);
}

/** A label stack does not say what it carries: an IP version nibble tells (RFC 4928 section 3). */
function readMpls(cursor: Cursor): number {
  for (let label = 0; label < MAX_TAGS; label++) {
    if (cursor.end - cursor.position < 4) return damaged(cursor);
    const bottom = ((cursor.bytes[cursor.position + 2] as number) & 1) !== 0;
    cursor.position += 4;
    if (!bottom) continue;
    if (cursor.position >= cursor.end) return damaged(cursor);
    const version = (cursor.bytes[cursor.position] as number) >> 4;
    if (version === 4) return ETHER_TYPE.ipv4;
    return version === 6 ? ETHER_TYPE.ipv6 : STOP;
  }
  return damaged(cursor);
}
