import { HANDSHAKE } from '../handshake-reader.ts';

/** Writes TLS by hand, for tests. */

const u8 = (value: number): Buffer => Buffer.from([value]);
const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const u24 = (value: number): Buffer => Buffer.from([value >> 16, (value >> 8) & 0xff, value & 0xff]);
const with8 = (bytes: Uint8Array): Buffer => Buffer.concat([u8(bytes.length), bytes]);
const with16 = (bytes: Uint8Array): Buffer => Buffer.concat([u16(bytes.length), bytes]);

export const record = (type: number, content: Uint8Array, version = 0x0303): Buffer =>
  Buffer.concat([u8(type), u16(version), with16(content)]);

export const message = (type: number, content: Uint8Array = Buffer.alloc(0)): Buffer =>
  Buffer.concat([u8(type), u24(content.length), content]);

export const changeCipher = (): Buffer => record(20, u8(1));
export const alert = (level: number, description: number): Buffer => record(21, Buffer.from([level, description]));
/** A record that nobody can open. */
export const sealed = (type: number, length: number): Buffer => record(type, Buffer.alloc(length, 0xa5));

const extension = (type: number, content: Uint8Array): Buffer => Buffer.concat([u16(type), with16(content)]);
const protocols = (names: readonly string[]): Buffer =>
  with16(Buffer.concat(names.map((name) => with8(Buffer.from(name, 'latin1')))));

export interface HelloParts {
  random?: Uint8Array;
  sessionId?: Uint8Array;
  serverName?: string;
  alpn?: readonly string[];
  earlyData?: boolean;
}

export const CLIENT_RANDOM = Buffer.alloc(32, 0xc1);
const NONE = Buffer.alloc(0);

/** The content of a ClientHello. */
export function clientHello({
  random = CLIENT_RANDOM,
  sessionId = NONE,
  serverName,
  alpn,
  earlyData,
}: HelloParts = {}): Buffer {
  const extensions = [
    // GREASE (RFC 8701) stands first, as browsers have it.
    extension(0x0a0a, NONE),
    ...(serverName === undefined
      ? []
      : [extension(0, with16(Buffer.concat([u8(0), with16(Buffer.from(serverName, 'latin1'))])))]),
    ...(alpn === undefined ? [] : [extension(16, protocols(alpn))]),
    ...(earlyData === true ? [extension(42, NONE)] : []),
  ];
  return Buffer.concat([
    u16(0x0303),
    random,
    with8(sessionId),
    with16(Buffer.from([0x13, 0x01, 0xc0, 0x2f])),
    with8(u8(0)),
    with16(Buffer.concat(extensions)),
  ]);
}

export interface ServerHelloParts {
  random?: Uint8Array;
  sessionId?: Uint8Array;
  suite?: number;
  /** 0x0304 goes into supported_versions. */
  version?: number;
  alpn?: string;
  presharedKey?: boolean;
}

/** The content of a ServerHello. */
export function serverHello({
  random = Buffer.alloc(32, 0x5e),
  sessionId = NONE,
  suite = 0x1301,
  version = 0x0304,
  alpn,
  presharedKey,
}: ServerHelloParts = {}): Buffer {
  const extensions = [
    ...(version > 0x0303 ? [extension(43, u16(version))] : []),
    ...(alpn === undefined ? [] : [extension(16, protocols([alpn]))]),
    ...(presharedKey === true ? [extension(41, u16(0))] : []),
  ];
  return Buffer.concat([
    u16(Math.min(version, 0x0303)),
    random,
    with8(sessionId),
    u16(suite),
    u8(0),
    ...(extensions.length === 0 ? [] : [with16(Buffer.concat(extensions))]),
  ]);
}

// RFC 8446 section 4.1.3.
export const RETRY_RANDOM = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex');

/** A record with a ClientHello. */
export const hello = (parts: HelloParts = {}): Buffer =>
  record(22, message(HANDSHAKE.clientHello, clientHello(parts)), 0x0301);

/** A record with a ServerHello, and other messages of these types behind it. */
export const answer = (parts: ServerHelloParts = {}, ...more: readonly number[]): Buffer =>
  record(
    22,
    Buffer.concat([
      message(HANDSHAKE.serverHello, serverHello(parts)),
      ...more.map((type) => message(type, Buffer.alloc(40))),
    ]),
  );

// A Finished of TLS_AES_128_GCM_SHA256: 4 octets of header, 32 of digest, the type, the tag.
export const FINISHED_13 = 53;
