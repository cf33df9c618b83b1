import { at } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Traffic } from './support/testing/traffic.ts';
import rule from './tcp-idle-drop.ts';

const unanswered: Partial<Exchange> = {
  status: -1,
  outcome: 'cancelled',
  endedBy: 'client',
  firstByteAt: at(Number.NaN),
};
const vanishing = {
  at: 0,
  lasts: 3000,
  parts: { reason: 'loss', from: 'client', repaired: false, resends: 4 },
} as const;

function forgotten(count: number, pause: number): Traffic {
  const traffic = new Traffic();
  for (let index = 0; index < count; index++) {
    traffic
      .open()
      .calls(5)
      .wait(pause)
      .call({ takes: 3000, stalls: [vanishing] }, unanswered)
      .close({ endedBy: 'client' });
  }
  return traffic.open().calls(3).close();
}

ruleTester(rule, {
  finds: [
    {
      name: 'connections that answer nothing any more after a pause, while new ones do',
      ...forgotten(3, 4500).rows,
      reports: [
        {
          message: 'dropped',
          says: /^3 of 21 calls to .* got no answer on connections that had been idle for 4\.51 s: they waited 3(\.0\d)? s$/,
          count: 3,
          of: 21,
          errors: 3,
          cost: [2.9, 3.1],
          confidence: 'certain',
          settings: [/idle timeout of a firewall/, /TCP keepalive/],
          evidence: [/sent again 4 times, no answer/],
        },
      ],
    },
  ],
  clear: [
    {
      name: 'connections that answer after the pause',
      ...new Traffic().open().calls(5).wait(4500).calls(5).close().open().call().rows,
      says: /connections answer after a pause, too \(9 calls on connections used again\)/,
    },
    { name: 'loss without a pause', ...forgotten(3, 50).rows },
    {
      name: 'a server that died: there is no other connection',
      ...new Traffic()
        .open()
        .calls(5)
        .wait(4500)
        .call({ takes: 3000, stalls: [vanishing] }, unanswered)
        .close().rows,
    },
  ],
  unobservable: [
    { name: 'one call each', ...new Traffic().open().call().rows, why: /no connection carried a second call/ },
  ],
});
