import type { Side } from '../../model/connection.ts';
import type { Arrival } from '../../model/tracked-connection.ts';
import { ALERT_BYTES, fatalAlert } from './alerts.ts';
import type { Budget } from './budget.ts';
import type { Decryption } from './decryption.ts';
import { HANDSHAKE, HandshakeReader, type HandshakeSink } from './handshake-reader.ts';
import type { HandshakeWatch } from './handshake-watch.ts';
import { readClientHello, readEncryptedExtensions, readServerHello } from './hello.ts';
import { RECORD, type RecordHead } from './record.ts';
import type { RecordSink, Wanted } from './record-reader.ts';
import type { Turns } from './turns.ts';

/** What both sides of a connection share. */
export interface TlsShared {
  readonly watch: HandshakeWatch;
  readonly budget: Budget;
  /** Null as long as no secret is known. */
  decryption(): Decryption | null;
  /** A protocol was agreed on behind encryption. */
  agreedOn(alpn: string | null): void;
  /** Calls by turns, where nobody can read them; null where somebody may, or they are none. */
  turns(): Turns | null;
  /** A sealed record went by. @param isContent it held content, and nobody could open it */
  unopened(isContent: boolean): void;
}

// A loss of unknown size has an octet at least.
const LEAST_LOSS = 1;

/** What one side's records say. */
export class TlsSide implements RecordSink, HandshakeSink {
  readonly #from: Side;
  readonly #shared: TlsShared;
  readonly #messages: HandshakeReader;
  #isSealed = false;
  #isOpened = false;
  /** A key was tried on the present record. */
  #wasTried = false;
  /** The present record's content was said to be missing. */
  #wasGivenUp = false;
  /** Octets of content that were said to be missing since the place was lost. */
  #toldLost = 0;
  /** It sent content that could be opened. */
  #hasContent = false;

  constructor(from: Side, shared: TlsShared) {
    this.#from = from;
    this.#shared = shared;
    this.#messages = new HandshakeReader(this, shared.budget);
  }

  begin(head: RecordHead, arrival: Arrival): Wanted {
    const { watch } = this.#shared;
    this.#isSealed = head.type === RECORD.applicationData || watch.isEncrypted(this.#from);
    this.#isOpened = false;
    this.#wasTried = false;
    this.#wasGivenUp = false;
    if (this.#isSealed) {
      if (head.type === RECORD.applicationData && watch.isContent) {
        this.#shared.turns()?.begins(this.#from, head.length, arrival);
      }
      return this.#shared.decryption()?.hopes(this.#from) === true ? 'whole' : 'skip';
    }
    if (head.type === RECORD.handshake) {
      if (this.#from === 'client') watch.clientBegan(head);
      else watch.serverBegan(head);
      this.#messages.recordBegins();
      return 'pieces';
    }
    return head.type === RECORD.alert && head.length === ALERT_BYTES ? 'whole' : 'skip';
  }

  content(head: RecordHead, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    if (this.#isSealed) this.#open(head, bytes, start, end, arrival);
    else if (head.type === RECORD.handshake) this.#messages.push(bytes, start, end, arrival);
    else if (head.type === RECORD.alert) this.#alert(bytes, start, end);
  }

  hole(head: RecordHead, length: number, arrival: Arrival): void {
    this.#messages.gap(this.#isSealed ? Infinity : length);
    // What cannot be opened is missing from now on: the other side's answer may come before its rest.
    if (this.#isSealed && !this.#wasGivenUp) this.#giveUp(head, arrival);
  }

  finish(head: RecordHead, arrival: Arrival): void {
    const { watch } = this.#shared;
    if (!this.#isSealed) {
      if (head.type === RECORD.changeCipherSpec) this.#changeCipher();
    } else if (!this.#isOpened) {
      this.#shared.turns()?.ends(this.#from, arrival);
      this.#unopened(head, arrival);
      watch.sealed(this.#from, head.type, head.length, arrival);
    }
  }

  lose(arrival: Arrival): void {
    if (!this.#isBeyondHandshake || this.#toldLost > 0) return;
    // How much it was is known when the next record opens. That something is missing, the other
    // side's answer must not wait for.
    this.#toldLost = LEAST_LOSS;
    this.#shared.decryption()?.missing(this.#from, LEAST_LOSS, arrival);
  }

  resume(lost: number): void {
    this.#messages.gap(Infinity);
    this.#shared.decryption()?.lost(this.#from, lost);
  }

  message(type: number, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    const { watch } = this.#shared;
    if (this.#from === 'client') this.#clientMessage(type, bytes, start, end, arrival);
    else this.#serverMessage(type, bytes, start, end);
    watch.message(this.#from, type, arrival);
    if (!this.#isSealed || !watch.is13) return;
    if (type === HANDSHAKE.finished || type === HANDSHAKE.keyUpdate || type === HANDSHAKE.endOfEarlyData) {
      this.#shared.decryption()?.changeKeys(this.#from);
    }
  }

  release(): void {
    this.#messages.reset();
  }

  #clientMessage(type: number, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    const { watch } = this.#shared;
    if (type === HANDSHAKE.endOfEarlyData) this.#shared.decryption()?.early(true);
    if (type !== HANDSHAKE.clientHello) return;
    const hello = readClientHello(bytes, start, end);
    if (watch.isOver && hello !== null) this.#shared.decryption()?.renegotiate(hello.random);
    watch.clientAsked(hello, arrival);
  }

  #serverMessage(type: number, bytes: Uint8Array, start: number, end: number): void {
    const { watch } = this.#shared;
    if (type === HANDSHAKE.serverHello) {
      const hello = readServerHello(bytes, start, end);
      if (hello === null) return;
      watch.serverAnswered(hello);
      if (!hello.isRetry) this.#shared.decryption()?.negotiated(hello);
    } else if (type === HANDSHAKE.encryptedExtensions) {
      const said = readEncryptedExtensions(bytes, start, end);
      this.#shared.agreedOn(said.alpn);
      this.#shared.decryption()?.early(said.earlyData);
    }
  }

  #changeCipher(): void {
    const { watch } = this.#shared;
    watch.changedCipher(this.#from);
    if (!watch.is13) this.#shared.decryption()?.changedCipher(this.#from);
  }

  #alert(bytes: Uint8Array, start: number, end: number): void {
    if (end - start < ALERT_BYTES) return;
    const name = fatalAlert(bytes[start] as number, bytes[start + 1] as number);
    if (name !== null) this.#shared.watch.alert(this.#from, name);
  }

  #open(head: RecordHead, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    const decryption = this.#shared.decryption();
    const opened = decryption?.open(this.#from, head, bytes, start, end) ?? null;
    this.#wasTried = true;
    if (decryption === null || opened === null) return;
    this.#isOpened = true;
    const { watch } = this.#shared;
    if (opened.lost > this.#toldLost) decryption.missing(this.#from, opened.lost - this.#toldLost, arrival);
    this.#toldLost = 0;
    if (opened.type === RECORD.handshake) {
      this.#messages.recordBegins();
      this.#messages.push(opened.bytes, 0, opened.length, arrival);
      if (!watch.is13) watch.finished12(this.#from, arrival);
    } else if (opened.type === RECORD.applicationData) {
      this.#hasContent = true;
      if (!watch.is13) watch.dataFlows12(this.#from, arrival);
      decryption.data(this.#from, opened, arrival);
    } else if (opened.type === RECORD.alert) this.#alert(opened.bytes, 0, opened.length);
    else if (opened.type === RECORD.changeCipherSpec) this.#changeCipher();
  }

  #unopened(head: RecordHead, arrival: Arrival): void {
    // A try counts in the sequence by itself.
    if (!this.#wasTried) this.#shared.decryption()?.passed(this.#from);
    if (!this.#wasGivenUp) this.#giveUp(head, arrival);
  }

  /** The handshake's own end may be missing: content tells, too. */
  get #isBeyondHandshake(): boolean {
    return this.#shared.watch.isOver || this.#hasContent;
  }

  /** A record's content cannot be read any more. */
  #giveUp(head: RecordHead, arrival: Arrival): void {
    this.#wasGivenUp = true;
    const isContent = head.type === RECORD.applicationData && this.#isBeyondHandshake;
    this.#shared.unopened(isContent);
    const decryption = this.#shared.decryption();
    if (decryption === null || !isContent) return;
    decryption.missing(this.#from, decryption.contentOf(this.#from, head.length), arrival);
  }
}
