import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connectionOf, exchangeOf, inputOf, lookupOf, atMs } from '../model/testing/rows.ts';
import { holdRows } from './held-rows.ts';
import type { RowExporter, RowKind } from './row-exporter.ts';

/** An exporter that notes what it is given, and where the capture was taken when it was. */
function noting() {
  const given: string[] = [];
  const vantages: string[] = [];
  const input = inputOf();
  const take = ({ id }: { id: string }): void => {
    given.push(id);
    vantages.push(input.vantage.kind);
  };
  const exporter: RowExporter = {
    rows: 0,
    input: () => {},
    lookup: take,
    connection: take,
    exchange: take,
    request: take,
    finish: () => void given.push('finish'),
  };
  return { given, vantages, input, exporter };
}

function heldExchanges(starts: readonly number[], most?: number, kind: RowKind = 'exchanges'): string[] {
  const { exporter, given } = noting();
  const held = holdRows(kind, exporter, most);
  for (const start of starts) held.exchange(exchangeOf({ id: String(start), startedAt: atMs(start) }));
  held.finish();
  expect(given.pop()).toBe('finish');
  return given;
}

describe('rows that are held back', () => {
  it('are written in order of start', () => {
    expect(heldExchanges([3, 1, 2, 0])).toEqual(['0', '1', '2', '3']);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 50 })), (starts) => {
        expect(heldExchanges(starts)).toEqual(starts.toSorted((a, b) => a - b).map(String));
      }),
    );
  });

  it('are so many at most; what comes later than that stands later', () => {
    expect(heldExchanges([1, 2, 3, 4, 0], 3)).toEqual(['1', '0', '2', '3', '4']);
    expect(heldExchanges([2, 1, 4, 3], 1)).toEqual(['1', '2', '3', '4']);
  });

  it('keep the order of their coming where they start at once', () => {
    const { exporter, given } = noting();
    const held = holdRows('connections', exporter);
    for (let index = 0; index < 100; index++) held.connection(connectionOf({ id: String(index) }));
    held.finish();
    expect(given.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, index) => String(index)));
  });

  it('are of the kind that is wanted', () => {
    for (const [kind, wanted] of [
      ['rows', ['0.l1', '0.e1', '0.c1']],
      ['connections', ['0.c1']],
      ['exchanges', ['0.e1']],
    ] as const) {
      const { exporter, given } = noting();
      const held = holdRows(kind, exporter);
      held.lookup(lookupOf());
      held.exchange(exchangeOf());
      held.connection(connectionOf());
      held.finish();
      expect(given).toEqual([...wanted, 'finish']);
    }
  });

  it('of all kinds keep the order in which they were found', () => {
    expect(heldExchanges([3, 1, 2, 0], undefined, 'rows')).toEqual(['3', '1', '2', '0']);
    expect(heldExchanges([3, 1, 2, 0], 2, 'rows')).toEqual(['3', '1', '2', '0']);
  });

  it('know where the capture was taken although that was told later', () => {
    const { exporter, input, vantages } = noting();
    input.vantage = { ...input.vantage, kind: 'unknown' };
    const held = holdRows('exchanges', exporter);
    held.exchange(exchangeOf());
    input.vantage = { ...input.vantage, kind: 'pod' };
    held.finish();
    expect(vantages).toEqual(['pod']);
  });

  it('remember how far the capture had been read when they were found', () => {
    const { exporter, input } = noting();
    const until: (number | undefined)[] = [];
    const held = holdRows('rows', { ...exporter, exchange: (_, readUntil) => void until.push(readUntil) });
    held.input(input);
    for (const ms of [5, 7]) {
      input.endsAt = atMs(ms);
      held.exchange(exchangeOf());
    }
    input.endsAt = atMs(100);
    held.finish();
    expect(until).toEqual([5e6, 7e6]);
  });

  it('are copies: what is handed on is used again', () => {
    const { exporter, given } = noting();
    const held = holdRows('exchanges', exporter);
    const exchange = exchangeOf({ id: 'a' });
    held.exchange(exchange);
    exchange.id = 'b';
    held.finish();
    expect(given).toEqual(['a', 'finish']);
  });

  it('are no lookups, which come in order', () => {
    const { exporter, given } = noting();
    holdRows('lookups', exporter).lookup(lookupOf());
    expect(given).toEqual(['0.l1']);
  });
});
