import type { Side } from '../../src/model/connection.ts';
import { buildPcap, type BuiltPacket } from '../../src/capture/testing/build-pcap.ts';

/** One TCP connection as packets: handshake, what each side says in its turn, and a clean end. */
export interface Talk {
  client?: string;
  clientPort: number;
  server?: string;
  serverPort: number;
  /** From the capture's beginning. */
  milliseconds: number;
  said: readonly (readonly [from: Side, text: string | Uint8Array])[];
}

const [FIN, SYN, PSH, ACK] = [1, 2, 8, 16];
const STEP = 2_000_000;
/** Seconds since 1970 of the first packet: any. */
const BEGIN = 1_700_000_000;

const octets = (address: string): number[] => address.split('.').map(Number);

export const bytesOf = (text: string | Uint8Array): Uint8Array =>
  typeof text === 'string' ? new Uint8Array(Buffer.from(text, 'latin1')) : text;

/** An Ethernet frame of IPv4. */
function frame(source: string, destination: string, protocol: number, payload: Uint8Array): Uint8Array {
  const head = Buffer.alloc(34);
  head.writeUInt16BE(0x0800, 12);
  head.writeUInt8(0x45, 14);
  head.writeUInt16BE(20 + payload.length, 16);
  head.writeUInt8(64, 22);
  head.writeUInt8(protocol, 23);
  Buffer.from(octets(source)).copy(head, 26);
  Buffer.from(octets(destination)).copy(head, 30);
  return new Uint8Array(Buffer.concat([head, payload]));
}

export function tcpPackets(talk: Talk): BuiltPacket[] {
  const client = talk.client ?? '10.244.1.17';
  const server = talk.server ?? '10.96.0.20';
  const next: Record<Side, number> = { client: 1000, server: 9000 };
  const packets: BuiltPacket[] = [];
  const send = (from: Side, flags: number, data: Uint8Array = new Uint8Array()): void => {
    const other = from === 'client' ? 'server' : 'client';
    const head = Buffer.alloc(20);
    head.writeUInt16BE(from === 'client' ? talk.clientPort : talk.serverPort, 0);
    head.writeUInt16BE(from === 'client' ? talk.serverPort : talk.clientPort, 2);
    head.writeUInt32BE(next[from], 4);
    if ((flags & ACK) !== 0) head.writeUInt32BE(next[other], 8);
    head.writeUInt8(0x50, 12);
    head.writeUInt8(flags, 13);
    head.writeUInt16BE(0xffff, 14);
    next[from] += data.length + ((flags & (SYN | FIN)) === 0 ? 0 : 1);
    const [source, destination] = from === 'client' ? [client, server] : [server, client];
    packets.push(
      packetAt(
        talk.milliseconds * 1e6 + packets.length * STEP,
        frame(source, destination, 6, Buffer.concat([head, data])),
      ),
    );
  };
  send('client', SYN);
  send('server', SYN | ACK);
  send('client', ACK);
  for (const [from, text] of talk.said) {
    const bytes = bytesOf(text);
    // As much as a segment holds on Ethernet.
    for (let start = 0; start < bytes.length; start += 1400) send(from, PSH | ACK, bytes.subarray(start, start + 1400));
  }
  send('client', FIN | ACK);
  send('server', FIN | ACK);
  send('client', ACK);
  return packets;
}

/** A UDP datagram. */
export function udpPacket(
  milliseconds: number,
  from: readonly [string, number],
  to: readonly [string, number],
  payload: Uint8Array,
): BuiltPacket {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(from[1], 0);
  head.writeUInt16BE(to[1], 2);
  head.writeUInt16BE(8 + payload.length, 4);
  return packetAt(milliseconds * 1e6, frame(from[0], to[0], 17, Buffer.concat([head, payload])));
}

const packetAt = (nanoseconds: number, data: Uint8Array): BuiltPacket => ({
  seconds: BEGIN + Math.floor(nanoseconds / 1e9),
  nanoseconds: nanoseconds % 1e9,
  data,
});

/** A capture of all, in order of time. */
export const captureOf = (packets: readonly BuiltPacket[]): Uint8Array =>
  buildPcap(
    packets.toSorted((one, other) => one.seconds - other.seconds || one.nanoseconds - other.nanoseconds),
    { nanoseconds: true },
  );
