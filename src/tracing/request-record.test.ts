import { expect, it } from 'vitest';
import { milliseconds, nanoseconds } from '../base/time.ts';
import { atMs, connectionOf, exchangeOf, stallOf } from '../model/testing/rows.ts';
import { outboundCalls } from './outbound.ts';
import { seenWaits, stallsOf } from './request-record.ts';

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

/** A request whose client sends its body until then, and waits for its answer; it began at 10 ms. */
const upload = (requestedAt: number, stalls: Parameters<typeof stallOf>[0][]) =>
  exchangeOf({
    client: '10.0.1.4',
    startedAt: atMs(10),
    requestedAt: atMs(requestedAt),
    firstByteAt: atMs(700),
    duration: milliseconds(700),
    stalls: stalls.map((stall) => stallOf({ from: 'client', reason: 'sender-idle', ...stall })),
  });

const pause = { startedAt: atMs(11), duration: milliseconds(600) };

it.each([
  ['a pause of its client', upload(620, [pause]), ['transfer to 10.0.1.4 from 11 to 611']],
  [
    'parts that its client writes',
    upload(620, [{ ...pause, reason: 'written' }]),
    ['transfer to 10.0.1.4 from 11 to 611'],
  ],
  ['none once it is there', upload(12, [{ ...pause, startedAt: atMs(12) }]), []],
  ['none of the pauses in its answer', upload(620, [{ ...pause, from: 'server' }]), []],
  ['all the time where it never comes whole', upload(Number.NaN, []), ['transfer to 10.0.1.4 from 10 to 710']],
  ['a lost segment as before', upload(620, [{ ...pause, reason: 'loss' }]), ['stall to 10.0.1.4 from 11 to 611']],
])('a request waits for the rest of itself: %s', (_, exchange, expected) => {
  const waits = stallsOf(exchange).map(
    ({ reason, to, startedAt, endedAt }) => `${reason} to ${to} from ${startedAt / 1e6} to ${endedAt / 1e6}`,
  );
  expect(waits).toEqual(expected);
});
