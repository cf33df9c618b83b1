import type { Exchange } from '../model/exchange.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import type { Rows } from './support/testing/run-rule.ts';
import { Traffic } from './support/testing/traffic.ts';
import { INSIDE_TLS } from './support/testing/waiting.ts';
import rule from './tcp-window-limit.ts';

/** Small calls, and large answers that go 65,535 bytes at a time for all but 50 ms. */
function answers(
  count: number,
  takes = 4000,
  parts: Partial<Exchange> = { responseBytes: 5_000_000 },
  bytes = 65_535,
): Rows {
  const window = { reason: 'window', from: 'server', bytes } as const;
  return new Traffic()
    .calls(20, { takes: 51 })
    .calls(count, { takes, firstByte: 50, stalls: [{ at: 50, lasts: takes - 50, parts: window }] }, parts).rows;
}

ruleTester(rule, {
  finds: [
    {
      name: 'a window of 64 kB over 50 ms',
      ...answers(3),
      reports: [
        {
          message: 'stalled',
          says: /^3 of 23 exchanges with 10\.96\.44\.12:8080 took 3\.95 s: their bodies go one receive window \(65\.5 kB\) per round trip$/,
          count: 3,
          of: 23,
          cost: [3.9, 4],
          confidence: 'likely',
          fixes: [/^look first whether window scaling is off.*tcp_rmem/, /several connections/],
          evidence: [/data of the server, one receive window for each round trip: 3\.95 s/],
          settings: [/65\.5 kB at most/, /round trip.*about 51\.8 ms/],
        },
      ],
    },
    {
      name: 'the same inside TLS',
      ...answers(3, 4000, { responseBytes: 5_000_000, ...INSIDE_TLS }),
      reports: [{ count: 3 }],
    },
    ...[39_552, 131_072].map((bytes) => ({
      name: `a window of ${bytes} bytes, which is none without scaling`,
      ...answers(3, 4000, { responseBytes: 5_000_000 }, bytes),
      reports: [
        { message: 'stalled', count: 3, fixes: [/^let the window grow: (?!.*window_scaling)/, /several connections/] },
      ],
    })),
  ],
  clear: [
    { name: 'once is a buffer that had no time to grow', ...answers(1) },
    { name: 'what takes no time', ...answers(3, 120) },
    { name: 'as quick as links of pods', ...answers(3, 4000, { responseBytes: 60_000_000 }) },
    { name: 'small bodies', ...answers(3, 4000, { responseBytes: 20_000 }) },
  ],
  unobservable: [{ name: 'no exchange', why: /no exchange was seen/ }],
});
