import { endpoint, isLoopback, type AddressTable } from '../base/addresses.ts';
import { at, between, seconds, type Timestamp } from '../base/time.ts';
import { isRedirected, isWithinPod } from '../model/direction.ts';
import { IP_PROTOCOL, TCP_FLAG, type AddressId, type Layers } from '../model/packet.ts';
import type { Arrival, TrackedConnection } from '../model/tracked-connection.ts';
import { Attempts } from './attempts.ts';
import { isUnreachable } from './icmp-errors.ts';
import { isOfFormer } from './former-connection.ts';
import { Hosts } from './hosts.ts';
import { Openings } from './openings.ts';
import { PacketMemory } from './packet-memory.ts';
import { SegmentRoom } from './sent-segments.ts';
import { Servers } from './servers.ts';
import { Direction, type Shared } from './tcp-direction.ts';
import {
  createTcpCounters,
  TCP_LIMITS,
  type TcpCounters,
  type TcpEnd,
  type TcpHandlers,
  type TcpLimits,
} from './tcp-stream.ts';
import { ConnectionTable, type Connection, type Face } from './tcp-table.ts';
import { TcpWatch } from './tcp-watch.ts';
import { noteEnd, trackedRow } from './tracked-row.ts';

// A closed connection is remembered as long as its ports may not be used again (TIME-WAIT on
// Linux), so that late copies of its packets do not look like a new one.
const CLOSED_KEPT = seconds(60);
// The last acknowledgment, and a FIN that is sent again, come within a retransmission or two.
const LAST_PACKETS = seconds(1);
const MAX_CLOSED = 4096;
// ClusterIP, node and pod, with a tunnel's end between: more faces are made up.
const MAX_FACES = 4;
// Clients that share a hash bucket; a flood must not make each packet look at all of it.
const MAX_CANDIDATES = 32;
// How far apart both sides' numbers of two faces' packets may be: the bytes in flight.
const FACE_DISTANCE = 1 << 20;
// A reset counts where it lies in a usual window (RFC 5961 section 3.2, loosely).
const RESET_DISTANCE = 1 << 24;

export interface TcpStreamsOptions extends TcpHandlers {
  addresses: AddressTable;
  limits?: Partial<TcpLimits>;
  /** A connection that was first seen in one input shows a packet in another, which is that of `layers`. */
  onOtherInput?(input: number, layers: Layers): void;
}

export interface TcpStreams {
  /** Takes any packet; what is no TCP is left alone. */
  push(layers: Layers): void;
  /** Takes an ICMP error that quotes a packet. */
  quoted(layers: Layers, quote: Layers): void;
  /** Nothing earlier can follow. */
  advance(time: Timestamp): void;
  /**
   * Hands on what waits and ends all streams.
   * @param endOf when an input ends; where its last packets are no TCP, that is later than the last that was taken here
   */
  finish(endOf?: (input: number) => Timestamp): void;
  readonly counters: Readonly<TcpCounters>;
}

/**
 * Puts TCP connections together from any point on, in one or both directions. The faces of a
 * DNAT and copies on several interfaces are one connection: whichever packet comes first counts.
 */
export function createTcpStreams(options: TcpStreamsOptions): TcpStreams {
  const limits: TcpLimits = { ...TCP_LIMITS, ...options.limits };
  const counters = createTcpCounters();
  const table = new ConnectionTable();
  const shared: Shared = { handlers: options, limits, counters, holes: new Set(), bytes: 0, deadline: at(Infinity) };
  const memory = new PacketMemory();
  const servers = new Servers();
  const openings = new Openings();
  const attempts = new Attempts();
  const room = new SegmentRoom(limits.segments);
  const hosts = new Hosts();
  const last: { input: number; number: number; time: Timestamp } = { input: 0, number: 0, time: at(0) };

  function push(layers: Layers): void {
    if (layers.protocol !== IP_PROTOCOL.tcp) return;
    const { source, sourcePort, destination, destinationPort, tcpFlags } = layers;
    // Every segment acknowledges, opens or resets (RFC 9293 section 3.10): others are cut headers or scans.
    if ((tcpFlags & (TCP_FLAG.ack | TCP_FLAG.syn | TCP_FLAG.rst)) === 0 || sourcePort === 0) return;
    last.input = layers.input;
    last.number = layers.number;
    last.time = layers.time;
    advance(layers.time);

    const sequence = layers.sequence | 0;
    const isSyn = (tcpFlags & TCP_FLAG.syn) !== 0;
    const hasAck = (tcpFlags & TCP_FLAG.ack) !== 0;
    const face = table.find(source, sourcePort, destination, destinationPort);
    const connection = isSyn
      ? openFor(face, layers, sequence, hasAck)
      : (continuedBy(face, layers, sequence) ?? otherFaceOf(layers, sequence, hasAck) ?? begin(layers));
    if (connection === null) return;
    connection.lastPacketAt = layers.time;
    table.touch(connection);
    if (connection.attempt !== null) {
      if (isSyn && !hasAck) attempts.again(connection);
      else attempts.remove(connection);
    }
    const { row, watch } = connection;
    if (layers.input !== row.input) options.onOtherInput?.(row.input, layers);
    const fromClient = isClient(connection, source, sourcePort);
    const mayBeCopy = isSyn || watch === null || !watch.goesBeyond(layers, fromClient);
    if (memory.isCopy(connection.ordinal * 2 + Number(fromClient), layers, mayBeCopy)) return countCopy(layers);
    if (watch === null || (!isSyn && isOfFormer(connection, layers, fromClient))) return;

    const direction = fromClient ? connection.fromClient : connection.fromServer;
    const peer = fromClient ? connection.fromServer : connection.fromClient;
    if (isSyn && !direction.opened && direction.state !== 'ended' && !direction.delivered) direction.open(sequence);
    direction.seen = true;
    const first = isSyn ? (sequence + 1) | 0 : sequence;
    if ((tcpFlags & TCP_FLAG.rst) !== 0) {
      const valid =
        direction.state === 'unknown' ||
        direction.isNear(sequence, RESET_DISTANCE) ||
        (hasAck && peer.isNear(layers.acknowledgment | 0, RESET_DISTANCE));
      // An answer that a DNAT forgot to translate meets no socket: that reset ends another tuple's connection, which is none.
      const isAsked = destination === row.serverId && destinationPort === row.serverPort;
      const isStray = fromClient && !isAsked && !isRedirected(row);
      if (!valid || isStray) return;
      watch.reset(layers, fromClient);
      end(connection, layers, 'reset');
      return;
    }
    if (!watch.push(layers, fromClient)) return countCopy(layers);
    if (hasAck) peer.acknowledge(layers.acknowledgment | 0, layers);
    direction.receive(first, layers, peer.seen);
    if ((tcpFlags & TCP_FLAG.fin) !== 0) direction.finish((first + layers.payloadLength) | 0, layers);
    if (direction.state === 'ended' && peer.state === 'ended') table.close(connection);
  }

  function countCopy({ input }: Layers): void {
    counters.copies[input] = (counters.copies[input] ?? 0) + 1;
  }

  /** The connection that a SYN or SYN-ACK belongs to, made where there is none. */
  function openFor(face: Face | null, layers: Layers, sequence: number, isAnswer: boolean): Connection | null {
    const { source, sourcePort, destination, destinationPort } = layers;
    if (face !== null) {
      const known = face.connection;
      const direction = sideOf(known, source, sourcePort);
      const peer = direction === known.fromClient ? known.fromServer : known.fromClient;
      const isSame = direction.opened
        ? direction.origin === ((sequence + 1) | 0)
        : direction.state === 'unknown' || direction.origin === ((sequence + 1) | 0);
      if (isSame && !(known.closed && direction.state === 'unknown')) return known;
      // Another answer to the same SYN: the first was lost, or another back end gave it.
      if (isAnswer && peer.opened && peer.origin === (layers.acknowledgment | 0)) {
        if (!direction.delivered && direction.state !== 'ended') direction.open(sequence);
        return known;
      }
      // A stray answer to a SYN of which nothing else was seen must not end what goes on.
      if (isAnswer && !known.closed && peer.isNear(layers.acknowledgment | 0, FACE_DISTANCE)) return known;
      // The same ports used again.
      end(known, layers, 'replaced');
      tell(known);
      table.removeFace(face);
      if (known.faces.length === 0) table.remove(known);
    }
    if (isAnswer) servers.add(source, sourcePort);
    else servers.add(destination, destinationPort);
    const client = isAnswer ? destination : source;
    const clientPort = isAnswer ? destinationPort : sourcePort;
    const origin = isAnswer ? layers.acknowledgment | 0 : (sequence + 1) | 0;
    let candidate = table.ofClient(client, clientPort);
    for (let count = 0; candidate !== null && count < MAX_CANDIDATES; count++) {
      const isSame =
        isClient(candidate, client, clientPort) &&
        candidate.fromClient.opened &&
        candidate.fromClient.origin === origin;
      if (isSame) return join(candidate, layers);
      candidate = candidate.nextOfClient;
    }
    const forwarded = isAnswer ? null : openings.find(layers);
    if (forwarded !== null && forwarded.watch !== null && forwarded.alias === null) {
      forwarded.alias = { address: source, port: sourcePort };
      return join(forwarded, layers);
    }
    const created = create(layers, !isAnswer, 'handshake');
    if (!isAnswer) openings.add(created, layers);
    return created;
  }

  /** The connection that goes on with this packet; null where there is none, or where it ended and this is a new one. */
  function continuedBy(face: Face | null, layers: Layers, sequence: number): Connection | null {
    if (face === null) return null;
    const known = face.connection;
    if (!known.closed || layers.payloadLength === 0) return known;
    // The ports are used again and the SYN was not captured: far from the old numbers.
    if (sideOf(known, layers.source, layers.sourcePort).isNear(sequence, RESET_DISTANCE)) return known;
    tell(known);
    table.remove(known);
    return null;
  }

  /**
   * The connection whose packet this is behind (or before) a DNAT: same client and port, and the
   * numbers of both sides fit. Numbers start at random (RFC 6528), so by chance that happens once
   * in millions.
   */
  function otherFaceOf(layers: Layers, sequence: number, hasAck: boolean): Connection | null {
    if (!hasAck) return null;
    const { source, sourcePort, destination, destinationPort } = layers;
    for (const clientIsSource of [true, false]) {
      const client = clientIsSource ? source : destination;
      const port = clientIsSource ? sourcePort : destinationPort;
      let candidate = table.ofClient(client, port);
      for (let count = 0; candidate !== null && count < MAX_CANDIDATES; count++) {
        if (isClient(candidate, client, port)) {
          const direction = clientIsSource ? candidate.fromClient : candidate.fromServer;
          const peer = clientIsSource ? candidate.fromServer : candidate.fromClient;
          const isFace =
            direction.isNear(sequence, FACE_DISTANCE) && peer.isNear(layers.acknowledgment | 0, FACE_DISTANCE);
          if (isFace) return join(candidate, layers);
        }
        candidate = candidate.nextOfClient;
      }
    }
    return null;
  }

  function join(connection: Connection, layers: Layers): Connection | null {
    if (connection.faces.length >= MAX_FACES) return null;
    const { source, sourcePort, destination, destinationPort } = layers;
    table.addFace(connection, source, sourcePort, destination, destinationPort);
    const { row, watch } = connection;
    const fromClient = isClient(connection, source, sourcePort);
    const server = fromClient ? destination : source;
    const serverPort = fromClient ? destinationPort : sourcePort;
    const address = options.addresses.text(server);
    const backend = endpoint(address, serverPort);
    if (server === row.serverId && serverPort === row.serverPort) return connection;
    // A redirected client is seen to send to its own host, and is answered in the name of whom it called.
    const isAnswerer = isLoopback(row.server);
    const isRedirect = isLoopback(address);
    if (!isAnswerer && (isRedirect || watch === null || watch.client.known)) {
      // What the client sent before had the ends that it knows.
      if (fromClient || row.backend === null) row.backend = backend;
      if (isRedirect) options.onWithinPod?.(row);
    } else {
      // Answers are seen behind the DNAT first: the server known so far is not the client's.
      row.backend = endpoint(row.server, row.serverPort);
      row.server = address;
      row.serverId = server;
      row.serverPort = serverPort;
    }
    return connection;
  }

  /** A connection that was open before the capture began. */
  function begin(layers: Layers): Connection | null {
    // A reset of a connection that is not known opens none.
    if ((layers.tcpFlags & TCP_FLAG.rst) !== 0) return null;
    return create(layers, !servers.isSource(layers), 'ports');
  }

  function create(layers: Layers, clientIsSource: boolean, rolesFrom: TrackedConnection['rolesFrom']): Connection {
    const { source, sourcePort, destination, destinationPort } = layers;
    const number = counters.connections++;
    const ends = clientIsSource
      ? { client: source, clientPort: sourcePort, server: destination, serverPort: destinationPort }
      : { client: destination, clientPort: destinationPort, server: source, serverPort: sourcePort };
    const row = trackedRow(number, ends, rolesFrom, layers, options.addresses);
    const connection: Connection = {
      client: ends.client,
      clientPort: ends.clientPort,
      fromClient: new Direction({ id: number * 2, connection: row, fromClient: true }, shared),
      fromServer: new Direction({ id: number * 2 + 1, connection: row, fromClient: false }, shared),
      row,
      ordinal: number,
      watch: new TcpWatch(row, room, hosts),
      alias: null,
      attempt: null,
      formerNumber: null,
      faces: [],
      lastPacketAt: layers.time,
      closed: false,
      nextOfClient: null,
      earlier: null,
      later: null,
    };
    connection.fromClient.peer = connection.fromServer;
    connection.fromServer.peer = connection.fromClient;
    table.insert(connection);
    table.addFace(connection, source, sourcePort, destination, destinationPort);
    if (clientIsSource && rolesFrom === 'handshake') attempts.add(connection);
    if (isWithinPod(row)) options.onWithinPod?.(row);
    makeRoom(layers);
    return connection;
  }

  function makeRoom(arrival: Arrival): void {
    while (table.open.size > limits.connections) evict(table.open.first as Connection, arrival);
    while (attempts.size > limits.attempts) evict(attempts.oldest as Connection, arrival);
    for (let oldest = table.closed.first; oldest !== null; oldest = table.closed.first) {
      const isKept = between(oldest.lastPacketAt, arrival.time) < CLOSED_KEPT && table.closed.size <= MAX_CLOSED;
      if (isKept) return;
      table.remove(oldest);
    }
  }

  function evict(connection: Connection, arrival: Arrival): void {
    counters.evicted++;
    end(connection, arrival, 'evicted');
    tell(connection);
    table.remove(connection);
  }

  function end(connection: Connection, arrival: Arrival, because: TcpEnd): void {
    if (because === 'replaced' || because === 'evicted') noteEnd(connection.row, because, null, arrival);
    if (!connection.closed) connection.watch?.finish(arrival.time);
    giveUpHoles(connection);
    attempts.remove(connection);
    connection.fromClient.close(arrival, because);
    connection.fromServer.close(arrival, because);
    table.close(connection);
  }

  /** Its row is complete. */
  function tell(connection: Connection): void {
    const { row, watch } = connection;
    if (watch === null) return;
    table.tell(connection);
    watch.finish(connection.lastPacketAt);
    const { unseen } = watch;
    if (unseen > 0) counters.unseen[row.input] = (counters.unseen[row.input] ?? 0) + unseen;
    options.onConnection?.(row);
  }

  function quoted(layers: Layers, quote: Layers): void {
    if (quote.protocol !== IP_PROTOCOL.tcp) return;
    if (quote.sourcePort === 0) {
      if (isUnreachable(layers)) attempts.onlyOneFor(quote)?.watch?.maybeRefused(layers);
      return;
    }
    const face = table.find(quote.source, quote.sourcePort, quote.destination, quote.destinationPort);
    if (face === null) return;
    if (face.connection.watch?.quoted(layers, quote)) end(face.connection, layers, 'reset');
  }

  function advance(time: Timestamp): void {
    if (time >= shared.deadline) expire(time);
    for (let oldest = table.closing.first; oldest !== null; oldest = table.closing.first) {
      if (between(oldest.lastPacketAt, time) < LAST_PACKETS && table.closing.size <= limits.closing) return;
      tell(oldest);
    }
  }

  function expire(time: Timestamp): void {
    let deadline = Infinity;
    for (const direction of shared.holes) {
      direction.expire(time);
      deadline = Math.min(deadline, direction.holeDeadline);
    }
    shared.deadline = at(deadline);
  }

  function finish(endOf: (input: number) => Timestamp = () => last.time): void {
    for (let first = table.closing.first; first !== null; first = table.closing.first) tell(first);
    for (let first = table.open.first; first !== null; first = table.open.first) {
      const until = endOf(first.row.input);
      end(first, { ...last, time: until > first.lastPacketAt ? until : first.lastPacketAt }, 'captureEnd');
      tell(first);
    }
    for (let first = table.closed.first; first !== null; first = table.closed.first) table.remove(first);
  }

  return { push, quoted, advance, finish, counters };
}

/** In turns: what is held back by a hole of one side may lie before one of the other. */
function giveUpHoles({ fromClient, fromServer }: Connection): void {
  for (let more = true; more;) {
    const before = [fromClient.next, fromServer.next];
    fromClient.giveUp();
    fromServer.giveUp();
    more = fromClient.next !== before[0] || fromServer.next !== before[1];
  }
}

function isClient({ client, clientPort, alias }: Connection, address: AddressId, port: number): boolean {
  if (client === address && clientPort === port) return true;
  return alias !== null && alias.address === address && alias.port === port;
}

/** Whoever is not the client, under either of its names, is the server. */
function sideOf(connection: Connection, source: AddressId, sourcePort: number): Direction {
  return isClient(connection, source, sourcePort) ? connection.fromClient : connection.fromServer;
}
