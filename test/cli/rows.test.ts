import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, milliseconds, seconds } from '../../src/base/time.ts';
import { atMs, connectionOf, exchangeOf, lookupOf } from '../../src/model/testing/rows.ts';
import { kubelag, oneLine } from '../support/kubelag.ts';

let folder: string;
let capture: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-cli-'));
  capture = join(folder, 'a.pcap');
  writeFileSync(capture, 'not read here: these tests bring their own analysis');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('show', () => {
  it.each([
    [['--lookup', '0.l17'], '0.l17'],
    [['--lookup', '17'], '0.l17'],
    [['--lookup', 'l17'], '0.l17'],
    [['--lookup', '1.l1'], '1.l1'],
    [['--lookup', 'slowest'], '0.l17'],
    [['--slowest'], '0.r17'],
    [[], '0.r17'],
    [['--request', '0.r1'], '0.r1'],
    [['--request', 'r17'], '0.r17'],
    [['--request', 'slowest'], '0.r17'],
    [['--exchange', '0.e1'], '0.e1'],
    [['--exchange', '17'], '0.e17'],
    [['--exchange', 'slowest'], '0.e17'],
    [['--connection', '1.c1'], '1.c1'],
    [['--connection', 'c3'], '0.c3'],
    [['--connection', 'slowest'], '0.c3'],
  ])('%j', async (words, id) => {
    const { io, status } = await kubelag(['show', ...words, capture, '--format', 'json']);
    expect(JSON.parse(io.out)).toMatchObject({ id });
    expect(status).toBe(0);
  });

  it('shows the slowest request, or else the slowest lookup, exchange or connection', async () => {
    const requests: never[] = [];
    const noRequests = await kubelag(['show', capture, '--format', 'json'], { requests });
    expect(JSON.parse(noRequests.io.out)).toMatchObject({ id: '0.l17' });
    const noLookups = await kubelag(['show', capture, '--format', 'json'], { requests, lookups: [] });
    expect(JSON.parse(noLookups.io.out)).toMatchObject({ id: '0.e17' });
    const none = { requests, lookups: [], exchanges: [] };
    const neither = await kubelag(['show', '--slowest', capture, '--format', 'json'], none);
    expect(JSON.parse(neither.io.out)).toMatchObject({ id: '0.c3' });
  });

  it('takes a stream for as slow as its first byte', async () => {
    const exchanges = [
      exchangeOf({ id: '0.e1', shape: 'stream', duration: seconds(60), firstByteAt: atMs(3) }),
      exchangeOf({ id: '0.e2', duration: milliseconds(4) }),
      exchangeOf({ id: '0.e3', shape: 'stream', duration: seconds(60), firstByteAt: at(Number.NaN) }),
    ];
    const { io } = await kubelag(['show', '--exchange', 'slowest', capture, '--format', 'json'], { exchanges });
    expect(JSON.parse(io.out)).toMatchObject({ id: '0.e2' });
  });

  it.each([
    ['lookup', 'slow.example.org'],
    ['exchange', 'GET /api/items'],
    ['connection', 'opened in 1 s'],
    ['request', '10.20.30.40:9200 POST'],
    ['like', '1 of 3 requests GET /api/search'],
  ])('draws the %s', async (kind, says) => {
    const { io } = await kubelag(['show', `--${kind}`, 'slowest', capture]);
    expect(io.out).toContain(says);
    const markdown = await kubelag(['show', `--${kind}`, 'slowest', capture, '--format', 'markdown']);
    expect(markdown.io.out).toMatch(/^```text\n[^]*\n```\n$/);
    expect(markdown.io.out).toContain(says);
  });

  it('draws how the connection of an exchange opened, where that was waited for', async () => {
    const exchanges = [exchangeOf({ startedAt: atMs(1001), connectDuration: seconds(1), connection: '0.c2' })];
    const connections = [
      connectionOf({ id: '0.c2', connectDuration: seconds(1), synAcks: [{ at: atMs(1000), packet: 7 }] }),
    ];
    const { io } = await kubelag(['show', '--exchange', '0.e1', capture], { exchanges, connections });
    expect(io.out).toMatch(/-1\.001000 +#1 +→ +SYN/);
  });

  it.each([
    [['--like', '1'], /--like 1: stands for 0\.r1, 1\.r1; give one of these/],
    [['--like', '0.e1'], /--like 0\.e1: is the id of an exchange; write --exchange/],
    [['--like', '1', '--request', '2'], /--request and --like: .*give either/],
    [['--lookup', '1'], /--lookup 1: stands for 0\.l1, 1\.l1; give one of these/],
    [['--exchange', '1'], /--exchange 1: stands for 0\.e1, 1\.e1; give one of these/],
    [['--lookup', '99'], /--lookup 99: there is no such lookup among 3; see their ids: kubelag export lookups/],
    [['--connection', '99'], /there is no such connection among 3; see their ids: kubelag export connections/],
    [['--lookup', 'x'], /--lookup x: is no id; write 0\.l17/],
    [['--exchange', '1.x4'], /--exchange 1\.x4: is no id; write 0\.e17 or 17, or the word slowest/],
    [['--exchange', '0.c4'], /--exchange 0\.c4: is the id of a connection; write --connection 0\.c4/],
    [['--lookup', '1', '--slowest'], /--lookup and --slowest: .*give either/],
    [['--lookup', '1', '--exchange', '2'], /--lookup and --exchange: .*give either/],
  ])('%j is none', async (words, says) => {
    const { io, status } = await kubelag(['show', ...words, capture]);
    expect([status, io.out]).toEqual([2, '']);
    expect(io.err).toMatch(says);
    expect(io.err).toMatch(oneLine);
  });

  it.each([
    [[], 'lookup, exchange, connection or request'],
    [['--lookup', 'slowest'], 'lookup'],
    [['--exchange', '0.e1'], 'exchange'],
    [['--connection', 'slowest'], 'connection'],
  ])('%j exits with 3 where there is none at all', async (words, what) => {
    const none = { lookups: [], exchanges: [], connections: [], requests: [] };
    const { io, status } = await kubelag(['show', ...words, '--name', 'db', capture], none);
    expect([status, io.out]).toEqual([3, '']);
    expect(io.err).toContain(`holds no ${what} of the name db`);
  });
});

describe('export', () => {
  it('writes rows as they are found', async () => {
    const { io, status } = await kubelag(['export', 'lookups', capture]);
    expect(status).toBe(0);
    const rows = io.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string });
    expect(rows.map((row) => row.id)).toEqual(['0.l1', '0.l17', '1.l1']);
  });

  it.each([
    ['connections', ['0.c1', '0.c3', '1.c1']],
    ['exchanges', ['0.e1', '0.e17', '1.e1']],
    ['rows', ['0.l1', '0.l17', '1.l1', '0.e17', '0.e1', '1.e1', '0.c3', '0.c1', '1.c1']],
  ])('writes %s, and each input', async (kind, ids) => {
    const { io, status } = await kubelag(['export', kind, capture]);
    expect(status).toBe(0);
    const rows = io.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { id?: string; schema: string });
    expect(rows.slice(0, -2).map((row) => row.id)).toEqual(ids);
    expect(rows.slice(-2).map((row) => row.schema)).toEqual(['kubelag/input/1', 'kubelag/input/1']);
  });

  it.each(['connections', 'exchanges'])('writes %s as CSV, in order of start', async (kind) => {
    const { io } = await kubelag(['export', kind, capture, '--format', 'csv']);
    const lines = io.out.trimEnd().split('\r\n');
    expect(lines).toHaveLength(4);
    expect(lines[1]).toMatch(/^0\.[ce]1,0,/);
  });

  it('makes no table of rows of several kinds', async () => {
    const { io, status } = await kubelag(['export', 'rows', capture, '--format', 'csv']);
    expect([status, io.out]).toEqual([2, '']);
    expect(io.err).toMatch(/rows of several kinds are no table; name one kind/);
    expect(io.err).toMatch(oneLine);
  });

  it('writes transactions as CSV to a file', async () => {
    const file = join(folder, 'rows.csv');
    const { io, status } = await kubelag(['export', 'transactions', capture, '--format', 'csv', '--output', file]);
    expect([status, io.out]).toEqual([0, '']);
    expect(readFileSync(file, 'utf8').split('\r\n')).toHaveLength(5);
  });

  it('exits with 3 where there is nothing', async () => {
    const { io, status } = await kubelag(['export', 'lookups', capture], { lookups: [] });
    expect([status, io.out]).toEqual([3, '']);
    expect(io.err).toMatch(oneLine);
  });

  it('holds no more than a buffer of what it writes', async () => {
    const many = Array.from({ length: 5000 }, (_, index) => lookupOf({ id: `0.l${index}` }));
    const sizes: number[] = [];
    await kubelag(['export', 'lookups', capture], { lookups: many, write: (text) => void sizes.push(text.length) });
    expect(sizes.length).toBeGreaterThan(20);
    expect(Math.max(...sizes)).toBeLessThan(100_000);
  });

  it('will not write over what it reads', async () => {
    const before = readFileSync(capture, 'utf8');
    const { io, status } = await kubelag(['export', 'lookups', capture, '--output', capture]);
    expect([status, io.err]).toEqual([2, expect.stringMatching(/is an input and would be written over/)]);
    expect(readFileSync(capture, 'utf8')).toBe(before);
  });
});

describe('export otlp', () => {
  it('writes traces a collector reads from a file', async () => {
    const { io, status } = await kubelag(['export', 'otlp', capture]);
    expect(status).toBe(0);
    const [line, ...more] = io.out.trimEnd().split('\n');
    expect(more).toEqual([]);
    const { resourceSpans } = JSON.parse(line as string) as { resourceSpans: { scopeSpans: { spans: unknown[] }[] }[] };
    // Two inputs of one service; three requests, one of which waited.
    expect(resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))).toHaveLength(4);
  });

  it("sends them to a collector, with the environment's headers", async () => {
    const taken: { url: string; key: unknown; body: string }[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => {
        taken.push({ url: request.url ?? '', key: request.headers['x-key'], body });
        response.end('{}');
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    const { io, status } = await kubelag(['export', 'otlp', '--endpoint', `http://127.0.0.1:${port}`, capture], {
      environment: { OTEL_EXPORTER_OTLP_HEADERS: 'x-key=top%20secret' },
    });
    server.closeAllConnections();
    server.close();
    expect([status, io.out]).toEqual([0, '']);
    expect(io.err).toBe(`kubelag: sent 3 requests as 4 spans to http://127.0.0.1:${port}\n`);
    expect(taken).toMatchObject([{ url: '/v1/traces', key: 'top secret' }]);
    expect(JSON.parse(taken[0]?.body ?? '')).toHaveProperty('resourceSpans');
  });

  it.each([
    [['otlp', '--format', 'csv'], /export otlp --format csv: traces are no table/],
    [['otlp', '--endpoint', 'localhost:4318'], /--endpoint: is no address of a collector; write http:/],
    [['otlp', '--endpoint', 'http://user:hidden@localhost:4318'], /--endpoint: is no address/],
    [['otlp', '--endpoint', 'http://localhost:4318', '--output', 'x'], /--output and --endpoint: .*give either/],
    [['lookups', '--endpoint', 'http://localhost:4318'], /export lookups --endpoint: collectors take traces/],
  ])('%j is refused', async (words, says) => {
    const { io, status } = await kubelag(['export', ...words, capture]);
    expect([status, io.out]).toEqual([2, '']);
    expect(io.err).toMatch(says);
    expect(io.err).not.toContain('hidden');
    expect(io.err).toMatch(oneLine);
  });

  it('of headers that are none repeats nothing', async () => {
    const environment = { OTEL_EXPORTER_OTLP_HEADERS: 'hidden-key' };
    const { io, status } = await kubelag(['export', 'otlp', '--endpoint', 'http://127.0.0.1:9', capture], {
      environment,
    });
    expect(status).toBe(2);
    expect(io.err).toMatch(/OTEL_EXPORTER_OTLP_HEADERS: is no list of headers/);
    expect(io.err).not.toContain('hidden');
  });

  it('exits with 3 where there is no request', async () => {
    const { io, status } = await kubelag(['export', 'otlp', capture], { requests: [] });
    expect([status, io.out]).toEqual([3, '']);
    expect(io.err).toMatch(/holds no request to export/);
  });
});
