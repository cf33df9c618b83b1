/** Builds captures for tests, byte by byte, in every shape the formats allow. */

export interface BuiltPacket {
  /** Whole seconds since 1970, and nanoseconds (dropped to what the format can hold). */
  seconds: number;
  nanoseconds: number;
  data: Uint8Array;
  /** Length on the wire; the data's own where not given. */
  wireLength?: number;
}

export interface PcapShape {
  little: boolean;
  nanoseconds: boolean;
  modified: boolean;
  linkType: number;
  snapLength: number;
}

const DEFAULT_SHAPE: PcapShape = {
  little: true,
  nanoseconds: false,
  modified: false,
  linkType: 1,
  snapLength: 262_144,
};

export function buildPcap(packets: readonly BuiltPacket[], shape: Partial<PcapShape> = {}): Uint8Array {
  const whole = { ...DEFAULT_SHAPE, ...shape };
  return Buffer.concat([pcapHeader(whole), ...packets.map((packet) => pcapRecord(packet, whole))]);
}

export function pcapHeader(shape: Partial<PcapShape> = {}): Uint8Array {
  const { little, nanoseconds, modified, linkType, snapLength } = { ...DEFAULT_SHAPE, ...shape };
  const view = new DataView(new ArrayBuffer(24));
  view.setUint32(0, modified ? 0xa1b2cd34 : nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, little);
  view.setUint16(4, 2, little);
  view.setUint16(6, 4, little);
  view.setUint32(16, snapLength, little);
  view.setUint32(20, linkType, little);
  return new Uint8Array(view.buffer);
}

export function pcapRecord(packet: BuiltPacket, shape: Partial<PcapShape> = {}): Uint8Array {
  const { little, nanoseconds, modified } = { ...DEFAULT_SHAPE, ...shape };
  const header = modified ? 24 : 16;
  const bytes = new Uint8Array(header + packet.data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, packet.seconds, little);
  view.setUint32(4, nanoseconds ? packet.nanoseconds : Math.floor(packet.nanoseconds / 1e3), little);
  view.setUint32(8, packet.data.length, little);
  view.setUint32(12, packet.wireLength ?? packet.data.length, little);
  bytes.set(packet.data, header);
  return bytes;
}

/** An Ethernet frame with an IPv4 UDP datagram; `mark` tells packets apart. */
export function udpFrame(mark: number, payload: Uint8Array = new Uint8Array(8)): Uint8Array {
  return Buffer.concat([Buffer.alloc(12, 2), Buffer.from([8, 0]), udpPacket(mark, payload)]);
}

/** The IPv4 packet alone. */
export function udpPacket(mark: number, payload: Uint8Array = new Uint8Array(8)): Uint8Array {
  const bytes = new Uint8Array(28 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(2, bytes.length);
  view.setUint16(4, mark & 0xffff);
  view.setUint8(8, 64);
  view.setUint8(9, 17);
  view.setUint32(12, 0x0a000001);
  view.setUint32(16, 0x0a000002);
  view.setUint16(20, 40_000);
  view.setUint16(22, 53);
  view.setUint16(24, 8 + payload.length);
  bytes.set(payload, 28);
  return bytes;
}
