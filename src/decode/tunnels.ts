import { damaged, ETHER_TYPE, readU16, STOP, type Cursor } from './cursor.ts';
import { readEthernet, skipTags } from './link-layer.ts';

/** What a UDP port carries. */
export const TUNNEL = { none: 0, vxlan: 1, geneve: 2 } as const;

// IANA's port, and the kernel's own default from before it was assigned, which flannel and Cilium use.
export const VXLAN_PORTS = [4789, 8472] as const;
export const GENEVE_PORTS = [6081] as const;

const GRE = { checksum: 0x8000, routing: 0x4000, key: 0x2000, sequence: 0x1000, version: 0x0007 } as const;

const ERSPAN = { versions12: 0x88be, version3: 0x22eb, header2: 8, header3: 12, subheader: 8 } as const;

/** One entry a port, up to the highest that carries a tunnel: a table of all would fill the processor's cache. */
export function createTunnelPorts(vxlan: readonly number[], geneve: readonly number[]): Uint8Array {
  const ports = new Uint8Array(Math.max(0, ...vxlan, ...geneve) + 1);
  for (const port of vxlan) ports[port] = TUNNEL.vxlan;
  for (const port of geneve) ports[port] = TUNNEL.geneve;
  return ports;
}

/** @param ports of {@link createTunnelPorts} */
export const tunnelOf = (ports: Uint8Array, port: number): number =>
  port < ports.length ? (ports[port] as number) : TUNNEL.none;

/**
 * Opens VXLAN (RFC 7348) or Geneve (RFC 8926) at the cursor. A header that could not be theirs
 * leaves the packet what it is: UDP to a port that somebody else uses.
 * @returns the EtherType of what is inside, or STOP
 */
export function readUdpTunnel(cursor: Cursor, tunnel: number): number {
  return tunnel === TUNNEL.vxlan ? readVxlan(cursor) : readGeneve(cursor);
}

function readVxlan(cursor: Cursor): number {
  const { bytes, position } = cursor;
  if (cursor.end - position < 8) return STOP;
  // The I flag has to be set. Bit 7 is the group policy extension, which Antrea and Cilium use; the last byte is reserved.
  if (((bytes[position] as number) & 0x7f) !== 0x08 || bytes[position + 7] !== 0) return STOP;
  cursor.position = position + 8;
  return openEthernet(cursor);
}

function readGeneve(cursor: Cursor): number {
  const { bytes, position } = cursor;
  if (cursor.end - position < 8) return STOP;
  const first = bytes[position] as number;
  const reserved = ((bytes[position + 1] as number) & 0x3f) | (bytes[position + 7] as number);
  const inner = position + 8 + ((first & 0x3f) << 2);
  if (first >> 6 !== 0 || reserved !== 0) return STOP;
  if (inner > cursor.end) return damaged(cursor);
  cursor.position = inner;
  return open(cursor, readU16(bytes, position + 2));
}

/** Opens GRE (RFC 2784, 2890) at the cursor. @returns the EtherType of what is inside, or STOP */
export function readGre(cursor: Cursor): number {
  const { bytes, position } = cursor;
  if (cursor.end - position < 4) return damaged(cursor);
  const flags = readU16(bytes, position);
  // Version 1 is PPTP's (RFC 2637); source routes (RFC 1701) are no more in use.
  if ((flags & (GRE.version | GRE.routing)) !== 0) return STOP;
  let length = 4;
  if ((flags & GRE.checksum) !== 0) length += 4;
  if ((flags & GRE.key) !== 0) length += 4;
  if ((flags & GRE.sequence) !== 0) length += 4;
  if (position + length > cursor.end) return damaged(cursor);
  cursor.position = position + length;
  const type = readU16(bytes, position + 2);
  // Mirrored traffic (draft-foschiano-erspan): version I has no header of its own and no sequence number.
  if (type === ERSPAN.versions12) return openErspan(cursor, (flags & GRE.sequence) === 0 ? 0 : ERSPAN.header2);
  if (type === ERSPAN.version3) return openErspan(cursor, ERSPAN.header3);
  return open(cursor, type);
}

function openErspan(cursor: Cursor, header: number): number {
  const { bytes, position } = cursor;
  if (position + header > cursor.end) return damaged(cursor);
  const hasSubheader = header === ERSPAN.header3 && ((bytes[position + 11] as number) & 1) !== 0;
  cursor.position = position + header + (hasSubheader ? ERSPAN.subheader : 0);
  return openEthernet(cursor);
}

function open(cursor: Cursor, etherType: number): number {
  if (etherType === ETHER_TYPE.teb) return openEthernet(cursor);
  cursor.tunnels++;
  return skipTags(cursor, etherType);
}

function openEthernet(cursor: Cursor): number {
  cursor.tunnels++;
  return readEthernet(cursor);
}
