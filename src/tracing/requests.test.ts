import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { at, microseconds, milliseconds, nanoseconds } from '../base/time.ts';
import type { Connection } from '../model/connection.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Lookup } from '../model/lookup.ts';
import type { Metadata } from '../model/metadata.ts';
import { breakdownOf, copyRequest, type Request, type ServiceChoice } from '../model/request.ts';
import {
  atMs,
  attemptOf,
  connectionOf,
  exchangeOf,
  inputOf,
  lookupOf,
  tlsOf,
  unanswered,
} from '../model/testing/rows.ts';
import { createRequests } from './requests.ts';

const POD = '10.0.3.7';

interface Rows {
  lookups?: readonly Lookup[];
  connections?: readonly Connection[];
  exchanges?: readonly Exchange[];
}

function requestsOf(rows: Rows, service: ServiceChoice | null = null, input = inputOf()): Request[] {
  const requests: Request[] = [];
  const tracer = createRequests({ service, emit: (request) => void requests.push(copyRequest(request)) });
  tracer.input(input);
  for (const lookup of rows.lookups ?? []) tracer.lookup(lookup);
  for (const exchange of rows.exchanges ?? []) tracer.exchange(exchange);
  for (const connection of rows.connections ?? []) tracer.connection(connection);
  tracer.finish();
  return requests;
}

const inbound = (fromMs: number, tookMs: number, parts: Partial<Exchange> = {}): Exchange =>
  exchangeOf({
    id: '0.e1',
    client: '10.0.9.2',
    clientPort: 40_230,
    server: POD,
    serverPort: 8080,
    connection: '0.c1',
    startedAt: atMs(fromMs),
    duration: milliseconds(tookMs),
    ...parts,
  });

const outbound = (fromMs: number, tookMs: number, parts: Partial<Exchange> = {}): Exchange =>
  exchangeOf({
    id: '0.e2',
    client: POD,
    connection: '0.c2',
    startedAt: atMs(fromMs),
    duration: milliseconds(tookMs),
    ...parts,
  });

const ASKED: Metadata = {
  service: 'ec2',
  asks: 'token',
  software: null,
  agent: null,
  issuedAt: Number.NaN,
  expiresAt: Number.NaN,
  remaining: Number.NaN,
  session: null,
};

const waitsOf = ({ waits, startedAt }: Request) =>
  waits.map(({ reason, to, ref, startedAt: from, duration }) => [
    reason,
    to,
    ref,
    (from - startedAt) / milliseconds(1),
    duration / milliseconds(1),
  ]);

/** TLS without keys, closed at a moment. */
const opaque = (endMs: number): Connection =>
  connectionOf({
    id: '0.c2',
    startedAt: atMs(10),
    duration: milliseconds(endMs - 10),
    endedAt: atMs(endMs),
    connectDuration: milliseconds(1),
    tls: tlsOf({ handshakeDuration: milliseconds(3) }),
    protocol: null,
    exchanges: 0,
  });
const reasonsOf = (connection: Connection) =>
  requestsOf({ exchanges: [inbound(0, 50)], connections: [connection], lookups: [lookupOf()] })[0]?.waits.map(
    ({ reason, duration }) => [reason, duration / milliseconds(1)],
  );

describe('a request', () => {
  it('has the lookup, the handshakes and the call that it needed, and the rest as its own time', () => {
    const lookup = lookupOf({
      id: '0.l7',
      duration: milliseconds(4),
      answers: ['10.96.44.12'],
      attempts: [attemptOf({ sentAt: atMs(102), sentPacket: 9, replyPacket: 10, repliedAt: atMs(106) })],
    });
    const call = outbound(112, 20, { connectDuration: milliseconds(1), tlsDuration: milliseconds(3) });
    const connection = connectionOf({
      id: '0.c2',
      startedAt: atMs(108),
      syns: [{ at: atMs(108), packet: 11 }],
      synAcks: [{ at: atMs(109), packet: 12 }],
      tls: tlsOf({ packets: [13, 14, 15] }),
    });
    const [request, ...more] = requestsOf({
      lookups: [lookup],
      exchanges: [call, inbound(100, 50)],
      connections: [connection],
    });
    expect(more).toEqual([]);
    expect(waitsOf(request as Request)).toEqual([
      ['dns', '10.96.0.10:53', '0.l7', 2, 4],
      ['connect', '10.96.44.12:8080', '0.c2', 8, 1],
      ['tls', '10.96.44.12:8080', '0.c2', 9, 3],
      ['upstream', '10.96.44.12:8080', '0.e2', 12, 20],
    ]);
    expect(request?.waits.map(({ packets }) => packets)).toEqual([
      [9, 10],
      [11, 12],
      [13, 15],
      [4, 6],
    ]);
    expect(request).toMatchObject({ exchange: '0.e1', own: milliseconds(22), direction: 'inbound' });
  });

  it('is a call with all that came before it, where nothing is inbound', () => {
    const lookup = lookupOf({ duration: milliseconds(4), startedAt: atMs(10), answers: ['10.96.44.12'] });
    const call = outbound(16, 20, { connectDuration: milliseconds(1) });
    const [request, ...more] = requestsOf({ lookups: [lookup], exchanges: [call] });
    expect(more).toEqual([]);
    expect(request).toMatchObject({ startedAt: atMs(10), duration: milliseconds(26), own: milliseconds(1) });
    expect(request?.waits.map(({ reason }) => reason)).toEqual(['dns', 'connect', 'upstream']);
  });

  it('is a call alone, where it waited for nothing but its answer, and comes in order of its start', () => {
    const call = outbound(40, 8, { backend: '10.244.0.9:9200', packets: [4, 5, 8, 9] });
    const opens = outbound(30, 8, { id: '0.e3', connectDuration: milliseconds(1) });
    const first = outbound(20, 8, { id: '0.e4' });
    const requests = requestsOf({ exchanges: [call, first, opens] });
    expect(requests.map(({ exchange, id }) => [id, exchange])).toEqual([
      ['0.r0', '0.e4'],
      ['0.r1', '0.e3'],
      ['0.r2', '0.e2'],
    ]);
    const { waits, ...rest } = requests[2]!;
    const { input, protocol, client, clientPort, server, serverPort, backend, method, path, host } = call;
    const { status, grpcStatus, outcome, startedAt, duration, packets } = call;
    expect(rest).toEqual({
      input,
      protocol,
      client,
      clientPort,
      server,
      serverPort,
      backend,
      method,
      path,
      host,
      status,
      grpcStatus,
      outcome,
      startedAt,
      duration,
      packets,
      id: '0.r2',
      exchange: '0.e2',
      direction: 'outbound',
      own: 0,
      ambiguous: false,
    });
    expect(waits).toEqual([
      {
        reason: 'upstream',
        to: `${server}:${serverPort}`,
        ref: '0.e2',
        what: `${method} ${path}`,
        startedAt,
        duration,
        critical: duration,
        confidence: 'certain',
        probability: 1,
        alternatives: [],
        packets: [4, 9],
      },
    ]);
  });

  it('says the same of calls that come when it is known that none is inbound', () => {
    const calls = Array.from({ length: 40_000 }, (_, index) =>
      outbound(index, 8, {
        id: `0.e${index}`,
        serverPort: 8000 + (index % 3),
        ...(index % 7 === 0 ? { metadata: ASKED } : {}),
        ...(index % 11 === 0 ? { outcome: 'incomplete', firstByteAt: at(Number.NaN) } : {}),
        ...(index % 13 === 0 ? { outcome: 'incomplete', firstByteAt: atMs(index + 3) } : {}),
      }),
    );
    const told = requestsOf({ exchanges: calls });
    expect(told).toHaveLength(calls.length);
    const byExchange = new Map(told.map((request) => [request.exchange, { ...request, id: '0.r0' }]));
    for (const call of [...calls.slice(0, 30), ...calls.slice(-200)]) {
      expect([byExchange.get(call.id)]).toEqual(requestsOf({ exchanges: [call] }));
    }
  });

  it('leaves alone what belongs to none: a refresh between requests', () => {
    const requests = requestsOf({
      exchanges: [inbound(0, 50), outbound(60, 20), inbound(100, 50, { id: '0.e3' })],
    });
    expect(requests.map(({ waits }) => waits)).toEqual([[], []]);
  });

  it('does not wait for itself, where a proxy hands it on from the pod’s own address', () => {
    const exchanges = [inbound(0, 50, { client: POD })];
    const [request] = requestsOf({ exchanges });
    expect(request).toMatchObject({ own: milliseconds(50), waits: [] });
  });

  it('waits for what nobody answers until it goes on with something else', () => {
    const open = { outcome: 'incomplete', firstByteAt: at(Number.NaN) } as const;
    const [request] = requestsOf({
      exchanges: [
        inbound(0, 1100),
        outbound(10, 60_000, open),
        outbound(1015, 20, { id: '0.e3', server: '10.0.4.4', serverPort: 80, connection: '0.c3' }),
      ],
    });
    expect(waitsOf(request as Request)).toEqual([
      ['upstream', '10.96.44.12:8080', '0.e2', 10, 1005],
      ['upstream', '10.0.4.4:80', '0.e3', 1015, 20],
    ]);
  });

  it('waits for a connection whose protocol cannot be read, where that ended within it', () => {
    const handshakes = [
      ['connect', 1],
      ['tls', 3],
    ];
    expect(reasonsOf(opaque(40))).toEqual([['dns', 1], ...handshakes, ['upstream', 26]]);
    expect(reasonsOf(opaque(90))).toEqual([['dns', 1], ...handshakes]);
  });

  it.each([1, 2, 5, 10, 30])('has its only call though it is the only one, %s ms after its start', (after) => {
    for (const takes of [20, 60]) {
      const [request] = requestsOf({ exchanges: [outbound(100 + after, takes), inbound(100, 100)] });
      expect(request?.waits.map(({ ref }) => ref)).toEqual(['0.e2']);
    }
  });

  it('waits for calls inside TLS, and is none itself where it is inside TLS', () => {
    const turn = { shape: 'turn', protocol: 'tls', method: '', path: '' } as const;
    const requests = requestsOf({
      exchanges: [
        outbound(110, 60, turn),
        inbound(100, 100),
        inbound(300, 50, { ...turn, id: '0.e3' }),
        outbound(400, 50, { ...turn, id: '0.e4', client: '10.0.9.7', server: '10.0.9.8' }),
      ],
    });
    expect(requests.map(({ exchange }) => exchange)).toEqual(['0.e1']);
    expect(requests[0]?.waits).toMatchObject([{ reason: 'upstream', ref: '0.e2', what: 'inside TLS' }]);
    expect(requests[0]?.own).toBe(milliseconds(40));
    expect(requestsOf({ exchanges: [outbound(10, 60, turn)] })).toEqual([]);
  });

  it('ends with the first byte of an answer whose last byte was cut off', () => {
    const cut = { outcome: 'incomplete', firstByteAt: atMs(40) } as const;
    const [request] = requestsOf({
      exchanges: [inbound(0, 5000, cut), outbound(10, 3000, { ...cut, firstByteAt: atMs(35) })],
    });
    expect(request?.duration).toBe(milliseconds(40));
    expect(waitsOf(request as Request)).toEqual([['upstream', '10.96.44.12:8080', '0.e2', 10, 25]]);
  });

  it('waits for a SYN that is never answered', () => {
    const dead = connectionOf({
      id: '0.c2',
      startedAt: atMs(10),
      duration: milliseconds(3000),
      synAcks: [],
      connectDuration: nanoseconds(Number.NaN),
      exchanges: 0,
      bytes: { client: 0, server: 0 },
      ending: 'captureEnd',
      endPacket: -1,
    });
    const [request] = requestsOf({
      exchanges: [inbound(0, 1500), outbound(1012, 20)],
      connections: [dead],
      lookups: [lookupOf({ attempts: [attemptOf(unanswered)] })],
    });
    expect(request?.waits.filter(({ reason }) => reason === 'connect').map(({ duration }) => duration)).toEqual([
      milliseconds(1002),
    ]);
  });

  it('is of the service that the user names', () => {
    const exchanges = [
      inbound(0, 50),
      outbound(10, 20),
      exchangeOf({ id: '0.e5', server: '10.0.8.8', serverPort: 9000, client: '10.0.9.9', startedAt: atMs(5) }),
    ];
    const of = (service: ServiceChoice): string[] => requestsOf({ exchanges }, service).map(({ exchange }) => exchange);
    expect(of({ address: '10.0.8.8', port: null })).toEqual(['0.e5']);
    expect(of({ address: POD, port: 8080 })).toEqual(['0.e1']);
    expect(of({ address: POD, port: 9 })).toEqual(['0.e2']);
  });

  it('follows an identifier that travels, though times fit another better', () => {
    const [one, other] = requestsOf({
      exchanges: [
        inbound(0, 100, { traceIds: ['a'] }),
        inbound(10, 80, { id: '0.e3', connection: '0.c3', clientPort: 40_231, traceIds: ['b'] }),
        outbound(11, 20, { id: '0.e4', traceIds: ['a'] }),
        outbound(50, 20, { id: '0.e5', traceIds: ['b'] }),
      ],
    });
    expect(one?.waits.map(({ ref, confidence }) => [ref, confidence])).toEqual([['0.e4', 'certain']]);
    expect(other?.waits.map(({ ref, confidence }) => [ref, confidence])).toEqual([['0.e5', 'certain']]);
  });

  it('sums to the nanosecond, and no two have one call, whatever the rows are', () => {
    const ns = fc.integer({ min: 0, max: 200_000_000 });
    const some = fc.record({
      isInbound: fc.boolean(),
      start: ns,
      lasts: ns,
      opening: fc.option(fc.integer({ min: 0, max: 9_000_000 })),
      isOpen: fc.boolean(),
      server: fc.integer({ min: 1, max: 3 }),
    });
    const lookups = fc.array(fc.record({ start: ns, lasts: ns, server: fc.integer({ min: 1, max: 3 }) }), {
      maxLength: 6,
    });
    let waits = 0;
    fc.assert(
      fc.property(fc.array(some, { maxLength: 14 }), lookups, (drafts, names) => {
        const exchanges = drafts.map(({ isInbound, start, lasts, opening, isOpen, server }, index) =>
          (isInbound ? inbound : outbound)(0, 0, {
            id: `0.e${index}`,
            startedAt: at(start),
            duration: nanoseconds(lasts),
            ...(isInbound ? {} : { server: `10.96.0.${server}` }),
            ...(opening === null ? {} : { connectDuration: nanoseconds(opening) }),
            ...(isOpen ? { outcome: 'incomplete', firstByteAt: at(Number.NaN) } : {}),
          }),
        );
        const requests = requestsOf({
          exchanges,
          lookups: names.map(({ start, lasts, server }, index) =>
            lookupOf({
              id: `0.l${index}`,
              startedAt: at(start),
              duration: nanoseconds(lasts),
              answers: [`10.96.0.${server}`],
            }),
          ),
        });
        const refs: string[] = [];
        for (const request of requests) {
          waits += request.waits.length;
          refs.push(...request.waits.filter(({ reason }) => reason === 'upstream').map(({ ref }) => ref));
          const shares = breakdownOf(request);
          expect(shares.reduce((sum, { duration }) => sum + duration, 0)).toBe(request.duration);
          for (const { duration } of shares) expect(duration).toBeGreaterThanOrEqual(0);
          for (const { critical, duration } of request.waits) {
            expect(critical).toBeGreaterThanOrEqual(0);
            expect(critical).toBeLessThanOrEqual(duration + microseconds(0));
          }
        }
        expect(new Set(refs).size).toBe(refs.length);
        expect(new Set(requests.map(({ id }) => id)).size).toBe(requests.length);
      }),
      { numRuns: 60 },
    );
    expect(waits).toBeGreaterThan(50);
  });
});

test('rows of one and the same moment do not pile up: of clocks that stand still', () => {
  let emitted = 0;
  const tracer = createRequests({ service: null, emit: () => void emitted++ });
  tracer.input(inputOf());
  for (let call = 0; call < 20_000; call++) tracer.exchange(outbound(0, 0, { id: `0.e${call}` }));
  expect(emitted).toBeGreaterThan(10_000);
});
