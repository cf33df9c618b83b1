import { milliseconds } from '../../../base/time.ts';
import type { Side, Tls } from '../../../model/connection.ts';
import { copyExchange, type Exchange } from '../../../model/exchange.ts';
import type { TrackedConnection } from '../../../model/tracked-connection.ts';
import type { Conversation, ConversationContext } from '../../protocol.ts';
import { arrivalOf, trackedConnection } from '../../testing/connection.ts';
import { createKeyLog, type KeyLog } from '../key-log.ts';
import { createTls } from '../tls.ts';

/** One TLS conversation that is spoken to by a test: packet n comes n ms after the origin. */
export class Talk {
  readonly connection: TrackedConnection;
  /** What was carried, per side; `…` where some was missing. */
  readonly content: Record<Side, string> = { client: '', server: '' };
  /** Nothing more is read. */
  isOpaque = false;
  /** Exchanges that are over: of what nobody can read, by turns. */
  readonly exchanges: Exchange[] = [];
  /** What the content was said to be. */
  agreed: string | null = null;
  #packet = 0;
  readonly #conversation: Conversation;

  constructor(keyLog: KeyLog = createKeyLog(), fromStart = true) {
    this.connection = trackedConnection();
    const context: ConversationContext = {
      connection: this.connection,
      fromStart,
      handedOver: null,
      nextId: () => '0.e0',
      emit: (exchange) => void this.exchanges.push(copyExchange(exchange)),
      carry: (protocol) => {
        this.agreed = protocol;
        return {
          push: (from, bytes, start, end) => {
            this.content[from] += Buffer.from(bytes.subarray(start, end)).toString('latin1');
          },
          gap: (from) => (this.content[from] += '…'),
          end: () => {},
        };
      },
      become: (next) => {
        this.isOpaque = next === null;
      },
    };
    this.#conversation = createTls(keyLog).open(context);
  }

  get tls(): Tls {
    if (this.connection.tls === null) throw new Error('the conversation left no row');
    return this.connection.tls;
  }

  /** One packet of that side, at the next millisecond or the given one. */
  say(from: Side, bytes: Uint8Array, ms = this.#packet + 1): this {
    this.#packet++;
    this.#conversation.push(from, bytes, 0, bytes.length, arrivalOf(this.#packet, milliseconds(ms)));
    return this;
  }

  lose(from: Side, length: number): this {
    this.#conversation.gap(from, length, arrivalOf(this.#packet));
    return this;
  }

  end(): this {
    for (const from of ['client', 'server'] as const) this.#conversation.end(from, arrivalOf(this.#packet), 'fin');
    return this;
  }
}
