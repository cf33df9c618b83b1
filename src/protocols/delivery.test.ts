import { expect, test } from 'vitest';
import { at, milliseconds } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import { atMs, exchangeOf, stallOf } from '../model/testing/rows.ts';
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

test('an answer that is known to be over only when what was lost of it has come again lasts until then', () => {
  const emitted: Exchange[] = [];
  const stall = stallOf({ startedAt: atMs(4), duration: milliseconds(220) });
  const { push } = createDelivery((exchange) => void emitted.push(exchange));
  const exchange = exchangeOf({ startedAt: atMs(0), duration: milliseconds(4) });
  push(exchange, trackedConnection({ undelivered: false, stalls: [stall] }));
  push(exchangeOf({ startedAt: atMs(300), duration: milliseconds(4) }), trackedConnection({ stalls: [stall] }));
  expect(emitted.map(({ duration }) => duration)).toEqual([milliseconds(224), milliseconds(4)]);
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
