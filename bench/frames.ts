/** Ethernet frames of the generated captures, written from templates that are made once a name. */
import { createCalls } from './calls.ts';

export interface DnsPacket {
  reply: boolean;
  client: number;
  port: number;
  server: string;
  id: number;
  name: string;
  /** 1 is A, 28 is AAAA. */
  type: number;
  /** The name does not exist: its reply is NXDOMAIN. */
  missing: boolean;
}

const RECORD_HEADER = 16;
const ETHERNET = 14;
const IP = 20;
const UDP = 8;
const TCP = 20;
const SNAP_LENGTH = 262_144;
/** Longest record that this file writes, header included. */
export const MAX_RECORD = 1024;

/** pcap, little-endian, microseconds, Ethernet. */
export const FILE_HEADER = Buffer.alloc(24);
FILE_HEADER.writeUInt32LE(0xa1b2c3d4, 0);
FILE_HEADER.writeUInt16LE(2, 4);
FILE_HEADER.writeUInt16LE(4, 6);
FILE_HEADER.writeUInt32LE(SNAP_LENGTH, 16);
FILE_HEADER.writeUInt32LE(1, 20);

function ethernetAndIp(protocol: number, payload: number): Buffer {
  const head = Buffer.alloc(ETHERNET + IP);
  head.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0], 0);
  head.writeUInt8(0x45, ETHERNET);
  head.writeUInt16BE(IP + payload, ETHERNET + 2);
  head.writeUInt16BE(0x4000, ETHERNET + 6);
  head.writeUInt8(64, ETHERNET + 8);
  head.writeUInt8(protocol, ETHERNET + 9);
  return head;
}

function writeName(name: string): Buffer {
  const parts = name.split('.').flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]);
  return Buffer.concat([...parts, Buffer.from([0])]);
}

function message(packet: DnsPacket): Buffer {
  const question = Buffer.concat([writeName(packet.name), Buffer.from([0, packet.type, 0, 1])]);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(1, 4);
  if (!packet.reply) {
    head.writeUInt16BE(0x0100, 2);
    return Buffer.concat([head, question]);
  }
  if (packet.missing || packet.type === 28) {
    head.writeUInt16BE(packet.missing ? 0x8583 : 0x8580, 2);
    head.writeUInt16BE(1, 8);
    return Buffer.concat([head, question, negativeAuthority()]);
  }
  head.writeUInt16BE(0x8580, 2);
  head.writeUInt16BE(1, 6);
  const answer = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 10, 100, packet.name.length, 7]);
  return Buffer.concat([head, question, answer]);
}

function negativeAuthority(): Buffer {
  const names = Buffer.concat([writeName('ns.dns.cluster.local'), writeName('hostmaster.cluster.local')]);
  const numbers = Buffer.alloc(20);
  for (const [index, value] of [1, 7200, 1800, 86_400, 5].entries()) numbers.writeUInt32BE(value, index * 4);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(6, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(5, 6);
  head.writeUInt16BE(names.length + numbers.length, 10);
  return Buffer.concat([head, names, numbers]);
}

function writeIpChecksum(buffer: Buffer, ip: number): void {
  let sum = 0;
  buffer.writeUInt16BE(0, ip + 10);
  for (let at = ip; at < ip + IP; at += 2) sum += buffer.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  buffer.writeUInt16BE(~sum & 0xffff, ip + 10);
}

/** Copies the frame behind its record header's time and returns where the record ends. */
function place(buffer: Buffer, at: number, frame: Buffer): number {
  buffer.writeUInt32LE(frame.length, at + 8);
  buffer.writeUInt32LE(frame.length, at + 12);
  frame.copy(buffer, at + RECORD_HEADER);
  return at + RECORD_HEADER + frame.length;
}

const clientAddress = (client: number): number => (10 << 24) | (244 << 16) | (1 << 8) | (10 + client);

// So many connections of the TCP half speak gRPC: every other.
const GRPC_EVERY = 2;

function dnsTemplate(packet: DnsPacket): Buffer {
  const dns = message(packet);
  const udp = Buffer.alloc(UDP);
  udp.writeUInt16BE(packet.reply ? 53 : 0, 0);
  udp.writeUInt16BE(packet.reply ? 0 : 53, 2);
  udp.writeUInt16BE(UDP + dns.length, 4);
  return Buffer.concat([ethernetAndIp(17, UDP + dns.length), udp, dns]);
}

function tcpFrame(payload: Buffer): Buffer {
  const tcp = Buffer.alloc(TCP);
  tcp.writeUInt8(0x50, 12);
  tcp.writeUInt8(0x18, 13);
  tcp.writeUInt16BE(502, 14);
  return Buffer.concat([ethernetAndIp(6, TCP + payload.length), tcp, payload]);
}

export interface Frames {
  /** Writes one DNS packet's record, whose time is there already; returns where it ends. */
  dns(buffer: Buffer, at: number, packet: DnsPacket, ipId: number): number;
  /** Writes one TCP segment: a call's request or its answer; `chance` in [0, 1) picks the answer's size. */
  call(buffer: Buffer, at: number, connection: number, chance: number): number;
}

/** A writer of frames with its templates; UDP's checksum is left out, as IPv4 allows. */
export function createFrames(): Frames {
  const dnsTemplates = new Map<string, Buffer>();
  const calls = new Map<number, ReturnType<typeof createCalls>>();
  /** Next sequence number by connection and direction. */
  const sequences = new Map<number, number>();

  return {
    dns(buffer, at, packet, ipId) {
      const key = `${packet.reply ? 'r' : 'q'}${packet.type} ${packet.name}`;
      let frame = dnsTemplates.get(key);
      if (frame === undefined) {
        frame = dnsTemplate(packet);
        dnsTemplates.set(key, frame);
      }
      const end = place(buffer, at, frame);
      const ip = at + RECORD_HEADER + ETHERNET;
      const server = packet.server === '10.96.0.10' ? 0x0a60000a : 0x0a60000b;
      const client = clientAddress(packet.client);
      buffer.writeUInt16BE(ipId, ip + 4);
      buffer.writeInt32BE(packet.reply ? server : client, ip + 12);
      buffer.writeInt32BE(packet.reply ? client : server, ip + 16);
      writeIpChecksum(buffer, ip);
      buffer.writeUInt16BE(packet.port, ip + IP + (packet.reply ? 2 : 0));
      buffer.writeUInt16BE(packet.id, ip + IP + UDP);
      return end;
    },

    call(buffer, at, connection, chance) {
      const isGrpc = connection % GRPC_EVERY === 1;
      let next = calls.get(connection);
      if (next === undefined) {
        next = createCalls(isGrpc);
        calls.set(connection, next);
      }
      const { payload, response } = next(chance);
      const frame = tcpFrame(payload);
      const end = place(buffer, at, frame);
      const serverPort = isGrpc ? 50_051 : 8080;
      const ip = at + RECORD_HEADER + ETHERNET;
      const client = clientAddress(connection % 40);
      const server = (10 << 24) | (244 << 16) | (2 << 8) | (1 + (connection % 200));
      buffer.writeInt32BE(response ? server : client, ip + 12);
      buffer.writeInt32BE(response ? client : server, ip + 16);
      writeIpChecksum(buffer, ip);
      buffer.writeUInt16BE(response ? serverPort : 40_000 + connection, ip + IP);
      buffer.writeUInt16BE(response ? 40_000 + connection : serverPort, ip + IP + 2);
      const own = connection * 2 + (response ? 1 : 0);
      const sequence = sequences.get(own) ?? 1;
      buffer.writeUInt32BE(sequence, ip + IP + 4);
      buffer.writeUInt32BE(sequences.get(own ^ 1) ?? 1, ip + IP + 8);
      sequences.set(own, (sequence + frame.length - ETHERNET - IP - TCP) >>> 0);
      return end;
    },
  };
}
