import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Connection, StallReason } from '../src/model/connection.ts';
import { readExchanges } from './support/read-exchanges.ts';

/*
 * Waits of connections against what the clients that waited say: which calls waited, and how long.
 * From the pod, from the node (each packet twice, a dropped one once) and from the gateway.
 */

const OWN = join(import.meta.dirname, 'corpora/net');
type Wait = StallReason | 'connecting';

/** The truths' causes that a connection shows by itself. */
const WAIT_OF: Readonly<Record<string, Wait>> = {
  'tcp-rto-stall': 'loss',
  'mtu-blackhole': 'loss',
  'idle-connection-dropped': 'loss',
  'nagle-delayed-ack': 'delayed-ack',
  'zero-window': 'zero-window',
  'tcp-syn-retry': 'connecting',
  'accept-queue-overflow': 'connecting',
  'dead-endpoint': 'connecting',
};
// What a client waits beside: its own work and the server's, on a busy machine of two cores.
const BESIDE_SECONDS = 0.08;
const BESIDE_SHARE = 0.1;
// Less than any of the waits.
const NOTHING_SECONDS = 0.02;

/** Calls whose wait is not all of one kind. */
const MORE_THAN_WAITS: Readonly<Record<string, string>> = {
  'zero-window-server': 'its server rests once more when all has arrived: no window tells of that',
  'accept-queue-overflow': 'the base has waited in the same queue',
};

/** Waits of other calls. */
const OTHERS: Readonly<Record<string, string>> = {
  'accept-queue-overflow': "a connection that the server's full queue does not know: its first data is sent again",
  'mixed-loss-and-503': 'calls that met a 503, too, and are named after that',
};

interface Call {
  i: number;
  start: number;
  end: number;
  port?: number;
}

interface Truth {
  expected: { rule: string; requests?: number[]; extra_ms?: number[] }[];
  requests: Call[];
}

interface Span {
  wait: Wait;
  port: number;
  from: number;
  until: number;
}

function spansOf(connections: readonly Connection[], base: bigint): Span[] {
  const origin = Number(base / 1000n) / 1e6;
  return connections.flatMap((connection) => {
    const { clientPort: port, startedAt, connectDuration, duration, syns, synAcks, stalls } = connection;
    const span = (wait: Wait, start: number, length: number): Span => {
      return { wait, port, from: origin + start / 1e9, until: origin + (start + length) / 1e9 };
    };
    const spans = stalls.map((stall) => span(stall.reason, stall.startedAt, stall.duration));
    if (syns.length > 1) spans.push(span('connecting', startedAt, synAcks.length > 0 ? connectDuration : duration));
    return spans;
  });
}

/** Seconds of the call that some span of these kinds covers. */
function waitedIn(call: Call, spans: readonly Span[], waits: readonly Wait[]): number {
  const within = spans
    .filter((span) => waits.includes(span.wait) && (call.port === undefined || call.port === span.port))
    .map(({ from, until }) => [Math.max(from, call.start), Math.min(until, call.end)] as const)
    .filter(([from, until]) => until > from)
    .sort(([a], [b]) => a - b);
  let sum = 0;
  let covered = -Infinity;
  for (const [from, until] of within) {
    sum += Math.max(0, until - Math.max(from, covered));
    covered = Math.max(covered, until);
  }
  return sum;
}

const captures = readdirSync(OWN)
  .filter((name) => name.endsWith('.pcap.gz'))
  .map((name) => ({ name, id: name.replace(/(\.node|\.ingress)?\.pcap\.gz$/, '') }));

const truthOf = (id: string): Truth => JSON.parse(readFileSync(join(OWN, `${id}.truth.json`), 'utf8')) as Truth;
const causesOf = (id: string): Truth['expected'] =>
  truthOf(id).expected.filter(({ rule }) => WAIT_OF[rule] !== undefined);

describe('calls whose connection made them wait', () => {
  const cases = captures.filter(({ id }) => causesOf(id).length > 0);

  it.each(cases)('$name', async ({ name, id }) => {
    const { connections, base } = await readExchanges(join(OWN, name));
    const spans = spansOf(connections, base);
    const { requests } = truthOf(id);
    const affected = new Set<number>();
    for (const { rule, requests: which = [], extra_ms: extras = [] } of causesOf(id)) {
      for (const [index, i] of which.entries()) {
        affected.add(i);
        const tries = requests.filter((call) => call.i === i);
        const waited = tries.reduce((sum, call) => sum + waitedIn(call, spans, [WAIT_OF[rule] as Wait]), 0);
        const extra = (extras[index] as number) / 1000;
        const said = `call ${i} waited ${waited} s of ${extra} s`;
        expect(waited, said).toBeGreaterThan(NOTHING_SECONDS);
        if (MORE_THAN_WAITS[id] !== undefined) continue;
        expect(Math.abs(waited - extra), said).toBeLessThan(BESIDE_SECONDS + BESIDE_SHARE * extra);
      }
    }
    expect(affected.size).toBeGreaterThan(0);
    if (OTHERS[id] !== undefined) return;
    // Others did not wait; without a port a call may be beside one that did.
    const others = requests.filter((call) => !affected.has(call.i) && call.port !== undefined);
    const waiting = others.filter(
      (call) => waitedIn(call, spans, ['loss', 'zero-window', 'delayed-ack', 'connecting']) > NOTHING_SECONDS,
    );
    expect(waiting).toEqual([]);
  });
});

describe('connections of which no call says that it waited for them', () => {
  const cases = captures.filter(({ id }) => causesOf(id).length === 0);

  it.each(cases)('$name', async ({ name, id }) => {
    const { connections } = await readExchanges(join(OWN, name));
    const reasons = new Set(connections.flatMap(({ stalls }) => stalls.map((stall) => stall.reason)));
    reasons.delete('sender-idle');
    expect([...reasons]).toEqual(id === 'bandwidth-limit' ? ['path'] : []);
    expect(connections.filter(({ syns }) => syns.length > 1)).toEqual([]);
    // A server that rests in the midst of its answer is the one cause that a pause of the sender shows.
    if (id === 'zero-window.near-slow-sender') {
      const idle = connections.flatMap(({ stalls }) => stalls).map(({ duration }) => duration / 1e6);
      expect(idle).toHaveLength(30);
      expect(Math.min(...idle)).toBeGreaterThan(299);
      expect(Math.max(...idle)).toBeLessThan(400);
    }
  });
});

it('a connection lasts from the handshake that the client timed', async () => {
  const { connections } = await readExchanges(join(OWN, 'network-latency.pcap.gz'));
  expect(connections.map(({ connectDuration }) => Math.round(connectDuration / 1e6))).toEqual([71]);
  for (const { minRoundTrip, roundTrip } of connections) {
    expect(minRoundTrip / 1e6).toBeGreaterThan(69);
    expect(roundTrip / 1e6).toBeLessThan(75);
  }
});
