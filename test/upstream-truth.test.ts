import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NANOSECONDS_PER_SECOND } from '../src/base/time.ts';
import type { Exchange } from '../src/model/exchange.ts';
import { readExchanges } from './support/read-exchanges.ts';

/*
 * Real clients on real databases (`lab/upstream/`). The truth is what a person expects of each
 * step, and the client's own stopwatch around it: the same exchanges in the same order, none
 * beside them, each within its step.
 */

interface Truth {
  about: string;
  /** Only these kinds are compared: the rest is the client's own affair. Null: all. */
  counted: string[] | null;
  leaveOut: string[];
  steps: {
    does: string;
    /** Seconds since 1970. */
    start: number;
    end: number;
    /** Seconds that the longest exchange lasts at least: the server was told to wait. */
    least: number;
    exchanges: { method: string; error: string | null; shape: string }[];
  }[];
}

const FOLDER = join(import.meta.dirname, 'corpora/upstream');
const NAMES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.pcap'))
  .map((name) => name.slice(0, -'.pcap'.length));
// tcpdump and Python read the same clock, but Python's floats of seconds since 1970 have steps of 0.24 µs.
const CLOCK_STEP = 1e-6;
// An exchange is a little shorter than the wait that the client asked for: both round.
const TIMER_STEP = 0.002;

/** What the client noted is the verb. */
const verbOf = (method: string): string => (method === 'SELECT 1' ? 'SELECT' : method);

const shown = ({ method, error, shape }: { method: string; error: string | null; shape: string }): string =>
  [verbOf(method), shape === 'call' ? '' : shape, error ?? ''].filter((word) => word !== '').join(' ');

it('knows what waits by design: a fetch of Kafka, and what is asked behind it', async () => {
  const { exchanges } = await readExchanges(join(FOLDER, 'kafka.python.pcap'));
  const long = exchanges.filter(({ duration }) => duration / NANOSECONDS_PER_SECOND > 0.29);
  expect(long.length).toBeGreaterThan(4);
  expect(new Set(long.map(({ shape }) => shape))).toEqual(new Set(['stream']));
  expect(long.map(({ method }) => method)).toContain('Fetch');
});

describe.each(NAMES)('%s', async (name) => {
  const truth = JSON.parse(readFileSync(join(FOLDER, `${name}.truth.json`), 'utf8')) as Truth;
  const { exchanges, connections, base } = await readExchanges(join(FOLDER, `${name}.pcap`));
  const counted = exchanges
    .filter(({ method }) => truth.counted === null || truth.counted.includes(verbOf(method)))
    .filter(({ method }) => !truth.leaveOut.includes(verbOf(method)))
    .sort((one, other) => one.startedAt - other.startedAt || one.place - other.place);
  const first = Number(base / 1000n) / 1e6;
  const startOf = (exchange: Exchange): number => first + exchange.startedAt / NANOSECONDS_PER_SECOND;
  const endOf = (exchange: Exchange): number => startOf(exchange) + exchange.duration / NANOSECONDS_PER_SECOND;

  it('has the exchanges that the client made, and no others', () => {
    expect(counted.map(shown)).toEqual(truth.steps.flatMap((step) => step.exchanges).map(shown));
  });

  it('times each within its step', () => {
    const rest = [...counted];
    for (const { does, start, end, least, exchanges: expected } of truth.steps) {
      const own = rest.splice(0, expected.length);
      for (const exchange of own) {
        expect(startOf(exchange), does).toBeGreaterThanOrEqual(start - CLOCK_STEP);
        // A client may close without waiting for the last words.
        if (exchange.outcome === 'ok' && exchange.shape === 'call' && exchange.method !== 'CANCEL') {
          expect(endOf(exchange), does).toBeLessThanOrEqual(end + CLOCK_STEP);
        }
      }
      const longest = Math.max(0, ...own.map(({ duration }) => duration / NANOSECONDS_PER_SECOND));
      expect(longest, does).toBeGreaterThanOrEqual(least === 0 ? 0 : least - TIMER_STEP);
    }
  });

  it('answers all of them, in order of time', () => {
    for (const exchange of exchanges) {
      const { method, outcome, error, requestedAt, firstByteAt, startedAt, duration } = exchange;
      expect(outcome, method).toBe(error === null ? 'ok' : 'error');
      if (method === 'CANCEL') continue;
      expect(requestedAt).toBeGreaterThanOrEqual(startedAt);
      expect(firstByteAt).toBeGreaterThanOrEqual(requestedAt);
      expect(startedAt + duration).toBeGreaterThanOrEqual(firstByteAt);
    }
    for (const { protocol } of connections) expect(protocol).toBe(name.endsWith('.tls') ? 'tls' : name.split('.')[0]);
  });
});
