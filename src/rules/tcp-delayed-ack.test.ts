import { at } from '../base/time.ts';
import rule from './tcp-delayed-ack.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Traffic } from './support/testing/traffic.ts';

const held = { at: 2, lasts: 41, parts: { reason: 'delayed-ack', from: 'server', resends: 0 } } as const;

ruleTester(rule, {
  finds: [
    {
      name: 'head and body in two writes, on nearly every call: a habit',
      ...new Traffic().calls(2, { takes: 3 }).calls(28, { takes: 44, stalls: [held] }).rows,
      reports: [
        {
          message: 'stalled',
          says: /^28 of 30 exchanges with .* waited 41 ms for a delayed ACK: the server writes in small pieces, without TCP_NODELAY$/,
          count: 28,
          of: 30,
          cost: [0.0409, 0.0411],
          confidence: 'certain',
          settings: [/TCP_NODELAY/, /40 ms/],
          evidence: [/held until the first was acknowledged: 41 ms/],
        },
      ],
    },
    {
      name: 'a client that writes so',
      ...new Traffic().calls(5).calls(3, { takes: 44, stalls: [{ ...held, parts: { ...held.parts, from: 'client' } }] })
        .rows,
      reports: [{ count: 3, says: /the client writes in small pieces/ }],
    },
  ],
  clear: [
    {
      name: 'calls whose answers the capture lacks in part: what comes before the next one is not all theirs',
      ...new Traffic()
        .calls(5)
        .calls(3, { takes: 44, stalls: [held] }, { outcome: 'incomplete', firstByteAt: at(Number.NaN) })
        .calls(5).rows,
    },
    {
      name: 'a server that thinks 40 ms',
      ...new Traffic().calls(30, { takes: 44 }).rows,
      says: /no second small write waited for a delayed ACK \(30 exchanges\)/,
    },
    {
      name: 'once, which may be a program that paused',
      ...new Traffic().calls(20).call({ takes: 44, stalls: [held] }).rows,
      says: /\(21 exchanges; 1 did, and fewer than 2 may be chance\)/,
    },
    {
      name: 'less than any kernel delays',
      ...new Traffic().calls(4, { takes: 20, stalls: [{ ...held, lasts: 12 }] }).rows,
      says: /\(4 exchanges; 4 waited less than 30 ms\)/,
    },
  ],
});
