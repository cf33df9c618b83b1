import type { Side } from '../../model/connection.ts';
import type { Arrival } from '../../model/tracked-connection.ts';
import type { Conversation, ConversationContext, Protocol, Recognition, StreamEnd } from '../protocol.ts';

/*
 * HAProxy's PROXY protocol, versions 1 and 2 (haproxy.org/download/2.9/doc/proxy-protocol.txt): a
 * head in which a load balancer says whom it speaks for, before what the client sends. Behind it
 * the connection speaks what it would have spoken anyway.
 */

const TEXT = Buffer.from('PROXY ', 'latin1');
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** Section 2.1: the longest line of version 1, its end included. */
const MAX_LINE = 107;
/** Signature, version and command, family, and the length of the rest in two bytes. */
const FIXED = SIGNATURE.length + 4;
const LINE_FEED = 0x0a;

export const proxyProtocol: Protocol = {
  id: 'proxy',
  ports: [],
  isCarrier: true,
  recognise,
  open: (context) => new ProxyHead(context),
};

function recognise(from: Side, bytes: Uint8Array, start: number, end: number, fromStart: boolean): Recognition {
  if (from !== 'client' || !fromStart) return 'no';
  const asText = begins(bytes, start, end, TEXT);
  return asText === 'no' ? begins(bytes, start, end, SIGNATURE) : asText;
}

function begins(bytes: Uint8Array, start: number, end: number, expected: Uint8Array): Recognition {
  const length = Math.min(end - start, expected.length);
  for (let index = 0; index < length; index++) {
    if (bytes[start + index] !== expected[index]) return 'no';
  }
  return length === expected.length ? 'yes' : 'more';
}

class ProxyHead implements Conversation {
  readonly #context: ConversationContext;
  readonly #carried: Conversation | null;
  /** Bytes of the head that were read. */
  #read = 0;
  #isText = true;
  /** Of version 2, once it is known; of version 1 what it may have. */
  #length = MAX_LINE;

  constructor(context: ConversationContext) {
    this.#context = context;
    this.#carried = context.carry(null);
  }

  push(from: Side, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    const rest = from === 'client' ? this.#skip(bytes, start, end) : start;
    if (rest < end) this.#carried?.push(from, bytes, rest, end, arrival);
  }

  gap(from: Side, length: number, arrival: Arrival): void {
    // Where the head ends is not known any more: what follows is in the midst of something.
    if (from === 'client') this.#context.become(this.#carried);
    this.#carried?.gap(from, length, arrival);
  }

  end(from: Side, arrival: Arrival, because: StreamEnd): void {
    this.#carried?.end(from, arrival, because);
  }

  /** @returns where the head ends */
  #skip(bytes: Uint8Array, start: number, end: number): number {
    for (let position = start; position < end; position++) {
      const byte = bytes[position] as number;
      if (this.#read === 0) this.#isText = byte === TEXT[0];
      this.#read++;
      if (!this.#isText) {
        if (this.#read === FIXED - 1) this.#length = FIXED + (byte << 8);
        else if (this.#read === FIXED) this.#length += byte;
      }
      if (
        this.#isText
          ? byte === LINE_FEED || this.#read === MAX_LINE
          : this.#read >= FIXED && this.#read === this.#length
      ) {
        this.#context.become(this.#carried);
        return position + 1;
      }
    }
    return end;
  }
}
