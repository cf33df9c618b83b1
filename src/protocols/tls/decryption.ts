import type { Side, Tls } from '../../model/connection.ts';
import type { Arrival } from '../../model/tracked-connection.ts';
import type { Conversation, StreamEnd } from '../protocol.ts';
import type { Budget } from './budget.ts';
import { HeldData } from './held-data.ts';
import type { ServerHello } from './hello.ts';
import type { KeyLog } from './key-log.ts';
import { KeySchedule } from './key-schedule.ts';
import type { RecordHead } from './record.ts';
import { RecordOpener, type Opened } from './record-opener.ts';
import { is13 } from './versions.ts';

export interface DecryptionOptions {
  keyLog: KeyLog;
  budget: Budget;
  /** To open records in vain. */
  tries: Budget;
  row: Tls;
  /** Opens what reads the content; called once, when there is some. */
  inside(): Conversation | null;
}

/** Opens one connection's records with its secrets, and hands their content on. */
export class Decryption {
  readonly #options: DecryptionOptions;
  #schedule: KeySchedule;
  /** TLS 1.2: the one that is being negotiated within the present one. */
  #renegotiated: KeySchedule | null = null;
  readonly #openers: { client: RecordOpener; server: RecordOpener };
  readonly #early: HeldData;
  #takesEarly: boolean | null = null;
  #inner: Conversation | null = null;
  /** What was missed before there was any content. */
  readonly #missed = { client: 0, server: 0 };

  constructor(options: DecryptionOptions, clientRandom: string) {
    this.#options = options;
    this.#schedule = new KeySchedule(options.keyLog, clientRandom);
    this.#openers = {
      client: new RecordOpener(this.#schedule, 'client', options.tries),
      server: new RecordOpener(this.#schedule, 'server', options.tries),
    };
    this.#early = new HeldData(options.budget);
  }

  /** What follows may be opened. */
  hopes(from: Side): boolean {
    return this.#openers[from].hopes;
  }

  /** The keys of a new ClientHello take over with the next change of cipher. */
  renegotiate(clientRandom: string): void {
    this.#renegotiated = new KeySchedule(this.#options.keyLog, clientRandom);
  }

  negotiated({ version, suite, random }: ServerHello): void {
    (this.#renegotiated ?? this.#schedule).negotiated(is13(version), suite, random);
    this.#openers.client.retry();
    this.#openers.server.retry();
  }

  /** TLS 1.2. */
  changedCipher(from: Side): void {
    this.#openers[from].restart(this.#renegotiated ?? this.#schedule);
  }

  /** TLS 1.3: the side's next record is sealed with other keys. */
  changeKeys(from: Side): void {
    this.#openers[from].change();
  }

  /** A record passed by unopened because octets of it are missing, or nobody had its keys. */
  passed(from: Side): void {
    this.#openers[from].passed();
  }

  /** Octets of unknown records passed by. */
  lost(from: Side, octets: number): void {
    this.#openers[from].lost(octets);
  }

  open(from: Side, head: RecordHead, bytes: Uint8Array, start: number, end: number): Opened | null {
    const opened = this.#openers[from].open(head, bytes, start, end);
    if (opened !== null) this.#options.row.decrypted = true;
    return opened;
  }

  /** How much content a record of `length` octets has that could not be opened. */
  contentOf(from: Side, length: number): number {
    return this.#openers[from].contentOf(length);
  }

  /** Content that was opened. */
  data(from: Side, { epoch, bytes, length }: Opened, arrival: Arrival): void {
    if (epoch.kind === 'early' && this.#takesEarly !== true) {
      if (this.#takesEarly === null && !this.#early.hold(bytes.subarray(0, length), arrival))
        this.missing(from, length, arrival);
      return;
    }
    if (length > 0) this.#conversation(arrival)?.push(from, bytes, 0, length, arrival);
  }

  /** Content that could not be opened. @param length Infinity where it can't be told how much */
  missing(from: Side, length: number, arrival: Arrival): void {
    if (this.#inner === null) this.#missed[from] += length;
    else if (length > 0) this.#inner.gap(from, length, arrival);
  }

  /** Whether the server takes what the client sent early is known. */
  early(isTaken: boolean): void {
    if (this.#takesEarly !== null) return;
    this.#takesEarly = isTaken;
    if (!isTaken) return this.#early.drop();
    this.#early.release((bytes, arrival) =>
      this.#conversation(arrival)?.push('client', bytes, 0, bytes.length, arrival),
    );
  }

  end(from: Side, arrival: Arrival, because: StreamEnd): void {
    this.#early.drop();
    this.#inner?.end(from, arrival, because);
  }

  #conversation(arrival: Arrival): Conversation | null {
    if (this.#inner !== null) return this.#inner;
    const inner = this.#options.inside();
    this.#inner = inner;
    const { client, server } = this.#missed;
    if (client > 0) inner?.gap('client', client, arrival);
    if (server > 0) inner?.gap('server', server, arrival);
    return inner;
  }
}
