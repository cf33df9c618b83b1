import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Exchange } from '../src/model/exchange.ts';
import { redactPath } from '../src/protocols/redact.ts';
import { unpaired } from './support/pairing.ts';
import { readExchanges } from './support/read-exchanges.ts';

/*
 * HTTP/1 requests against what the clients that made them say: when each began and ended, and
 * with which status. What a client saw may last longer than what was on the wire, never shorter.
 */

const OWN = join(import.meta.dirname, 'corpora/net');
// Clocks of the client and of the capture are the same; a client's own clock may be read a little early.
const TOLERANCE = 0.0002;
// How much later the client's program knows: it runs on a busy machine of two cores.
const LATE_MEDIAN = 0.005;

interface Call {
  path: string;
  start: number;
  end: number;
  /** 0 where there was no answer. */
  status: number;
  port?: number;
}

interface Placed {
  exchange: Exchange;
  start: number;
  end: number;
}

/** Requests of the capture that are none of the client's calls, by case. */
const BESIDE: Readonly<Record<string, { count: number; because: string }>> = {
  'dns-nxdomain-storm': { count: 30, because: 'calls of another client, beside those to a name that does not exist' },
  'healthy-longpoll': { count: 40, because: 'quick requests beside the long ones' },
  'healthy-midstream-http': { count: 1, because: 'the call during which the capture began' },
  'healthy-sse': { count: 30, because: 'quick requests beside the streams' },
  'http-retry-429': { count: 8, because: 'tries that the client made again by itself' },
  'http-retry-503': { count: 27, because: 'tries that the client made again by itself' },
  'mixed-loss-and-503': { count: 16, because: 'tries that the client made again by itself' },
  'n-plus-one': { count: 160, because: 'what the requests caused further on' },
  'n-plus-one.near-one-call-each': { count: 40, because: 'what the requests caused further on' },
  'serial-fan-out': { count: 96, because: 'what the requests caused further on' },
  'serial-fan-out.near-parallel': { count: 96, because: 'what the requests caused further on' },
};

/** Calls without an answer, and what we say of them; where nothing was sent, we say nothing. */
const UNANSWERED: Readonly<Record<string, readonly string[]>> = {
  'idle-close-reset': Array<string>(5).fill('reset by server'),
  // The clients gave up, but their kernels send the requests on and on, and no FIN before those.
  'idle-silent-drop': Array<string>(3).fill('incomplete'),
  'mtu-blackhole': Array<string>(5).fill('cancelled by client'),
};

const isHttp1 = ({ protocol }: Exchange): boolean => protocol === 'http/1.1' || protocol === 'http/1.0';
const isAnswered = ({ outcome }: Exchange): boolean => outcome === 'ok' || outcome === 'error';

const fits = (call: Call, { exchange, start, end }: Placed): boolean =>
  exchange.path === redactPath(call.path) &&
  exchange.status === call.status &&
  (call.port ?? exchange.clientPort) === exchange.clientPort &&
  start >= call.start - TOLERANCE &&
  end <= call.end + TOLERANCE;

async function shapes(name: string): Promise<string[]> {
  const { exchanges } = await readExchanges(join(OWN, `${name}.pcap.gz`));
  return exchanges.filter(({ shape }) => shape !== 'call').map(({ shape, status }) => `${shape} ${status}`);
}

const CASES = readdirSync(OWN)
  .filter((name) => name.endsWith('.truth.json'))
  .map((name) => name.replace('.truth.json', ''))
  .filter((name) => !/^(grpc|http2|tls|healthy-grpc|healthy-midstream-grpc)/.test(name));

describe('HTTP/1 requests as their clients saw them', () => {
  it.each(CASES)('%s', async (name) => {
    const truth = JSON.parse(readFileSync(join(OWN, `${name}.truth.json`), 'utf8')) as { requests: Call[] };
    const { exchanges, base } = await readExchanges(join(OWN, `${name}.pcap.gz`));
    const origin = Number(base) / 1e9;
    const placed = exchanges.filter(isHttp1).map((exchange) => {
      const start = origin + exchange.startedAt / 1e9;
      return { exchange, start, end: start + exchange.duration / 1e9 };
    });
    const answered = truth.requests.filter(({ status }) => status > 0);
    expect(unpaired(answered, placed, fits)).toEqual([]);
    expect(placed.length - answered.length).toBe((BESIDE[name]?.count ?? 0) + (UNANSWERED[name]?.length ?? 0));
    const unanswered = placed.map(({ exchange }) => exchange).filter((exchange) => !isAnswered(exchange));
    const said = unanswered.map(({ outcome, endedBy }) => (endedBy === null ? outcome : `${outcome} by ${endedBy}`));
    expect(said).toEqual(UNANSWERED[name] ?? []);

    if (answered.length === 0 || name === 'healthy-websocket') return;
    const late = answered.map((call) => {
      const own = placed.filter((one) => fits(call, one)).map(({ end }) => call.end - end);
      return Math.min(...own);
    });
    expect(late.sort((one, other) => one - other)[late.length >> 1]).toBeLessThan(LATE_MEDIAN);
  });

  it('tell streams and upgrades from calls', async () => {
    expect(await shapes('healthy-sse')).toEqual(Array<string>(3).fill('stream 200'));
    expect(await shapes('healthy-longpoll')).toEqual(Array<string>(6).fill('stream 200'));
    expect(await shapes('healthy-websocket')).toEqual(Array<string>(3).fill('upgrade 101'));
  });

  it('say how long to wait, and whether the connection stays', async () => {
    const limited = await readExchanges(join(OWN, 'http-retry-429.pcap.gz'));
    expect(limited.exchanges.filter(({ retryAfter }) => retryAfter === 1e9)).toHaveLength(8);
    const closing = await readExchanges(join(OWN, 'dns-jvm-ttl-0.pcap.gz'));
    expect(closing.exchanges.filter(({ keepsConnection }) => !keepsConnection)).toHaveLength(40);
    const kept = await readExchanges(join(OWN, 'healthy-http-mix.pcap.gz'));
    expect(kept.exchanges.filter(({ keepsConnection }) => !keepsConnection)).toHaveLength(0);
  });
});
