import type { Timestamp } from '../base/time.ts';
import type { Layers } from '../model/packet.ts';
import type { Arrival, TrackedConnection } from '../model/tracked-connection.ts';

/** One direction of one TCP connection. Its ends stand in the connection, named as the client names them. */
export interface TcpStream {
  /** Unique among all directions. */
  readonly id: number;
  readonly connection: TrackedConnection;
  readonly fromClient: boolean;
}

/** Who sends it to whom, as the client names both. */
export type StreamEnds = Pick<Layers, 'source' | 'sourcePort' | 'destination' | 'destinationPort'>;

export function endsOf({ connection, fromClient }: TcpStream): StreamEnds {
  const { clientId, clientPort, serverId, serverPort } = connection;
  return fromClient
    ? { source: clientId, sourcePort: clientPort, destination: serverId, destinationPort: serverPort }
    : { source: serverId, sourcePort: serverPort, destination: clientId, destinationPort: clientPort };
}

/** Why a stream ends; `replaced`: a new connection on the same ports. */
export type TcpEnd = 'fin' | 'reset' | 'replaced' | 'evicted' | 'captureEnd';

export interface TcpHandlers {
  /**
   * Bytes in order, each once: `bytes[start] … bytes[end - 1]`, valid during the call.
   * @param arrival the packet that let the receiver have them: that of the last missing piece
   */
  onData(stream: TcpStream, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void;
  /**
   * `length` bytes of the stream are missing here: the capture lost or cut them, or a bound was
   * reached. Infinity where it can't be told how many.
   * @param isCut they came with this packet, whose end the capture left out
   */
  onGap(stream: TcpStream, length: number, arrival: Arrival, isCut: boolean): void;
  /** Nothing of this stream will follow. */
  onEnd?(stream: TcpStream, arrival: Arrival, because: TcpEnd): void;
  /** A connection begins that does not leave the host that it was captured at. */
  onWithinPod?(connection: TrackedConnection): void;
  /** The connection is over, both its streams ended before. */
  onConnection?(connection: TrackedConnection): void;
}

export interface TcpLimits {
  /** Connections kept; beyond, the one that was silent longest is ended. */
  connections: number;
  /** Of these, the ones that nobody has answered. */
  attempts: number;
  /** Connections that ended and wait for their last packets; beyond, those that ended first are told. */
  closing: number;
  /** Bytes kept of one direction that wait for a missing piece. */
  bytesPerDirection: number;
  /** The same of all together. */
  bytes: number;
  /** Segments that are not acknowledged, of all together, beyond the first few of each direction. */
  segments: number;
}

export const TCP_LIMITS: TcpLimits = {
  // Far more than a node has in use at a time; about 4 KB each.
  connections: 1 << 14,
  // Linux lets so many wait for one listener, and no more (tcp_max_syn_backlog of a large machine): beyond is a
  // flood or a scan, of which 180,000 SYNs took 279 MiB with as many kept as of others.
  attempts: 1 << 12,
  // Some 3 KB each. Where more end within a second, those of the last 200 ms should be among them: what is lost at the
  // end is sent again by then (TCP_RTO_MIN).
  closing: 1 << 12,
  // The kernel's default receive window at most (tcp_rmem[2] = 6 MiB): more can't be in flight.
  bytesPerDirection: 6 << 20,
  bytes: 32 << 20,
  // 40 bytes each.
  segments: 1 << 19,
};

/** What was met, and what was lost. */
export interface TcpCounters {
  connections: number;
  /** Packets seen again on their way (`-i any`, the other face of a DNAT), by input. */
  readonly copies: number[];
  /** Segments that were acknowledged and never seen, by input. */
  readonly unseen: number[];
  /** Times that a stream went on behind missing bytes, and how many bytes. */
  gaps: number;
  missingBytes: number;
  /** Connections ended for want of room. */
  evicted: number;
}

export const createTcpCounters = (): TcpCounters => ({
  connections: 0,
  copies: [],
  unseen: [],
  gaps: 0,
  missingBytes: 0,
  evicted: 0,
});

/** What all directions share. */
export interface SharedBy<Direction> {
  handlers: TcpHandlers;
  limits: TcpLimits;
  counters: TcpCounters;
  /** Directions with a hole, the oldest hole first. */
  holes: Set<Direction>;
  /** Bytes that wait behind holes. */
  bytes: number;
  /** The first moment at which a hole's patience ends. */
  deadline: Timestamp;
}
