import { expect, test } from 'vitest';
import { at } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import { atMs, exchangeOf } from '../model/testing/rows.ts';
import { createDelivery } from './delivery.ts';
import { trackedConnection } from './testing/connection.ts';

/** More than are ever held. */
const MANY = 40_000;

test('an answer is held until its client has it', () => {
  const emitted: Exchange[] = [];
  const connection = trackedConnection({ undelivered: true });
  const { push, advance } = createDelivery((exchange) => void emitted.push(exchange));
  push(exchangeOf(), connection);
  advance(atMs(10));
  expect(emitted).toEqual([]);
  connection.undelivered = false;
  advance(atMs(11));
  expect(emitted).toHaveLength(1);
});

test('of answers that no acknowledgment is seen for, those held longest go, in order', () => {
  const places: number[] = [];
  const connection = trackedConnection({ undelivered: true });
  const { push, advance } = createDelivery(({ place }) => void places.push(place));
  const exchange = exchangeOf({ startedAt: at(0) });
  for (let place = 0; place < MANY; place++) {
    push({ ...exchange, place }, connection);
    advance(at(0));
  }
  expect(places.length).toBeGreaterThan(MANY / 2);
  expect(places.every((place, index) => place === index)).toBe(true);
});
