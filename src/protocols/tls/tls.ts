import type { Side } from '../../model/connection.ts';
import { packetId } from '../../model/packet.ts';
import type { Arrival } from '../../model/tracked-connection.ts';
import type { Conversation, ConversationContext, Protocol, StreamEnd } from '../protocol.ts';
import { createBudget, type Budget } from './budget.ts';
import { Decryption } from './decryption.ts';
import { createTlsRow, HandshakeWatch } from './handshake-watch.ts';
import type { KeyLog } from './key-log.ts';
import { oldHelloLength } from './old-hello.ts';
import { recogniseTls } from './recognise.ts';
import { RecordReader } from './record-reader.ts';
import { TlsSide, type TlsShared } from './tls-side.ts';
import { Turns } from './turns.ts';

// Parts of records and hellos that wait for their rest: a record has 16 KB, and few are on their way at a time.
const MAX_KEPT_BYTES = 32 << 20;
// Tries to open a record with what turns out to be the wrong key or number, some 40 µs each: a loss
// costs a few, so that these are thousands of losses. A capture that is made to need more gets no more.
const MAX_VAIN_TRIES = 100_000;

// Sealed records after which a connection has nothing more to tell: both sides' last flights, and
// the alert that may follow them, are among the first few.
const RECORDS_TO_TELL = 32;

// IANA's port of HTTP over TLS; any other is as good.
const HTTPS_PORT = 443;

/** What ALPN's names (IANA) stand for. What has another name is told from its bytes. */
const AGREED: ReadonlyMap<string, string> = new Map([
  ['h2', 'http/2'],
  ['http/1.1', 'http/1.1'],
  ['http/1.0', 'http/1.1'],
]);

/**
 * TLS over TCP: the handshake becomes part of the connection's row, and the content is read on
 * where its secrets are known.
 */
export function createTls(keyLog: KeyLog): Protocol {
  const shared: Shared = { keyLog, budget: createBudget(MAX_KEPT_BYTES), tries: createBudget(MAX_VAIN_TRIES) };
  return {
    id: 'tls',
    ports: [HTTPS_PORT],
    isCarrier: true,
    recognise: recogniseTls,
    open: (context) => new TlsConversation(context, shared),
  };
}

/** What all connections share. */
interface Shared {
  readonly keyLog: KeyLog;
  readonly budget: Budget;
  readonly tries: Budget;
}

class TlsConversation implements Conversation, TlsShared {
  readonly watch: HandshakeWatch;
  readonly budget: Budget;
  readonly #all: Shared;
  readonly #context: ConversationContext;
  readonly #row = createTlsRow();
  readonly #sides: { client: TlsSide; server: TlsSide };
  readonly #readers: { client: RecordReader; server: RecordReader };
  #decryption: Decryption | null = null;
  #turns: Turns | null = null;
  #begun = false;
  /** Sealed records that went by. */
  #unopened = 0;
  /** Octets of a hello in the old format that are still to come. */
  #oldHello = 0;

  constructor(context: ConversationContext, all: Shared) {
    this.#context = context;
    this.#all = all;
    this.budget = all.budget;
    this.watch = new HandshakeWatch(this.#row);
    // Within another TLS (a proxy's) the outer one is the connection's.
    context.connection.tls ??= this.#row;
    // What it carries is told where it can be read.
    context.connection.protocol = 'tls';
    this.#sides = { client: new TlsSide('client', this), server: new TlsSide('server', this) };
    this.#readers = {
      client: new RecordReader(this.#sides.client, all.budget, context.fromStart),
      server: new RecordReader(this.#sides.server, all.budget, context.fromStart),
    };
  }

  push(from: Side, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    const position = from === 'client' ? this.#passOldHello(bytes, start, end, arrival) : start;
    this.#readers[from].push(bytes, position, end, arrival);
  }

  gap(from: Side, length: number, arrival: Arrival): void {
    this.#turns?.lost(arrival);
    this.watch.hole(from);
    this.#readers[from].gap(length, arrival);
  }

  end(from: Side, arrival: Arrival, because: StreamEnd): void {
    this.#release(from);
    this.#turns?.end(from, arrival, because);
    this.#decryption?.end(from, arrival, because);
  }

  #release(from: Side): void {
    this.#readers[from].release();
    this.#sides[from].release();
  }

  decryption(): Decryption | null {
    const { keyLog, budget, tries } = this.#all;
    const hello = this.watch.clientHello;
    if (this.#decryption !== null || !keyLog.isInUse || hello === null) return this.#decryption;
    this.#decryption = new Decryption(
      { keyLog, budget, tries, row: this.#row, inside: () => this.#inside() },
      hello.random,
    );
    if (this.watch.serverHello !== null) this.#decryption.negotiated(this.watch.serverHello);
    return this.#decryption;
  }

  agreedOn(alpn: string | null): void {
    this.#row.alpn = alpn;
  }

  unopened(isContent: boolean): void {
    if (isContent && this.#row.decrypted) this.#row.unread++;
    this.#unopened++;
    // All that its records tell was told.
    if (!this.#isHopeless || this.turns()?.isOver === false || this.#unopened < RECORDS_TO_TELL) return;
    this.#release('client');
    this.#release('server');
    this.#context.become(null);
  }

  turns(): Turns | null {
    if (!this.#isHopeless) return null;
    const { alpn } = this.#row;
    this.#turns ??= new Turns(this.#context);
    if (alpn !== null && AGREED.get(alpn) !== 'http/1.1') this.#turns.stop();
    return this.#turns;
  }

  /** No secrets are there, nor could be found without a hello. */
  get #isHopeless(): boolean {
    return !this.#all.keyLog.isInUse || this.watch.clientHello === null;
  }

  #inside(): Conversation | null {
    const agreed = AGREED.get(this.#row.alpn ?? '');
    const known = agreed === undefined ? null : this.#context.carry(agreed);
    return known ?? this.#context.carry(null);
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
