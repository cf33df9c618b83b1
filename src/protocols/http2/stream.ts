import { at, type Timestamp } from '../../base/time.ts';
import type { Side } from '../../model/connection.ts';
import type { ExchangeOutcome } from '../../model/exchange.ts';
import type { Arrival, OpenExchange } from '../../model/tracked-connection.ts';
import type { Flow } from './flow-control.ts';
import { MessageCounter } from './grpc.ts';

/** What one side sends on a stream. */
export class StreamSide implements Flow {
  /** Its first header block came (a final one, not 1xx): when. NaN before. */
  begunAt: Timestamp = at(Number.NaN);
  /** END_STREAM was seen. */
  hasEnded = false;
  credit = 0;
  grants: Flow['grants'] = null;
  blockage: Flow['blockage'] = null;
  told: Flow['told'] = null;
  readonly messages = new MessageCounter();
}

export interface Ending {
  /** Null: the answer is whole, and says by itself how it came out. */
  outcome: ExchangeOutcome | null;
  endedBy: Side | null;
  /** Whose frame it was: what the other side said before may still come. */
  by: Side;
  arrival: Arrival;
}

/** One stream that a client opened, from its first frame to its end. */
export class Http2Stream {
  readonly id: number;
  readonly exchange: OpenExchange;
  readonly request = new StreamSide();
  readonly response = new StreamSide();
  /** It began before what the capture shows: its times are bounds only. */
  isPartial: boolean;
  /** Null while nothing tells. */
  isGrpc: boolean | null = null;
  /** By design, as its query or its content type says. */
  lasts = false;
  /** The response ended with a header block of its own. */
  hasTrailers = false;
  /** A header block of the response could not be read, or not all of it. */
  hasUnknown = false;
  isOver = false;
  /** What ended it, where its exchange is not told yet. */
  ending: Ending | null = null;

  constructor(id: number, exchange: OpenExchange, isPartial: boolean) {
    this.id = id;
    this.exchange = exchange;
    this.isPartial = isPartial;
  }
}
