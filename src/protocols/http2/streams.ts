import { at, milliseconds, type Timestamp } from '../../base/time.ts';
import type { Side, Stall } from '../../model/connection.ts';
import type { ExchangeOutcome } from '../../model/exchange.ts';
import type { Arrival, OpenExchange } from '../../model/tracked-connection.ts';
import { beginExchange, dropExchange, endExchange } from '../exchange-record.ts';
import type { ConversationContext } from '../protocol.ts';
import type { SendWindow } from './flow-control.ts';
import { looksLikeGrpc, outcomeOf, shapeOf } from './outcome.ts';
import { Http2Stream, type Ending, type StreamSide } from './stream.ts';
import { StreamTable, type StreamBudget } from './stream-table.ts';

const MAX_EXCHANGE_STALLS = 64;

// A hole is given up, or the connection has other troubles than who was first.
const HOLE = milliseconds(50);
// Each packet looks at all of them.
const MAX_WAITING = 64;

/**
 * The streams of one connection and their exchanges. One side may be ahead of the other: bytes
 * wait behind a hole until it is given up. So an answer may come before its request, or before
 * the rest of it, and a client's reset before the answer that it crossed; then the stream ends
 * when the other side has come as far.
 */
export class Streams {
  /** Streams may exist of which no start was seen. */
  isUncertain: boolean;
  readonly #context: ConversationContext;
  readonly #table: StreamTable;
  readonly #client: SendWindow;
  readonly #server: SendWindow;
  /** When frames were last found missing, of either side. */
  #lostAt = -Infinity;
  /** The highest stream of which the request's start was seen. */
  #lastOpened = 0;
  #hasSeenClient = false;
  #hasSeenServer = false;
  readonly #waiting = new Set<Http2Stream>();

  constructor(context: ConversationContext, budget: StreamBudget, client: SendWindow, server: SendWindow) {
    this.#context = context;
    this.#table = new StreamTable(budget);
    this.#client = client;
    this.#server = server;
    this.isUncertain = !context.fromStart;
  }

  get size(): number {
    return this.#table.size;
  }

  get(id: number): Http2Stream | null {
    return this.#table.get(id) ?? null;
  }

  /** This side has come so far: frames of this packet are next. */
  catchUp(side: Side, { time }: Arrival): void {
    // Each packet comes by here, and to find a property by a text that holds its name costs more.
    if (side === 'client') this.#hasSeenClient = true;
    else this.#hasSeenServer = true;
    if (this.#waiting.size === 0) return;
    for (const stream of this.#waiting) {
      const { ending } = stream;
      if (ending === null) continue;
      const limit = ending.by === side ? ending.arrival.time + HOLE : ending.arrival.time;
      if (time >= limit) this.#finish(stream);
    }
  }

  /** A request's headers came: of a new stream, or of one whose answer came first. */
  request(id: number, arrival: Arrival): Http2Stream | null {
    const known = this.get(id);
    if (known !== null) {
      const isEarlier = arrival.time <= known.exchange.startedAt;
      if (known.isPartial && Number.isNaN(known.request.begunAt) && isEarlier) {
        known.isPartial = false;
        known.exchange.startedAt = at(arrival.time);
        this.#lastOpened = Math.max(this.#lastOpened, id);
      }
      return known;
    }
    if (id <= this.#lastOpened || (this.isUncertain && this.#table.wasClosed(id))) return this.missed(id, arrival);
    this.#lastOpened = id;
    return this.#open(id, false, arrival);
  }

  /** A stream of which the start was not seen, as far as there can be one. */
  missed(id: number, arrival: Arrival): Http2Stream | null {
    if ((id & 1) === 0) return null;
    const isPossible = this.isUncertain ? !this.#table.wasClosed(id) : id > this.#lastOpened;
    return isPossible ? this.#open(id, true, arrival) : null;
  }

  /** A stream that the client did not open by itself: HTTP/1.1 asked for it. */
  adopt(id: number, exchange: OpenExchange): void {
    const stream = new Http2Stream(id, exchange, false);
    stream.isGrpc = false;
    stream.request.begunAt = exchange.startedAt;
    stream.request.hasEnded = true;
    this.#lastOpened = id;
    this.#table.add(stream);
  }

  /** Frames are missing: the numbers of streams say less than they did. */
  lost(time: Timestamp): void {
    this.#lostAt = time;
    this.isUncertain = true;
    this.#lastOpened = 0;
  }

  /** What was begun with the wrong roles says nothing. */
  discard(): void {
    for (const stream of this.#table.all()) {
      if (this.#waiting.delete(stream)) this.#context.connection.openExchanges++;
      this.#drop(stream);
    }
  }

  /** The server's side ends a stream: by its last frame (null) or a reset. */
  answered(stream: Http2Stream, outcome: 'reset' | null, arrival: Arrival): void {
    if (outcome === null) stream.exchange.resetCode = -1;
    stream.ending = { outcome, endedBy: outcome === null ? null : 'server', by: 'server', arrival };
    if (stream.request.hasEnded || !this.#hasSeenClient) this.#finish(stream);
    else this.#wait(stream, stream.ending);
  }

  /** The client resets a stream. */
  cancelled(stream: Http2Stream, arrival: Arrival): void {
    stream.ending = { outcome: 'cancelled', endedBy: 'client', by: 'client', arrival };
    if (this.#hasSeenServer) this.#wait(stream, stream.ending);
    else this.#finish(stream);
  }

  /** Anything else ends a stream: the connection's end, want of room. */
  end(stream: Http2Stream, outcome: ExchangeOutcome, endedBy: Side | null, arrival: Arrival): void {
    if (!hasEnded(stream, arrival)) {
      const { startedAt, requestedAt, answeredAt } = stream.exchange;
      // Its own end may be among the frames that are missing: what came last is all that can be told.
      const mayHaveEnded = startedAt <= this.#lostAt;
      const time = answeredAt >= requestedAt || Number.isNaN(requestedAt) ? answeredAt : requestedAt;
      const last = Number.isNaN(time) ? arrival : { ...arrival, time };
      stream.ending = mayHaveEnded
        ? { outcome: 'incomplete', endedBy: null, by: 'server', arrival: last }
        : { outcome, endedBy, by: 'server', arrival };
    }
    this.#finish(stream);
  }

  /** Those above `id`. */
  endAbove(id: number, outcome: ExchangeOutcome, endedBy: Side | null, arrival: Arrival): void {
    for (const stream of this.#table.all()) {
      if (stream.id > id) this.end(stream, outcome, endedBy, arrival);
    }
  }

  #open(id: number, isPartial: boolean, arrival: Arrival): Http2Stream {
    const exchange = beginExchange(this.#context, 'http/2', arrival);
    const stream = new Http2Stream(id, exchange, isPartial);
    const displaced = this.#table.add(stream);
    if (displaced !== null) this.end(displaced, 'incomplete', null, arrival);
    return stream;
  }

  /** It counts no more as open, but is told later. */
  #wait(stream: Http2Stream, ending: Ending): void {
    const { input, number, time } = ending.arrival;
    ending.arrival = { input, number, time };
    if (this.#waiting.has(stream)) return;
    this.#context.connection.openExchanges--;
    this.#waiting.add(stream);
    if (this.#waiting.size <= MAX_WAITING) return;
    const [oldest] = this.#waiting;
    this.#finish(oldest as Http2Stream);
  }

  #drop(stream: Http2Stream): void {
    this.#table.remove(stream);
    dropExchange(this.#context);
  }

  #finish(stream: Http2Stream): void {
    const { exchange, request, response, isPartial, ending } = stream;
    if (ending === null) return;
    const { endedBy, arrival } = ending;
    if (this.#waiting.delete(stream)) this.#context.connection.openExchanges++;
    // A reset of a stream of which nothing else was seen tells nobody anything.
    if (exchange.requestFirst < 0 && exchange.responseFirst < 0) {
      this.#drop(stream);
      return;
    }
    this.#table.remove(stream);
    if (stream.isGrpc === null && looksLikeGrpc(stream)) stream.isGrpc = true;
    if (stream.isGrpc === true) {
      exchange.protocol = 'grpc';
      this.#context.connection.protocol = 'grpc';
      exchange.requestMessages = countOf(request);
      exchange.responseMessages = countOf(response);
    }
    exchange.shape = shapeOf(stream);
    addStall(exchange, this.#client.unrepaired(request, arrival));
    addStall(exchange, this.#server.unrepaired(response, arrival));
    const outcome = ending.outcome ?? outcomeOf(stream);
    // When a partial one began nobody knows, so how long it took is not known either. Nor is what
    // came of it where a side is not captured: the other's silence is none.
    const { packets } = this.#context.connection;
    const isOneSided = (packets.client === 0) !== (packets.server === 0);
    if (isPartial || isOneSided) endExchange(this.#context, exchange, arrival, 'incomplete');
    else endExchange(this.#context, exchange, arrival, outcome, outcome === 'incomplete' ? null : endedBy);
  }
}

/** What comes with this packet is too late for the stream. */
export const hasEnded = ({ ending }: Http2Stream, { time }: Arrival): boolean =>
  ending !== null && ending.arrival.time <= time;

/** Messages that were counted; -1 where bytes are missing that may have held some. */
const countOf = ({ messages }: StreamSide): number => (messages.isBroken ? -1 : messages.count);

export function addStall(exchange: OpenExchange, stall: Stall | null): void {
  if (stall === null || exchange.stalls.length >= MAX_EXCHANGE_STALLS) return;
  exchange.stalls = [...exchange.stalls, stall];
}
