import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { milliseconds } from '../base/time.ts';
import { atMs } from '../model/testing/rows.ts';
import type { KeptLookup } from './kept-lookup.ts';
import { lookupsThatLedTo, sharedLookups, type Opener } from './led-to.ts';

const SERVER = '10.96.44.12';

/** @param endMs it takes 1 ms */
const lookup = (endMs: number, answers: readonly string[] = [SERVER]): KeptLookup => ({
  id: `0.l${endMs}`,
  client: '10.0.3.7',
  server: '10.96.0.10',
  serverPort: 53,
  name: 'db.prod.svc.cluster.local',
  startedAt: atMs(endMs - 1),
  duration: milliseconds(1),
  answers,
  firstPacket: 1,
  lastPacket: 4,
});
const opener = (openedMs: number): Opener => ({ client: '10.0.3.7', server: SERVER, openedAt: atMs(openedMs) });

/** The end of the lookup that each led to, in the order of the connections; null where none did. */
const ledTo = (openedMs: readonly number[], lookups: readonly KeptLookup[]): (number | null)[] => {
  const openers = openedMs.map(opener);
  const found = lookupsThatLedTo(openers, lookups);
  return openers.map((one) => {
    const own = found.get(one);
    return own === undefined ? null : (own.startedAt + own.duration) / milliseconds(1);
  });
};

describe('the lookup that led to a connection', () => {
  it('is the last before it', () => {
    expect(ledTo([20], [lookup(5), lookup(19), lookup(12)])).toEqual([19]);
  });

  it('is the first of several at once for the first of several connections', () => {
    expect(ledTo([32, 33, 34, 36], [lookup(30), lookup(31), lookup(31.5), lookup(32.4)])).toEqual([30, 31, 31.5, 32.4]);
  });

  it('is none that ended long before, brought another address, or was asked by another', () => {
    const others = { ...lookup(199), client: '10.0.3.8' };
    expect(ledTo([200], [lookup(99), lookup(199, ['10.96.44.13']), others])).toEqual([null]);
  });

  it('may be seen a moment after it where none ended before', () => {
    expect(ledTo([20], [lookup(20.5)])).toEqual([20.5]);
    expect(ledTo([20], [lookup(20.5), lookup(18)])).toEqual([18]);
    expect(ledTo([20], [lookup(21.5)])).toEqual([null]);
  });

  it('leads to one connection, the first: what comes later has the address from a cache', () => {
    expect(ledTo([20, 21], [lookup(19)])).toEqual([19, null]);
  });

  it('comes in the order of the connections', () => {
    const times = fc.uniqueArray(fc.integer({ min: 2, max: 90 }), { maxLength: 12 });
    fc.assert(
      fc.property(times, times, (opened, ended) => {
        const found = ledTo(
          opened.toSorted((a, b) => a - b),
          ended.map((end) => lookup(end)),
        ).filter((end) => end !== null);
        expect(found).toEqual(found.toSorted((a, b) => (a as number) - (b as number)));
      }),
    );
  });
});

/** As {@link ledTo}, of those that waited for another one's lookup. */
const shared = (openedMs: readonly number[], lookups: readonly KeptLookup[]): (number | null)[] => {
  const openers = openedMs.map(opener);
  const found = sharedLookups(openers, lookupsThatLedTo(openers, lookups));
  return openers.map((one) => {
    const own = found.get(one);
    return own === undefined ? null : (own.startedAt + own.duration) / milliseconds(1);
  });
};

describe('a lookup that others waited for', () => {
  it('is theirs who open their connections with the first', () => {
    expect(shared([20, 20.1, 20.2, 40, 40.1], [lookup(19), lookup(39)])).toEqual([null, 19, 19, null, 39]);
  });

  it('is nobody’s who opens some time later', () => {
    expect(shared([20, 60], [lookup(19)])).toEqual([null, null]);
  });

  it('is nobody’s where each had its own', () => {
    expect(shared([20, 20.1], [lookup(19), lookup(19.05)])).toEqual([null, null]);
  });
});
