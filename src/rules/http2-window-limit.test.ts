import type { Exchange } from '../model/exchange.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import type { Rows } from './support/testing/run-rule.ts';
import { Traffic } from './support/testing/traffic.ts';
import rule from './http2-window-limit.ts';

/** Small calls, and large answers that wait so often for 41 ms, until the window of 65,535 bytes opens. */
function answers(count: number, waits: number, parts: Partial<Exchange> = {}, takes = 950): Rows {
  const stalls = Array.from({ length: waits }, (_, index) => ({
    at: 60 + index * 50,
    lasts: 41,
    parts: { reason: 'flow-control', from: 'server', bytes: 65_535 } as const,
  }));
  const large = { protocol: 'http/2', responseBytes: 600_000, ...parts } as const;
  return new Traffic()
    .calls(20, { takes: 51 }, { protocol: 'http/2' })
    .calls(count, { takes, firstByte: 50, stalls }, large).rows;
}

ruleTester(rule, {
  finds: [
    {
      name: 'windows of 64 kB over 50 ms',
      ...answers(3, 17),
      reports: [
        {
          message: 'stalled',
          says: /^3 of 23 exchanges with 10\.96\.44\.12:8080 waited 697 ms for the client’s HTTP\/2 window \(65\.5 kB\) to open again$/,
          count: 3,
          of: 23,
          cost: [0.69, 0.7],
          confidence: 'certain',
          fixes: [/initialWindowSize/],
          settings: [/65\.5 kB/, /round trip/],
          evidence: [/held back by the used up window: 41 ms/],
        },
      ],
    },
  ],
  clear: [
    { name: 'once', ...answers(1, 17) },
    { name: 'a wait that costs little', ...answers(3, 1) },
    { name: 'streams', ...answers(3, 17, { shape: 'stream' }) },
    { name: 'as quick as links of pods', ...answers(3, 2, { responseBytes: 60_000_000 }) },
    { name: 'small bodies', ...answers(3, 17, { responseBytes: 20_000 }) },
  ],
  unobservable: [{ name: 'no exchange', why: /no exchange was seen/ }],
});
