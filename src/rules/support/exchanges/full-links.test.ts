import rule from '../../upstream-slow.ts';
import { ruleTester } from '../testing/rule-tester.ts';
import { Traffic } from '../testing/traffic.ts';
import { behindAnswer, paced, together } from '../testing/waiting.ts';

const written = { reason: 'written', from: 'server' } as const;
const reports = [{ count: 4, subject: '10.96.44.12:8080' }];

ruleTester(rule, {
  finds: [
    { name: 'waits while answers come over a quick way', ...behindAnswer(90_000_000), reports },
    { name: 'waits while answers come for another host', ...behindAnswer(1_500_000, '10.0.3.8'), reports },
    {
      name: 'answers that their program writes in parts, with short rests',
      ...new Traffic()
        .calls(20)
        .calls(
          4,
          { takes: 400, firstByte: 5, stalls: [{ at: 5, lasts: 395, parts: written }] },
          { responseBytes: 1_500_000 },
        ).rows,
      reports: [{ count: 4, of: 24, cost: [0.39, 0.4], confidence: 'likely' }],
    },
    {
      name: 'pauses in two answers, of which a small part went at the pace of the way',
      ...together({ at: 5, lasts: 105, parts: paced }),
      reports: [{ count: 8 }],
    },
  ],
  clear: [
    { name: 'waits in the queue of a full link', ...behindAnswer(1_500_000) },
    { name: 'answers that take turns on one full link', ...together({ at: 5, lasts: 695, parts: paced }) },
  ],
  unobservable: [{ name: 'no call', ...new Traffic().call({}, { shape: 'stream' }).rows, why: /no call was seen/ }],
});
