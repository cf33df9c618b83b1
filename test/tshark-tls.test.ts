/** TLS connection by connection, and the HTTP inside, as tshark has them: see `corpora/oracles/tls.md`. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Connection } from '../src/model/connection.ts';
import { packetNumber } from '../src/model/packet.ts';
import { readExchanges } from './support/read-exchanges.ts';

interface Known {
  client: number | null;
  /** The packet that completes the ClientHello, and its time. */
  hello?: number;
  helloAt?: string;
  offers?: string[];
  serverName?: string;
  /** The packet that completes the server's first hello. */
  answer?: number;
  answerAt?: string;
  retried?: true;
  version?: number;
  suite?: number;
  resumed?: boolean;
  alpn?: string;
  finished?: { client?: string; server?: string };
  alerts: [from: 'client' | 'server', description: number][];
  requests: [packet: number, method: string][];
  responses: [packet: number, status: number][];
}

const ORACLE = new URL('corpora/oracles/tls.json.gz', import.meta.url);
const OWN = join(import.meta.dirname, 'corpora/tls');
const SHARED = join(import.meta.dirname, '../../shared/captures');
const { captures } = JSON.parse(gunzipSync(readFileSync(ORACLE)).toString()) as { captures: Record<string, Known[]> };

const pathOf = (name: string): string => (name.startsWith('tls/') ? join(OWN, name.slice(4)) : join(SHARED, name));
const keysOf = (path: string): string | undefined => {
  const keys = path.replace(/\.p?cap(ng)?$/, '.keys');
  return existsSync(keys) ? keys : undefined;
};
const VERSIONS: Readonly<Record<number, string>> = {
  0x0300: 'SSL 3.0',
  0x0301: '1.0',
  0x0302: '1.1',
  0x0303: '1.2',
  0x0304: '1.3',
  // A draft of it.
  0x7f1c: '1.3',
};
const PRINTABLE = /^[\x21-\x7e]{1,255}$/;
const between = (from: string, until: string): number => Number(BigInt(until) - BigInt(from));

function compare(known: Known, connection: Connection): void {
  const { tls } = connection;
  expect(tls).not.toBeNull();
  if (tls === null) return;
  if (known.hello !== undefined) {
    expect(tls.serverName).toBe(
      known.serverName !== undefined && PRINTABLE.test(known.serverName) ? known.serverName : null,
    );
    // Ours is the first of a hello's packets, tshark's the last.
    expect(packetNumber(tls.packets[0] ?? 0)).toBeLessThanOrEqual(known.hello);
    expect(packetNumber(tls.packets[0] ?? 0)).toBeGreaterThanOrEqual(known.hello - 2);
  }
  if (known.version !== undefined) expect(tls.version).toBe(VERSIONS[known.version] ?? null);
  expect(tls.retried).toBe(known.retried ?? false);
  if (known.version === 0x0304 && known.resumed !== undefined) expect(tls.resumed).toBe(known.resumed);
  if (known.version !== undefined && known.version < 0x0304) expect(tls.alpn).toBe(known.alpn ?? null);
}

const names = Object.keys(captures).filter((name) => existsSync(pathOf(name)));

describe.each(names)('%s', (name) => {
  const path = pathOf(name);
  const known = captures[name] ?? [];

  it('has the same handshakes', async () => {
    const { connections } = await readExchanges(path, keysOf(path));
    const ours = connections.filter(({ tls }) => tls !== null);
    for (const one of known) {
      if (one.hello === undefined) continue;
      const packet = one.hello;
      const found = ours.filter(
        ({ clientPort, firstPacket, lastPacket }) =>
          clientPort === one.client && packetNumber(firstPacket) <= packet && packet <= packetNumber(lastPacket),
      );
      expect(found).toHaveLength(1);
      compare(one, found[0] as Connection);
    }
  });
});

// CBC suites.
const OPENED_BY_TSHARK_ONLY = 'tls/tls12-cbc.pcap';

/** The methods that tshark has, but for what differs with reason. */
function requestsOf(name: string, { requests, responses }: Known): string[] {
  if (name === OPENED_BY_TSHARK_ONLY) return [];
  const methods = requests.map(([, method]) => method);
  // tshark shows early data that the server refused, and then the same sent again: the server saw one.
  const isSentTwice = name.startsWith('tls/early-data') && methods.length > responses.length;
  return isSentTwice ? methods.slice(1) : methods;
}

describe('with a key log', () => {
  const ours = names.filter((name) => keysOf(pathOf(name)) !== undefined);

  it.each(ours)('%s: times of the handshake, and the packets of each call', async (name) => {
    const path = pathOf(name);
    const { connections, exchanges } = await readExchanges(path, keysOf(path));
    for (const one of captures[name] ?? []) {
      const connection = connections.find(({ clientPort }) => clientPort === one.client);
      const { helloAt, answerAt, finished } = one;
      const tls = connection?.tls;
      if (
        helloAt !== undefined &&
        answerAt !== undefined &&
        one.retried !== true &&
        one.hello === packetNumber(tls?.packets[0] ?? 0)
      ) {
        expect(tls?.serverDuration).toBe(between(helloAt, answerAt));
        // TLS 1.2 ends with the later of the two.
        const last = one.version === 0x0304 ? finished?.client : [finished?.client, finished?.server].toSorted().at(-1);
        if (
          finished?.client !== undefined &&
          last !== undefined &&
          (one.version === 0x0304 || finished.server !== undefined)
        ) {
          expect(tls?.handshakeDuration).toBe(between(helloAt, last));
        }
      }
      const calls = exchanges.filter(
        ({ connection: of, protocol }) => of === connection?.id && protocol.startsWith('http'),
      );
      expect(calls.map(({ method }) => method)).toEqual(requestsOf(name, one));
      if (name === OPENED_BY_TSHARK_ONLY) continue;
      const answered = calls.filter(({ outcome }) => outcome === 'ok');
      expect(answered.map(({ status }) => status)).toEqual(one.responses.map(([, status]) => status));
    }
  });
});

it('enough was compared', () => {
  expect(names.filter((name) => name.startsWith('tls/'))).toHaveLength(30);
  if (existsSync(SHARED)) expect(names.length).toBeGreaterThan(50);
});
