import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../src/cli/run.ts';
import { kafka, memcached, mongodb, mysql, postgresql, redis } from './secrets/databases.ts';
import { http1, http2, http2Rest, metadata } from './secrets/http.ts';
import { Markers } from './secrets/marker.ts';
import { captureOf, tcpPackets, udpPacket } from './support/build-tcp.ts';
import { fakeIo } from './support/fake-io.ts';
import { readExchanges } from './support/read-exchanges.ts';

/*
 * Captures hold credentials. Secrets are planted wherever services put them, the program is run
 * with every command and format, and none of them may show: not in a part, not encoded, not in an
 * error's text, not in a temporary file.
 */

const marks = new Markers();
let folder: string;
let temporary: string;
let before: string | undefined;
let capture: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-secrets-'));
  temporary = join(folder, 'temporary');
  mkdirSync(temporary);
  before = process.env['TMPDIR'];
  process.env['TMPDIR'] = temporary;
  const talks = [
    ...http1(marks),
    metadata(marks),
    http2(marks),
    http2Rest(marks),
    ...postgresql(marks),
    mysql(marks),
    redis(marks),
    kafka(marks),
    mongodb(marks),
    memcached(marks),
  ];
  capture = join(folder, 'all.pcap');
  writeFileSync(capture, captureOf([...talks.flatMap(tcpPackets), ...dnsPackets()]));
});
afterAll(() => {
  if (before === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = before;
  rmSync(folder, { recursive: true });
});

const dnsHead = (flags: number, answers: number): Buffer =>
  Buffer.from([0x12, 0x34, flags >> 8, flags & 255, 0, 1, 0, answers, 0, 0, 0, 0]);

/** A TXT answer that proves who owns a domain. */
function dnsPackets() {
  const secret = marks.plant('DNS TXT');
  const name = Buffer.from('\u0005_acme\u0004shop\u0003com\0', 'latin1');
  const question = Buffer.concat([name, Buffer.from([0, 16, 0, 1])]);
  const text = Buffer.concat([Buffer.from([secret.length]), Buffer.from(secret)]);
  const record = Buffer.concat([Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, text.length]), text]);
  const [client, server] = [
    ['10.244.1.17', 42_000],
    ['10.96.0.10', 53],
  ] as const;
  return [
    udpPacket(2000, client, server, Buffer.concat([dnsHead(0x0100, 0), question])),
    udpPacket(2002, server, client, Buffer.concat([dnsHead(0x8180, 1), question, record])),
  ];
}

interface Said {
  status: number;
  out: string;
  err: string;
}

async function kubelag(...words: string[]): Promise<Said> {
  const io = fakeIo();
  const status = await run(words, io);
  return { status, out: io.out, err: io.err };
}

const ROWS = ['rows', 'lookups', 'transactions', 'connections', 'exchanges', 'requests'];
const EXPLAIN = ['terminal', 'json', 'markdown'];

/** Each way to make the program say something of a capture. */
const COMMANDS: string[][] = [
  ...EXPLAIN.flatMap((format) => [
    ['explain', '--format', format],
    ['explain', '--full', '--format', format],
  ]),
  ...ROWS.flatMap((rows) => [
    ['export', rows, '--format', 'ndjson'],
    ...(rows === 'rows' ? [] : [['export', rows, '--format', 'csv']]),
  ]),
  ['export', 'otlp'],
  ...EXPLAIN.flatMap((format) =>
    ['--lookup', '--exchange', '--connection', '--request', '--like'].map((kind) => [
      'show',
      kind,
      'slowest',
      '--format',
      format,
    ]),
  ),
];

describe('planted secrets', () => {
  it('are in the capture, and what holds them is read', async () => {
    const bytes = readFileSync(capture).toString('latin1');
    expect(marks.foundIn(bytes).length).toBeGreaterThan(0.9 * marks.planted.length);
    expect(marks.planted.length).toBeGreaterThan(120);
    const { exchanges } = await readExchanges(capture);
    const protocols = new Set(exchanges.map(({ protocol }) => protocol));
    expect([...protocols].toSorted()).toEqual([
      'grpc',
      'http/1.1',
      'http/2',
      'kafka',
      'memcached',
      'mongodb',
      'mysql',
      'postgresql',
      'redis',
      'tcp',
    ]);
    expect(exchanges.length).toBeGreaterThan(50);
  });

  it.each(COMMANDS.map((words) => [words.join(' '), words] as const))('%s shows none', async (_, words) => {
    const { status, out, err } = await kubelag(...words, capture);
    expect([0, 1]).toContain(status);
    expect(out.length).toBeGreaterThan(20);
    expect(marks.foundIn(out)).toEqual([]);
    expect(marks.foundIn(err)).toEqual([]);
  });

  it('of no exchange and no connection, drawn packet by packet, shows', async () => {
    const { exchanges, connections } = await readExchanges(capture);
    for (const [kind, rows] of [
      ['--exchange', exchanges],
      ['--connection', connections],
    ] as const) {
      for (const { id } of rows) {
        // oxlint-disable-next-line no-await-in-loop -- one run after another
        const { out, err } = await kubelag('show', kind, id, capture);
        expect(out).toContain('ms');
        expect(marks.foundIn(out + err)).toEqual([]);
      }
    }
  });

  it('are in no row as the stages hand it on', async () => {
    const { exchanges, connections } = await readExchanges(capture);
    expect(marks.foundIn(JSON.stringify([exchanges, connections]))).toEqual([]);
  });

  it('survive no way through exported rows and a saved answer', async () => {
    const rows = join(folder, 'rows.ndjson');
    const answer = join(folder, 'answer.json');
    await kubelag('export', 'rows', '--output', rows, capture);
    await kubelag('explain', '--format', 'json', '--output', answer, capture);
    expect(marks.foundIn(readFileSync(rows, 'utf8') + readFileSync(answer, 'utf8'))).toEqual([]);
    for (const path of [rows, answer]) {
      // oxlint-disable-next-line no-await-in-loop -- one run after another
      const { out, err } = await kubelag(path, '--full');
      expect(marks.foundIn(out + err)).toEqual([]);
    }
  });
});

describe('damage', () => {
  it('shows none: captures that are cut, and cut packets', async () => {
    const bytes = readFileSync(capture);
    const path = join(folder, 'cut.pcap');
    for (const share of [0.1, 0.35, 0.62, 0.93]) {
      writeFileSync(path, bytes.subarray(0, Math.floor(bytes.length * share)));
      for (const words of [
        ['explain', '--full'],
        ['export', 'exchanges'],
        ['export', 'connections', '--format', 'csv'],
      ]) {
        // oxlint-disable-next-line no-await-in-loop -- one run after another
        const { out, err } = await kubelag(...words, path);
        expect(marks.foundIn(out + err)).toEqual([]);
      }
    }
  });

  it('shows none: bytes that are no capture, text, rows or answer', async () => {
    const secret = marks.plant('a file that is none');
    const lines = [
      `password=${secret}`,
      `{"password":"${secret}"}`,
      `{"schema":"${secret}","id":"0.e1"}`,
      `{"schema":"kubelag/exchange/1","id":"${secret}"}`,
      `{"schema":"kubelag/1","verdict":{"status":"${secret}"}}`,
      `14:02:07.113240 IP 10.0.3.7.41200 > 10.0.9.4.8080: Flags [P.], seq 1:20, ack 1, win 512, length 19: HTTP: GET /?token=${secret} HTTP/1.1`,
      `14:02:07.113240 IP 10.0.3.7.41200 > 10.0.9.4.8080: Flags [P.], seq 1:20, ack 1, win 512, length 19\nE..4..@.@.\nAuthorization: Bearer ${secret}\n\t0x0000:  4500 ${Buffer.from(secret).toString('hex')}`,
      `14:02:07.113240 IP 10.96.0.10.53 > 10.0.3.7.41200: 4660 1/0/0 TXT "${secret}" (60)`,
      `\u001f\u008b\u0008${secret}`,
      `\u00d4\u00c3\u00b2\u00a1${secret.repeat(9)}`,
      `\n\r\r\n${secret.repeat(9)}`,
    ];
    const path = join(folder, 'odd');
    for (const line of lines) {
      writeFileSync(path, Buffer.from(`${line}\n`, 'latin1'));
      for (const words of [['explain'], ['explain', '--format', 'json'], ['export', 'rows'], ['show']]) {
        // oxlint-disable-next-line no-await-in-loop -- one run after another
        const { out, err } = await kubelag(...words, path);
        expect(marks.foundIn(out + err), line).toEqual([]);
        expect(err).not.toContain('bug');
      }
    }
  });
});

describe('TLS', () => {
  const CORPUS = join(import.meta.dirname, 'corpora/tls');
  const cases = readdirSync(CORPUS)
    .filter((name) => name.endsWith('.keys'))
    .map((name) => name.slice(0, -'.keys'.length));

  it.each(cases)('%s: no secret of its key log shows, nor what it opened', async (name) => {
    const keys = join(CORPUS, `${name}.keys`);
    const secrets = [...readFileSync(keys, 'latin1').matchAll(/\b[0-9a-f]{64,}\b/gi)].map(([text]) =>
      text.toLowerCase(),
    );
    // Who rejects a certificate has made no keys yet.
    expect(secrets.length > 1 || name.endsWith('untrusted')).toBe(true);
    for (const words of [
      ['explain', '--full'],
      ['explain', '--format', 'json'],
      ['export', 'rows'],
      ['show', '--connection', 'slowest'],
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one run after another
      const { out, err } = await kubelag(...words, '--keylog', keys, join(CORPUS, `${name}.pcap`));
      const low = (out + err).toLowerCase();
      // Two octets may stand in any output, sixteen can't by chance.
      for (const secret of secrets) {
        for (let start = 0; start + 32 <= secret.length; start += 16)
          expect(low).not.toContain(secret.slice(start, start + 32));
      }
    }
  });

  it('of a key log that is broken nothing is repeated', async () => {
    const secret = marks.plant('key log', 'hex');
    const keys = join(folder, 'broken.keys');
    writeFileSync(
      keys,
      `CLIENT_RANDOM ${secret} ${secret}\n${secret}\nSERVER_HANDSHAKE_TRAFFIC_SECRET zz${secret}\n# ${secret}\n`,
    );
    for (const words of [['explain'], ['export', 'rows']]) {
      // oxlint-disable-next-line no-await-in-loop -- one run after another
      const { out, err } = await kubelag(...words, '--keylog', keys, join(CORPUS, 'tls13-aes128.pcap'));
      expect(marks.foundIn(out + err)).toEqual([]);
    }
  });
});

const SHARED = join(import.meta.dirname, '../../shared/captures/credentials');
const present = existsSync(SHARED);
if (!present) console.warn('credentials: skipped, ../shared/captures is not here');

describe.skipIf(!present)('credentials of the incident', () => {
  const names = present
    ? readdirSync(SHARED, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
    : [];

  it.each(names)('%s: none of its fake credentials shows', async (name) => {
    const of = join(SHARED, name);
    const secrets = secretsIn(JSON.parse(readFileSync(join(of, 'truth.json'), 'utf8')) as Record<string, unknown>);
    for (const file of readdirSync(of).filter((entry) => entry.endsWith('.pcap'))) {
      for (const words of [
        ['explain', '--full'],
        ['explain', '--format', 'json'],
        ['export', 'rows'],
        ['export', 'exchanges', '--format', 'csv'],
        ['show', '--exchange', 'slowest'],
        ['show', '--request', 'slowest'],
        ['export', 'otlp'],
      ]) {
        // oxlint-disable-next-line no-await-in-loop -- one run after another
        const { out, err } = await kubelag(...words, join(of, file));
        for (const secret of secrets) expect(out + err).not.toContain(secret);
      }
    }
  });

  it('are listed, and in the captures', () => {
    const of = join(SHARED, 'storm-v1-c1');
    const secrets = secretsIn(JSON.parse(readFileSync(join(of, 'truth.json'), 'utf8')) as Record<string, unknown>);
    const bytes = readFileSync(join(of, 'pod.pcap')).toString('latin1');
    expect(secrets.filter((secret) => bytes.includes(secret)).length).toBeGreaterThan(2);
  });
});

/** Long texts anywhere below `secrets`. */
function secretsIn(truth: Record<string, unknown>): string[] {
  const found: string[] = [];
  const walk = (value: unknown): void => {
    if (typeof value === 'string' && value.length >= 12) found.push(value);
    else if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) walk(member);
  };
  walk(truth['secrets']);
  return found;
}

it('no temporary file is left, or made', () => {
  expect(readdirSync(temporary)).toEqual([]);
});
