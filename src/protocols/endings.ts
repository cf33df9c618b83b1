import type { Side } from '../model/connection.ts';
import type { ExchangeOutcome } from '../model/exchange.ts';
import type { Arrival, OpenExchange } from '../model/tracked-connection.ts';
import { endExchange, sawRequest, sawResponse } from './exchange-record.ts';
import type { ConversationContext, StreamEnd } from './protocol.ts';

/** How an exchange came out that was still open when its connection ended. */
interface Ending {
  outcome: ExchangeOutcome;
  endedBy: Side | null;
}

/** Tells when a connection is over for its exchanges, and how those that are open came out. */
export class Endings {
  readonly #context: ConversationContext;
  #clientClosed = false;

  constructor(context: ConversationContext) {
    this.#context = context;
  }

  /** @returns null where answers may still come: a client that sends no more may still listen */
  of(from: Side, because: StreamEnd): Ending | null {
    const { connection } = this.#context;
    if (because === 'fin' && from === 'client') {
      this.#clientClosed = true;
      return null;
    }
    // Of a side that can't be seen nothing is known to be missing.
    const isSeen = connection.packets.server > 0;
    if (!isSeen || (because !== 'fin' && because !== 'reset')) return { outcome: 'incomplete', endedBy: null };
    if (this.#clientClosed) return { outcome: 'cancelled', endedBy: 'client' };
    if (because === 'fin') return { outcome: 'closed', endedBy: 'server' };
    const endedBy = connection.endedBy;
    return { outcome: endedBy === 'client' ? 'cancelled' : 'reset', endedBy };
  }
}

/** Ends an exchange whose connection ended; one that lasts as long as it and was answered is well. */
export function endWith(
  context: ConversationContext,
  exchange: OpenExchange,
  arrival: Arrival,
  { outcome, endedBy }: Ending,
): void {
  const isAnswered = !Number.isNaN(exchange.firstByteAt);
  const isOver = outcome !== 'incomplete' && isAnswered;
  if (isAnswered && exchange.error !== null) endExchange(context, exchange, arrival, 'error');
  else if (isOver && exchange.shape === 'stream') endExchange(context, exchange, arrival, 'ok');
  else endExchange(context, exchange, arrival, outcome, endedBy);
}

/** Bytes of a request. Once it is being answered they no longer change when it was asked. */
export function askedMore(exchange: OpenExchange, length: number, arrival: Arrival): void {
  if (Number.isNaN(exchange.firstByteAt)) sawRequest(exchange, length, arrival);
  else exchange.requestBytes += length;
}

/** A frame's head came in two packets: it began with the first. */
export function askedFirst(exchange: OpenExchange, first: Arrival, arrival: Arrival): void {
  if (first !== arrival) askedMore(exchange, 0, first);
}

export function answeredFirst(exchange: OpenExchange, first: Arrival, arrival: Arrival): void {
  if (first !== arrival) sawResponse(exchange, 0, first);
}
