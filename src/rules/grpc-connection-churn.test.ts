import { at } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import rule from './grpc-connection-churn.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Traffic } from './support/testing/traffic.ts';

const grpc: Partial<Exchange> = { protocol: 'grpc', path: '/feed.Feed/Next', grpcStatus: 0 };

/** Connections that their server ends at these ages, in milliseconds, with a few calls each. */
function churn(ages: readonly number[], { connect = 50, code = 0, idle = 0 } = {}): Traffic {
  const traffic = new Traffic();
  let clock = 0;
  for (const age of ages) {
    const startedAt = clock;
    traffic.open({ connect }).wait(idle).calls(5, { takes: 5 }, grpc);
    // Each call takes 5 ms and leaves 10 between.
    clock += connect + idle + 75;
    const rest = age - (clock - startedAt);
    traffic.wait(rest);
    clock += rest;
    traffic.close({
      protocol: 'grpc',
      goaway: { at: at(clock * 1e6), packet: 1, from: 'server', code, debug: null, openStreams: 0 },
    });
  }
  return traffic;
}

ruleTester(rule, {
  finds: [
    {
      name: 'connections that live two seconds, and the call that opens the next one waits for it',
      ...churn([2000, 2050, 1950, 2010]).rows,
      reports: [
        {
          message: 'churned',
          says: /ends connections at an age of about 2(\.\d+)? s: 3 of 20 calls waited for a new one, 50 ms each$/,
          count: 3,
          of: 20,
          cost: [0.049, 0.051],
          evidence: [/GOAWAY NO_ERROR/, /waited for the next connection/],
        },
      ],
    },
  ],
  clear: [
    { name: 'one connection that lasts', ...churn([60_000]).rows, says: /no server ends connections at a fixed age/ },
    { name: 'a rollout: connections of any age end', ...churn([500, 2000, 9000]).rows },
    { name: 'errors, which are another matter', ...churn([2000, 2000, 2000, 2000], { code: 11 }).rows },
    { name: 'connections opened ahead: no call waited', ...churn([2000, 2000, 2000, 2000], { idle: 200 }).rows },
  ],
  unobservable: [{ name: 'plain HTTP', ...new Traffic().calls(3).rows, why: /no HTTP\/2 connection/ }],
});
