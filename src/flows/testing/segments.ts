import { AddressTable } from '../../base/addresses.ts';
import { at } from '../../base/time.ts';
import { createLayers, IP_PROTOCOL, TCP_FLAG, type Layers } from '../../model/packet.ts';
import type { TrackedConnection } from '../../model/tracked-connection.ts';
import { createTcpStreams, type TcpStreamsOptions } from '../tcp-streams.ts';
import type { TcpStream } from '../tcp-stream.ts';

export const { syn: SYN, ack: ACK, fin: FIN, rst: RST, psh: PSH } = TCP_FLAG;

export const CLIENT = 1;
export const SERVICE = 2;
export const BACKEND = 3;
export const LOOPBACK = 5;

/** A table in which these have their addresses, and a node has one. */
function addressesOfSegments(): AddressTable {
  const addresses = new AddressTable();
  for (const text of ['10.244.1.17', '10.96.0.20', '10.244.2.31', '10.0.0.7', '127.0.0.1']) addresses.internText(text);
  return addresses;
}

export interface Segment {
  from?: 'client' | 'server';
  /** The server's address: the Service's, or behind the DNAT the back end's. */
  server?: number;
  client?: number;
  clientPort?: number;
  serverPort?: number;
  sequence: number;
  acknowledgment?: number;
  flags?: number;
  data?: string | Uint8Array;
  /** On the wire, where the capture cut it. */
  length?: number;
  ipId?: number;
  /** TCP options, padded. */
  options?: readonly number[];
  window?: number;
  hopLimit?: number;
  interface?: number;
  /** Nanoseconds. */
  time?: number;
}

/** Fills layers as the decoder would. */
export function segmentLayers(segment: Segment, number: number, layers: Layers = createLayers()): Layers {
  const data =
    typeof segment.data === 'string' ? Buffer.from(segment.data, 'latin1') : (segment.data ?? new Uint8Array(0));
  const fromClient = segment.from !== 'server';
  const client = segment.client ?? CLIENT;
  const server = segment.server ?? SERVICE;
  const [clientPort, serverPort] = [segment.clientPort ?? 41_200, segment.serverPort ?? 53];
  // Bytes stand somewhere in a buffer, as they do in a capture.
  const options = segment.options ?? [];
  const payloadStart = 2 + options.length;
  layers.bytes = Uint8Array.from([0xee, 0xee, ...options, ...data, 0xee]);
  Object.assign(layers, {
    number,
    time: at(segment.time ?? number * 1000),
    version: 4,
    protocol: IP_PROTOCOL.tcp,
    source: fromClient ? client : server,
    destination: fromClient ? server : client,
    sourcePort: fromClient ? clientPort : serverPort,
    destinationPort: fromClient ? serverPort : clientPort,
    sequence: segment.sequence >>> 0,
    acknowledgment: (segment.acknowledgment ?? 0) >>> 0,
    tcpFlags: segment.flags ?? ACK | PSH,
    tcpOptions: 2,
    payloadStart,
    payloadEnd: payloadStart + data.length,
    payloadLength: segment.length ?? data.length,
    ipId: segment.ipId ?? number,
    window: segment.window ?? 512,
    hopLimit: segment.hopLimit ?? 64,
    interface: segment.interface ?? 0,
  });
  return layers;
}

export interface Recorder {
  streams: ReturnType<typeof createTcpStreams>;
  push(segment: Segment): void;
  /** All that came, in order: `c:text`, `s:text`, `c gap`, `c fin`. Data of one direction in a row is joined. */
  log: string[];
  /** What each direction got, `|` for a gap. */
  said: { client: string; server: string };
  seen: TcpStream[];
  /** Numbers of the packets that brought data. */
  arrivals: number[];
  /** Connections in the order in which they were first heard of: living ones by their data, others by their end. */
  rows: TrackedConnection[];
  /** Those whose end was told. */
  told: TrackedConnection[];
}

const side = (stream: TcpStream): 'client' | 'server' => (stream.fromClient ? 'client' : 'server');

export function createRecorder(options: Partial<TcpStreamsOptions> = {}): Recorder {
  const layers = createLayers();
  const log: string[] = [];
  const said = { client: '', server: '' };
  const seen: TcpStream[] = [];
  const arrivals: number[] = [];
  const rows: TrackedConnection[] = [];
  const told: TrackedConnection[] = [];
  const meet = (row: TrackedConnection): void => void (rows.includes(row) || rows.push(row));
  let number = 0;
  const streams = createTcpStreams({
    addresses: addressesOfSegments(),
    onData(stream, bytes, start, end, arrival) {
      meet(stream.connection);
      const text = Buffer.from(bytes.subarray(start, end)).toString('latin1');
      const prefix = side(stream)[0] as string;
      const last = log.at(-1);
      if (last?.startsWith(`${prefix}:`) === true) log[log.length - 1] = last + text;
      else log.push(`${prefix}:${text}`);
      said[side(stream)] += text;
      seen.push(stream);
      arrivals.push(arrival.number);
    },
    onGap(stream) {
      meet(stream.connection);
      log.push(`${side(stream)[0]} gap`);
      said[side(stream)] += '|';
    },
    onEnd: (stream, _, because) => void log.push(`${side(stream)[0]} ${because}`),
    onConnection(row) {
      meet(row);
      told.push(row);
    },
    ...options,
  });
  return {
    streams,
    log,
    said,
    seen,
    arrivals,
    rows,
    told,
    push(segment) {
      number++;
      streams.push(segmentLayers(segment, number, layers));
    },
  };
}
