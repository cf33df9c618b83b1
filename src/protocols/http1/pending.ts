import type { Side } from '../../model/connection.ts';
import type { ExchangeOutcome } from '../../model/exchange.ts';
import type { Arrival, OpenExchange } from '../../model/tracked-connection.ts';
import { beginExchange, endExchange } from '../exchange-record.ts';
import type { ConversationContext, StreamEnd } from '../protocol.ts';
import type { Head } from './head.ts';

// Requests without an answer that are kept of one connection: nobody pipelines deeper, and where
// only one direction was captured no answer ever comes.
const MAX_OPEN = 64;
// Of a one-sided capture: as many as may be on their way before the first answer.
const MAX_OPEN_UNHEARD = 16;
const SERVER_ERROR = 500;

/** A request that waits for its answer, or the place of one that was lost. */
export interface Pending {
  /** Null: the request itself was lost; filled when its answer comes. */
  exchange: OpenExchange | null;
  readonly wasSeen: boolean;
  isHead: boolean;
  isConnect: boolean;
  lasts: boolean;
  upgradesTo: Head['upgradesTo'];
  /** The request is whole, or nothing more of it can be told. */
  isSent: boolean;
  /** The answer is whole. */
  isAnswered: boolean;
  /** The answer's beginning was lost. */
  isAnswerLost: boolean;
  /** The client closed its side while there was no answer yet, lost bytes or not. */
  isGivenUp: boolean;
  isOver: boolean;
}

/** The requests of one connection in their order, and how they end. */
export class PendingRequests {
  /** The answer at hand can't be told from what follows it: bytes of the server were lost. */
  isServerAdrift = false;
  /** Anything of the server was seen, if only that bytes of it are missing. */
  isServerHeard = false;
  readonly #context: ConversationContext;
  readonly #list: Pending[] = [];
  readonly #client: Side;
  /** Requests that were lost and whose answers did not come yet. */
  #owed = 0;
  #requests = 0;
  #overlaps = 0;
  #requestBytes = 0;
  #answers = 0;
  #answerBytes = 0;
  /** The client's FIN. */
  #closedAt: Arrival | null = null;
  #isServerClosed = false;

  /** @param client the side of the connection that sends requests */
  constructor(context: ConversationContext, client: Side) {
    this.#context = context;
    this.#client = client;
  }

  /** A request begins. @param first the packet of its first byte */
  open(head: Head, first: Arrival): Pending {
    this.#makeRoom(first);
    this.#requests++;
    if (this.#list.length > 0) this.#overlap(first);
    this.#owed = 0;
    const exchange = this.#begin(head.minor, first);
    exchange.method = head.method;
    exchange.path = head.path;
    const pending = pendingOf(exchange, true);
    pending.isHead = head.method === 'HEAD';
    pending.isConnect = head.method === 'CONNECT';
    pending.lasts = head.lasts;
    this.#list.push(pending);
    return pending;
  }

  #begin(minor: number, first: Arrival): OpenExchange {
    const exchange = beginExchange(this.#context, minor === 0 ? 'http/1.0' : 'http/1.1', first);
    if (this.#client === 'server') {
      // Only ports told client from server, and they were wrong.
      const { client, clientPort, server, serverPort } = exchange;
      Object.assign(exchange, { client: server, clientPort: serverPort, server: client, serverPort: clientPort });
    }
    return exchange;
  }

  #makeRoom(arrival: Arrival): void {
    const most = this.isServerHeard ? MAX_OPEN : MAX_OPEN_UNHEARD;
    while (this.#list.length >= most) this.drop(this.#list[0] as Pending, arrival);
  }

  /** Another request is open: the client pipelines, or the other's answer was lost. */
  #overlap(arrival: Arrival): void {
    if (this.isServerAdrift && !this.#pipelines) {
      for (const pending of this.#list.slice()) {
        if (pending.exchange !== null && pending.exchange.status > 0) this.complete(pending, arrival, true);
        else this.drop(pending, arrival);
      }
      return;
    }
    this.#overlaps++;
    if (!this.#pipelines) return;
    // Lost requests among pipelined ones are answered in their turn.
    for (let lost = 0; lost < this.#owed; lost++) {
      this.#makeRoom(arrival);
      this.#list.push(pendingOf(null, false));
    }
  }

  /** A client that pipelines does so all the time; others seem to where a captured answer is late. */
  get #pipelines(): boolean {
    return this.#overlaps >= 2 && this.#overlaps * 4 >= this.#requests;
  }

  /** The request that an answer belongs to, which begins with this packet. */
  answered(head: Head, first: Arrival): Pending {
    let pending = this.#list.find((known) => !known.isAnswered);
    while (pending !== undefined && pending.isAnswerLost) {
      const next = this.#list.find((known) => !known.isAnswered && known !== pending);
      if (next === undefined) break;
      this.drop(pending, first);
      pending = next;
    }
    if (pending === undefined) {
      // The request was lost or came before the capture, or there was none: 408 on an idle connection.
      this.#owed--;
      pending = pendingOf(null, false);
      this.#list.push(pending);
    }
    pending.exchange ??= this.#begin(head.minor, first);
    pending.exchange.status = head.status;
    if (!pending.wasSeen) pending.isSent = true;
    return pending;
  }

  /** Bytes of requests are missing between two of them. */
  missedRequests(length: number): void {
    // An answer without a request came before it was known that one is missing.
    const count = howMany(length, this.#requestBytes, this.#requests);
    this.#owed = this.#owed < 0 ? Math.min(0, this.#owed + count) : count;
  }

  /** Bytes of answers are missing where one begins. */
  missedAnswers(length: number): void {
    let count = howMany(length, this.#answerBytes, this.#answers);
    for (const pending of this.#list) {
      if (pending.isAnswered || pending.isAnswerLost || (pending.exchange?.status ?? 0) > 0) continue;
      if (count-- <= 0) return;
      pending.isAnswerLost = true;
    }
  }

  /** The request was sent whole. */
  sent(pending: Pending): void {
    pending.isSent = true;
    this.#requestBytes += pending.exchange?.requestBytes ?? 0;
    if (pending.isAnswered) this.#finish(pending);
  }

  /** The answer is whole. @param isSure its last byte was seen */
  complete(pending: Pending, arrival: Arrival, isSure: boolean): void {
    if (pending.isOver) return;
    this.#answers++;
    this.#answerBytes += pending.exchange?.responseBytes ?? 0;
    if (!isSure || !pending.wasSeen) {
      this.drop(pending, arrival);
      return;
    }
    pending.isAnswered = true;
    // Whether a client that closed its side took the answer, a reset will tell.
    if (pending.isSent && this.#closedAt === null) this.#finish(pending);
  }

  #finish(pending: Pending): void {
    const exchange = this.#remove(pending);
    if (exchange === null) return;
    // The arrival is not looked at: an answered one ends with its answer's last byte.
    const arrival = { input: exchange.input, number: 0, time: exchange.answeredAt };
    endExchange(this.#context, exchange, arrival, exchange.status >= SERVER_ERROR ? 'error' : 'ok');
  }

  /** What became of it can't be told, but where the client gave it up. */
  drop(pending: Pending, arrival: Arrival): void {
    if (pending.isGivenUp) this.#end(pending, this.#closedAt as Arrival, 'cancelled', 'client');
    else this.#end(pending, arrival, 'incomplete', null);
  }

  /** Takes it out without an end: whoever speaks next ends it. */
  handOver(pending: Pending): OpenExchange | null {
    return this.#remove(pending);
  }

  #remove(pending: Pending): OpenExchange | null {
    const index = this.#list.indexOf(pending);
    if (index < 0) return null;
    this.#list.splice(index, 1);
    pending.isOver = true;
    return pending.exchange;
  }

  /** The client sends nothing more; it may still wait for answers. */
  closed(arrival: Arrival): void {
    this.#closedAt = { input: arrival.input, number: arrival.number, time: arrival.time };
    if (this.#isServerClosed || this.isServerAdrift || !this.#isTwoSided) return;
    for (const pending of this.#list) pending.isGivenUp = !pending.isAnswered && !pending.isAnswerLost;
  }

  /** One side's end ends all that is open. @param from who ended its side with this packet */
  settle(from: Side, arrival: Arrival, because: StreamEnd): void {
    for (const pending of this.#list.slice()) this.#settle(pending, arrival, because);
    if (from === 'server') this.#isServerClosed = true;
  }

  #settle(pending: Pending, arrival: Arrival, because: StreamEnd): void {
    const { exchange, isGivenUp } = pending;
    if (exchange === null || !this.#isTwoSided) return this.drop(pending, arrival);
    if (pending.isAnswered) {
      // A client that waits no longer answers an answer with a reset.
      const isUnwanted = isGivenUp && because === 'reset' && exchange.firstByteAt >= (this.#closedAt as Arrival).time;
      if (isUnwanted) this.drop(pending, arrival);
      else this.#finish(pending);
    } else if (isGivenUp || pending.isAnswerLost) {
      this.drop(pending, arrival);
    } else if (this.isServerAdrift) {
      // The answer's end was lost; where both sides went on in peace, it was there.
      if (because === 'fin' && exchange.status > 0) this.#finish(pending);
      else this.drop(pending, arrival);
    } else if (because === 'fin') {
      this.#end(pending, arrival, 'closed', 'server');
    } else if (because === 'reset') {
      const by = this.#resetBy();
      this.#end(pending, arrival, by === 'client' ? 'cancelled' : 'reset', by);
    } else {
      this.drop(pending, arrival);
    }
  }

  /** Something of the server was captured, be it an acknowledgement: its silence is one. */
  get #isTwoSided(): boolean {
    const { packets, synAcks } = this.#context.connection;
    return this.isServerHeard || packets[this.#client === 'client' ? 'server' : 'client'] > 0 || synAcks.length > 0;
  }

  #resetBy(): Side | null {
    const { endedBy } = this.#context.connection;
    if (endedBy === null) return null;
    return endedBy === this.#client ? 'client' : 'server';
  }

  #end(pending: Pending, arrival: Arrival, outcome: ExchangeOutcome, by: Side | null): void {
    const exchange = this.#remove(pending);
    if (exchange !== null) endExchange(this.#context, exchange, arrival, outcome, by);
  }
}

const pendingOf = (exchange: OpenExchange | null, wasSeen: boolean): Pending => ({
  exchange,
  wasSeen,
  isHead: false,
  isConnect: false,
  lasts: false,
  upgradesTo: '',
  isSent: false,
  isAnswered: false,
  isAnswerLost: false,
  isGivenUp: false,
  isOver: false,
});

/** How many messages of the usual size so many bytes are. */
function howMany(length: number, bytes: number, messages: number): number {
  if (messages === 0 || bytes === 0) return 1;
  return Math.min(MAX_OPEN, Math.max(1, Math.round((length * messages) / bytes)));
}
