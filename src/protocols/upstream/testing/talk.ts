import { at } from '../../../base/time.ts';
import type { Side } from '../../../model/connection.ts';
import { copyExchange, type Exchange } from '../../../model/exchange.ts';
import type { Arrival, TrackedConnection } from '../../../model/tracked-connection.ts';
import type { Conversation, Protocol, StreamEnd } from '../../protocol.ts';
import { trackedConnection } from '../../testing/connection.ts';

/** A connection that a test speaks on: each packet has the next number, and comes a millisecond after the last. */
export class Talk {
  readonly connection: TrackedConnection;
  readonly exchanges: Exchange[] = [];
  /** What it became: an id, `opaque`, or nothing yet. */
  became: string | null = null;
  /** What was handed on to that. */
  handedOn = '';
  number = 0;
  readonly #conversation: Conversation;

  constructor(protocol: Protocol, fromStart = true) {
    this.connection = trackedConnection({
      packets: { client: 1, server: 1 },
      ...(fromStart ? {} : { syns: [], synAcks: [] }),
    });
    let ids = 0;
    const carried: Conversation = {
      push: (_from, bytes, start, end) => {
        this.handedOn += Buffer.from(bytes.subarray(start, end)).toString('latin1');
      },
      gap: () => {},
      end: () => {},
    };
    this.#conversation = protocol.open({
      connection: this.connection,
      fromStart,
      handedOver: null,
      nextId: () => `0.e${ids++}`,
      emit: (exchange) => void this.exchanges.push(copyExchange(exchange)),
      carry: (id) => {
        this.became = id;
        return carried;
      },
      become: (next) => {
        if (next === null) this.became = 'opaque';
      },
    });
  }

  client(...parts: readonly (string | Uint8Array)[]): this {
    for (const part of parts) this.#push('client', part);
    return this;
  }

  server(...parts: readonly (string | Uint8Array)[]): this {
    for (const part of parts) this.#push('server', part);
    return this;
  }

  gap(from: Side, length: number): this {
    this.#conversation.gap(from, length, this.#next());
    return this;
  }

  end(from: Side, because: StreamEnd = 'fin'): this {
    this.#conversation.end(from, this.#next(), because);
    return this;
  }

  /** Both sides end with the capture. */
  finish(): this {
    return this.end('client', 'captureEnd').end('server', 'captureEnd');
  }

  /** Nothing for so many milliseconds. */
  rest(milliseconds: number): this {
    this.number += milliseconds;
    return this;
  }

  /** `SELECT ok 1-2`, `BLPOP stream error UNBLOCKED 3-4`: kind, shape, outcome, error, and the packets from first to last. */
  get said(): string[] {
    return this.exchanges.map(({ method, shape, outcome, error, endedBy, packets }) =>
      [
        method || "''",
        shape === 'call' ? '' : shape,
        outcome,
        error ?? '',
        endedBy === null ? '' : `by ${endedBy}`,
        `${packets[0]}-${packets.at(-1)}`,
      ]
        .filter((word) => word !== '')
        .join(' '),
    );
  }

  #push(from: Side, part: string | Uint8Array): void {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'latin1') : part;
    // Bytes stand somewhere in a buffer, as they do in a capture.
    const padded = new Uint8Array(bytes.length + 2);
    padded.set(bytes, 1);
    const arrival = this.#next();
    this.connection.previousDataAt = this.connection.lastDataAt;
    this.connection.lastDataAt = arrival.time;
    this.#conversation.push(from, padded, 1, padded.length - 1, arrival);
  }

  #next(): Arrival {
    this.number++;
    return { input: 0, number: this.number, time: at(this.number * 1e6) };
  }
}
