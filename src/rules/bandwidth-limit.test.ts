import { at, milliseconds } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import { inputOf } from '../model/testing/rows.ts';
import rule from './bandwidth-limit.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import type { Rows } from './support/testing/run-rule.ts';
import { joined, Traffic, type Call } from './support/testing/traffic.ts';
import { INSIDE_TLS } from './support/testing/waiting.ts';

const place = inputOf();
const large = { responseBytes: 260_000 };
const paced = (from: number, until: number, side: 'client' | 'server' = 'server') => ({
  at: from,
  lasts: until - from,
  parts: { reason: 'path', from: side } as const,
});
/** Four large answers that take so long from their first byte on. */
const slow = { takes: 1030, firstByte: 6, stalls: [paced(6, 1030)] };

/**
 * Small calls, and uploads of which the last byte is sent so many milliseconds before the answer, with
 * what the round trip is then, and at least.
 */
function uploads(left: number, roundTrip: number, least: number): Rows {
  const trip = { roundTrip: milliseconds(roundTrip) };
  const { exchanges = [], connections = [] } = new Traffic()
    .open({ connect: 0.2 }, { minRoundTrip: milliseconds(least) })
    .calls(20)
    .calls(4, { takes: 640, stalls: [paced(0, 640 - left, 'client')] }, { requestBytes: 400_000, ...trip }).rows;
  const late = (one: Exchange): Exchange =>
    one.requestBytes < 400_000 ? one : { ...one, requestedAt: at(one.firstByteAt - milliseconds(left)) };
  return { connections, exchanges: exchanges.map(late) };
}

/** Small calls, and answers of 1.5 MB that take 1.05 s over a way of so many milliseconds. */
function answers(roundTrip: number, protocol: Exchange['protocol']): Rows {
  return new Traffic()
    .open({ connect: roundTrip }, { minRoundTrip: milliseconds(roundTrip) })
    .calls(20, { takes: roundTrip }, { protocol })
    .calls(
      4,
      { takes: 1050 + roundTrip, firstByte: roundTrip, stalls: [paced(roundTrip, 1050 + roundTrip)] },
      { protocol, responseBytes: 1_500_000 },
    ).rows;
}

const answered = (count: number, call: Call, parts: Partial<Exchange> = large): Rows =>
  new Traffic().calls(20).calls(count, call, parts).rows;

const idle = (from: number, until: number) => ({
  at: from,
  lasts: until - from,
  parts: { reason: 'sender-idle', from: 'server' } as const,
});
const shut = (from: number, until: number) => ({
  at: from,
  lasts: until - from,
  parts: { reason: 'zero-window', from: 'server' } as const,
});

/** So many that go at the pace of their way, and others of which the program takes long. */
const some = (ofTheWay: number, others: number): Rows =>
  new Traffic().calls(20).calls(ofTheWay, slow, large).calls(others, { takes: 1030, firstByte: 6 }, large).rows;

/** Two answers at a time that share 2.5 MB/s as it comes: to one client of one server, or to two clients. */
function shared(clients: readonly [string, string]): Rows {
  const [first, second] = clients.map((client) => new Traffic({ client }).calls(20));
  for (const [one, other] of [
    [400, 1100],
    [1100, 700],
    [600, 1000],
  ] as const) {
    const half = { responseBytes: (Math.max(one, other) * 2500) / 2 };
    first!.call({ takes: one + 6, firstByte: 6, stalls: [paced(6, one + 6)] }, half).wait(1500 - one);
    second!.call({ takes: other + 6, firstByte: 6, stalls: [paced(6, other + 6)] }, half).wait(1500 - other);
  }
  return joined(first!.rows, second!.rows);
}

/** Small calls, and answers on a node that have passed by while so much of them waits behind a shaper, at 600 kB/s. */
function shaped(waiting: readonly number[], least = 0.3): Rows {
  const traffic = new Traffic().open({ connect: 0.2 }, { minRoundTrip: milliseconds(least) }).calls(20);
  for (const undelivered of waiting) {
    const passes = (600_000 - undelivered) / 600;
    const stalls = [paced(10, 10 + passes)];
    traffic.call({ takes: 10 + passes, firstByte: 10, stalls }, { responseBytes: 600_000, undelivered });
  }
  return traffic.rows;
}

ruleTester(rule, {
  finds: [
    {
      name: 'answers of which the last part still waits behind a shaper when all has passed by',
      ...shaped([200_000, 30_000, 120_000, 220_000]),
      reports: [{ count: 4, of: 24, cost: [0.99, 1.01], says: /a steady 600 kB\/s$/ }],
    },
    {
      name: 'uploads, whose last part still lies in the queue of the limit when all is sent',
      ...uploads(340, 335, 0.3),
      reports: [{ count: 4, of: 24, cost: [0.63, 0.64], says: /which passed at a steady/ }],
    },
    {
      name: 'answers that share a link, each with another part of it',
      ...shared(['10.0.3.7', '10.0.3.7']),
      reports: [{ message: 'shared', count: 6, of: 46, says: /passed at a steady 2\.5 MB\/s in all$/ }],
    },
    {
      name: 'answers of one server that share its link, for clients that each get another part of it',
      inputs: [{ ...place, vantage: { ...place.vantage, kind: 'node' } }],
      ...shared(['10.0.3.7', '10.0.3.8']),
      reports: [{ message: 'shared', count: 6, of: 46, says: /2\.5 MB\/s in all$/ }],
    },
    {
      name: 'small calls that are as slow for another reason',
      ...new Traffic().calls(20, { takes: 900 }).calls(4, slow, large).rows,
      reports: [{ count: 4, of: 24 }],
    },
    {
      name: 'answers inside TLS',
      ...new Traffic().calls(20, {}, INSIDE_TLS).calls(4, slow, { ...large, ...INSIDE_TLS }).rows,
      reports: [{ count: 4, of: 24, cost: [1.02, 1.03] }],
    },
    { name: 'half of the large ones', ...some(4, 4), reports: [{ count: 4, of: 28 }] },
    { name: 'uploads that are on their way until the answer', ...uploads(10, 0.3, 0.3), reports: [{ count: 4 }] },
    { name: 'gRPC over a short way', ...answers(5, 'grpc'), reports: [{ count: 4, of: 24 }] },
    {
      name: 'HTTP/1.1 over the long way of which a window is as much',
      ...answers(42, 'http/1.1'),
      reports: [{ count: 4 }],
    },
    {
      name: 'images at 250 kB/s among quick small calls',
      ...new Traffic().calls(20).calls(4, slow, large).rows,
      reports: [
        {
          message: 'limited',
          says: /^4 of 24 exchanges .* took 1\.02 s for their bodies, which passed at a steady 2\d\d(\.\d)? [kK]i?B\/s$/,
          count: 4,
          of: 24,
          cost: [1.02, 1.03],
          confidence: 'likely',
          fixes: [/bandwidth/],
        },
      ],
    },
  ],
  clear: [
    { name: "HTTP/2's window of 64 kB for each round trip", ...answers(42, 'grpc') },
    { name: 'answers that pass by and are on a long way then', ...shaped([200_000, 190_000, 210_000, 200_000], 300) },
    { name: 'two of them: too few', ...shaped([200_000, 200_000]) },
    { name: 'uploads after which the server thinks', ...uploads(340, 0.3, 0.3) },
    { name: 'uploads over a long way, which take so many round trips', ...uploads(140, 135, 130) },
    {
      name: 'think time before the body',
      ...new Traffic().calls(20).calls(4, { takes: 1030, firstByte: 900, stalls: [paced(900, 1030)] }, large).rows,
    },
    { name: 'a program that writes its answers slowly', ...answered(4, { takes: 1030, firstByte: 6 }) },
    {
      name: 'pauses within the body',
      ...answered(4, { takes: 1030, firstByte: 6, stalls: [paced(6, 900), idle(900, 1030)] }),
    },
    { name: 'a reader that does not read', ...answered(4, { ...slow, stalls: [...slow.stalls, shut(10, 300)] }) },
    {
      name: 'unequal rates',
      ...[300, 600, 1200, 900].reduce(
        (traffic, takes) => traffic.call({ takes, firstByte: 6, stalls: [paced(6, takes)] }, large),
        new Traffic().calls(20),
      ).rows,
    },
    { name: 'downloads that fill their link', ...answered(4, slow, { responseBytes: 110_000_000 }) },
    { name: 'two are no pattern', ...answered(2, slow) },
    { name: 'most of the large ones take long for other reasons', ...some(3, 5) },
    {
      name: 'large bodies that pass at once',
      ...answered(8, { takes: 9, firstByte: 4, stalls: [paced(4, 9)] }),
    },
  ],
  unobservable: [{ name: 'no call', ...new Traffic().call({}, { shape: 'stream' }).rows, why: /no answered call/ }],
});
