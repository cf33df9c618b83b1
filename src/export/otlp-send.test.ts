import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { UserError } from '../model/user-error.ts';
import { sendOtlp } from './otlp-send.ts';
import { createSpool } from './spool.ts';

interface Taken {
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

let servers: Server[] = [];
afterEach(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  servers = [];
});

/** A collector on loopback that answers as the test says, and what it was sent. */
async function collector(answer: (response: ServerResponse, count: number) => void) {
  const taken: Taken[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      taken.push({ url: request.url ?? '', headers: request.headers, body });
      answer(response, taken.length);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { taken, url: new URL(`http://127.0.0.1:${port}/v1/traces`) };
}

async function* batchesOf(...lines: string[]): AsyncGenerator<string> {
  yield* lines;
}

const pauses: number[] = [];
const pause = (milliseconds: number): Promise<void> => {
  pauses.push(milliseconds);
  return Promise.resolve();
};

describe('sending traces', () => {
  it('posts each batch as JSON, in order, with what the user says of himself', async () => {
    const { taken, url } = await collector((response) => response.end('{}'));
    const sent = await sendOtlp(batchesOf('{"a":1}', '{"b":2}'), { url, headers: { 'x-key': 'k' } });
    expect(sent).toEqual({ batches: 2, rejected: 0, because: null });
    expect(taken.map(({ body }) => body)).toEqual(['{"a":1}', '{"b":2}']);
    expect(taken[0]).toMatchObject({
      url: '/v1/traces',
      headers: { 'content-type': 'application/json', 'x-key': 'k' },
    });
  });

  it('says how much was refused, and why', async () => {
    const { url } = await collector((response) =>
      response.end('{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too \\u001b[31mold"}}'),
    );
    const sent = await sendOtlp(batchesOf('{}', '{}'), { url, headers: {} });
    expect(sent.rejected).toBe(6);
    expect(sent.because).not.toContain('\u001B');
    expect(sent.because).toMatch(/^too .*old$/);
  });

  it('tries again where it is told to wait, as long as that', async () => {
    pauses.length = 0;
    const { taken, url } = await collector((response, count) => {
      response.statusCode = count < 3 ? 503 : 200;
      if (count === 1) response.setHeader('retry-after', '7');
      response.end();
    });
    expect(await sendOtlp(batchesOf('{}'), { url, headers: {}, pause })).toMatchObject({ batches: 1 });
    expect(taken).toHaveLength(3);
    expect(pauses).toEqual([7000, 2000]);
  });

  it('gives up at what cannot come right, in one line', async () => {
    const { taken, url } = await collector((response) => {
      response.statusCode = 401;
      response.end('no key');
    });
    const failed = sendOtlp(batchesOf('{}'), { url, headers: {}, pause });
    await expect(failed).rejects.toThrow(UserError);
    await expect(failed).rejects.toThrow(/127\.0\.0\.1:\d+\/v1\/traces: answered 401: no key; name a collector/);
    expect(taken).toHaveLength(1);
  });

  it('follows nobody elsewhere with its headers', async () => {
    const elsewhere = await collector((response) => response.end('{}'));
    const { url } = await collector((response) => {
      response.statusCode = 307;
      response.setHeader('location', elsewhere.url.href);
      response.end();
    });
    await expect(sendOtlp(batchesOf('{}'), { url, headers: { 'x-key': 'k' }, pause })).rejects.toThrow(/answered 307/);
    expect(elsewhere.taken).toEqual([]);
  });

  it('says that nobody is there', async () => {
    const { url } = await collector(() => {});
    servers.pop()?.close();
    await expect(sendOtlp(batchesOf('{}'), { url, headers: {}, pause })).rejects.toThrow(
      /cannot be reached \(ECONNREFUSED\)/,
    );
  });

  it('takes an answer that is none for one', async () => {
    const { url } = await collector((response) => response.end('<html>'));
    expect(await sendOtlp(batchesOf('{}'), { url, headers: {} })).toEqual({ batches: 1, rejected: 0, because: null });
  });
});

describe('the spool', () => {
  it('gives back the lines that were written, and leaves nothing behind', async () => {
    const spool = createSpool();
    const lines = Array.from({ length: 5000 }, (_, index) => `{"line":${index},"of":"ü"}`);
    for (const line of lines) spool.write(`${line}\n`);
    const read: string[] = [];
    for await (const line of spool.lines()) read.push(line);
    expect(read).toEqual(lines);
    spool.close();
  });
});
