import type { Side } from '../model/connection.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Arrival, OpenExchange, TrackedConnection } from '../model/tracked-connection.ts';
import type { Conversation, ConversationContext, Protocol, StreamEnd } from './protocol.ts';
import { createProtocols } from './registry.ts';
import { Undecided, type Kept } from './undecided.ts';
import type { Said } from './unread/said.ts';
import { areRolesKnown, UnreadConversation } from './unread/unread.ts';

export interface ConversationsOptions {
  /** An exchange that is over; valid during the call only. */
  emit(exchange: Exchange, connection: TrackedConnection): void;
  /** In the order in which they are asked. */
  protocols?: readonly Protocol[];
  /** The id of the next exchange of an input; by default `0.e0`, `0.e1`… */
  nextId?(input: number): string;
}

export interface ConversationCounts {
  /** Connections whose protocol was told from their bytes. */
  recognised: number;
  /** Connections whose bytes fit none, or became unreadable (TLS without keys, WebSocket). */
  opaque: number;
  /** Bytes let go unread because too many connections were undecided at once. */
  droppedBytes: number;
}

/** What all lines of one driver share. */
interface Shared {
  readonly protocols: readonly Protocol[];
  readonly kept: Kept;
  readonly counts: ConversationCounts;
  emit(exchange: Exchange, connection: TrackedConnection): void;
  nextId(input: number): string;
}

/**
 * Who speaks on a connection at the moment, first {@link Undecided}, then a protocol, then perhaps
 * what that one becomes. What a protocol carries is a line of its own on the same connection.
 */
class Line implements Conversation {
  /** Null: opaque. */
  speaker: Conversation | null;
  readonly connection: TrackedConnection;
  readonly #shared: Shared;
  readonly #handedOver: OpenExchange | null;
  #clientEnded = false;
  #serverEnded = false;

  constructor(shared: Shared, connection: TrackedConnection, fromStart: boolean, handedOver: OpenExchange | null) {
    this.#shared = shared;
    this.connection = connection;
    this.#handedOver = handedOver;
    this.speaker = new Undecided(shared.protocols, shared.kept, connection.serverPort, fromStart, this);
  }

  push(from: Side, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    this.speaker?.push(from, bytes, start, end, arrival);
  }

  gap(from: Side, length: number, arrival: Arrival, isCut = false): void {
    this.speaker?.gap(from, length, arrival, isCut);
  }

  end(from: Side, arrival: Arrival, because: StreamEnd): void {
    this.speaker?.end(from, arrival, because);
    if (from === 'client') this.#clientEnded = true;
    else this.#serverEnded = true;
  }

  /** Nothing more comes from either side. */
  get isOver(): boolean {
    return this.#clientEnded && this.#serverEnded;
  }

  decide(protocol: Protocol, fromStart: boolean): void {
    if (protocol.isCarrier !== true) this.connection.protocol = protocol.id;
    this.#shared.counts.recognised++;
    this.speaker = protocol.open(this.#context(fromStart));
  }

  giveUp(said: readonly Said[]): void {
    this.#pass();
    if (!areRolesKnown(this.connection)) return;
    this.speaker = new UnreadConversation(this.#context(true));
    for (const { from, length, missing, because, arrival } of said) {
      if (because !== null) this.speaker?.end(from, arrival, because);
      else this.speaker?.gap(from, length, arrival, !missing);
    }
  }

  /** From here on nobody reads it. */
  #pass(): void {
    this.#shared.counts.opaque++;
    this.speaker = null;
  }

  /** All that is kept of a connection that nobody has recognised. */
  letGo(): void {
    if (this.speaker instanceof Undecided || this.speaker instanceof Line) this.speaker.letGo();
  }

  #context(fromStart: boolean): ConversationContext {
    const { connection } = this;
    const shared = this.#shared;
    return {
      connection,
      fromStart,
      handedOver: this.#handedOver,
      nextId: () => shared.nextId(connection.input),
      emit: (exchange) => shared.emit(exchange, connection),
      carry: (id, handedOver) => {
        // It begins here, whether or not the carrier was seen from its start.
        const carried = new Line(shared, connection, true, handedOver ?? null);
        if (id === null) return carried;
        const protocol = shared.protocols.find((known) => known.id === id);
        if (protocol === undefined) return null;
        carried.decide(protocol, true);
        return carried;
      },
      become: (next) => {
        if (next === null) this.#pass();
        else this.speaker = next;
      },
    };
  }
}

/** Bytes of connections in, exchanges out: finds out what each connection speaks, and lets that protocol read it. */
export function createConversations({ emit, protocols = createProtocols(), nextId }: ConversationsOptions) {
  const numbers: number[] = [];
  const counts: ConversationCounts = { recognised: 0, opaque: 0, droppedBytes: 0 };
  const shared: Shared = {
    protocols,
    kept: { bytes: 0, said: 0, counts },
    counts,
    emit,
    nextId: nextId ?? countedId,
  };

  function countedId(input: number): string {
    const number = numbers[input] ?? 0;
    numbers[input] = number + 1;
    return `${input}.e${number}`;
  }

  function lineOf(connection: TrackedConnection): Line {
    if (connection.reader instanceof Line) return connection.reader;
    const opened = connection.syns.length > 0 || connection.synAcks.length > 0;
    const line = new Line(shared, connection, opened, null);
    connection.reader = line;
    return line;
  }

  return {
    counts,

    /** Bytes of one side in order, each once, valid during the call. */
    data(
      connection: TrackedConnection,
      from: Side,
      bytes: Uint8Array,
      start: number,
      end: number,
      arrival: Arrival,
    ): void {
      if (start < end) lineOf(connection).speaker?.push(from, bytes, start, end, arrival);
    },

    /** Bytes of one side are missing here. */
    gap(connection: TrackedConnection, from: Side, length: number, arrival: Arrival, isCut: boolean): void {
      lineOf(connection).speaker?.gap(from, length, arrival, isCut);
    },

    /** Nothing more from that side. */
    end(connection: TrackedConnection, from: Side, arrival: Arrival, because: StreamEnd): void {
      const line = lineOf(connection);
      line.end(from, arrival, because);
      // At once: until it is sure that the connection is over there may be ten thousand others.
      if (line.isOver) letGo(connection, line);
    },

    /** Nothing reads this connection, nor will: its bytes need not be put together. */
    isOpaque: ({ reader }: TrackedConnection): boolean => reader instanceof Line && reader.speaker === null,

    /** The connection is over, both sides have ended: all that was kept of it is let go. */
    closed(connection: TrackedConnection): void {
      if (connection.reader instanceof Line) letGo(connection, connection.reader);
    },
  };
}

function letGo(connection: TrackedConnection, line: Line): void {
  line.letGo();
  connection.reader = null;
}
