import { signed32 } from '../base/network-order.ts';
/**
 * Where decoding stands in one packet. One cursor is used for all packets: each layer's reader
 * checks its length once, fills what it found into the layers, and moves the cursor on.
 */
export interface Cursor {
  /** The packet's bytes, or those of a reassembled datagram. */
  bytes: Uint8Array;
  /** The next header's first byte. */
  position: number;
  /** End of what was captured of the layer at hand. */
  end: number;
  /** End of that layer on the wire; more than `end` where the capture cut it. */
  wireEnd: number;
  /** Tunnels opened on the way here. */
  tunnels: number;
  /** A header ended too early, or its lengths lie. */
  damaged: boolean;
  /** The last IP header says that it carries a fragment. */
  fragmented: boolean;
  /** Byte offset of the fragment in its datagram. */
  fragmentOffset: number;
  /** More fragments follow. */
  moreFragments: boolean;
  /** What fragments of a datagram share besides addresses and protocol. */
  fragmentId: number;
}

/** A reader's answer where nothing follows that the tool looks into. */
export const STOP = -1;

export const ETHER_TYPE = { ipv4: 0x0800, ipv6: 0x86dd, teb: 0x6558 } as const;

export const createCursor = (): Cursor => ({
  bytes: new Uint8Array(0),
  position: 0,
  end: 0,
  wireEnd: 0,
  tunnels: 0,
  damaged: false,
  fragmented: false,
  fragmentOffset: 0,
  moreFragments: false,
  fragmentId: 0,
});

/** Two bytes, network order; the caller has checked that they are there. */
export const readU16 = (bytes: Uint8Array, offset: number): number =>
  ((bytes[offset] as number) << 8) | (bytes[offset + 1] as number);

/** Four bytes, network order, unsigned. */
export const readU32 = (bytes: Uint8Array, offset: number): number => signed32(bytes, offset) >>> 0;

/** Marks the packet as damaged and stops. */
export function damaged(cursor: Cursor): number {
  cursor.damaged = true;
  return STOP;
}

/** Raw IP says only in its first nibble which version it is. */
export function etherTypeOfVersion(cursor: Cursor): number {
  if (cursor.position >= cursor.end) return damaged(cursor);
  const version = (cursor.bytes[cursor.position] as number) >> 4;
  if (version === 4) return ETHER_TYPE.ipv4;
  return version === 6 ? ETHER_TYPE.ipv6 : damaged(cursor);
}
