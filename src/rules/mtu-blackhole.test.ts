import { at } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import rule from './mtu-blackhole.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Traffic } from './support/testing/traffic.ts';

const unanswered: Partial<Exchange> = {
  status: -1,
  outcome: 'cancelled',
  endedBy: 'client',
  firstByteAt: at(Number.NaN),
};
const vanished = (bytes: number, repaired = false) =>
  ({ at: 5, lasts: 3990, parts: { reason: 'loss', from: 'server', bytes, resends: 4, repaired } }) as const;

/** Connections with small answers, each ended by one that never comes. */
function blackhole(count: number, bytes: number, arrived: number, repaired = false): Traffic {
  const traffic = new Traffic();
  for (let index = 0; index < count; index++) {
    traffic
      .open()
      .calls(5)
      .call({ takes: 4000, stalls: [vanished(bytes, repaired)] }, unanswered)
      .close({ largestAcknowledged: { client: 200, server: arrived } });
  }
  return traffic;
}

/** Two calls that never get through, on connections that are sent on for 4 s, and a new connection 2.3 s after each. */
function givenUp(): Traffic {
  const traffic = new Traffic();
  for (let index = 0; index < 2; index++) {
    traffic
      .open()
      .calls(3)
      .call({ takes: 4000, stalls: [vanished(1448)] }, unanswered)
      .close({ largestAcknowledged: { client: 200, server: 900 } });
    traffic
      .wait(-1700)
      .open()
      .calls(1)
      .close({ largestAcknowledged: { client: 200, server: 900 } })
      .wait(5000);
  }
  return traffic;
}

ruleTester(rule, {
  finds: [
    {
      name: 'full-size segments that are sent again and again and never arrive, while small ones do',
      ...blackhole(3, 1448, 900).rows,
      reports: [
        {
          message: 'vanished',
          says: /^3 of 18 calls to 10\.96\.44\.12:8080 never got through: segments of 1,448 bytes of the server vanish, those up to 900 arrive$/,
          count: 3,
          of: 18,
          errors: 3,
          cost: [3.9, 4.0],
          confidence: 'likely',
          settings: [/MTU/, /fragmentation needed/],
          evidence: [/a segment of 1,448 bytes of the server never arrives, sent again 4 times/],
        },
      ],
    },
    {
      name: 'callers that give up without a word, as their next connection shows: the kernel sends on',
      ...givenUp().rows,
      reports: [{ count: 2, cost: [2.3, 2.31] }],
    },
  ],
  clear: [
    {
      name: 'random loss: as large ones have arrived',
      ...blackhole(3, 1448, 1448).rows,
      says: /full-size segments arrive, too \(up to 1,448 bytes\)/,
    },
    { name: 'a path that says so, and a sender that adapts', ...blackhole(3, 1448, 1348, true).rows },
    { name: 'small segments that vanish: something else', ...blackhole(3, 72, 1448).rows },
    { name: 'once, which may be a connection that died', ...blackhole(1, 1448, 900).rows },
    {
      name: 'large answers that are slow',
      ...new Traffic().calls(5, { takes: 1500 }).close({ largestAcknowledged: { client: 200, server: 1448 } }).rows,
    },
  ],
  unobservable: [
    {
      name: 'small answers only',
      ...new Traffic().calls(5).close({ largestAcknowledged: { client: 200, server: 300 } }).rows,
      why: /no large segment was sent/,
    },
  ],
});
