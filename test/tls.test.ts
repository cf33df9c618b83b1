/** TLS as real programs speak it, against what they themselves knew of it; see `corpora/tls/README.md`. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from '../src/analyze.ts';
import { toSeconds } from '../src/base/time.ts';
import { createKeyLog } from '../src/protocols/tls/key-log.ts';
import { renderMarkdown } from '../src/report/markdown.ts';
import { renderTerminal } from '../src/report/terminal.ts';
import { readExchanges } from './support/read-exchanges.ts';
import { keyLogOf, readTls, readTlsOf, type ReadTls } from './support/read-tls.ts';
import { pcapRecords } from './support/pcap-records.ts';

const PLAIN = { width: 100, color: false, unicode: true };
const FOLDER = `${import.meta.dirname}/corpora/tls`;

interface Truth {
  connections: {
    port: number;
    serverName: string;
    version: string | null;
    alpn: string | null;
    resumed: boolean | null;
    retried: boolean;
    clientCertificate: boolean;
    alerts: string[];
    handshakeSeconds?: number | null;
  }[];
  exchanges: { method: string; path: string; status: number; bodyBytes: number; seconds?: number }[];
}

const CASES = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.truth.json'))
  .map((file) => file.replace('.truth.json', ''));
const truthOf = (name: string): Truth => JSON.parse(readFileSync(`${FOLDER}/${name}.truth.json`, 'utf8')) as Truth;
const captureOf = (name: string): string => `${FOLDER}/${name}.pcap`;
const keysOf = (name: string): string => `${FOLDER}/${name}.keys`;
const inOrder = (read: ReadTls[]): ReadTls[] => read.sort((a, b) => a.connection.startedAt - b.connection.startedAt);

// A program's stopwatch begins a moment before its first packet leaves and stops when it runs
// again, on a busy machine.
const STOPWATCH_SECONDS = 0.02;

describe.each(CASES)('%s', (name) => {
  const truth = truthOf(name);

  it('without keys tells the handshake as its client knew it', async () => {
    const read = inOrder(await readTls(captureOf(name)));
    expect(read).toHaveLength(truth.connections.length);
    for (const [index, { connection, content }] of read.entries()) {
      const known = truth.connections[index] as Truth['connections'][number];
      const { tls, protocol } = connection;
      expect(protocol).toBe('tls');
      expect(content).toEqual({ client: '', server: '' });
      expect(tls).toMatchObject({ serverName: known.serverName, decrypted: false, retried: known.retried });
      // A client that gave up did not say what had been agreed on.
      if (known.version !== null) expect(tls?.version).toBe(known.version);
      if (known.resumed !== null) expect(tls?.resumed).toBe(known.resumed);
      if (known.port !== 0) expect(connection.clientPort).toBe(known.port);
      if (tls?.alpn !== null && known.version !== null) expect(tls?.alpn).toBe(known.alpn);
      if (tls?.clientCertificate !== null) expect(tls?.clientCertificate).toBe(known.clientCertificate);
      expect(tls?.alerts).toEqual(
        known.alerts.map((alert) =>
          tls?.version === '1.3' && alert.startsWith('server: ') ? 'server: encrypted_alert' : alert,
        ),
      );
      if (typeof known.handshakeSeconds === 'number') {
        const took = toSeconds(tls?.handshakeDuration ?? (Number.NaN as never));
        expect(took).toBeGreaterThan(0);
        expect(Math.abs(took - known.handshakeSeconds)).toBeLessThan(STOPWATCH_SECONDS);
      } else if (known.alerts.length > 0 && known.version === null) expect(tls?.handshakeDuration).toBeNaN();
    }
  });

  it.skipIf(!existsSync(keysOf(name)))('with keys tells the same, and what only they show', async () => {
    const plain = inOrder(await readTls(captureOf(name)));
    const read = inOrder(await readTls(captureOf(name), keyLogOf(keysOf(name))));
    for (const [index, { connection }] of read.entries()) {
      const known = truth.connections[index] as Truth['connections'][number];
      const blind = plain[index]?.connection.tls;
      const { tls } = connection;
      const { decrypted, clientCertificate, alpn, alerts, ...same } = tls ?? {};
      expect(blind).toMatchObject(same);
      expect(alerts).toEqual(known.alerts);
      expect(tls?.unread).toBe(0);
      if (decrypted === true) expect(clientCertificate).toBe(known.clientCertificate);
      if (known.version !== null) expect(alpn).toBe(known.alpn);
    }
  });

  it.skipIf(truth.exchanges.length === 0 || name === 'tls12-cbc')(
    'with keys has each call as its client counted it',
    async () => {
      const { exchanges, connections } = await readExchanges(captureOf(name), keysOf(name));
      expect(connections.map(({ tls }) => tls?.decrypted)).toEqual(truth.connections.map(() => true));
      const byStart = exchanges
        .filter(({ method }) => method !== 'STARTTLS' && method !== 'AUTHENTICATE')
        .toSorted((a, b) => a.startedAt - b.startedAt);
      expect(byStart.map(({ method, path, status, outcome }) => ({ method, path, status, outcome }))).toEqual(
        truth.exchanges.map(({ method, path, status }) => ({
          method,
          path: path.replace(/\d+/, '{id}'),
          status,
          outcome: 'ok',
        })),
      );
      for (const [index, { bodyBytes, method, seconds }] of truth.exchanges.entries()) {
        const exchange = byStart[index];
        // Headers and chunks stand before and between.
        expect(exchange?.responseBytes).toBeGreaterThanOrEqual(method === 'HEAD' ? 0 : bodyBytes);
        expect(exchange?.responseBytes).toBeLessThan(bodyBytes + 400);
        if (seconds !== undefined) {
          expect(toSeconds(exchange?.duration ?? (Number.NaN as never))).toBeLessThanOrEqual(seconds + 0.001);
        }
      }
      const firsts = byStart.filter(({ place }) => place === 0);
      // What asks for TLS comes before it.
      expect(firsts).toHaveLength(name === 'tls13-postgresql' ? 0 : truth.connections.length);
      for (const first of firsts) {
        const { tls } = connections.find(({ id }) => id === first.connection) ?? {};
        // What was sent early did not wait for the handshake.
        if (!Number.isNaN(first.tlsDuration)) expect(first.tlsDuration).toBe(tls?.handshakeDuration);
      }
      expect(firsts.filter(({ tlsDuration }) => Number.isNaN(tlsDuration))).toHaveLength(name === 'early-data' ? 1 : 0);
    },
  );
});

describe('the set', () => {
  it('has each cipher, version and way to begin', () => {
    expect(CASES).toHaveLength(29);
    for (const part of ['aes128', 'aes256', 'chacha20', 'http2', 'resumed', 'client-certificate', 'untrusted']) {
      for (const version of ['tls12', 'tls13'])
        expect(CASES.some((name) => name.startsWith(`${version}-${part}`))).toBe(true);
    }
  });

  it('a key log within the capture does the same as one beside it', async () => {
    const within = await readExchanges(`${FOLDER}/early-data.secrets.pcapng`);
    const beside = await readExchanges(captureOf('early-data'), keysOf('early-data'));
    expect(within.exchanges.map(({ path, status, duration }) => ({ path, status, duration }))).toEqual(
      beside.exchanges.map(({ path, status, duration }) => ({ path, status, duration })),
    );
    expect(within.exchanges).toHaveLength(3);
  });

  it('early data that was refused is not taken for a request', async () => {
    const read = inOrder(await readTls(captureOf('early-data'), keyLogOf(keysOf('early-data'))));
    expect(read.map(({ content }) => content.client.match(/POST/g)?.length ?? 0)).toEqual([0, 1, 1]);
    expect(read.map(({ connection }) => connection.tls?.resumed)).toEqual([false, true, false]);
  });

  it('another connection’s keys open nothing, and nothing is made up', async () => {
    for (const name of ['tls12-aes128', 'tls13-aes128']) {
      const text = readFileSync(keysOf(name), 'utf8').replaceAll(
        / ([0-9a-f]{2})([0-9a-f]+)$/gm,
        (_, first: string, rest: string) => ` ${first === 'ff' ? '00' : 'ff'}${rest}`,
      );
      const keyLog = createKeyLog();
      keyLog.text(Buffer.from(text));
      const [read] = await readTls(captureOf(name), keyLog);
      expect(read?.content).toEqual({ client: '', server: '' });
      expect(read?.connection).toMatchObject({ protocol: 'tls', tls: { decrypted: false } });
    }
  });
});

/** The file again without some of its packets. */
function without(capture: Uint8Array, isLost: (number: number) => boolean): Buffer {
  const kept = [...pcapRecords(capture)].filter(({ number }) => !isLost(number));
  return Buffer.concat([capture.subarray(0, 24), ...kept.map(({ start, end }) => capture.subarray(start - 16, end))]);
}

describe('packets that were lost', () => {
  const names = [
    'tls13-aes128',
    'tls12-aes256',
    'tls12-chacha20',
    'tls13-http2',
    'tls12-renegotiated',
    'key-update',
    'early-data',
  ];
  const captures = new Map<string, Buffer>(names.map((name) => [name, readFileSync(captureOf(name))]));

  it('leave a hole, and nothing that was not sent', async () => {
    const whole = new Map<string, ReadTls[]>();
    for (const name of names) whole.set(name, inOrder(await readTls(captureOf(name), keyLogOf(keysOf(name)))));
    let holes = 0;
    let pieces = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.uniqueArray(fc.integer({ min: 5, max: 60 }), { minLength: 1, maxLength: 4 }),
        async (name, lost) => {
          const capture = captures.get(name) as Buffer;
          const cut = without(capture, (number) => lost.includes(number));
          const read = inOrder(await readTlsOf([cut], keyLogOf(keysOf(name))));
          for (const { connection, content } of read) {
            const sent = whole.get(name)?.find((one) => one.connection.clientPort === connection.clientPort)?.content;
            for (const side of ['client', 'server'] as const) {
              // Each stretch stands in what was sent, behind the one before.
              let position = 0;
              const stretches = content[side].split('…');
              for (const stretch of stretches) {
                const found = (sent?.[side] ?? '').indexOf(stretch, position);
                expect(found).toBeGreaterThanOrEqual(position);
                position = found + stretch.length;
                pieces++;
              }
              holes += stretches.length - 1;
            }
          }
        },
      ),
      { numRuns: 150, seed: 20_261_125 },
    );
    expect(holes).toBeGreaterThan(30);
    expect(pieces).toBeGreaterThan(holes);
  });

  it('do not end what is read behind them: one data packet of a download costs its record', async () => {
    // The third call's answer: records of 4,000, 16,384, 616… octets.
    const [read] = await readTlsOf(
      [without(captures.get('tls13-aes128') as Buffer, (number) => number === 33)],
      keyLogOf(keysOf('tls13-aes128')),
    );
    const [whole] = await readTls(captureOf('tls13-aes128'), keyLogOf(keysOf('tls13-aes128')));
    const missing = (whole?.content.server.length ?? 0) - (read?.content.server.replaceAll('…', '').length ?? 0);
    expect(read?.content.server).toContain('…');
    expect(read?.content.server.endsWith('late')).toBe(true);
    expect(missing).toBeGreaterThan(0);
    expect(missing).toBeLessThanOrEqual(16_384);
    expect(read?.connection.tls?.unread).toBeGreaterThan(0);
  });
});

describe('a capture that begins in the midst', () => {
  it.each(['tls13-aes128', 'tls12-cbc', 'tls13-http2'])('%s is TLS, of which nothing else is known', async (name) => {
    const capture = readFileSync(captureOf(name));
    for (const from of [12, 20, 30, 35]) {
      const [read, ...others] = await readTlsOf([without(capture, (number) => number < from)], keyLogOf(keysOf(name)));
      expect(others).toEqual([]);
      expect(read?.connection).toMatchObject({
        protocol: 'tls',
        tls: { version: null, serverName: null, resumed: null, startedAt: Number.NaN, decrypted: false, alerts: [] },
      });
    }
  });

  it('is read where only the TCP handshake is missing', async () => {
    const capture = readFileSync(captureOf('tls13-aes128'));
    const [read] = await readTlsOf([without(capture, (number) => number < 4)], keyLogOf(keysOf('tls13-aes128')));
    expect(read?.connection.tls).toMatchObject({ version: '1.3', decrypted: true });
    expect(read?.content.client.match(/HTTP/g)).toHaveLength(6);
  });
});

describe('captures that are damaged', () => {
  const names = [
    'tls13-aes128',
    'tls12-chacha20',
    'tls13-resumed',
    'tls12-renegotiated',
    'early-data',
    'tls13-postgresql',
  ];
  const captures = new Map<string, Buffer>(names.map((name) => [name, readFileSync(captureOf(name))]));

  it('are read without an error, and nothing in them lasts less than nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 12 }),
        fc.array(fc.tuple(fc.nat(60), fc.constantFrom('drop', 'twice', 'swap')), { maxLength: 6 }),
        async (name, flips, moves) => {
          const capture = captures.get(name) as Buffer;
          const records: Buffer[] = [...pcapRecords(capture)].map(({ start, end }) =>
            Buffer.from(capture.subarray(start - 16, end)),
          );
          for (const [index, move] of moves) {
            const record = records[index % records.length] as Buffer;
            const position = records.indexOf(record);
            if (move === 'drop') records.splice(position, 1);
            else if (move === 'twice') records.splice(position, 0, record);
            else records.splice(Math.max(0, position - 2), 0, ...records.splice(position, 1));
          }
          const damaged = Buffer.concat([capture.subarray(0, 24), ...records]);
          // Behind the record's header and the addresses: a flip there is a flip in TCP or TLS.
          for (const [where, value] of flips) damaged[24 + 50 + (where % (damaged.length - 74))] = value;
          for (const keyLog of [createKeyLog(), keyLogOf(keysOf(name))]) {
            for (const { connection } of await readTlsOf([damaged], keyLog)) {
              const { tls } = connection;
              expect(tls?.handshakeDuration).not.toBeLessThan(0);
              expect(tls?.serverDuration).not.toBeLessThan(0);
              expect(tls?.packets.length).toBeLessThanOrEqual(3);
            }
          }
        },
      ),
      {
        numRuns: 150,
        // The version in a hello that came twice is another: keys of TLS 1.3 were tried on records of 1.2.
        examples: [['early-data', [[2114299045, 1]], [[31, 'twice']]]],
      },
    );
  });
});

describe('secrets', () => {
  it.each(['tls12-aes256', 'tls13-aes128', 'early-data'])('of %s get into no answer and no row', async (name) => {
    let rows = '';
    const keep = (row: object): void => void (rows += JSON.stringify(row));
    const { diagnosis } = await analyze({
      paths: [captureOf(name)],
      dnsPorts: [53],
      clients: [],
      names: [],
      slowerThan: null,
      keyLogs: [keysOf(name)],
      observers: [{ connection: keep, exchange: keep }],
    });
    const said = `${rows}${JSON.stringify(diagnosis)}${renderTerminal(diagnosis, PLAIN)}${renderMarkdown(diagnosis)}`;
    // It was read.
    expect(rows).toContain('"decrypted":true');
    expect(rows).toContain('"method":"POST"');
    const hidden = readFileSync(keysOf(name), 'utf8')
      .split(/\s+/)
      .filter((word) => /^[0-9a-f]{64,}$/.test(word));
    expect(hidden.length).toBeGreaterThan(1);
    for (const secret of hidden) {
      expect(said).not.toContain(secret);
      expect(said).not.toContain(Buffer.from(secret, 'hex').toString('latin1'));
      expect(said).not.toContain(Buffer.from(secret, 'hex').toString('base64').replaceAll('=', ''));
    }
  });
});
