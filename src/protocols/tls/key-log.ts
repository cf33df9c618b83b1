/**
 * TLS secrets in NSS key log format (SSLKEYLOGFILE, draft-ietf-tls-keylogfile): a label, the
 * client's random and the secret, in hexadecimal. They stay in here: nothing of them becomes a
 * row or a message.
 */

/** One connection's secrets, as far as they are known. */
export interface Secrets {
  /** Up to TLS 1.2: the master secret. */
  master?: Uint8Array;
  /** TLS 1.3. */
  clientEarly?: Uint8Array;
  clientHandshake?: Uint8Array;
  serverHandshake?: Uint8Array;
  clientTraffic?: Uint8Array;
  serverTraffic?: Uint8Array;
}

const LABELS: ReadonlyMap<string, keyof Secrets> = new Map([
  ['CLIENT_RANDOM', 'master'],
  ['CLIENT_EARLY_TRAFFIC_SECRET', 'clientEarly'],
  ['CLIENT_HANDSHAKE_TRAFFIC_SECRET', 'clientHandshake'],
  ['SERVER_HANDSHAKE_TRAFFIC_SECRET', 'serverHandshake'],
  ['CLIENT_TRAFFIC_SECRET_0', 'clientTraffic'],
  ['SERVER_TRAFFIC_SECRET_0', 'serverTraffic'],
]);

// SHA-256's and SHA-384's length, and the master secret's.
const LENGTHS: ReadonlySet<number> = new Set([32, 48]);
const LINE = /^([A-Z][A-Z0-9_]*) ([0-9a-fA-F]{64}) ((?:[0-9a-fA-F]{2})+)$/;
// A label, 64 digits and 96: what is longer is no line of a key log.
const MAX_LINE = 256;
// Connections whose secrets are kept: about 1 KB each. Beyond, the oldest goes.
const MAX_CLIENTS = 1 << 17;
const LINE_FEED = 10;

export interface KeyLog {
  /** One line. @returns whether it holds a secret, of whatever kind */
  line(text: string): boolean;
  /** A whole key log, as pcapng carries it. */
  text(bytes: Uint8Array): void;
  /** @param clientRandom in hexadecimal */
  find(clientRandom: string): Secrets | undefined;
  /** There are secrets, or may be. */
  readonly isInUse: boolean;
  /** Grows with each secret that is learned: who found none may look again when it has grown. */
  readonly learned: number;
}

/** @param more called where a connection's secrets are not known: learns what was written meanwhile */
export function createKeyLog(more?: () => void): KeyLog {
  const clients = new Map<string, Secrets>();
  let learned = 0;

  function line(text: string): boolean {
    if (text.length > MAX_LINE) return false;
    const match = LINE.exec(text.trim());
    if (match === null) return false;
    const [, label = '', random = '', secret = ''] = match;
    const kind = LABELS.get(label);
    // Exporter secrets and others are lines of a key log, and of no use here.
    if (kind === undefined || !LENGTHS.has(secret.length / 2)) return true;
    const client = random.toLowerCase();
    let known = clients.get(client);
    if (known === undefined) {
      if (clients.size >= MAX_CLIENTS) clients.delete(clients.keys().next().value as string);
      known = {};
      clients.set(client, known);
    }
    known[kind] = Buffer.from(secret, 'hex');
    learned++;
    return true;
  }

  return {
    line,
    text(bytes) {
      let start = 0;
      while (start < bytes.length) {
        const found = bytes.indexOf(LINE_FEED, start);
        const end = found < 0 ? bytes.length : found;
        if (end - start <= MAX_LINE) line(Buffer.from(bytes.subarray(start, end)).toString('latin1'));
        start = end + 1;
      }
    },
    find(clientRandom) {
      const known = clients.get(clientRandom);
      if (known !== undefined || more === undefined) return known;
      more();
      return clients.get(clientRandom);
    },
    get isInUse() {
      return learned > 0 || more !== undefined;
    },
    get learned() {
      return learned;
    },
  };
}
