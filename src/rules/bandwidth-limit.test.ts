import rule from './bandwidth-limit.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Traffic } from './support/testing/traffic.ts';

const large = { responseBytes: 260_000 };

ruleTester(rule, {
  finds: [
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
