import { expect, it } from 'vitest';
import { milliseconds } from '../../../base/time.ts';
import { atMs, exchangeOf, stallOf } from '../../../model/testing/rows.ts';
import { stalledTime, stallPackets, stallsOf } from './stalls.ts';

const exchange = exchangeOf({
  startedAt: atMs(100),
  duration: milliseconds(500),
  packets: [4, 9],
  stalls: [
    stallOf({ startedAt: atMs(50), duration: milliseconds(150), packets: [3, 5] }),
    stallOf({ startedAt: atMs(150), duration: milliseconds(150), packets: [5, 7] }),
    stallOf({ startedAt: atMs(400), duration: milliseconds(40), reason: 'delayed-ack', packets: [8] }),
    stallOf({ startedAt: atMs(590), duration: milliseconds(40), packets: [10] }),
  ],
});

it('stalls are told by their reason', () => {
  expect(stallsOf(exchange, 'loss')).toHaveLength(3);
  expect(stallsOf(exchange, 'delayed-ack', 'zero-window')).toHaveLength(1);
});

it('stalls count once where they overlap, and only within the exchange', () => {
  expect(stalledTime(exchange, stallsOf(exchange, 'loss'))).toBe(milliseconds(210));
  expect(stalledTime(exchange, [])).toBe(0);
});

it('nobody waits longer than the deadline of the call', () => {
  expect(stalledTime({ ...exchange, deadline: milliseconds(150) }, stallsOf(exchange, 'loss'))).toBe(milliseconds(150));
  expect(stalledTime({ ...exchange, deadline: milliseconds(900) }, stallsOf(exchange, 'loss'))).toBe(milliseconds(210));
});

it('stalls are proved by the packets of both, in order', () => {
  expect(stallPackets(exchange, stallsOf(exchange, 'loss'))).toEqual([3, 4, 5, 7, 9, 10]);
});
