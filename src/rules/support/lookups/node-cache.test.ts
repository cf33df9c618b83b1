import type { Lookup } from '../../../model/lookup.ts';
import { inputOf } from '../../../model/testing/rows.ts';
import rule from '../../dns-loss.ts';
import { ruleTester } from '../testing/rule-tester.ts';
import { Scenario } from '../testing/scenario.ts';

/** What several lose, and who asks over TCP beside them. */
const besideTcp = (client: string, server: string, names: readonly string[], backend?: string): Lookup[] => [
  ...new Scenario()
    .ask([backend === undefined ? {} : { backend, behindDnat: 'both' }])
    .pair(20)
    .lostFirst(3)
    .lostSecond(3).lookups,
  ...names.reduce((all, name) => all.ask([{ name, transport: 'tcp' }], { name }), new Scenario({ client, server }))
    .lookups,
];

const NODE = inputOf({ vantage: { ...inputOf().vantage, kind: 'node' } });
const NAMES = ['a.test', 'b.test', 'c.test'];
const CACHE = /NodeLocal/;

ruleTester(rule, {
  clear: [
    {
      name: 'a cache on the node that answers all',
      lookups: new Scenario({ server: '169.254.20.10' }).pair(20).lookups,
    },
  ],
  finds: [
    ...(
      [
        ['a cache on the node that pods ask', '169.254.20.10', { noFixes: [CACHE] }],
        ['a cloud’s own server at a link-local address', '169.254.169.253', { fixes: [CACHE] }],
      ] as const
    ).map(([name, server, fixes]) => ({
      name: `${name}: ${'fixes' in fixes ? 'another' : 'no other'} cache is advised`,
      lookups: new Scenario({ server }).pair(20).lostFirst(3).lostSecond(3).lookups,
      reports: [{ count: 6, ...fixes }],
    })),
    ...[
      {
        name: 'a cache that asks the cluster’s server over TCP',
        lookups: besideTcp('192.168.7.5', '10.96.0.11', NAMES),
        isTold: true,
      },
      {
        name: 'who asks over TCP, elsewhere than on the node: it may be any pod',
        lookups: besideTcp('192.168.7.5', '10.96.0.11', NAMES),
        input: inputOf(),
      },
      { name: 'a pod that asks the same server over TCP', lookups: besideTcp('10.0.3.8', '10.96.0.10', NAMES) },
      { name: 'one answer too big for UDP', lookups: besideTcp('10.0.3.8', '10.96.0.11', ['a.test']) },
      {
        name: 'CoreDNS behind a DNAT, which asks its upstream over TCP',
        lookups: besideTcp('10.244.2.5', '10.1.1.1', NAMES, '10.244.2.5'),
      },
    ].map(({ name, lookups, input = NODE, isTold = false }) => ({
      name: `losses beside ${name}`,
      lookups,
      inputs: [input],
      reports: [{ count: 6, ...(isTold ? { noFixes: [CACHE] } : { fixes: [CACHE] }) }],
    })),
  ],
});
