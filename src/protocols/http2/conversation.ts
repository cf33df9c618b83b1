import { at } from '../../base/time.ts';
import { otherSide, type Side } from '../../model/connection.ts';
import type { ExchangeOutcome } from '../../model/exchange.ts';
import { packetId } from '../../model/packet.ts';
import type { Arrival, OpenExchange } from '../../model/tracked-connection.ts';
import { sawRequest, sawResponse } from '../exchange-record.ts';
import type { Conversation, ConversationContext, StreamEnd } from '../protocol.ts';
import { SendWindow } from './flow-control.ts';
import { FLAG, FRAME, FRAME_HEADER_LENGTH, unsigned31, unsigned32 } from './frame-header.ts';
import { FrameReader, type FrameHandlers } from './frame-reader.ts';
import { readGoAwayWord } from './goaway.ts';
import { BlockLoss } from './block-loss.ts';
import { FIELD_NAMES, HeaderBlock } from './header-block.ts';
import { HpackDecoder } from './hpack.ts';
import { Names } from './names.ts';
import { PingWatch } from './pings.ts';
import { readRequest, readResponse } from './read-block.ts';
import { StreamSide, type Http2Stream } from './stream.ts';
import type { StreamBudget } from './stream-table.ts';
import { addStall, hasEnded, Streams } from './streams.ts';
import type { Texts } from './texts.ts';

const SETTING_INITIAL_WINDOW = 4;
const SETTING_LENGTH = 6;
const NO_ERROR = 0;
// 1xx answers are on the way to the answer (RFC 9110 section 15.2).
const FIRST_FINAL_STATUS = 200;

/** What all conversations share. */
export interface Shared extends StreamBudget {
  /** Room for one decoded string. */
  readonly scratch: Buffer;
  readonly texts: Texts;
  readonly names: Names;
}

/** What is kept of what one side of the connection sends. */
class End {
  readonly side: Side;
  readonly reader: FrameReader;
  readonly hpack: HpackDecoder;
  readonly window: SendWindow;
  /** The stream of the DATA frame at hand. */
  dataStream: Http2Stream | null = null;
  /** What frames that are missing may have taken of the header blocks; the next block judges it. */
  readonly loss: BlockLoss;

  constructor(side: Side, handlers: FrameHandlers, fromStart: boolean, { scratch, texts }: Shared) {
    this.side = side;
    this.loss = new BlockLoss(fromStart);
    this.reader = new FrameReader(side === 'client', handlers, fromStart);
    this.hpack = new HpackDecoder(FIELD_NAMES, fromStart, scratch, texts);
    this.window = new SendWindow(side, fromStart);
  }
}

/** One connection's HTTP/2 (RFC 9113), from any point on. */
export class Http2Conversation implements Conversation, FrameHandlers {
  readonly #context: ConversationContext;
  readonly #streams: Streams;
  readonly #client: End;
  readonly #server: End;
  readonly #block = new HeaderBlock();
  readonly #pings = new PingWatch();
  readonly #names: Names;
  /** Who reads DATA of no stream; flow control counts it. */
  readonly #stray = new StreamSide();
  /** Ports said who is the client, and were wrong; null until a request or a response is seen. */
  #isSwapped: boolean | null;
  #firstEnd: { from: Side; because: StreamEnd; arrival: Arrival } | null = null;

  constructor(context: ConversationContext, shared: Shared) {
    const { fromStart } = context;
    this.#context = context;
    this.#names = shared.names;
    this.#client = new End('client', this, fromStart, shared);
    this.#server = new End('server', this, fromStart, shared);
    this.#streams = new Streams(context, shared, this.#client.window, this.#server.window);
    this.#isSwapped = fromStart ? false : null;
    if (context.handedOver !== null) this.#upgraded(context.handedOver);
  }

  push(from: Side, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    const { reader } = this.#end(from);
    this.#streams.catchUp(this.#isRequest(reader) ? 'client' : 'server', arrival);
    reader.push(bytes, start, end, arrival);
  }

  gap(from: Side, length: number, arrival: Arrival): void {
    this.#end(from).reader.gap(length, arrival);
  }

  end(from: Side, arrival: Arrival, because: StreamEnd): void {
    // Of the other side something may wait behind a hole, an answer perhaps: what is open ends when
    // both have ended, as the first one says.
    if (this.#firstEnd === null) {
      const { input, number, time } = arrival;
      this.#firstEnd = { from, because, arrival: { input, number, time } };
      return;
    }
    const first = this.#firstEnd;
    if (first.because === 'fin') this.#finishAll(first.from, 'closed', first.arrival);
    else if (first.because === 'reset') this.#finishAll(this.#context.connection.endedBy, 'reset', first.arrival);
    else this.#finishAll(null, 'incomplete', first.arrival);
  }

  onBlock(reader: FrameReader, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    const block = this.#block;
    block.clear();
    const from = this.#endOf(reader);
    this.#judgeLoss(from, reader);
    if (!from.hpack.decode(bytes, start, end, block)) {
      block.clear();
      block.hasUnknown = true;
    }
    if (reader.blockType === FRAME.headers) this.#headers(reader, arrival);
  }

  onLostBlock(reader: FrameReader, arrival: Arrival): void {
    this.#loseBlocks(reader);
    this.#endOf(reader).loss.seen(reader);
    this.#block.clear();
    this.#block.hasUnknown = true;
    if (reader.blockSize > 0 && reader.blockType === FRAME.headers) this.#headers(reader, arrival);
  }

  onData(reader: FrameReader, arrival: Arrival): void {
    const { stream: id, length, flags } = reader;
    const end = this.#endOf(reader);
    const isRequest = this.#isRequest(reader);
    const stream = this.#streamOf(id, arrival);
    end.dataStream = stream;
    const side = stream === null ? this.#stray : isRequest ? stream.request : stream.response;
    const isLast = (flags & FLAG.endStream) !== 0;
    const stall = end.window.send(side, length, isLast, side.begunAt, arrival, this.#context.connection.roundTrip);
    if (stream === null) return;
    addStall(stream.exchange, stall);
    this.#saw(stream, isRequest, FRAME_HEADER_LENGTH, arrival);
  }

  onContent(reader: FrameReader, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    const stream = this.#endOf(reader).dataStream;
    if (stream === null || stream.isOver) return;
    const isRequest = this.#isRequest(reader);
    this.#saw(stream, isRequest, end - start, arrival);
    if (stream.isGrpc !== false) (isRequest ? stream.request : stream.response).messages.push(bytes, start, end);
  }

  onLostContent(reader: FrameReader, length: number, arrival: Arrival): void {
    const stream = this.#endOf(reader).dataStream;
    if (stream === null || stream.isOver) return;
    const isRequest = this.#isRequest(reader);
    this.#saw(stream, isRequest, length, arrival);
    (isRequest ? stream.request : stream.response).messages.skip(length);
  }

  onDataEnd(reader: FrameReader, arrival: Arrival): void {
    const stream = this.#endOf(reader).dataStream;
    if (stream === null || stream.isOver || (reader.flags & FLAG.endStream) === 0) return;
    this.#endSide(stream, this.#isRequest(reader), arrival);
  }

  onControl(reader: FrameReader, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    const { connection } = this.#context;
    const { side } = this.#endOf(reader);
    const isAcknowledgement = (reader.flags & FLAG.acknowledge) !== 0;
    switch (reader.type) {
      case FRAME.reset: {
        const isRequest = this.#isRequest(reader);
        const stream = isRequest ? this.#streams.get(reader.stream) : this.#streamOf(reader.stream, arrival);
        // After a whole answer it only says that the rest of the request is not wanted.
        if (stream === null || hasEnded(stream, arrival)) return;
        stream.exchange.resetCode = unsigned32(bytes, start);
        if (isRequest) {
          this.#streams.cancelled(stream, arrival);
          this.#other(reader).loss.cancelled();
        } else this.#streams.answered(stream, 'reset', arrival);
        break;
      }
      case FRAME.settings:
        for (let setting = start; setting + SETTING_LENGTH <= end; setting += SETTING_LENGTH) {
          const id = ((bytes[setting] as number) << 8) | (bytes[setting + 1] as number);
          if (id === SETTING_INITIAL_WINDOW) this.#other(reader).window.setInitial(unsigned32(bytes, setting + 2));
        }
        break;
      case FRAME.ping:
        if (!isAcknowledgement) this.#pings.push(connection, this.#roleOf(side), bytes, start, arrival.time);
        break;
      case FRAME.goaway:
        this.#goAway(reader, bytes, start, end, arrival);
        break;
      case FRAME.window: {
        const { window } = this.#other(reader);
        const size = unsigned31(bytes, start);
        if (reader.stream === 0) {
          window.grantConnection(size, arrival);
          break;
        }
        const stream = this.#streams.get(reader.stream);
        if (stream !== null) {
          window.grantStream(this.#isRequest(reader) ? stream.response : stream.request, size, arrival);
        }
        break;
      }
      default:
    }
  }

  onLost(reader: FrameReader, { time }: Arrival): void {
    this.#endOf(reader).loss.begin(this.#streams, this.#other(reader).loss.highest);
    // Data of this side may be missing, and updates that let the other side send.
    this.#client.window.forget();
    this.#server.window.forget();
    this.#streams.lost(time);
  }

  #headers(reader: FrameReader, arrival: Arrival): void {
    const { blockStream: id, begun } = reader;
    // Even streams are pushed, which nobody uses any more.
    if ((id & 1) === 0) return;
    if (this.#isSwapped === null) this.#tellRoles(reader);
    const block = this.#block;
    const isRequest = this.#isRequest(reader);
    const isLast = (reader.blockFlags & FLAG.endStream) !== 0;
    const stream = isRequest ? this.#streams.request(id, begun) : this.#streamOf(id, begun);
    if (stream === null) return;
    const side = isRequest ? stream.request : stream.response;
    const isFirst = Number.isNaN(side.begunAt);
    if (isRequest) {
      if (isFirst) readRequest(stream, block, this.#names);
    } else {
      if (block.status >= 100 && block.status < FIRST_FINAL_STATUS && !isLast) return;
      stream.hasTrailers ||= isLast;
      readResponse(stream, block);
    }
    if (isFirst) side.begunAt = at(begun.time);
    if (begun.number !== arrival.number) this.#saw(stream, isRequest, 0, begun);
    this.#saw(stream, isRequest, reader.blockSize, arrival);
    if (isLast) this.#endSide(stream, isRequest, arrival);
  }

  /** The request came by HTTP/1.1 and is whole; its answer comes on stream 1 (RFC 7540 section 3.2). */
  #upgraded(exchange: OpenExchange): void {
    exchange.protocol = 'http/2';
    // "101 Switching Protocols" was on the way to the answer.
    exchange.status = -1;
    exchange.firstByteAt = at(Number.NaN);
    exchange.answeredAt = at(Number.NaN);
    exchange.responseFirst = -1;
    exchange.responseBytes = 0;
    this.#streams.adopt(1, exchange);
    // What the client lets the server send stands in a header of the request.
    this.#server.window.forget();
  }

  /** Without a block the table lacks an unknown number of entries; without other frames it is whole. */
  #judgeLoss(from: End, reader: FrameReader): void {
    const { loss } = from;
    if (loss.isOpen) {
      const isKnown = this.#isSwapped !== null && !this.#other(reader).loss.isOpen;
      const isWhole = this.#isRequest(reader) ? loss.lacksNoRequest(reader) : loss.lacksNoAnswer(reader, this.#streams);
      if (!isKnown || !isWhole) this.#loseBlocks(reader);
    }
    loss.seen(reader);
  }

  #loseBlocks(reader: FrameReader): void {
    this.#endOf(reader).hpack.forget();
    this.#other(reader).loss.blind();
  }

  /** The first fields that only one side sends say who is who. */
  #tellRoles(reader: FrameReader): void {
    const { method, status } = this.#block;
    if (method === '' && status < 0) return;
    this.#isSwapped = (method !== '') !== reader.fromClient;
    if (!this.#isSwapped) return;
    this.#context.connection.isTurned = true;
    this.#streams.discard();
  }

  /** The stream that a frame is of; null where that is over or was none. */
  #streamOf(id: number, arrival: Arrival): Http2Stream | null {
    const stream = this.#streams.get(id);
    if (stream === null) return this.#streams.missed(id, arrival);
    return hasEnded(stream, arrival) ? null : stream;
  }

  /** END_STREAM. */
  #endSide(stream: Http2Stream, isRequest: boolean, arrival: Arrival): void {
    this.#saw(stream, isRequest, 0, arrival);
    (isRequest ? stream.request : stream.response).hasEnded = true;
    if (isRequest) return;
    this.#streams.answered(stream, null, arrival);
  }

  /** @param endedBy as the connection names its sides */
  #finishAll(endedBy: Side | null, outcome: ExchangeOutcome, arrival: Arrival): void {
    if (this.#streams.size === 0) return;
    const role = endedBy === null ? null : this.#roleOf(endedBy);
    const isCancelled = role === 'client' && outcome !== 'incomplete';
    this.#streams.endAbove(0, isCancelled ? 'cancelled' : outcome, role, arrival);
  }

  #goAway(reader: FrameReader, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    const { connection } = this.#context;
    const role = this.#roleOf(this.#endOf(reader).side);
    const code = unsigned32(bytes, start + 4);
    const known = connection.goaway;
    if (known === null || (known.code === NO_ERROR && code !== NO_ERROR)) {
      connection.goaway = {
        at: arrival.time,
        packet: packetId(arrival.input, arrival.number),
        from: role,
        code,
        debug: readGoAwayWord(bytes, start + 8, end),
        openStreams: this.#streams.size,
      };
    }
    if (role !== 'server') return;
    // Streams above were never looked at, and won't be (RFC 9113 section 6.8).
    this.#streams.endAbove(unsigned31(bytes, start), 'closed', 'server', arrival);
  }

  #saw({ exchange }: Http2Stream, isRequest: boolean, length: number, arrival: Arrival): void {
    if (isRequest) sawRequest(exchange, length, arrival);
    else sawResponse(exchange, length, arrival);
  }

  #end(from: Side): End {
    return from === 'client' ? this.#client : this.#server;
  }

  #endOf(reader: FrameReader): End {
    return reader.fromClient ? this.#client : this.#server;
  }

  #other(reader: FrameReader): End {
    return reader.fromClient ? this.#server : this.#client;
  }

  #isRequest(reader: FrameReader): boolean {
    return reader.fromClient !== (this.#isSwapped === true);
  }

  #roleOf(side: Side): Side {
    return this.#isSwapped === true ? otherSide(side) : side;
  }
}
