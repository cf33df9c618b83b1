/** Handshakes of the shared captures against what their clients measured; skipped where the folder is not there. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toSeconds } from '../src/base/time.ts';
import type { Connection } from '../src/model/connection.ts';
import { readExchanges } from './support/read-exchanges.ts';

const NET = join(import.meta.dirname, '../../shared/captures/net');
// The stopwatches ran on a busy machine of two cores; see the set's README.
const STOPWATCH_SECONDS = 0.01;

interface Truth {
  parameters: { name: string };
  verified: { client_hello: number; with_psk?: number; server_accepted_psk?: number; tls_ms_median?: number };
  /** `tls`: seconds; only where the client can tell. */
  requests: { port?: number; tls?: number; resumed?: boolean }[];
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

describe
  .skipIf(!existsSync(NET))
  .each([
    'tls-handshake-per-request',
    'tls-handshake-per-request.near-resumed',
    'tls-handshake-per-request.near-reused',
    'tls-slow-handshake',
    'tls-slow-handshake.near-slow-server',
  ])('%s', (name) => {
  it('has the handshakes that the client had', async () => {
    const truth = JSON.parse(readFileSync(join(NET, `${name}.truth.json`), 'utf8')) as Truth;
    const { connections } = await readExchanges(join(NET, `${name}.pcap`));
    const ours = connections.filter(
      (connection): connection is Connection & { tls: object } => connection.tls !== null,
    );
    expect(ours).toHaveLength(truth.verified.client_hello);
    expect(ours.filter(({ tls }) => tls.resumed === true)).toHaveLength(truth.verified.server_accepted_psk ?? 0);
    for (const { tls, protocol } of ours) {
      expect(protocol).toBe('tls');
      expect(tls).toMatchObject({ version: '1.3', serverName: truth.parameters.name, retried: false, alerts: [] });
      expect(tls.handshakeDuration).toBeGreaterThan(0);
      expect(tls.serverDuration).toBeLessThan(tls.handshakeDuration);
    }
    for (const { port, tls: measured, resumed } of truth.requests) {
      if (measured === undefined || measured === 0) continue;
      const tls = ours.find(({ clientPort }) => clientPort === port)?.tls;
      expect(Math.abs(toSeconds(tls?.handshakeDuration ?? (Number.NaN as never)) - measured)).toBeLessThan(
        STOPWATCH_SECONDS,
      );
      if (resumed !== undefined) expect(tls?.resumed).toBe(resumed);
    }
    const { tls_ms_median: expected } = truth.verified;
    if (expected !== undefined) {
      const took = median(ours.map(({ tls }) => tls.handshakeDuration / 1e6));
      expect(Math.abs(took - expected)).toBeLessThan(STOPWATCH_SECONDS * 1000);
    }
  });
});

async function waited(name: string): Promise<number> {
  const { connections } = await readExchanges(join(NET, `${name}.pcap`));
  return median(connections.flatMap(({ tls }) => (tls === null ? [] : [tls.serverDuration / 1e6])));
}

it.skipIf(!existsSync(NET))(
  'a server that is slow before its part of the handshake is told from one that is slow behind it',
  async () => {
    expect(await waited('tls-slow-handshake')).toBeGreaterThan(180);
    expect(await waited('tls-slow-handshake.near-slow-server')).toBeLessThan(5);
  },
);
