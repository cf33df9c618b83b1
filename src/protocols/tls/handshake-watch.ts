import { at, between, nanoseconds, seconds, type Timestamp } from '../../base/time.ts';
import type { Side, Tls } from '../../model/connection.ts';
import { packetId, type PacketId } from '../../model/packet.ts';
import type { Arrival } from '../../model/tracked-connection.ts';
import { ENCRYPTED_ALERT } from './alerts.ts';
import { HANDSHAKE } from './handshake-reader.ts';
import type { ClientHello, ServerHello } from './hello.ts';
import { RECORD, type RecordPlace } from './record.ts';
import { alertLength, finishedLength } from './suites.ts';
import { is13, versionName } from './versions.ts';

const NEVER = at(Number.NaN);
const UNKNOWN = nanoseconds(Number.NaN);
const UNSEEN = -1;

// One that fails sends one alert; more is noise.
const MAX_ALERTS = 4;
// A client's last flight is Certificate, CertificateVerify and Finished, perhaps each in a record of its own.
const MAX_FLIGHT_RECORDS = 4;
// A server that rejects what the client's last flight held says so at once; what closes an idle
// connection later is a goodbye, and looks the same.
const REJECTS_WITHIN = seconds(1);

/** Only a full handshake has them (RFC 5246 section 7.3). */
const FULL_12: ReadonlySet<number> = new Set([
  HANDSHAKE.certificate,
  HANDSHAKE.serverKeyExchange,
  HANDSHAKE.certificateRequest,
  HANDSHAKE.serverHelloDone,
  HANDSHAKE.certificateStatus,
  HANDSHAKE.clientKeyExchange,
]);

export const createTlsRow = (): Tls => ({
  version: null,
  serverName: null,
  alpn: null,
  handshakeDuration: UNKNOWN,
  startedAt: NEVER,
  serverDuration: UNKNOWN,
  resumed: null,
  retried: false,
  clientCertificate: null,
  alerts: [],
  decrypted: false,
  unread: 0,
  packets: [],
});

const none = () => ({ client: false, server: false });

/** Follows one handshake, as far as it can be read, and fills the row. */
export class HandshakeWatch {
  /** The negotiated version, 0 before the ServerHello. */
  version = 0;
  /** The first ClientHello, null where it was not seen. */
  clientHello: ClientHello | null = null;
  serverHello: ServerHello | null = null;
  /** Application data may flow from the client. */
  isOver = false;
  readonly #row: Tls;
  /** When the last ClientHello was whole; NaN while no answer is awaited. */
  #askedAt: Timestamp = NEVER;
  #helloPacket: PacketId = UNSEEN;
  #serverPacket: PacketId = UNSEEN;
  #finishedAt: Timestamp = NEVER;
  /** Up to TLS 1.2. */
  readonly #changed = none();
  readonly #finished = none();
  readonly #holes = none();
  /** TLS 1.3 without keys: records of the client's last flight, and whether the server spoke after it. */
  #flightRecords = 0;
  #serverSpoke = false;

  constructor(row: Tls) {
    this.#row = row;
  }

  /** TLS 1.3 was negotiated. */
  get is13(): boolean {
    return is13(this.version);
  }

  /** What this side sends from here on is encrypted: TLS 1.3 says so by the type of its records. */
  isEncrypted(from: Side): boolean {
    return this.#changed[from] && !this.is13;
  }

  /**
   * What is sealed now is no part of the handshake, as far as that can be told from outside: TLS 1.3
   * hides where a client's last flight ends, and what follows its first record goes with it.
   */
  get isContent(): boolean {
    return !this.is13 || this.isOver;
  }

  /** A hello in the old format or in the new one begins with this record. */
  clientBegan({ firstAt, firstPacket }: RecordPlace): void {
    if (!Number.isNaN(this.#row.startedAt)) return;
    this.#row.startedAt = firstAt;
    this.#helloPacket = firstPacket;
    this.#tellPackets();
  }

  clientAsked(hello: ClientHello | null, arrival: Arrival): void {
    if (this.isOver) return;
    this.#askedAt = arrival.time;
    if (hello === null) return;
    // The second one, after a retry, repeats what the first said.
    this.clientHello ??= hello;
    this.#row.serverName ??= hello.serverName;
  }

  /** A record with handshake messages of the server begins. */
  serverBegan({ firstAt, firstPacket }: RecordPlace): void {
    if (Number.isNaN(this.#askedAt)) return;
    const waited = Math.max(0, between(this.#askedAt, firstAt));
    const { serverDuration } = this.#row;
    this.#row.serverDuration = nanoseconds(Number.isNaN(serverDuration) ? waited : Math.max(serverDuration, waited));
    this.#askedAt = NEVER;
    if (this.#serverPacket === UNSEEN) this.#serverPacket = firstPacket;
    this.#tellPackets();
  }

  serverAnswered(hello: ServerHello): void {
    if (this.isOver) return;
    const row = this.#row;
    this.version = hello.version;
    row.version = versionName(hello.version);
    if (hello.isRetry) {
      row.retried = true;
      return;
    }
    this.serverHello = hello;
    if (this.is13) {
      const offers = this.clientHello?.alpn ?? [];
      row.alpn = offers.length === 1 ? (offers[0] ?? null) : null;
      row.resumed = hello.presharedKey;
      return;
    }
    row.alpn = hello.alpn;
    const asked = this.clientHello?.sessionId ?? '';
    if (asked !== '' && asked === hello.sessionId) row.resumed = true;
  }

  /** A message that is readable, by itself or by a key. */
  message(from: Side, type: number, arrival: Arrival): void {
    if (this.isOver && type !== HANDSHAKE.finished) return;
    const row = this.#row;
    if (type === HANDSHAKE.certificateRequest && from === 'server') row.clientCertificate = true;
    if (this.is13) {
      if (type !== HANDSHAKE.finished) return;
      if (from === 'server') row.clientCertificate ??= false;
      else if (!this.#finished.client) this.#over(arrival);
      this.#finished[from] = true;
      return;
    }
    if (!FULL_12.has(type)) return;
    row.resumed = false;
    if (type === HANDSHAKE.serverHelloDone) row.clientCertificate ??= false;
  }

  changedCipher(from: Side): void {
    if (this.#changed[from]) return;
    this.#changed[from] = true;
    if (this.is13 || this.version === 0 || from !== 'server' || this.#changed.client) return;
    // The server goes first only where both know the keys already (RFC 5246 figure 2).
    this.#row.resumed ??= true;
    if (this.#row.resumed) this.#row.clientCertificate ??= false;
  }

  /** Octets of that side were lost. */
  hole(from: Side): void {
    this.#holes[from] = true;
  }

  /** A record that nobody opened came to its end. @param length of its content */
  sealed(from: Side, type: number, length: number, arrival: Arrival): void {
    if (this.is13) {
      if (type === RECORD.applicationData) this.#sealed13(from, length, arrival);
      return;
    }
    if (!this.#changed[from]) return;
    if (type === RECORD.alert && !this.isOver) this.alert(from, ENCRYPTED_ALERT);
    else if (type === RECORD.handshake) this.finished12(from, arrival);
    else if (type === RECORD.applicationData) this.dataFlows12(from, arrival);
  }

  /** TLS 1.2: the first message behind a change of cipher. */
  finished12(from: Side, arrival: Arrival): void {
    if (this.isOver || this.#finished[from]) return;
    this.#finished[from] = true;
    if (from === 'client') this.#finishedAt = arrival.time;
    if (this.#finished.client && this.#finished.server) this.#over(arrival);
  }

  /** TLS 1.2: a client that sends before the server has finished (RFC 7918) does not wait for it. */
  dataFlows12(from: Side, arrival: Arrival): void {
    if (this.isOver || from !== 'client' || this.#holes.server) return;
    if (this.#finished.client) this.#over(arrival, this.#finishedAt);
  }

  alert(from: Side, name: string): void {
    const said = `${from}: ${name}`;
    const row = this.#row;
    if (row.alerts.length < MAX_ALERTS && !row.alerts.includes(said)) row.alerts = [...row.alerts, said];
  }

  /** TLS 1.3 hides what a record holds; its length and place tell enough. */
  #sealed13(from: Side, length: number, arrival: Arrival): void {
    const hello = this.serverHello;
    if (hello === null) return;
    const isAlert = length === alertLength(hello.suite);
    if (from === 'server') this.#serverSealed13(isAlert, arrival);
    else if (this.#finished.client) {
      // Its goodbye: what the server says then is one as well.
      if (isAlert) this.#serverSpoke = true;
    } else if (length === finishedLength(hello.suite)) {
      this.#finished.client = true;
      this.#over(arrival);
    } else if (isAlert && !this.isOver) this.alert('client', ENCRYPTED_ALERT);
    else if (this.clientHello === null || !this.clientHello.earlyData) this.#flight(arrival);
  }

  #serverSealed13(isAlert: boolean, arrival: Arrival): void {
    // Before the client's last flight it is the server's own.
    if (!this.isOver) return;
    this.#finished.client = true;
    const isAtOnce = !this.#serverSpoke && between(this.#finishedAt, arrival.time) < REJECTS_WITHIN;
    this.#serverSpoke = true;
    if (isAlert && isAtOnce) this.alert('server', ENCRYPTED_ALERT);
  }

  /** A record of the client's last flight, unless it is one behind it. */
  #flight(arrival: Arrival): void {
    if (++this.#flightRecords === 1) this.#over(arrival);
    if (this.#flightRecords >= MAX_FLIGHT_RECORDS) this.#finished.client = true;
  }

  #over(arrival: Arrival, time: Timestamp = arrival.time): void {
    const row = this.#row;
    this.isOver = true;
    this.#finishedAt = time;
    if (!Number.isNaN(row.startedAt)) {
      row.handshakeDuration = nanoseconds(Math.max(0, between(row.startedAt, time)));
    }
    this.#tellPackets(packetId(arrival.input, arrival.number));
  }

  #tellPackets(last: PacketId = UNSEEN): void {
    const packets = [this.#helloPacket, this.#serverPacket, last].filter((packet) => packet !== UNSEEN);
    this.#row.packets = [...new Set(packets)];
  }
}
