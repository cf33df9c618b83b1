import { LinkedQueue } from '../base/linked-queue.ts';
import { emptySlots, withOneMore } from '../base/lists.ts';
import type { Timestamp } from '../base/time.ts';
import type { AddressId } from '../model/packet.ts';
import type { Direction } from './tcp-direction.ts';
import type { TcpWatch } from './tcp-watch.ts';
import type { TrackedRow } from './tracked-row.ts';

/** One connection with both directions and all tuples under which its packets are seen. */
export interface Connection {
  readonly client: AddressId;
  readonly clientPort: number;
  /** What a masquerade (SNAT) made of the client; null where none was seen. */
  alias: { readonly address: AddressId; readonly port: number } | null;
  readonly fromClient: Direction;
  readonly fromServer: Direction;
  readonly row: TrackedRow;
  /** Unique among connections. */
  readonly ordinal: number;
  /** Null once its row was handed on: nothing more is counted. */
  watch: TcpWatch | null;
  /** The client's own tuple first; others are what DNAT made of it. */
  faces: Face[];
  lastPacketAt: Timestamp;
  /** Both directions ended: kept for a while, so that what is late finds it. */
  closed: boolean;
  /** Null once anything but SYNs of its client was seen. */
  attempt: Attempt | null;
  /** What a connection that had these ports before was told to have been received, while this one's SYN waits; null without. */
  formerNumber: number | null;
  nextOfClient: Connection | null;
  earlier: Connection | null;
  later: Connection | null;
}

/** The place of a connection among those that nobody has answered yet. */
export interface Attempt {
  readonly connection: Connection;
  earlier: Attempt | null;
  later: Attempt | null;
}

/** One tuple of a connection. `low` and `high` are its ends in a fixed order. */
export interface Face {
  readonly low: AddressId;
  readonly lowPort: number;
  readonly high: AddressId;
  readonly highPort: number;
  connection: Connection;
  next: Face | null;
}

const FIRST_BUCKETS = 256;

/** Connections by tuple and by client, in order of their last packet. */
export class ConnectionTable {
  readonly open = new LinkedQueue<Connection>();
  /** Closed, and their last packets may still come. */
  readonly closing = new LinkedQueue<Connection>();
  /** Closed and told. */
  readonly closed = new LinkedQueue<Connection>();
  #faces: (Face | null)[] = emptySlots(FIRST_BUCKETS);
  #clients: (Connection | null)[] = emptySlots(FIRST_BUCKETS);
  #faceCount = 0;

  find(source: AddressId, sourcePort: number, destination: AddressId, destinationPort: number): Face | null {
    const sourceIsLow = isLow(source, sourcePort, destination, destinationPort);
    const low = sourceIsLow ? source : destination;
    const lowPort = sourceIsLow ? sourcePort : destinationPort;
    const high = sourceIsLow ? destination : source;
    const highPort = sourceIsLow ? destinationPort : sourcePort;
    let face = this.#faces[hash(low, lowPort, high, highPort) & (this.#faces.length - 1)] as Face | null;
    while (face !== null) {
      if (face.low === low && face.high === high && face.lowPort === lowPort && face.highPort === highPort) return face;
      face = face.next;
    }
    return null;
  }

  /** The first of the connections that might be this client's; follow `nextOfClient`. */
  ofClient(client: AddressId, port: number): Connection | null {
    return this.#clients[hash(client, port, 0, 0) & (this.#clients.length - 1)] as Connection | null;
  }

  insert(connection: Connection): void {
    this.open.append(connection);
    const bucket = hash(connection.client, connection.clientPort, 0, 0) & (this.#clients.length - 1);
    connection.nextOfClient = this.#clients[bucket] as Connection | null;
    this.#clients[bucket] = connection;
  }

  /** Adds a tuple to a connection. */
  addFace(
    connection: Connection,
    source: AddressId,
    sourcePort: number,
    destination: AddressId,
    destinationPort: number,
  ): void {
    const sourceIsLow = isLow(source, sourcePort, destination, destinationPort);
    const face: Face = {
      low: sourceIsLow ? source : destination,
      lowPort: sourceIsLow ? sourcePort : destinationPort,
      high: sourceIsLow ? destination : source,
      highPort: sourceIsLow ? destinationPort : sourcePort,
      connection,
      next: null,
    };
    connection.faces = withOneMore(connection.faces, face);
    if (++this.#faceCount > this.#faces.length) this.#grow();
    this.#link(face);
  }

  removeFace(face: Face): void {
    const faces = face.connection.faces;
    faces.splice(faces.indexOf(face), 1);
    this.#unlink(face);
  }

  /** Moves the connection behind all others of its queue. */
  touch(connection: Connection): void {
    if (connection.later === null) return;
    const queue = this.#queueOf(connection);
    queue.remove(connection);
    queue.append(connection);
  }

  close(connection: Connection): void {
    if (connection.closed) return;
    this.open.remove(connection);
    connection.closed = true;
    this.closing.append(connection);
  }

  /** A closed connection's row is handed on. */
  tell(connection: Connection): void {
    this.closing.remove(connection);
    connection.watch = null;
    this.closed.append(connection);
  }

  #queueOf(connection: Connection): LinkedQueue<Connection> {
    if (!connection.closed) return this.open;
    return connection.watch === null ? this.closed : this.closing;
  }

  remove(connection: Connection): void {
    this.#queueOf(connection).remove(connection);
    for (const face of connection.faces) this.#unlink(face);
    const bucket = hash(connection.client, connection.clientPort, 0, 0) & (this.#clients.length - 1);
    if (this.#clients[bucket] === connection) {
      this.#clients[bucket] = connection.nextOfClient;
      return;
    }
    let before = this.#clients[bucket] as Connection | null;
    while (before !== null && before.nextOfClient !== connection) before = before.nextOfClient;
    if (before !== null) before.nextOfClient = connection.nextOfClient;
  }

  #link(face: Face): void {
    const bucket = hash(face.low, face.lowPort, face.high, face.highPort) & (this.#faces.length - 1);
    face.next = this.#faces[bucket] as Face | null;
    this.#faces[bucket] = face;
  }

  #unlink(face: Face): void {
    this.#faceCount--;
    const bucket = hash(face.low, face.lowPort, face.high, face.highPort) & (this.#faces.length - 1);
    if (this.#faces[bucket] === face) {
      this.#faces[bucket] = face.next;
      return;
    }
    let before = this.#faces[bucket] as Face | null;
    while (before !== null && before.next !== face) before = before.next;
    if (before !== null) before.next = face.next;
  }

  #grow(): void {
    const size = this.#faces.length * 2;
    const faces = this.#faces;
    const clients = this.#clients;
    this.#faces = emptySlots(size);
    this.#clients = emptySlots(size);
    for (const first of faces) {
      for (let face = first; face !== null;) {
        const next: Face | null = face.next;
        this.#link(face);
        face = next;
      }
    }
    for (const first of clients) {
      for (let connection = first; connection !== null;) {
        const next: Connection | null = connection.nextOfClient;
        const bucket = hash(connection.client, connection.clientPort, 0, 0) & (size - 1);
        connection.nextOfClient = this.#clients[bucket] as Connection | null;
        this.#clients[bucket] = connection;
        connection = next;
      }
    }
  }
}

const isLow = (source: AddressId, sourcePort: number, destination: AddressId, destinationPort: number): boolean =>
  source < destination || (source === destination && sourcePort <= destinationPort);

function hash(first: number, second: number, third: number, fourth: number): number {
  let value = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
  value ^= Math.imul(third, 0xc2b2ae35) ^ Math.imul(fourth, 0x27d4eb2f);
  return value ^ (value >>> 15);
}
