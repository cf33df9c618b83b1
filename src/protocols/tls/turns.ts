import type { Side } from '../../model/connection.ts';
import type { Arrival } from '../../model/tracked-connection.ts';
import type { ConversationContext, StreamEnd } from '../protocol.ts';
import { Turn } from '../turn.ts';

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
  readonly #turn: Turn;
  /** The client said a word behind an answer: a goodbye, or something that is not read by turns. */
  #isDoubtful = false;
  /** The record at hand belongs to the open one. */
  readonly #counts = { client: false, server: false };

  constructor(context: ConversationContext) {
    this.#context = context;
    this.#turn = new Turn(context);
  }

  /** @param length of the sealed content of a record that begins */
  begins(from: Side, length: number, arrival: Arrival): void {
    this.#counts[from] = !this.isOver && this.#isOfCall(from, length, arrival);
    if (this.#counts[from]) this.#turn.saw(from, length, arrival);
  }

  /** The record's last octet came. */
  ends(from: Side, arrival: Arrival): void {
    if (this.#counts[from]) this.#turn.saw(from, 0, arrival);
    this.#counts[from] = false;
  }

  /** Octets are missing: whose they were is not known. */
  lost(arrival: Arrival): void {
    this.#counts.client = this.#counts.server = false;
    this.#turn.lost(arrival);
  }

  end(from: Side, arrival: Arrival, because: StreamEnd): void {
    this.#turn.end(from, arrival, because);
  }

  /** It turned out not to be read by turns: what is open is none. */
  stop(): void {
    this.isOver = true;
    this.#turn.drop();
  }

  #isOfCall(from: Side, length: number, arrival: Arrival): boolean {
    const isWord = length <= MAX_WORD_BYTES;
    if (this.#isDoubtful) {
      if (!isWord) this.stop();
      return false;
    }
    if (from === 'server') return this.#turn.isOpen;
    if (this.#turn.isOpen && !this.#turn.isAnswered) return true;
    if (isWord) {
      this.#isDoubtful = true;
      return false;
    }
    this.#turn.begin('tls', this.#context.connection.tls?.serverName ?? '', arrival);
    return true;
  }
}
