import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at, milliseconds } from '../base/time.ts';
import { copyConnection, type Connection } from '../model/connection.ts';
import { copyExchange, type Exchange } from '../model/exchange.ts';
import type { Input } from '../model/input.ts';
import { copyLookup, RR_TYPE, type Lookup } from '../model/lookup.ts';
import { anyConnection, anyExchange, anyLookup } from '../model/testing/arbitrary-rows.ts';
import { atMs, attemptOf, connectionOf, exchangeOf, inputOf, lookupOf, stallOf, tlsOf } from '../model/testing/rows.ts';
import type { Reading } from '../read-inputs.ts';
import type { Batch } from './batch.ts';
import { createRowsIn } from './rows-in.ts';
import { createRowsOut } from './rows-out.ts';

type Kept = { lookup: Lookup } | { connection: Connection } | { exchange: Exchange } | { begun: string };

const NO_METADATA = {
  service: 'ec2',
  asks: 'token',
  software: null,
  agent: null,
  issuedAt: Number.NaN,
  expiresAt: Number.NaN,
  remaining: Number.NaN,
  session: null,
} as const;

/** Keeps all that it is told, in order, and what its inputs were like then. */
function listener() {
  const kept: Kept[] = [];
  const seen: string[] = [];
  const inputs: Input[] = [];
  const look = (): void => {
    seen.push(inputs.map(({ vantage, endsAt }) => `${vantage.kind} ${vantage.sees.tcp} ${endsAt}`).join());
  };
  const reading: Reading = {
    inputs,
    leftOut: { count: 0, because: null },
    input: ({ path }) => (look(), kept.push({ begun: path })),
    lookup: (lookup) => (look(), kept.push({ lookup: copyLookup(lookup) })),
    connection: (connection) => (look(), kept.push({ connection: copyConnection(connection) })),
    exchange: (exchange) => (look(), kept.push({ exchange: copyExchange(exchange) })),
    tick() {},
  };
  return { kept, seen, reading };
}

/** What is written comes out there, as a message would bring it. */
function carried() {
  const there = listener();
  const batches: Batch[] = [];
  const take = createRowsIn(there.reading);
  const out = createRowsOut(
    (batch) => {
      batches.push(batch);
      take(structuredClone(batch));
    },
    () => {},
  );
  return { ...out, ...there, batches, out: out.reading };
}

describe('rows from one thread to another', () => {
  it('are those that were written, in their order', () => {
    const row = fc.oneof(
      anyLookup.map((lookup): Kept => ({ lookup })),
      anyConnection.map((connection): Kept => ({ connection })),
      anyExchange.map((exchange): Kept => ({ exchange })),
    );
    fc.assert(
      fc.property(fc.array(row, { maxLength: 20 }), (rows) => {
        const { out, finish, kept } = carried();
        for (const one of rows) {
          if ('lookup' in one) out.lookup(one.lookup);
          else if ('connection' in one) out.connection(one.connection);
          else if ('exchange' in one) out.exchange(one.exchange);
        }
        finish();
        expect(kept).toEqual(rows);
      }),
    );
  });

  it('are those that were written where one is used again for the next', () => {
    const { out, finish, kept } = carried();
    const resends = [{ at: atMs(1), packet: 3, behindDnat: null }];
    const attempt = attemptOf({ resends });
    const lookup = lookupOf({ attempts: [attempt] });
    out.lookup(lookup);
    resends[0]!.packet = 9;
    lookup.id = '0.l2';
    attempt.server = '10.96.0.11';
    out.lookup(lookup);
    finish();
    expect(kept).toMatchObject([
      { lookup: { id: '0.l1', attempts: [{ server: '10.96.0.10', resends: [{ packet: 3 }] }] } },
      { lookup: { id: '0.l2', attempts: [{ server: '10.96.0.11', resends: [{ packet: 9 }] }] } },
    ]);
  });

  it.each([
    '0.e17',
    '12.e5',
    '0.e0',
    '0.e007',
    '1234.e5',
    '7',
    '',
    'e',
    '\0.e3',
    'ü.e3',
    '0.e1234567890',
    '0.e999999999',
  ])('have their id: %j', (id) => {
    const { out, finish, kept } = carried();
    out.exchange(exchangeOf({ id }));
    finish();
    expect(kept).toEqual([{ exchange: exchangeOf({ id }) }]);
  });

  it.each<Partial<Exchange>>([
    { error: '42P01' },
    { outcome: 'error' },
    { endedBy: 'client' },
    { resetCode: 8 },
    { reused: false },
    { openedAt: atMs(3) },
    { connectDuration: milliseconds(2) },
    { tlsDuration: milliseconds(2) },
    { stalls: [stallOf()] },
    { retransmissions: 1 },
    { deadline: milliseconds(2) },
    { previousAttempts: 1 },
    { retryAfter: milliseconds(2) },
    { keepsConnection: false },
    { asksToClose: true },
    { undelivered: 180_000 },
    { expectation: { waited: milliseconds(1000), answered: false } },
    { traceIds: ['b3:1'] },
    { metadata: { ...NO_METADATA } },
    { grant: { expiresIn: 300 } },
  ])('are as they were where one thing alone is unusual of an exchange: %j', (parts) => {
    const { out, finish, kept } = carried();
    out.exchange(exchangeOf(parts));
    finish();
    expect(kept).toEqual([{ exchange: exchangeOf(parts) }]);
  });

  it('come in batches, whatever their size, and with texts that are told again where too many were', () => {
    const { out, finish, kept, batches } = carried();
    const wide = lookupOf({ attempts: Array.from({ length: 50_000 }, (_, port) => attemptOf({ clientPort: port })) });
    const exchanges = Array.from({ length: 40_000 }, (_, index) => {
      // 25,000 connections, then some of them again, the last ones first.
      const shop = index ** 2 % 50_021;
      return exchangeOf({ path: `/${index}`, connection: `0.c${shop}`, host: `shop-${shop}` });
    });
    for (const exchange of exchanges) out.exchange(exchange);
    out.lookup(wide);
    finish();
    expect(batches.length).toBeGreaterThan(5);
    expect(batches.some((batch) => batch.forgetsTexts)).toBe(true);
    // As text: to compare so many objects takes seconds.
    const rows = [...exchanges.map((exchange) => ({ exchange })), { lookup: wide }];
    expect(kept.map((row) => JSON.stringify(row)).join('\n')).toBe(rows.map((row) => JSON.stringify(row)).join('\n'));
  });
});

describe('lookups from one thread to another', () => {
  it('bring what their own name and client last brought, also when texts began anew in between', () => {
    const { out, finish, kept, batches } = carried();
    const lookups = Array.from({ length: 30_000 }, (_, index) => {
      // 20,000 names and as many that they were first asked as, then some of them again.
      const name = `shop-${index ** 2 % 40_009}.prod`;
      const addresses = [`10.1.${index % 7}.${index % 3}`];
      const server = index % 5 === 0 ? '10.96.0.11' : '10.96.0.10';
      return lookupOf({
        id: `0.l${index}`,
        name,
        server,
        client: `10.244.0.${index % 40}`,
        resolver: index % 40 < 20 ? 'musl' : 'glibc',
        answers: addresses,
        attempts: [
          attemptOf({ name: `${name}.svc`, server }),
          attemptOf({ name, server, addresses }),
          attemptOf({ name, server, type: RR_TYPE.AAAA, addresses: index % 2 === 0 ? [] : ['fd00::1'] }),
        ],
      });
    });
    for (const lookup of lookups) out.lookup(lookup);
    finish();
    expect(batches.some((batch) => batch.forgetsTexts)).toBe(true);
    // As text: to compare so many objects takes seconds.
    expect(kept.map((row) => JSON.stringify(row)).join('\n')).toBe(
      lookups.map((lookup) => JSON.stringify({ lookup: copyLookup(lookup) })).join('\n'),
    );
  });
});

describe('objects among rows', () => {
  it('go before they are many', () => {
    const { out, finish, batches } = carried();
    for (let index = 0; index < 5000; index++) out.connection(connectionOf({ tls: tlsOf() }));
    finish();
    expect(Math.max(...batches.map(({ objects }) => objects.length))).toBeLessThan(1100);
  });
});

describe('inputs from one thread to another', () => {
  it('are as they were when each row was told', () => {
    const here = listener();
    const { out, finish, seen, reading } = carried();
    const input = inputOf({ endsAt: at(0) });
    const both = (tell: (to: Reading) => void): void => {
      tell(here.reading);
      tell(out);
    };
    both(({ inputs }) => inputs.push(input));
    both((to) => to.input(input));
    input.endsAt = atMs(1);
    both((to) => to.lookup(lookupOf()));
    input.vantage.sees.tcp = true;
    both((to) => to.exchange(exchangeOf()));
    input.vantage = { ...input.vantage, kind: 'node' };
    input.endsAt = atMs(3);
    both((to) => to.lookup(lookupOf()));
    input.packets = 9;
    finish();
    expect(here.seen).toEqual(['pod false 0', 'pod false 1000000', 'pod true 1000000', 'node true 3000000']);
    expect(seen).toEqual(here.seen);
    expect(reading.inputs).toEqual([input]);
  });

  it('stay the objects that they were, for who holds one', () => {
    const { out, finish, reading } = carried();
    const input = inputOf();
    out.inputs.push(input);
    out.input(input);
    for (let index = 0; index < 10_000; index++) out.exchange(exchangeOf());
    const [begun] = reading.inputs;
    input.packets = 9;
    finish();
    expect(begun?.packets).toBe(9);
    expect(reading.inputs[0]).toBe(begun);
  });

  it('say what was left out', () => {
    const { out, finish, reading } = carried();
    out.leftOut.count = 2;
    out.leftOut.because = 'own look-ups';
    finish();
    expect(reading.leftOut).toEqual({ count: 2, because: 'own look-ups' });
  });
});
