/** Builds packets for tests, header by header. Each function gives the bytes of its header and what it carries. */

const u16 = (value: number): number[] => [(value >> 8) & 255, value & 255];
const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value & 0xffff)];

export type Bytes = readonly number[];

export const v4 = (text: string): number[] => text.split('.').map(Number);
/** Eight groups, none left out. */
export const v6 = (text: string): number[] => text.split(':').flatMap((group) => u16(Number.parseInt(group, 16)));

export const ethernet = (etherType: number, payload: Bytes): number[] => [
  2,
  0,
  0,
  0,
  0,
  1,
  2,
  0,
  0,
  0,
  0,
  2,
  ...u16(etherType),
  ...payload,
];

export const vlan = (etherType: number, payload: Bytes): number[] => [...u16(42), ...u16(etherType), ...payload];

export const sll = (etherType: number, packetType: number, payload: Bytes): number[] => [
  ...u16(packetType),
  ...u16(1),
  ...u16(6),
  2,
  0,
  0,
  0,
  0,
  1,
  0,
  0,
  ...u16(etherType),
  ...payload,
];

export const sll2 = (etherType: number, packetType: number, interfaceIndex: number, payload: Bytes): number[] => [
  ...u16(etherType),
  0,
  0,
  ...u32(interfaceIndex),
  ...u16(1),
  packetType,
  6,
  2,
  0,
  0,
  0,
  0,
  1,
  0,
  0,
  ...payload,
];

export interface Ipv4 {
  source?: string;
  destination?: string;
  protocol: number;
  id?: number;
  hopLimit?: number;
  options?: Bytes;
  totalLength?: number;
  fragmentOffset?: number;
  moreFragments?: boolean;
}

export function ipv4(header: Ipv4, payload: Bytes): number[] {
  const options = header.options ?? [];
  const headerLength = 20 + options.length;
  const fragment = ((header.moreFragments ?? false) ? 0x2000 : 0) | ((header.fragmentOffset ?? 0) >> 3);
  return [
    0x40 | (headerLength >> 2),
    0,
    ...u16(header.totalLength ?? headerLength + payload.length),
    ...u16(header.id ?? 7),
    ...u16(fragment),
    header.hopLimit ?? 64,
    header.protocol,
    0,
    0,
    ...v4(header.source ?? '10.0.3.7'),
    ...v4(header.destination ?? '10.96.0.10'),
    ...options,
    ...payload,
  ];
}

export const ipv6 = (next: number, payload: Bytes, length = payload.length): number[] => [
  0x60,
  0,
  0,
  0,
  ...u16(length),
  next,
  63,
  ...v6('fd00:0:0:0:0:0:0:7'),
  ...v6('fd00:0:0:0:0:0:0:a'),
  ...payload,
];

/** An IPv6 extension header of 8 bytes. */
export const extension = (next: number, payload: Bytes): number[] => [next, 0, 1, 4, 0, 0, 0, 0, ...payload];

export const fragment6 = (next: number, offset: number, more: boolean, id: number, payload: Bytes): number[] => [
  next,
  0,
  ...u16(offset | (more ? 1 : 0)),
  ...u32(id),
  ...payload,
];

export const udp = (
  sourcePort: number,
  destinationPort: number,
  payload: Bytes,
  length = payload.length + 8,
): number[] => [...u16(sourcePort), ...u16(destinationPort), ...u16(length), 0, 0, ...payload];

export interface Tcp {
  sourcePort?: number;
  destinationPort?: number;
  sequence?: number;
  acknowledgment?: number;
  flags?: number;
  options?: Bytes;
  dataOffset?: number;
}

export function tcp(header: Tcp, payload: Bytes): number[] {
  const options = header.options ?? [];
  const words = header.dataOffset ?? 5 + options.length / 4;
  return [
    ...u16(header.sourcePort ?? 41200),
    ...u16(header.destinationPort ?? 53),
    ...u32(header.sequence ?? 1000),
    ...u32(header.acknowledgment ?? 2000),
    words << 4,
    header.flags ?? 0x18,
    ...u16(501),
    0,
    0,
    0,
    0,
    ...options,
    ...payload,
  ];
}

export const icmp = (type: number, code: number, body: Bytes): number[] => [type, code, 0, 0, 0, 0, 0, 0, ...body];

export const vxlan = (frame: Bytes): number[] => [8, 0, 0, 0, 0, 0, 1, 0, ...frame];

export const geneve = (etherType: number, options: Bytes, payload: Bytes): number[] => [
  options.length >> 2,
  0,
  ...u16(etherType),
  0,
  0,
  1,
  0,
  ...options,
  ...payload,
];

export function gre(flags: number, etherType: number, payload: Bytes): number[] {
  const words = [0x8000, 0x2000, 0x1000].filter((flag) => (flags & flag) !== 0).length;
  return [...u16(flags), ...u16(etherType), ...Array.from({ length: words * 4 }, () => 9), ...payload];
}

export const text = (characters: string): number[] => [...Buffer.from(characters)];

const little = (length: number, value: number): number[] =>
  Array.from({ length }, (_, index) => Math.floor(value / 2 ** (8 * index)) & 255);

/** Apple's header, as long as macOS writes it or as short as nothing could be read of the interface. */
export function pktap(
  { linkType, next = 1, flags = 0, length = 108 }: { linkType: number; next?: number; flags?: number; length?: number },
  payload: Bytes,
): number[] {
  const header = [...little(4, length), ...little(4, next), ...little(4, linkType), ...padded('en3', 24)];
  header.push(...little(4, flags), ...little(4, 2), ...little(4, 0), ...little(4, 0), ...little(4, 4711));
  header.push(...padded('curl', 20), ...little(4, 0), ...little(2, 6), ...little(2, 3));
  return [...padded(header, length), ...payload];
}

/** A packet header, a prefix of odd length, the packet. */
export function nflog(isBig: boolean, payload: Bytes): number[] {
  const number = (value: number): number[] => (isBig ? little(2, value).toReversed() : little(2, value));
  const attribute = (type: number, bytes: Bytes): number[] => [
    ...number(4 + bytes.length),
    ...number(type),
    ...padded(bytes, (bytes.length + 3) & ~3),
  ];
  return [2, 0, 0, 5, ...attribute(1, [8, 0, 1, 0]), ...attribute(10, text('pfx:\0')), ...attribute(9, payload)];
}

const padded = (bytes: Bytes | string, length: number): number[] =>
  Array.from({ length }, (_, index) => (typeof bytes === 'string' ? text(bytes) : bytes)[index] ?? 0);
