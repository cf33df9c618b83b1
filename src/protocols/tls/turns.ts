import type { Side } from '../../model/connection.ts';
import type { Arrival, OpenExchange } from '../../model/tracked-connection.ts';
import { beginExchange, dropExchange, endExchange, sawRequest, sawResponse } from '../exchange-record.ts';
import type { ConversationContext, StreamEnd } from '../protocol.ts';
import { Endings } from '../endings.ts';

// A sealed record no longer is no HTTP/1.1 request, whose line and Host alone take more, but one of
// HTTP/2's frames about the connection (RFC 9113: acknowledged SETTINGS 9 octets, WINDOW_UPDATE 13,
// PING 17) or some other protocol's word; TLS 1.3 adds 17 octets, TLS 1.2 up to 24.
const MAX_WORD_BYTES = 47;
/**
 * Calls inside TLS that nobody can read: the client's sealed records and the server's that follow
 * are taken for one. That holds for HTTP/1.1; what talks otherwise is told by its short records or
 * by its ALPN, and left alone.
 */
export class Turns {
  /** The two do not take turns, or it is known that they need not. */
  isOver = false;
  readonly #context: ConversationContext;
  readonly #endings: Endings;
  #open: OpenExchange | null = null;
  /** The client said a word behind an answer: a goodbye, or something that is not read by turns. */
  #isDoubtful = false;
  /** The record at hand belongs to the open one. */
  readonly #counts = { client: false, server: false };

  constructor(context: ConversationContext) {
    this.#context = context;
    this.#endings = new Endings(context);
  }

  /** @param length of the sealed content of a record that begins */
  begins(from: Side, length: number, arrival: Arrival): void {
    this.#counts[from] = !this.isOver && this.#isOfCall(from, length, arrival);
    if (this.#counts[from]) this.#saw(from, length, arrival);
  }

  /** The record's last octet came. */
  ends(from: Side, arrival: Arrival): void {
    if (this.#counts[from]) this.#saw(from, 0, arrival);
    this.#counts[from] = false;
  }

  /** Octets are missing: whose they were is not known. */
  lost(arrival: Arrival): void {
    this.#counts.client = this.#counts.server = false;
    if (this.#open !== null) endExchange(this.#context, this.#open, arrival, 'incomplete');
    this.#open = null;
  }

  end(from: Side, arrival: Arrival, because: StreamEnd): void {
    if (this.#open === null) return;
    const ending = this.#endings.of(from, because);
    if (this.#isAnswered) this.#close(arrival);
    else if (ending !== null) {
      endExchange(this.#context, this.#open, arrival, ending.outcome, ending.endedBy);
      this.#open = null;
    }
  }

  /** It turned out not to be read by turns: what is open is none. */
  stop(): void {
    this.isOver = true;
    if (this.#open !== null) dropExchange(this.#context);
    this.#open = null;
  }

  get #isAnswered(): boolean {
    return this.#open !== null && this.#open.responseFirst >= 0;
  }

  #isOfCall(from: Side, length: number, arrival: Arrival): boolean {
    const isWord = length <= MAX_WORD_BYTES;
    if (this.#isDoubtful) {
      if (!isWord) this.stop();
      return false;
    }
    if (from === 'server') return this.#open !== null;
    if (this.#open !== null && !this.#isAnswered) return true;
    if (isWord) {
      this.#isDoubtful = true;
      return false;
    }
    if (this.#open !== null) this.#close(arrival);
    this.#open = beginExchange(this.#context, 'tls', arrival);
    this.#open.shape = 'turn';
    this.#open.host = this.#context.connection.tls?.serverName ?? '';
    return true;
  }

  #saw(from: Side, length: number, arrival: Arrival): void {
    const open = this.#open;
    if (open === null) return;
    if (from === 'client') sawRequest(open, length, arrival);
    else sawResponse(open, length, arrival);
  }

  #close(arrival: Arrival): void {
    if (this.#open !== null) endExchange(this.#context, this.#open, arrival, 'ok');
    this.#open = null;
  }
}
