import type { Side } from '../model/connection.ts';
import type { ExchangeProtocol } from '../model/exchange.ts';
import type { Arrival, OpenExchange } from '../model/tracked-connection.ts';
import { Endings } from './endings.ts';
import { beginExchange, dropExchange, endExchange, sawRequest, sawResponse } from './exchange-record.ts';
import type { ConversationContext, StreamEnd } from './protocol.ts';

/** What a client sent and what its server sent then, taken for one call where nobody can read either: one at a time. */
export class Turn {
  readonly #context: ConversationContext;
  readonly #endings: Endings;
  #open: OpenExchange | null = null;

  constructor(context: ConversationContext) {
    this.#context = context;
    this.#endings = new Endings(context);
  }

  get isOpen(): boolean {
    return this.#open !== null;
  }

  get isAnswered(): boolean {
    return this.#open !== null && this.#open.responseFirst >= 0;
  }

  /** The client speaks, and what was open is over. */
  begin(protocol: ExchangeProtocol, host: string, arrival: Arrival): OpenExchange {
    this.close(arrival);
    this.#open = beginExchange(this.#context, protocol, arrival);
    this.#open.shape = 'turn';
    this.#open.host = host;
    return this.#open;
  }

  saw(from: Side, length: number, arrival: Arrival): void {
    const open = this.#open;
    if (open === null) return;
    if (from === 'client') sawRequest(open, length, arrival);
    else sawResponse(open, length, arrival);
  }

  /** It was answered, and ended with its answer's last octet. */
  close(arrival: Arrival): void {
    if (this.#open !== null) endExchange(this.#context, this.#open, arrival, 'ok');
    this.#open = null;
  }

  /** Octets are missing: whose they were is not known. */
  lost(arrival: Arrival): void {
    if (this.#open !== null) endExchange(this.#context, this.#open, arrival, 'incomplete');
    this.#open = null;
  }

  end(from: Side, arrival: Arrival, because: StreamEnd): void {
    if (this.#open === null) return;
    const ending = this.#endings.of(from, because);
    if (this.isAnswered) this.close(arrival);
    else if (ending !== null) {
      endExchange(this.#context, this.#open, arrival, ending.outcome, ending.endedBy);
      this.#open = null;
    }
  }

  /** It was none after all. */
  drop(): void {
    if (this.#open !== null) dropExchange(this.#context);
    this.#open = null;
  }
}
