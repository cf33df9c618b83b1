import type { Exchange } from '../model/exchange.ts';
import rule from './grpc-single-backend.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { joined, Traffic } from './support/testing/traffic.ts';

const grpc: Partial<Exchange> = { protocol: 'grpc', path: '/shop.Price/Quote', grpcStatus: 0 };

/** Rounds of calls that begin together; the k-th of `atOnce` groups waits k turns of 30 ms. */
function rounds(count: number, together: number, atOnce: number, ends = {}, connection?: string): Traffic {
  const traffic = new Traffic(ends).open();
  for (let round = 0; round < count; round++) {
    for (let index = 0; index < together; index++) {
      const takes = 30 * (1 + Math.floor(index / atOnce));
      traffic.call(
        { takes, alongside: true },
        { ...grpc, inFlight: index, ...(connection === undefined ? {} : { connection }) },
      );
    }
    traffic.wait(30 * Math.ceil(together / atOnce) + 5);
  }
  return traffic;
}

ruleTester(rule, {
  finds: [
    {
      name: 'eight callers on one connection, and a back end that serves two at a time',
      ...rounds(8, 8, 2, { protocol: 'grpc' }).rows,
      reports: [
        {
          message: 'pinned',
          says: /^48 of 64 calls to 10\.96\.44\.12:8080 waited their turn, .* serves 2 at a time$/,
          count: 48,
          of: 64,
          confidence: 'likely',
          cost: [0.03, 0.09],
          settings: [/of connections, not of calls/, /pick_first/, /2, 30 ms each/],
          evidence: [/with 6 others open/],
        },
      ],
    },
    {
      name: 'with the back end known, where the node shows it',
      ...rounds(8, 8, 2, { protocol: 'grpc', backend: '10.0.4.4:8080' }).rows,
      reports: [{ confidence: 'certain', because: /10\.0\.4\.4:8080/ }],
    },
  ],
  clear: [
    {
      name: 'as many calls, and none waits for another',
      ...rounds(8, 8, 8, { protocol: 'grpc' }).rows,
      says: /no calls wait for one another on one HTTP\/2 connection/,
    },
    {
      name: 'two connections side by side: calls are balanced',
      ...joined(rounds(4, 8, 2, { protocol: 'grpc' }, '0.c8').rows, rounds(4, 8, 2, { protocol: 'grpc' }, '0.c9').rows),
    },
  ],
  unobservable: [{ name: 'plain HTTP', ...new Traffic().calls(3).rows, why: /no call over HTTP\/2/ }],
});
