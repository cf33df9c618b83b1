import { at } from '../../../base/time.ts';
import { otherSide, type Side } from '../../../model/connection.ts';
import { copyExchange, type Exchange } from '../../../model/exchange.ts';
import type { Arrival, OpenExchange } from '../../../model/tracked-connection.ts';
import type { Conversation, StreamEnd } from '../../protocol.ts';
import { trackedConnection } from '../../testing/connection.ts';
import { createHttp2 } from '../http2.ts';
import { PREFACE, settings } from './frames.ts';

/** A conversation that a test holds: each packet has the next number, and its time in milliseconds. */
export class Talk {
  readonly connection = trackedConnection({ server: '10.96.0.20', serverPort: 50_051, protocol: 'http/2' });
  readonly exchanges: Exchange[] = [];
  readonly conversation: Conversation;
  #number = 2;
  #ids = 0;

  constructor(fromStart = true, handedOver: OpenExchange | null = null) {
    this.conversation = createHttp2().open({
      connection: this.connection,
      fromStart,
      handedOver,
      carry: () => this.conversation,
      nextId: () => `0.e${this.#ids++}`,
      emit: (exchange) => void this.exchanges.push(copyExchange(exchange)),
      become: () => {},
    });
  }

  client(ms: number, ...frames: readonly Uint8Array[]): this {
    return this.send('client', ms, ...frames);
  }

  server(ms: number, ...frames: readonly Uint8Array[]): this {
    return this.send('server', ms, ...frames);
  }

  send(from: Side, ms: number, ...frames: readonly Uint8Array[]): this {
    const bytes = Buffer.concat(frames);
    this.conversation.push(from, bytes, 0, bytes.length, this.arrive(ms));
    return this;
  }

  gap(from: Side, ms: number, length: number): this {
    this.conversation.gap(from, length, this.arrive(ms));
    return this;
  }

  /** @param by who ends first */
  end(ms: number, because: StreamEnd = 'captureEnd', by: Side = 'client'): this {
    const arrival = this.arrive(ms);
    if (because === 'fin' || because === 'reset') this.connection.endedBy = by;
    this.conversation.end(by, arrival, because);
    this.conversation.end(otherSide(by), arrival, because);
    return this;
  }

  arrive(ms: number): Arrival {
    return { input: 0, number: ++this.#number, time: at(ms * 1e6) };
  }
}

/** A conversation of which both sides have greeted. */
export const opened = (): Talk => new Talk().client(0, PREFACE, settings()).server(0.2, settings());
