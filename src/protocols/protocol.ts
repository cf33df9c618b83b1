import type { Side } from '../model/connection.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Arrival, OpenExchange, TrackedConnection } from '../model/tracked-connection.ts';

/** Why nothing more will come from one side. */
export type StreamEnd = 'fin' | 'reset' | 'replaced' | 'evicted' | 'captureEnd';

/** What a protocol is given when a connection turns out to speak it. */
export interface ConversationContext {
  readonly connection: TrackedConnection;
  /** The first bytes that the protocol gets are the connection's own first, or the carrier's: nothing was missed. */
  readonly fromStart: boolean;
  /**
   * An exchange that the carrier began and that this protocol is to end: h2c's upgrade, whose
   * answer is HTTP/2's stream 1 (RFC 7540 section 3.2). Null for nearly all.
   */
  readonly handedOver: OpenExchange | null;
  /** The next exchange's id, in order of their start. */
  nextId(): string;
  /** An exchange that is complete, or will not become so. Copied or written by who gets it: it may be used again. */
  emit(exchange: Exchange): void;
  /**
   * A conversation within this one: what TLS carries, what follows an upgrade. Who asks pushes
   * into it, and ends both its sides, as the bytes become readable, or hands it to {@link become}.
   * @param protocol its id where that is agreed on; null: told from its first bytes
   * @param handedOver see {@link ConversationContext.handedOver}
   * @returns null where that protocol is not known
   */
  carry(protocol: string | null, handedOver?: OpenExchange | null): Conversation | null;
  /**
   * From here on the connection speaks something else: pushes to the old conversation stop when
   * the call at hand returns. What is left of its bytes the old one pushes into `next` itself.
   * @param next made by {@link carry}; null: opaque, nothing more is read
   */
  become(next: Conversation | null): void;
}

/** One connection's conversation in one protocol. It reads both sides. */
export interface Conversation {
  /** Bytes in order, each once, valid during the call. @param arrival the packet that let the receiver have them */
  push(from: Side, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void;
  /**
   * `length` bytes of that side are missing here; Infinity where it can't be told how many.
   * @param isCut they came with this packet, whose end the capture left out
   */
  gap(from: Side, length: number, arrival: Arrival, isCut?: boolean): void;
  /** Nothing more from that side. */
  end(from: Side, arrival: Arrival, because: StreamEnd): void;
}

/** Answers of {@link Protocol.recognise}: `more` where the bytes so far would fit. */
export type Recognition = 'yes' | 'no' | 'more';

/** A protocol that is told from its content; ports only break ties. */
export interface Protocol {
  /** What `Connection.protocol` shows. */
  readonly id: string;
  /** Server ports that it is usual on: of several that say yes the one with the connection's port is taken. */
  readonly ports: readonly number[];
  /** It only carries another, which is the one that `Connection.protocol` shows: TLS. */
  readonly isCarrier?: boolean;
  /**
   * Whether one side's first bytes (or, in the midst of a connection, bytes at which a segment
   * begins) speak it. Cheap: asked for each connection, never throws, keeps nothing. Asked again
   * with more bytes of that side after `more`, at most `MAX_KEPT` (`undecided.ts`). `no` is final
   * for bytes that are the connection's first.
   */
  recognise(from: Side, bytes: Uint8Array, start: number, end: number, fromStart: boolean): Recognition;
  open(context: ConversationContext): Conversation;
}
