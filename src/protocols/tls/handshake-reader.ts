import type { Arrival } from '../../model/tracked-connection.ts';
import type { Budget } from './budget.ts';

/** Handshake messages by type (RFC 8446 section 4, RFC 5246 section 7.4). */
export const HANDSHAKE = {
  helloRequest: 0,
  clientHello: 1,
  serverHello: 2,
  newSessionTicket: 4,
  endOfEarlyData: 5,
  helloRetryRequest: 6,
  encryptedExtensions: 8,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
  certificateUrl: 21,
  certificateStatus: 22,
  supplementalData: 23,
  keyUpdate: 24,
  compressedCertificate: 25,
  nextProtocol: 67,
} as const;

const KNOWN: ReadonlySet<number> = new Set(Object.values(HANDSHAKE));
/** Those whose content is read; of all others only that they came. */
const READ: ReadonlySet<number> = new Set([
  HANDSHAKE.clientHello,
  HANDSHAKE.serverHello,
  HANDSHAKE.encryptedExtensions,
]);

const HEADER_BYTES = 4;
// A hello with hybrid keys, a ticket and padding has some 3 KB; what is longer is read as far as this.
const MAX_MESSAGE_BYTES = 1 << 14;
// A chain of certificates may be long, but no message of a handshake has a megabyte.
const MAX_LENGTH = 1 << 20;

export interface HandshakeSink {
  /** Its last octet came. Content without header for those that are read (cut where it is too long), else nothing. */
  message(type: number, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void;
}

/** One side's handshake messages, over whatever records they come in. */
export class HandshakeReader {
  readonly #sink: HandshakeSink;
  readonly #budget: Budget;
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerFilled = 0;
  #type = -1;
  #remaining = 0;
  #buffer: Uint8Array | null = null;
  #filled = 0;
  /** The place is lost; a message is looked for where the next record begins. */
  #lost = false;

  constructor(sink: HandshakeSink, budget: Budget) {
    this.#sink = sink;
    this.#budget = budget;
  }

  /** A record with handshake messages begins. */
  recordBegins(): void {
    this.#lost = false;
  }

  push(bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    let position = start;
    while (position < end && !this.#lost) {
      if (this.#type < 0) {
        this.#header[this.#headerFilled++] = bytes[position++] as number;
        if (this.#headerFilled === HEADER_BYTES) this.#start(bytes, position, arrival);
        continue;
      }
      const take = Math.min(this.#remaining, end - position);
      this.#remaining -= take;
      this.#keep(bytes, position, position + take);
      position += take;
      if (this.#remaining === 0) this.#finish(this.#buffer ?? bytes, 0, this.#filled, arrival);
    }
  }

  /** Octets of the messages are missing: one that is passed over may go on behind them. */
  gap(length: number): void {
    if (this.#type >= 0 && this.#buffer === null && length < this.#remaining) {
      this.#remaining -= length;
      return;
    }
    this.reset();
    this.#lost = true;
  }

  /** Forgets what was begun, and gives back what was kept. */
  reset(): void {
    if (this.#buffer !== null) this.#budget.give(this.#buffer.length);
    this.#buffer = null;
    this.#type = -1;
    this.#headerFilled = 0;
    this.#filled = 0;
  }

  #start(bytes: Uint8Array, position: number, arrival: Arrival): void {
    const header = this.#header;
    const type = header[0] as number;
    const length = ((header[1] as number) << 16) | ((header[2] as number) << 8) | (header[3] as number);
    if (!KNOWN.has(type) || length > MAX_LENGTH) {
      this.reset();
      this.#lost = true;
      return;
    }
    this.#type = type;
    this.#remaining = length;
    if (length === 0) this.#finish(bytes, position, position, arrival);
    else if (READ.has(type)) {
      const kept = Math.min(length, MAX_MESSAGE_BYTES);
      if (this.#budget.take(kept)) this.#buffer = new Uint8Array(kept);
    }
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    if (this.#buffer === null) return;
    const take = Math.min(end - start, this.#buffer.length - this.#filled);
    this.#buffer.set(bytes.subarray(start, start + take), this.#filled);
    this.#filled += take;
  }

  #finish(bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    this.#sink.message(this.#type, bytes, start, end, arrival);
    this.reset();
  }
}
