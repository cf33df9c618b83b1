import { FLAG, FRAME } from '../frame-header.ts';

/** HTTP/2 frames as bytes, for tests. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export type Fields = readonly (readonly [name: string, value: string])[];

/** @param first the first octet: 0 not added to the table, 0x40 added */
export const block = (fields: Fields, first = 0): Buffer =>
  Buffer.concat(fields.map(([name, value]) => Buffer.concat([Buffer.from([first]), text(name), text(value)])));

function text(value: string): Buffer {
  const octets = Buffer.from(value, 'latin1');
  if (octets.length < 127) return Buffer.concat([Buffer.from([octets.length]), octets]);
  const rest = octets.length - 127;
  return Buffer.concat([Buffer.from([127, (rest & 127) | 128, rest >> 7]), octets]);
}

/** Encodes as real encoders do: what it said before as an index. Its table is never full. */
export class Encoder {
  readonly #added: string[] = [];

  encode(fields: Fields): Buffer {
    return Buffer.concat(
      fields.map(([name, value]) => {
        const age = this.#added.toReversed().indexOf(`${name}=${value}`);
        if (age >= 0) return Buffer.from([0x80 | (62 + age)]);
        this.#added.push(`${name}=${value}`);
        return block([[name, value]], 0x40);
      }),
    );
  }
}

export const headers = (stream: number, fields: Fields, flags: number = FLAG.endHeaders, first = 0): Buffer =>
  frame(FRAME.headers, flags | FLAG.endHeaders, stream, block(fields, first));

export const data = (stream: number, payload: Uint8Array | number, flags = 0): Buffer =>
  frame(FRAME.data, flags, stream, typeof payload === 'number' ? Buffer.alloc(payload, 0x2e) : payload);

export const settings = (...pairs: readonly (readonly [id: number, value: number])[]): Buffer =>
  frame(
    FRAME.settings,
    0,
    0,
    Buffer.concat(
      pairs.map(([id, value]) => {
        const setting = Buffer.alloc(6);
        setting.writeUInt16BE(id, 0);
        setting.writeUInt32BE(value, 2);
        return setting;
      }),
    ),
  );

export const windowUpdate = (stream: number, size: number): Buffer => frame(FRAME.window, 0, stream, unsigned(size));

export const resetStream = (stream: number, code: number): Buffer => frame(FRAME.reset, 0, stream, unsigned(code));

export const ping = (content = '0000000000000000', flags = 0): Buffer =>
  frame(FRAME.ping, flags, 0, Buffer.from(content, 'hex'));

export const goAway = (last: number, code: number, debug = ''): Buffer =>
  frame(FRAME.goaway, 0, 0, Buffer.concat([unsigned(last), unsigned(code), Buffer.from(debug)]));

/** gRPC messages of these lengths, each behind its prefix. */
export const messages = (...lengths: readonly number[]): Buffer =>
  Buffer.concat(lengths.map((length) => Buffer.concat([Buffer.from([0]), unsigned(length), Buffer.alloc(length, 7)])));

const unsigned = (value: number): Buffer => {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value);
  return octets;
};

export const get = (path: string): Fields => [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', path],
  [':authority', 'orders:8080'],
];

export const call = (path: string, ...more: Fields): Fields => [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', path],
  [':authority', 'orders:50051'],
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
  ...more,
];

export const status = (code: number, ...more: Fields): Fields => [[':status', String(code)], ...more];
export const grpcStatus = (code: number): Fields => [
  ['grpc-status', String(code)],
  ['grpc-message', ''],
];
