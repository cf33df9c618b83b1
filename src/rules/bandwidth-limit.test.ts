import { at, milliseconds } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import rule from './bandwidth-limit.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import type { Rows } from './support/testing/run-rule.ts';
import { Traffic } from './support/testing/traffic.ts';

const large = { responseBytes: 260_000 };

/**
 * Small calls, and uploads of which the last byte is sent so many milliseconds before the answer, with
 * what the round trip is then, and at least.
 */
function uploads(left: number, roundTrip: number, least: number): Rows {
  const trip = { roundTrip: milliseconds(roundTrip) };
  const { exchanges = [], connections = [] } = new Traffic()
    .open({ connect: 0.2 }, { minRoundTrip: milliseconds(least) })
    .calls(20)
    .calls(4, { takes: 640 }, { requestBytes: 400_000, ...trip }).rows;
  const late = (one: Exchange): Exchange =>
    one.requestBytes < 400_000 ? one : { ...one, requestedAt: at(one.firstByteAt - milliseconds(left)) };
  return { connections, exchanges: exchanges.map(late) };
}

/** Small calls, and answers of 1.5 MB that take 1.05 s over a way of so many milliseconds. */
function answers(roundTrip: number, protocol: Exchange['protocol']): Rows {
  return new Traffic()
    .open({ connect: roundTrip }, { minRoundTrip: milliseconds(roundTrip) })
    .calls(20, { takes: roundTrip }, { protocol })
    .calls(4, { takes: 1050 + roundTrip, firstByte: roundTrip }, { protocol, responseBytes: 1_500_000 }).rows;
}

/** Small calls, and answers on a node that have passed by while so much of them waits behind a shaper, at 600 kB/s. */
function shaped(waiting: readonly number[], least = 0.3): Rows {
  const traffic = new Traffic().open({ connect: 0.2 }, { minRoundTrip: milliseconds(least) }).calls(20);
  for (const undelivered of waiting) {
    const passes = (600_000 - undelivered) / 600;
    traffic.call({ takes: 10 + passes, firstByte: 10 }, { responseBytes: 600_000, undelivered });
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
    { name: 'uploads that are on their way until the answer', ...uploads(10, 0.3, 0.3), reports: [{ count: 4 }] },
    { name: 'gRPC over a short way', ...answers(5, 'grpc'), reports: [{ count: 4, of: 24 }] },
    {
      name: 'HTTP/1.1 over the long way of which a window is as much',
      ...answers(42, 'http/1.1'),
      reports: [{ count: 4 }],
    },
    {
      name: 'images at 250 kB/s among quick small calls',
      ...new Traffic().calls(20).calls(4, { takes: 1030, firstByte: 6 }, large).rows,
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
      ...new Traffic().calls(20).calls(4, { takes: 1030, firstByte: 1000 }, large).rows,
    },
    {
      name: 'pauses within the body',
      ...new Traffic()
        .calls(20)
        .calls(
          4,
          { takes: 1030, firstByte: 6, stalls: [{ at: 10, lasts: 900, parts: { reason: 'sender-idle' } }] },
          large,
        ).rows,
    },
    {
      name: 'a reader that does not read',
      ...new Traffic()
        .calls(20)
        .calls(
          4,
          { takes: 1030, firstByte: 6, stalls: [{ at: 10, lasts: 900, parts: { reason: 'zero-window' } }] },
          large,
        ).rows,
    },
    {
      name: 'unequal rates',
      ...new Traffic()
        .calls(20)
        .call({ takes: 300, firstByte: 6 }, large)
        .call({ takes: 600, firstByte: 6 }, large)
        .call({ takes: 1200, firstByte: 6 }, large)
        .call({ takes: 900, firstByte: 6 }, large).rows,
    },
    {
      name: 'downloads that fill their link',
      ...new Traffic().calls(20).calls(4, { takes: 1000, firstByte: 6 }, { responseBytes: 110_000_000 }).rows,
    },
    { name: 'two are no pattern', ...new Traffic().calls(20).calls(2, { takes: 1030, firstByte: 6 }, large).rows },
    {
      name: 'small calls are as slow',
      ...new Traffic().calls(20, { takes: 900 }).calls(4, { takes: 1030, firstByte: 6 }, large).rows,
    },
    {
      name: 'large bodies that pass at once',
      ...new Traffic().calls(20).calls(8, { takes: 9, firstByte: 4 }, large).rows,
    },
  ],
  unobservable: [{ name: 'no call', ...new Traffic().call({}, { shape: 'stream' }).rows, why: /no answered call/ }],
});
