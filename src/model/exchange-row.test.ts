import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Exchange } from './exchange.ts';
import { fromExchangeRow, toExchangeRow } from './exchange-row.ts';
import { ExchangeSchema } from './exchange-schema.ts';
import type { VantageKind } from './input.ts';
import { anyExchange } from './testing/arbitrary-rows.ts';
import { itIsReadBack } from './testing/read-back.ts';
import { atMs, inputOf } from './testing/rows.ts';

const [some] = fc.sample(anyExchange, { seed: 3, numRuns: 1 }) as [Exchange];
const plain: Exchange = {
  ...some,
  input: 0,
  client: '10.0.3.7',
  server: '10.96.44.12',
  backend: '10.0.4.5:8080',
  startedAt: atMs(250),
  requestedAt: atMs(251),
  firstByteAt: atMs(300),
  packets: [4, 6],
};

describe('an exchange as a row', () => {
  it('counts from its own start, and its start from its input', () => {
    expect(toExchangeRow(plain, [inputOf()])).toMatchObject({
      schema: 'kubelag/exchange/1',
      startSeconds: 0.25,
      startedAt: '2023-11-14T22:13:20.250000000Z',
      requestSeconds: 0.001,
      firstByteSeconds: 0.05,
      packets: [4, 6],
    });
  });

  it('has the contract’s fields first', () => {
    expect(Object.keys(toExchangeRow(plain, [inputOf()])).slice(1, 21)).toEqual(
      (
        'id input protocol direction client server connection method path host status grpcStatus startedAt ' +
        'startSeconds firstByteSeconds durationSeconds requestBytes responseBytes packets outcome'
      ).split(' '),
    );
  });

  it.each<[VantageKind, string[], string]>([
    ['pod', ['10.0.3.7'], 'outbound'],
    ['pod', ['10.0.4.5'], 'inbound'],
    ['pod', ['10.9.9.9'], 'through'],
    ['node', ['10.0.3.7'], 'through'],
    ['unknown', [], 'unknown'],
  ])('has a direction as seen from a %s of %j', (kind, addresses, direction) => {
    const input = inputOf();
    expect(toExchangeRow(plain, [{ ...input, vantage: { ...input.vantage, kind, addresses } }]).direction).toBe(
      direction,
    );
  });

  it('says null for what was not seen', () => {
    const unseen = { method: '', path: '', host: '', status: -1, grpcStatus: -1, resetCode: -1, previousAttempts: -1 };
    expect(toExchangeRow({ ...plain, ...unseen }, [inputOf()])).toMatchObject({
      method: null,
      path: null,
      host: null,
      status: null,
      grpcStatus: null,
      resetCode: null,
      previousAttempts: null,
    });
  });
});

describe('a row as an exchange', () => {
  itIsReadBack({
    name: 'exchange',
    schema: ExchangeSchema,
    any: anyExchange,
    plain,
    write: toExchangeRow,
    read: fromExchangeRow,
  });

  it('is one that was written before undeliveredBytes was part of it', () => {
    const { undeliveredBytes, ...older } = toExchangeRow(plain, [inputOf()]);
    expect(undeliveredBytes).toBe(plain.undelivered);
    expect(fromExchangeRow(older)).toMatchObject({ undelivered: 0 });
    expect(fromExchangeRow({ ...older, undeliveredBytes: null })).toBeNull();
  });

  it('is not longer than a row can be', () => {
    const row = toExchangeRow(plain, [inputOf()]);
    expect(fromExchangeRow({ ...row, path: 'a'.repeat(5000) })).toBeNull();
    expect(fromExchangeRow({ ...row, packets: [1, 2, 3, 4, 5] })).toBeNull();
  });
});
