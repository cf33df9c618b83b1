import type { Side } from '../../model/connection.ts';
import { packetId } from '../../model/packet.ts';
import type { Arrival } from '../../model/tracked-connection.ts';
import type { Conversation, ConversationContext, Protocol, StreamEnd } from '../protocol.ts';
import { createByteBudget, type ByteBudget } from './byte-budget.ts';
import { Decryption } from './decryption.ts';
import { createTlsRow, HandshakeWatch } from './handshake-watch.ts';
import type { KeyLog } from './key-log.ts';
import { oldHelloLength } from './old-hello.ts';
import { recogniseTls } from './recognise.ts';
import { RecordReader } from './record-reader.ts';
import { TlsSide, type TlsShared } from './tls-side.ts';

// Parts of records and hellos that wait for their rest: a record has 16 KB, and few are on their way at a time.
const MAX_KEPT_BYTES = 32 << 20;

// IANA's port of HTTP over TLS; any other is as good.
const HTTPS_PORT = 443;

/**
 * What ALPN says is spoken inside. HTTP/1.1 is told from its first line as well, and what is
 * named otherwise is told from its bytes.
 */
const AGREED: ReadonlyMap<string, string> = new Map([['h2', 'http/2']]);

/**
 * TLS over TCP: the handshake becomes part of the connection's row, and the content is read on
 * where its secrets are known.
 */
/** What was agreed on is none of ours. */
const UNREAD: Conversation = { push: () => {}, gap: () => {}, end: () => {} };

export function createTls(keyLog: KeyLog): Protocol {
  const budget = createByteBudget(MAX_KEPT_BYTES);
  return {
    id: 'tls',
    ports: [HTTPS_PORT],
    isCarrier: true,
    recognise: recogniseTls,
    open: (context) => new TlsConversation(context, keyLog, budget),
  };
}

class TlsConversation implements Conversation, TlsShared {
  readonly watch: HandshakeWatch;
  readonly budget: ByteBudget;
  readonly #keyLog: KeyLog;
  readonly #context: ConversationContext;
  readonly #row = createTlsRow();
  readonly #sides: { client: TlsSide; server: TlsSide };
  readonly #readers: { client: RecordReader; server: RecordReader };
  #decryption: Decryption | null = null;
  #begun = false;
  /** Octets of a hello in the old format that are still to come. */
  #oldHello = 0;

  constructor(context: ConversationContext, keyLog: KeyLog, budget: ByteBudget) {
    this.#context = context;
    this.#keyLog = keyLog;
    this.budget = budget;
    this.watch = new HandshakeWatch(this.#row);
    context.connection.tls = this.#row;
    // What it carries is told where it can be read.
    context.connection.protocol = 'tls';
    this.#sides = { client: new TlsSide('client', this), server: new TlsSide('server', this) };
    this.#readers = {
      client: new RecordReader(this.#sides.client, budget, context.fromStart),
      server: new RecordReader(this.#sides.server, budget, context.fromStart),
    };
  }

  push(from: Side, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    const position = from === 'client' ? this.#passOldHello(bytes, start, end, arrival) : start;
    this.#readers[from].push(bytes, position, end, arrival);
  }

  gap(from: Side, length: number, arrival: Arrival): void {
    this.#readers[from].gap(length, arrival);
  }

  end(from: Side, arrival: Arrival, because: StreamEnd): void {
    this.#readers[from].release();
    this.#sides[from].release();
    this.#decryption?.end(from, arrival, because);
  }

  decryption(): Decryption | null {
    const keyLog = this.#keyLog;
    const hello = this.watch.clientHello;
    if (this.#decryption !== null || !keyLog.isInUse || hello === null) return this.#decryption;
    this.#decryption = new Decryption(
      { keyLog, budget: this.budget, row: this.#row, inside: () => this.#inside() },
      hello.random,
    );
    if (this.watch.serverHello !== null) this.#decryption.negotiated(this.watch.serverHello);
    return this.#decryption;
  }

  agreedOn(alpn: string | null): void {
    this.#row.alpn = alpn;
  }

  unread(): void {
    this.#row.unread++;
  }

  #inside(): Conversation {
    return this.#context.carry(AGREED.get(this.#row.alpn ?? '') ?? null) ?? UNREAD;
  }

  #passOldHello(bytes: Uint8Array, start: number, end: number, arrival: Arrival): number {
    if (!this.#begun) {
      this.#begun = true;
      const length = oldHelloLength(bytes, start, end);
      if (length > 0) {
        this.#oldHello = length;
        this.watch.clientBegan({ firstAt: arrival.time, firstPacket: packetId(arrival.input, arrival.number) });
      }
    }
    if (this.#oldHello === 0) return start;
    const take = Math.min(this.#oldHello, end - start);
    this.#oldHello -= take;
    if (this.#oldHello === 0) this.watch.clientAsked(null, arrival);
    return start + take;
  }
}
