import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Exchange } from '../src/model/exchange.ts';
import { unpaired } from './support/pairing.ts';
import { readExchanges } from './support/read-exchanges.ts';

/*
 * gRPC calls against what the clients that made them say: when each began and ended, and with
 * which code. What a client saw may last longer than what was on the wire, never shorter.
 */

const OWN = join(import.meta.dirname, 'corpora/net');
const DEADLINE_EXCEEDED = 4;
const CANCEL = 8;
// Clocks of the client and of the capture are the same; microseconds of rounding.
const TOLERANCE = 0.00005;

interface Call {
  path: string;
  start: number;
  end: number;
  /** gRPC's code. */
  status: number;
  messages?: number;
}

interface Placed {
  exchange: Exchange;
  start: number;
  end: number;
}

const TRUTHS = readdirSync(OWN).filter((name) => /grpc|http2/.test(name) && name.endsWith('.truth.json'));

const fits = (call: Call, { exchange, start, end }: Placed): boolean =>
  ['', call.path].includes(exchange.path) &&
  exchange.outcome === 'ok' &&
  start >= call.start - TOLERANCE &&
  end <= call.end + TOLERANCE &&
  (call.messages === undefined || exchange.responseMessages === call.messages);

describe('gRPC calls as their clients saw them', () => {
  it.each(TRUTHS)('%s', async (name) => {
    const truth = JSON.parse(readFileSync(join(OWN, name), 'utf8')) as { requests: Call[]; unary?: Call[] };
    const capture = join(OWN, name.replace('.truth.json', '.pcap.gz'));
    expect(existsSync(capture)).toBe(true);
    const { exchanges, base } = await readExchanges(capture);
    const origin = Number(base) / 1e9;
    const placed = exchanges
      .filter(({ protocol }) => protocol === 'grpc')
      .map((exchange) => {
        const start = origin + exchange.startedAt / 1e9;
        return { exchange, start, end: start + exchange.duration / 1e9 };
      });
    const calls = [...truth.requests, ...(truth.unary ?? [])];
    expect(
      unpaired(
        calls.filter(({ status }) => status === 0),
        placed,
        fits,
      ),
    ).toEqual([]);

    const late = calls.filter(({ status }) => status === DEADLINE_EXCEEDED);
    const givenUp = placed.filter(({ exchange }) => exchange.resetCode === CANCEL);
    // The deadline of some passed while they waited for DNS: nothing went on the wire.
    expect(givenUp).toHaveLength(name.startsWith('grpc-deadline-dns') ? 0 : late.length);
    for (const { exchange } of givenUp) {
      expect(exchange.duration).toBeGreaterThan(exchange.deadline - 1e6);
      expect(exchange.duration).toBeLessThan(exchange.deadline + 60e6);
    }
  });

  it('calls that were made again say so', async () => {
    const { exchanges } = await readExchanges(join(OWN, 'grpc-retry-unavailable.pcap.gz'));
    expect(exchanges.filter(({ grpcStatus }) => grpcStatus === 14)).toHaveLength(16);
    expect(exchanges.filter(({ previousAttempts }) => previousAttempts > 0)).toHaveLength(16);
  });

  it('a connection whose ports mislead has its client and server from what they say', async () => {
    const { exchanges, connections } = await readExchanges(join(OWN, 'healthy-midstream-grpc.pcap.gz'));
    expect(connections.map(({ clientPort, serverPort }) => [clientPort, serverPort])).toEqual([[49_310, 50_051]]);
    expect(new Set(exchanges.map(({ serverPort }) => serverPort))).toEqual(new Set([50_051]));
  });

  it('connections say why they ended, and how often they were kept alive', async () => {
    const aged = await readExchanges(join(OWN, 'grpc-max-connection-age.pcap.gz'));
    expect(aged.connections.filter(({ goaway }) => goaway !== null)).toHaveLength(9);
    expect(aged.connections.filter(({ goaway }) => goaway?.code === 0 && goaway.from === 'server')).toHaveLength(9);
    const pinging = await readExchanges(join(OWN, 'grpc-too-many-pings.pcap.gz'));
    const [told] = pinging.connections.filter(({ goaway }) => goaway !== null);
    expect(told?.goaway).toMatchObject({ code: 11, debug: 'too_many_pings', from: 'server', openStreams: 1 });
    expect(Math.round((told?.pings?.clientInterval ?? 0) / 1e7)).toBe(1000);
  });
});
