import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { packetNumber } from '../src/model/packet.ts';
import type { Exchange } from '../src/model/exchange.ts';
import { readExchanges } from './support/read-exchanges.ts';

/*
 * HTTP/2 stream by stream: the packet it begins with, method, path, host, codes, and how long it
 * took to the first byte and to the end, as tshark has them.
 */

/** See `corpora/oracles/http2-streams.md`. */
interface Stream {
  id: number;
  client: number;
  first: number;
  method?: string;
  path?: string;
  host?: string;
  status?: string;
  grpcStatus?: string;
  timeout?: string;
  firstByte?: number;
  lasts?: number;
  reset?: number;
  resetBy?: 'client' | 'server';
  resetAfter?: number;
  upgraded?: true;
}

const ORACLE = new URL('corpora/oracles/http2-streams.json.gz', import.meta.url);
const SHARED = join(import.meta.dirname, '../../shared/captures');
// Copied from there, so that this part is tested wherever the project is.
const OWN = join(import.meta.dirname, 'corpora/net');
const { captures } = JSON.parse(gunzipSync(readFileSync(ORACLE)).toString()) as {
  captures: Record<string, Stream[]>;
};

/** What both say of a stream. */
interface Said {
  client: number;
  first: number;
  method: string;
  path: string;
  host: string;
  status: number;
  grpcStatus: number;
  firstByte: number | null;
  lasts: number | null;
  reset: number;
}

const known = (value: number): number | null => (Number.isNaN(value) ? null : value);

function saidByUs(exchange: Exchange): Said {
  const { clientPort, method, path, host, status, grpcStatus, resetCode, outcome } = exchange;
  return {
    client: clientPort,
    first: packetNumber(exchange.packets[0] ?? 0),
    method,
    path,
    host,
    status,
    grpcStatus,
    firstByte: known(exchange.firstByteAt - exchange.startedAt),
    lasts: outcome === 'incomplete' || outcome === 'closed' ? null : exchange.duration,
    reset: resetCode,
  };
}

function saidByTshark(stream: Stream): Said {
  // What comes after the answer's end is no end of its own.
  const isReset = stream.lasts === undefined && stream.reset !== undefined;
  return {
    client: stream.client,
    first: stream.first,
    method: stream.method ?? '',
    path: (stream.path ?? '').replace(/\?.*/, ''),
    host: (stream.host ?? '').replace(/^.*@/, ''),
    status: Number(stream.status ?? -1),
    grpcStatus: Number(stream.grpcStatus ?? -1),
    firstByte: stream.firstByte ?? null,
    lasts: stream.lasts ?? (isReset ? (stream.resetAfter ?? null) : null),
    reset: isReset ? (stream.reset ?? -1) : -1,
  };
}

const order = (one: Said, other: Said): number =>
  one.client - other.client || one.first - other.first || JSON.stringify(one).localeCompare(JSON.stringify(other));

function pathOf(capture: string): string | null {
  const own = join(OWN, `${basename(capture)}.gz`);
  if (capture.startsWith('net/') && existsSync(own)) return own;
  const shared = join(SHARED, capture);
  return existsSync(shared) ? shared : null;
}

describe('HTTP/2 streams as tshark sees them', () => {
  for (const [capture, streams] of Object.entries(captures)) {
    const path = pathOf(capture);
    it.skipIf(path === null)(capture, async () => {
      const { exchanges } = await readExchanges(path ?? '');
      const ours = exchanges.filter(({ protocol }) => protocol === 'http/2' || protocol === 'grpc').map(saidByUs);
      expect(ours.sort(order)).toEqual(
        streams
          .filter(({ upgraded }) => upgraded !== true)
          .map(saidByTshark)
          .sort(order),
      );
    });
  }
});
