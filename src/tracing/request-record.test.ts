import { expect, it } from 'vitest';
import { milliseconds, nanoseconds } from '../base/time.ts';
import { atMs, connectionOf, exchangeOf } from '../model/testing/rows.ts';
import { outboundCalls } from './outbound.ts';
import { seenWaits } from './request-record.ts';

it.each([
  { syns: [10], until: 510, because: 'the caller has had enough before another one was due' },
  { syns: [10, 1038], until: 2022, because: 'it tries another server, 984 ms after the last SYN' },
  { syns: [10], until: 1010, goesOn: 1490, because: 'another SYN would have been sent' },
  { syns: [10, 1010, 3010], until: 7010, goesOn: 7400, because: 'another SYN was due after twice as long' },
  { syns: [10], until: 300, goesOn: 900, ends: 300, because: 'the request ends' },
])('a request waits for SYNs of which nobody answers the last, until $because', (given) => {
  const { syns, until, goesOn = until, ends = 8000 } = given;
  const dead = connectionOf({
    startedAt: atMs(10),
    duration: milliseconds((syns.at(-1) as number) - 10),
    syns: syns.map((time, packet) => ({ at: atMs(time), packet })),
    synAcks: [],
    connectDuration: nanoseconds(Number.NaN),
    exchanges: 0,
    bytes: { client: 0, server: 0 },
    ending: 'captureEnd',
    endPacket: -1,
  });
  const next = exchangeOf({ startedAt: atMs(goesOn), duration: milliseconds(20) });
  const calls = outboundCalls({ lookups: [], exchanges: [next], connections: [dead] });
  const waits = seenWaits(calls, atMs(0), atMs(ends)).map(({ wait }) => wait);
  const [connect] = waits.filter(({ reason }) => reason === 'connect');
  expect(connect?.endedAt).toBe(atMs(until));
});
