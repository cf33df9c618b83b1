/** Payloads of whole calls, one request and one answer a segment: HTTP/1.1, and gRPC over HTTP/2. */

const SIZES = [100, 160, 220, 280, 340, 400, 460, 500];

const HTTP_REQUEST = Buffer.from('GET /orders/17 HTTP/1.1\r\nhost: orders.prod\r\naccept: */*\r\n\r\n');
const HTTP_RESPONSES = SIZES.map((size) =>
  Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${size}\r\n\r\n${'x'.repeat(size)}`,
  ),
);

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const HEADERS = 1;
const SETTINGS = 4;
const DATA = 0;
const END_STREAM = 1;
const END_HEADERS = 4;
const STREAM_ID = 5;

function frame(type: number, flags: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  return Buffer.concat([head, payload]);
}

/** HPACK, literal without indexing, its name from the static table (RFC 7541 section 6.2.2). */
const literal = (first: readonly number[], value: string): Buffer =>
  Buffer.concat([Buffer.from([...first, value.length]), Buffer.from(value)]);

const message = (size: number): Buffer => {
  const bytes = Buffer.alloc(5 + size, 'x');
  bytes.writeUInt8(0, 0);
  bytes.writeUInt32BE(size, 1);
  return bytes;
};

const CONTENT_TYPE = literal([0x0f, 0x10], 'application/grpc');
const GRPC_REQUEST = Buffer.concat([
  frame(
    HEADERS,
    END_HEADERS,
    Buffer.concat([
      Buffer.from([0x83, 0x86]),
      literal([0x04], '/shop.Orders/Get'),
      literal([0x01], 'orders'),
      CONTENT_TYPE,
    ]),
  ),
  frame(DATA, END_STREAM, message(20)),
]);
const GRPC_TRAILERS = Buffer.from('\x00\x0bgrpc-status\x010', 'latin1');
const GRPC_RESPONSES = SIZES.map((size) =>
  Buffer.concat([
    frame(HEADERS, END_HEADERS, Buffer.concat([Buffer.from([0x88]), CONTENT_TYPE])),
    frame(DATA, 0, message(size)),
    frame(HEADERS, END_HEADERS | END_STREAM, GRPC_TRAILERS),
  ]),
);

/** Each frame of a segment belongs to this stream. */
function onStream(segment: Buffer, stream: number): Buffer {
  const own = Buffer.from(segment);
  for (let at = 0; at < own.length; at += 9 + own.readUIntBE(at, 3)) own.writeUInt32BE(stream, at + STREAM_ID);
  return own;
}

/** One connection's payloads in turn: request, answer, request… */
export function createCalls(isGrpc: boolean): (chance: number) => { payload: Buffer; response: boolean } {
  let segments = 0;
  return (chance) => {
    const response = segments % 2 === 1;
    const call = segments >> 1;
    segments++;
    const pick = Math.floor(chance * SIZES.length);
    if (!isGrpc) return { payload: response ? (HTTP_RESPONSES[pick] as Buffer) : HTTP_REQUEST, response };
    const payload = onStream(response ? (GRPC_RESPONSES[pick] as Buffer) : GRPC_REQUEST, call * 2 + 1);
    if (call > 0) return { payload, response };
    const settings = frame(SETTINGS, 0, Buffer.alloc(0));
    return { payload: Buffer.concat(response ? [settings, payload] : [PREFACE, settings, payload]), response };
  };
}
