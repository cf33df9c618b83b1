import type { Side } from '../model/connection.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Arrival, TrackedConnection } from '../model/tracked-connection.ts';

/** Why nothing more will come from one side. */
export type StreamEnd = 'fin' | 'reset' | 'replaced' | 'evicted' | 'captureEnd';

/** What a protocol is given when a connection turns out to speak it. */
export interface ConversationContext {
  readonly connection: TrackedConnection;
  /** The first bytes that the protocol gets are the connection's own first: nothing was missed. */
  readonly fromStart: boolean;
  /** The next exchange's id, in order of their start. */
  nextId(): string;
  /** An exchange that is complete, or will not become so. Copied or written by who gets it: it may be used again. */
  emit(exchange: Exchange): void;
  /**
   * From here on the connection speaks something else (h2c, WebSocket, what TLS carried). The new
   * one is told from its bytes; `pushes` to the old one stop.
   * @param protocol the id of the protocol that follows; null: opaque, nothing more is read
   */
  become(protocol: string | null): void;
}

/** One connection's conversation in one protocol. It reads both sides. */
export interface Conversation {
  /** Bytes in order, each once, valid during the call. @param arrival the packet that let the receiver have them */
  push(from: Side, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void;
  /** `length` bytes of that side are missing here. */
  gap(from: Side, length: number, arrival: Arrival): void;
  /** Nothing more from that side. */
  end(from: Side, arrival: Arrival, because: StreamEnd): void;
}

/** Answers of {@link Protocol.recognise}: `more` where the bytes so far would fit. */
export type Recognition = 'yes' | 'no' | 'more';

/** A protocol that is told from its content; ports only break ties. */
export interface Protocol {
  readonly id: string;
  /**
   * Whether one side's first bytes (or, in the midst of a connection, bytes at which a segment
   * begins) speak it. Cheap: asked for each connection, never throws, keeps nothing.
   */
  recognise(from: Side, bytes: Uint8Array, start: number, end: number, fromStart: boolean): Recognition;
  open(context: ConversationContext): Conversation;
}
