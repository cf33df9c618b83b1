import type { Side } from '../../model/connection.ts';
import type { KeyLog, Secrets } from './key-log.ts';
import { loadCrypto, masterKeys, nextSecret, trafficKeys, type Crypto, type RecordKeys } from './keys.ts';
import { suite12, suite13, suitesOfSecret, type Suite } from './suites.ts';

/**
 * A stretch of one side's records that one set of keys seals, counted from 0.
 * - `early`: TLS 1.3's 0-RTT, `handshake`: its handshake, `traffic`: what follows
 * - `master`: TLS 1.2 behind a change of cipher
 */
export interface Epoch {
  readonly kind: 'early' | 'handshake' | 'traffic' | 'master';
  readonly keys: RecordKeys;
  readonly suite: Suite;
  readonly secret: Uint8Array;
}

const NONE: readonly Epoch[] = [];

/** One connection's keys, as far as a key log has its secrets. */
export class KeySchedule {
  readonly crypto: Crypto = loadCrypto();
  readonly #keyLog: KeyLog;
  readonly #clientRandom: string;
  #secrets: Secrets | undefined;
  #version13: boolean | null = null;
  #suite: number | null = null;
  #serverRandom: Uint8Array | null = null;

  constructor(keyLog: KeyLog, clientRandom: string) {
    this.#keyLog = keyLog;
    this.#clientRandom = clientRandom;
  }

  /** The key log's state: epochs that are not there may be there when it has changed. */
  get learned(): number {
    return this.#keyLog.learned;
  }

  /** As negotiated; where no ServerHello was seen, as the secrets say. */
  get is13(): boolean {
    return this.#version13 ?? this.#find()?.clientTraffic !== undefined;
  }

  negotiated(version13: boolean, suite: number, serverRandom: Uint8Array): void {
    this.#version13 = version13;
    this.#suite = suite;
    this.#serverRandom = serverRandom;
  }

  /** What may seal a side's records next: the likeliest first. @param after what sealed them so far */
  following(from: Side, after: Epoch | null): readonly Epoch[] {
    const secrets = this.#find();
    if (secrets === undefined) return NONE;
    if (!this.is13) return after === null ? this.#master(from, secrets) : NONE;
    if (after === null) {
      return [...this.#early(from, secrets), ...this.#handshake(from, secrets), ...this.#traffic(from, secrets)];
    }
    if (after.kind === 'early') return this.#handshake(from, secrets);
    if (after.kind === 'handshake') return this.#traffic(from, secrets);
    return [this.#epoch('traffic', after.suite, nextSecret(this.crypto, after.suite, after.secret))];
  }

  #find(): Secrets | undefined {
    this.#secrets ??= this.#keyLog.find(this.#clientRandom);
    return this.#secrets;
  }

  #master(from: Side, { master }: Secrets): readonly Epoch[] {
    const suite = this.#suite === null ? null : suite12(this.#suite);
    if (master === undefined || suite === null || this.#serverRandom === null) return NONE;
    const randoms = Buffer.concat([this.#serverRandom, Buffer.from(this.#clientRandom, 'hex')]);
    const keys = masterKeys(this.crypto, suite, master, randoms)[from];
    return [{ kind: 'master', keys, suite, secret: master }];
  }

  #early(from: Side, { clientEarly }: Secrets): readonly Epoch[] {
    return from === 'client' ? this.#epochs('early', clientEarly) : NONE;
  }

  #handshake(from: Side, { clientHandshake, serverHandshake }: Secrets): readonly Epoch[] {
    return this.#epochs('handshake', from === 'client' ? clientHandshake : serverHandshake);
  }

  #traffic(from: Side, { clientTraffic, serverTraffic }: Secrets): readonly Epoch[] {
    return this.#epochs('traffic', from === 'client' ? clientTraffic : serverTraffic);
  }

  #epochs(kind: Epoch['kind'], secret: Uint8Array | undefined): readonly Epoch[] {
    if (secret === undefined) return NONE;
    if (this.#suite === null) return suitesOfSecret(secret.length).map((suite) => this.#epoch(kind, suite, secret));
    const suite = suite13(this.#suite);
    return suite === null ? NONE : [this.#epoch(kind, suite, secret)];
  }

  #epoch(kind: Epoch['kind'], suite: Suite, secret: Uint8Array): Epoch {
    return { kind, suite, secret, keys: trafficKeys(this.crypto, suite, secret) };
  }
}
