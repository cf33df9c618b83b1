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

test('a connection that is over lets go of its own answers alone', () => {
  const ids: string[] = [];
  const { push, advance, closed } = createDelivery(({ id }) => void ids.push(id));
  const [one, other] = [trackedConnection({ undelivered: true }), trackedConnection({ undelivered: true })];
  push(exchangeOf({ id: 'first' }), one);
  push(exchangeOf({ id: 'other' }), other);
  push(exchangeOf({ id: 'second' }), one);
  closed(one);
  expect(ids).toEqual(['first', 'second']);
  closed(one);
  advance(atMs(10));
  expect(ids).toHaveLength(2);
  other.undelivered = false;
  advance(atMs(20));
  expect(ids).toEqual(['first', 'second', 'other']);
});

test('however many connections are over while an answer is held, it is held on', () => {
  const ids: string[] = [];
  const { push, closed } = createDelivery(({ id }) => void ids.push(id));
  const lasting = trackedConnection({ undelivered: true });
  push(exchangeOf({ id: 'held' }), lasting);
  for (let place = 0; place < MANY; place++) {
    const connection = trackedConnection({ undelivered: true });
    push(exchangeOf({ id: String(place) }), connection);
    closed(connection);
  }
  expect(ids).toEqual(Array.from({ length: MANY }, (_, place) => String(place)));
  closed(lasting);
  expect(ids.at(-1)).toBe('held');
});
