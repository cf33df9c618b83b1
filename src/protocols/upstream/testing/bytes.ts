/** What databases say, as bytes, for tests. */

type Part = string | Uint8Array | readonly number[];

/** Parts one behind the other; of a text each character is an octet. */
export const cat = (...parts: readonly Part[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Uint8Array.from(part))));

export const big16 = (value: number): number[] => [(value >> 8) & 255, value & 255];
export const big32 = (value: number): number[] => [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255];
export const little32 = (value: number): number[] => big32(value).toReversed();
const little24 = (value: number): number[] => little32(value).slice(0, 3);

export const postgresql = {
  message: (type: string, body: Part = ''): Buffer => cat(type, big32(cat(body).length + 4), body),
  startup: (parameters: string): Buffer => cat(big32(parameters.length + 8), [0, 3, 0, 0], parameters),
  code: (code: number): Buffer => cat(big32(8), big32(code)),
  ready: cat('Z', big32(5), 'I'),
};

export const mysql = {
  packet: (sequence: number, body: Part): Buffer => cat(little24(cat(body).length), [sequence], body),
  /** A packet framed for compression. @param whole its length when unpacked; 0: it is not packed */
  compressed: (sequence: number, body: Part, whole = 0): Buffer =>
    cat(little24(cat(body).length), [sequence], little24(whole), body),
  ok: (sequence: number, status = 2): Buffer => mysql.packet(sequence, [0, 0, 0, status, 0, 0, 0]),
  end: (sequence: number, status = 2): Buffer => mysql.packet(sequence, [0xfe, 0, 0, status, 0]),
  error: (sequence: number, code: number, text = ''): Buffer =>
    mysql.packet(sequence, cat([0xff, code & 255, code >> 8], '#42000', text)),
  greeting: (salt = 'saltsalt'): Buffer =>
    mysql.packet(
      0,
      cat(
        [10],
        '8.0.36\0',
        little32(7),
        salt,
        [0, 0xff, 0xff, 8, 2, 0, 0xff, 0xdf, 21],
        new Uint8Array(10),
        'moresaltmore\0',
      ),
    ),
  /** @param flags capabilities */
  response: (sequence: number, flags: number, rest: Part = 'user\0\0'): Buffer =>
    mysql.packet(sequence, cat(little32(flags), little32(1 << 24), [33], new Uint8Array(23), rest)),
};

export const redisCommand = (...words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;

export const kafka = {
  text: (value: string): Buffer => cat(big16(value.length), value),
  request: (kind: number, version: number, number: number, client: string, body: Part = ''): Buffer =>
    kafka.framed(cat(big16(kind), big16(version), big32(number), kafka.text(client), body)),
  framed: (body: Part): Buffer => cat(big32(cat(body).length), body),
};

export const mongodb = {
  string: (name: string, value: string): Buffer => cat([2], `${name}\0`, little32(value.length + 1), `${value}\0`),
  int32: (name: string, value: number): Buffer => cat([16], `${name}\0`, little32(value)),
  binary: (name: string, value: string): Buffer => cat([5], `${name}\0`, little32(value.length), [0], value),
  inner: (type: number, name: string, document: Uint8Array): Buffer => cat([type], `${name}\0`, document),
  document(...fields: readonly Uint8Array[]): Buffer {
    const body = cat(...fields, [0]);
    return cat(little32(body.length + 4), body);
  },
  framed: (kind: number, number: number, to: number, body: Part): Buffer =>
    cat(little32(cat(body).length + 16), little32(number), little32(to), little32(kind), body),
  message: (number: number, to: number, flags: number, ...fields: readonly Uint8Array[]): Buffer =>
    mongodb.framed(2013, number, to, cat(little32(flags), [0], mongodb.document(...fields))),
};

/** memcached's binary protocol. @param what status of an answer */
export const memcachedBinary = (magic: number, code: number, number: number, body: Part = '', what = 0): Buffer =>
  cat([magic, code], big16(0), [0, 0], big16(what), big32(cat(body).length), big32(number), new Uint8Array(8), body);
