import { NEVER, type Timestamp } from '../base/time.ts';

/**
 * One packet of one input as a single number, so that rows that span inputs (rotated files,
 * several vantages) need no pair: `input * 2^40 + frame number`. In the first input it is
 * Wireshark's `frame.number` itself.
 */
export type PacketId = number;

const PACKETS_PER_INPUT = 2 ** 40;

// A product would be a double, which fields keep in a box of its own: not for the one input that most runs have.
export const packetId = (input: number, number: number): PacketId =>
  input === 0 ? number : input * PACKETS_PER_INPUT + number;
/**
 * The number that, with one input, names a packet of another: a file that goes on where another ends
 * is read as that one, and its packets keep their places.
 */
export const numberWithin = (home: number, input: number, number: number): number =>
  number + (input - home) * PACKETS_PER_INPUT;
export const packetInput = (packet: PacketId): number => Math.floor(packet / PACKETS_PER_INPUT);
export const packetNumber = (packet: PacketId): number => packet % PACKETS_PER_INPUT;

/** The contract's way to name a packet: its number within the row's own input, else `"1:413"`. */
export const packetReference = (packet: PacketId, home: number): number | string =>
  packetInput(packet) === home ? packetNumber(packet) : `${packetInput(packet)}:${packetNumber(packet)}`;

/** The inverse of {@link packetReference}; null where it is none. */
export function packetFromReference(reference: unknown, home: number): PacketId | null {
  if (typeof reference === 'number') {
    const isOne = Number.isInteger(reference) && reference >= 0 && reference < PACKETS_PER_INPUT;
    return isOne ? packetId(home, reference) : null;
  }
  const match = typeof reference === 'string' ? /^(\d{1,4}):(\d{1,12})$/.exec(reference) : null;
  return match === null ? null : packetId(Number(match[1]), Number(match[2]));
}

/**
 * One packet as a reader found it. Readers fill one object again and again: it is valid until
 * the next packet is read, and nothing of it may be kept.
 */
export interface Packet {
  input: number;
  /** Wireshark's `frame.number` within the input: the first packet is 1. */
  number: number;
  time: Timestamp;
  /** The packet's captured bytes are `bytes[start] … bytes[end - 1]`. */
  bytes: Uint8Array;
  start: number;
  end: number;
  /** Length on the wire; more than `end - start` where the snap length cut it. */
  wireLength: number;
  /** LINKTYPE_ value of the packet's interface (tcpdump.org/linktypes.html). */
  linkType: number;
  /** Index of the capture's interface: pcapng's interface number, 0 in pcap. */
  interface: number;
}

export function createPacket(input: number): Packet {
  return {
    input,
    number: 0,
    time: NEVER,
    bytes: new Uint8Array(0),
    start: 0,
    end: 0,
    wireLength: 0,
    linkType: 0,
    interface: 0,
  };
}

/** Stands for a port that is not known: no packet has it (RFC 6335 section 6 reserves it). */
export const UNKNOWN_PORT = 0;

/** IP protocol numbers (IANA) that the tool looks into. */
export const IP_PROTOCOL = { icmp: 1, tcp: 6, udp: 17, esp: 50, icmpv6: 58 } as const;

/** TCP flag bits (RFC 9293 section 3.1). */
export const TCP_FLAG = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 } as const;

/** What a packet holds of its datagram where IP cut it into fragments. */
export const FRAGMENT = {
  none: 0,
  /** The first fragment, handed on alone because the others may never come: ports, and a payload that ends early. */
  first: 1,
  /** The whole datagram, put together when the last of its fragments came; with that packet's number and time. */
  reassembled: 2,
} as const;

/** A small integer that stands for one address or, in tcpdump's text, one name. */
export type AddressId = number;

/**
 * The layers of one packet, innermost IP header first in meaning: what tunnels carried it is
 * only counted. Filled again and again by the decoder; valid until the next packet.
 */
export interface Layers {
  input: number;
  number: number;
  time: Timestamp;
  bytes: Uint8Array;
  /** 4 or 6; 0 where no IP header was found. */
  version: number;
  source: AddressId;
  destination: AddressId;
  /** IP protocol number of the payload, -1 where none could be told. */
  protocol: number;
  /** 0 where the protocol has no ports or they were cut off. */
  sourcePort: number;
  destinationPort: number;
  /** What UDP, TCP or ICMP carries: `bytes[payloadStart] … bytes[payloadEnd - 1]`. */
  payloadStart: number;
  payloadEnd: number;
  /** Length of the payload on the wire: more than `payloadEnd - payloadStart` where it was cut. */
  payloadLength: number;
  /** IPv4 identification, -1 for IPv6. Copies of a packet share it, resends do not (RFC 6864). */
  ipId: number;
  /** TTL or hop limit: one lower on each routed copy. */
  hopLimit: number;
  /** One of {@link FRAGMENT}. */
  fragment: number;
  /** How many tunnels (VXLAN, Geneve, GRE, IP in IP) were opened to get here. */
  tunnels: number;
  /** Linux cooked capture's packet type: 0 to us, 4 sent by us (LINUX_SLL_OUTGOING); -1 unknown. */
  cookedType: number;
  /** Linux interface index of SLL2, else the capture's interface. */
  interface: number;
  sequence: number;
  acknowledgment: number;
  tcpFlags: number;
  /** As it stands in the header, not scaled. */
  window: number;
  /** TCP's options are `bytes[tcpOptions] … bytes[payloadStart - 1]`; both equal where there are none. -1 without TCP. */
  tcpOptions: number;
  icmpType: number;
  icmpCode: number;
}

export function createLayers(): Layers {
  return {
    input: 0,
    number: 0,
    time: NEVER,
    bytes: new Uint8Array(0),
    version: 0,
    source: 0,
    destination: 0,
    protocol: -1,
    sourcePort: 0,
    destinationPort: 0,
    payloadStart: 0,
    payloadEnd: 0,
    payloadLength: 0,
    ipId: -1,
    hopLimit: 0,
    fragment: FRAGMENT.none,
    tunnels: 0,
    cookedType: -1,
    interface: 0,
    sequence: 0,
    acknowledgment: 0,
    tcpFlags: 0,
    window: 0,
    tcpOptions: -1,
    icmpType: -1,
    icmpCode: -1,
  };
}
