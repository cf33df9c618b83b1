import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { packetNumber } from '../src/model/packet.ts';
import type { Exchange } from '../src/model/exchange.ts';
import { redactHost, redactPath } from '../src/protocols/redact.ts';
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
    path: redactPath(stream.path ?? ''),
    host: redactHost(stream.host ?? ''),
    status: Number(stream.status ?? -1),
    grpcStatus: Number(stream.grpcStatus ?? -1),
    firstByte: stream.firstByte ?? null,
    lasts: stream.lasts ?? (isReset ? (stream.resetAfter ?? null) : null),
    reset: isReset ? (stream.reset ?? -1) : -1,
  };
}

const order = (one: Said, other: Said): number =>
  one.client - other.client || one.first - other.first || JSON.stringify(one).localeCompare(JSON.stringify(other));

function placeOf(capture: string): string | null {
  const own = join(OWN, `${basename(capture)}.gz`);
  if (capture.startsWith('net/') && existsSync(own)) return own;
  const shared = join(SHARED, capture);
  return existsSync(shared) ? shared : null;
}

const LOSES_ITS_PLACE = 'tshark loses its place behind missing bytes: these are in the last segment that it can’t read';
const BEHIND_PROXY = 'the connection is a tunnel through an HTTP proxy, which tshark does not look into';

/** By capture: what tshark says other than we, with the reason. */
const EXPLAINED: Readonly<
  Record<string, { theirs: readonly Partial<Said>[]; ours: readonly Partial<Said>[]; because: string }>
> = {
  'public/deepflow/agent/resources/test/flow_generator/http/grpc-server-stream.pcap': {
    theirs: [{ first: 1, grpcStatus: -1, lasts: null }],
    ours: [{ first: 1, grpcStatus: 0, lasts: 2_506_326_000 }],
    because: LOSES_ITS_PLACE,
  },
  'public/suricata-verify/tests/http2-errorcode/input.pcap': {
    theirs: [],
    ours: [{ first: 21, path: '/helloworld.GreeterService/SayHello', grpcStatus: 0 }],
    because: BEHIND_PROXY,
  },
};

describe('HTTP/2 streams as tshark sees them', () => {
  const cases = Object.entries(captures).map(([capture, streams]) => ({ capture, streams, path: placeOf(capture) }));
  // Without the captures beside the checkout there are still those of `corpora/`.
  const there = cases.filter(({ path }) => path !== null);
  it.each(there)('$capture', async ({ capture, streams, path }) => {
    const { exchanges } = await readExchanges(path ?? '');
    const spoken = exchanges.filter(({ protocol }) => protocol === 'http/2' || protocol === 'grpc');
    // The request of such a stream came by HTTP/1: only the answer can be compared.
    const upgraded = streams.filter((stream) => stream.upgraded === true);
    for (const { client, first, status } of upgraded) {
      const answered = spoken.filter((one) => one.clientPort === client && one.packets.some((id) => id === first));
      expect(answered).toMatchObject([{ status: Number(status), outcome: 'ok' }]);
      spoken.splice(spoken.indexOf(answered[0] as Exchange), 1);
    }
    const ours = spoken.map(saidByUs);
    const theirs = streams.filter((stream) => stream.upgraded !== true).map(saidByTshark);
    const texts = {
      ours: ours.map((said) => JSON.stringify(said)),
      theirs: theirs.map((said) => JSON.stringify(said)),
    };
    const difference = {
      theirs: theirs.filter((said) => !texts.ours.includes(JSON.stringify(said))).sort(order),
      ours: ours.filter((said) => !texts.theirs.includes(JSON.stringify(said))).sort(order),
    };
    const { theirs: onlyTheirs = [], ours: onlyOurs = [] } = EXPLAINED[capture] ?? {};
    expect(difference).toMatchObject({ theirs: onlyTheirs, ours: onlyOurs });
    expect(ours.length - onlyOurs.length).toBe(theirs.length - onlyTheirs.length);
  });
});
