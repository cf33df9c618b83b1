import rule from './tcp-zero-window.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Traffic } from './support/testing/traffic.ts';

const closed = (lasts: number) =>
  ({ at: 10, lasts, parts: { reason: 'zero-window', from: 'server', resends: 2 } }) as const;

ruleTester(rule, {
  finds: [
    {
      name: 'a client that rests while the answer comes',
      ...new Traffic().calls(4).calls(4, { takes: 920, stalls: [closed(900)] }).rows,
      reports: [
        {
          message: 'stalled',
          says: /^4 of 8 exchanges with .* waited 900 ms: the reader of what the server sends did not read$/,
          count: 4,
          of: 8,
          cost: [0.89, 0.91],
          confidence: 'certain',
          settings: [/client reading/, /receive buffer/],
          evidence: [/held back by the closed receive window: 900 ms/],
        },
      ],
    },
  ],
  clear: [
    {
      name: 'a sender that rests while the window is open',
      ...new Traffic().calls(4, { takes: 920, stalls: [{ at: 10, lasts: 900, parts: { reason: 'sender-idle' } }] })
        .rows,
      says: /no receive window was closed for long \(4 exchanges\)/,
    },
    {
      name: 'a window that was closed for a moment',
      ...new Traffic().calls(4, { takes: 30, stalls: [closed(20)] }).rows,
    },
    {
      name: 'loss',
      ...new Traffic().calls(4, { takes: 300, stalls: [{ at: 10, lasts: 210, parts: { reason: 'loss' } }] }).rows,
    },
  ],
});
