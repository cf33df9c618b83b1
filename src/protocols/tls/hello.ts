import { Cursor } from './cursor.ts';

/** What a ClientHello says (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2). */
export interface ClientHello {
  /** In hexadecimal, as key logs name it. */
  random: string;
  /** In hexadecimal, '' for none. */
  sessionId: string;
  serverName: string | null;
  /** What it offers, in its order, without GREASE. */
  alpn: readonly string[];
  /** It sends application data before the server has answered. */
  earlyData: boolean;
}

/** What a ServerHello or a HelloRetryRequest says. */
export interface ServerHello {
  random: Uint8Array;
  sessionId: string;
  /** The negotiated version, as supported_versions says it, or as the message itself. */
  version: number;
  /** The cipher suite's number. */
  suite: number;
  /** Up to TLS 1.2; 1.3 says it encrypted. */
  alpn: string | null;
  /** A pre-shared key, that is in practice a former session's, was accepted. */
  presharedKey: boolean;
  isRetry: boolean;
}

const EXTENSION = {
  serverName: 0,
  alpn: 16,
  presharedKey: 41,
  earlyData: 42,
  supportedVersions: 43,
} as const;

const RANDOM_BYTES = 32;
const MAX_SESSION_ID = 32;
const HOST_NAME = 0;
// Names longer than a domain name (RFC 1035) are none; lists of protocols are short.
const MAX_NAME = 255;
const MAX_PROTOCOLS = 16;
// The SHA-256 of "HelloRetryRequest": RFC 8446 section 4.1.3.
const RETRY_RANDOM = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c';

/** Reads as far as the content goes; null where not even random and session are there. */
export function readClientHello(bytes: Uint8Array, start: number, end: number): ClientHello | null {
  const cursor = new Cursor(bytes, start, end);
  cursor.skip(2);
  const random = cursor.hex(RANDOM_BYTES);
  const sessionId = sessionOf(cursor);
  if (cursor.failed) return null;
  const hello: ClientHello = { random, sessionId, serverName: null, alpn: [], earlyData: false };
  cursor.skip(cursor.u16());
  cursor.skip(cursor.u8());
  eachExtension(cursor, (type, content) => {
    if (type === EXTENSION.serverName) hello.serverName = readServerName(content);
    else if (type === EXTENSION.alpn) hello.alpn = readProtocols(content);
    else if (type === EXTENSION.earlyData) hello.earlyData = true;
  });
  return hello;
}

/** The same for a server's. */
export function readServerHello(bytes: Uint8Array, start: number, end: number): ServerHello | null {
  const cursor = new Cursor(bytes, start, end);
  const version = cursor.u16();
  const randomAt = cursor.position;
  const random = cursor.hex(RANDOM_BYTES);
  const sessionId = sessionOf(cursor);
  const suite = cursor.u16();
  cursor.skip(1);
  if (cursor.failed) return null;
  const hello: ServerHello = {
    random: new Uint8Array(bytes.subarray(randomAt, randomAt + RANDOM_BYTES)),
    sessionId,
    version,
    suite,
    alpn: null,
    presharedKey: false,
    isRetry: random === RETRY_RANDOM,
  };
  eachExtension(cursor, (type, content) => {
    if (type === EXTENSION.supportedVersions) {
      const selected = content.u16();
      if (!content.failed) hello.version = selected;
    } else if (type === EXTENSION.alpn) hello.alpn = readProtocols(content)[0] ?? null;
    else if (type === EXTENSION.presharedKey) hello.presharedKey = true;
  });
  return hello;
}

/** What only a key log shows: the extensions that TLS 1.3 encrypts. */
export function readEncryptedExtensions(bytes: Uint8Array, start: number, end: number) {
  const said = { alpn: null as string | null, earlyData: false };
  eachExtension(new Cursor(bytes, start, end), (type, content) => {
    if (type === EXTENSION.alpn) said.alpn = readProtocols(content)[0] ?? null;
    else if (type === EXTENSION.earlyData) said.earlyData = true;
  });
  return said;
}

function sessionOf(cursor: Cursor): string {
  const length = cursor.u8();
  if (length > MAX_SESSION_ID) cursor.fail();
  return cursor.hex(length);
}

function eachExtension(cursor: Cursor, visit: (type: number, content: Cursor) => void): void {
  cursor.skip(2);
  while (!cursor.failed && cursor.left >= 4) {
    const type = cursor.u16();
    // One that is cut is read as far as it goes.
    visit(type, cursor.part(cursor.u16()));
  }
}

function readServerName(cursor: Cursor): string | null {
  cursor.skip(2);
  while (!cursor.failed && cursor.left >= 3) {
    const type = cursor.u8();
    const length = cursor.u16();
    if (type === HOST_NAME) return length > MAX_NAME ? null : cursor.word(length);
    cursor.skip(length);
  }
  return null;
}

function readProtocols(cursor: Cursor): string[] {
  const protocols: string[] = [];
  cursor.skip(2);
  while (!cursor.failed && cursor.left > 0 && protocols.length < MAX_PROTOCOLS) {
    const name = cursor.word(cursor.u8());
    if (name !== null) protocols.push(name);
  }
  return protocols;
}
