import { expect, it } from 'vitest';
import { at, milliseconds } from '../base/time.ts';
import type { Lookup } from '../model/lookup.ts';
import { atMs, attemptOf, inputOf, lookupOf, stallOf } from '../model/testing/rows.ts';
import { runRule, type Rows } from './support/testing/run-rule.ts';
import rule from './tcp-connect-retry.ts';
import { lossyPaths } from './support/testing/lossy.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { joined, LEFT_OPEN, Traffic } from './support/testing/traffic.ts';
import { givenUpEarly, waitedFor } from './support/testing/given-up.ts';

const healthy = (): Traffic => new Traffic().open().calls(3).close().open().calls(3).close();
const inVain = {
  ...LEFT_OPEN,
  bytes: { client: 0, server: 0 },
} as const;

const { vantage } = inputOf();

const during = (): Traffic => new Traffic().wait(5000);
const late = () =>
  new Traffic()
    .wait(5100)
    .open({ again: [1000, 2000], connect: 2000.4 })
    .call().rows;

/** A connection in vain with its SYNs, and when the same client next opens one. */
const triedAgain = (again: readonly number[], next: number): Rows =>
  joined(
    healthy().rows,
    new Traffic()
      .open({ connect: null, again })
      .wait(again.at(-1) ?? 0)
      .close(inVain).rows,
    new Traffic().wait(next).open().call().rows,
  );

/** Connections in vain that begin then, ten seconds on. */
const inVainAt = (starts: readonly number[], again: readonly number[], ends = {}): Rows =>
  joined(
    ...starts.map(
      (start) =>
        new Traffic(ends)
          .wait(10_000 + start)
          .open({ connect: null, again })
          .wait(9000)
          .close(inVain).rows,
    ),
  );

const SIX = 'fd00:70::31';
const FOUR = '10.0.4.4';

/** A name with these addresses, asked for by that client. */
const lookupFor = (addresses: readonly string[], client = '10.0.3.7'): Lookup =>
  lookupOf({ client, attempts: addresses.map((address) => attemptOf({ addresses: [address] })) });

/** Each connection is tried by IPv6, which gets no answer, and so much later by IPv4, which does. */
const fallingBack = (count: number, wait: number, lookups: readonly Lookup[]): Rows => {
  const four = new Traffic({ server: FOUR });
  const six = new Traffic({ client: 'fd00:70::10', server: SIX });
  for (let index = 0; index < count; index++) {
    six.open({ connect: null }).wait(2000).close(inVain);
    four
      .wait(wait)
      .open()
      .call()
      .close()
      .wait(2000 - wait);
  }
  return { ...joined(four.rows, six.rows), lookups };
};

/** Two pods on one node, each with its own addresses; the second begins so much later. Each looks the name up before each try. */
const twoPods = (later: number, told: boolean): Rows => {
  const pods = [1, 2].map((pod) => {
    const six = new Traffic({ client: `fd00:70::${pod}`, server: SIX });
    const four = new Traffic({ client: `10.0.3.${pod}`, server: FOUR });
    const lookups: Lookup[] = [];
    for (let index = 0; index < 5; index++) {
      const start = 10 + 2000 * index + (pod - 1) * later;
      const times = { startedAt: at(milliseconds(start - (told ? 3 : 500))), duration: milliseconds(2) };
      const attempts = [FOUR, SIX].map((address) => attemptOf({ addresses: [address] }));
      lookups.push(lookupOf({ id: `0.l${pod}-${index}`, client: `10.0.3.${pod}`, attempts, ...times }));
      six
        .wait(index === 0 ? start : 0)
        .open({ connect: null })
        .wait(2000)
        .close(inVain);
      four
        .wait(index === 0 ? start + 250 : 1750 + 250)
        .open({ connect: 0 })
        .close();
    }
    return { ...joined(six.rows, four.rows), lookups };
  });
  return {
    ...joined(...pods),
    lookups: pods.flatMap(({ lookups }) => lookups).toSorted((one, other) => one.startedAt - other.startedAt),
  };
};

ruleTester(rule, {
  finds: [
    {
      name: 'SYNs that nobody answers, given up before they would be sent again',
      ...givenUpEarly(4, 500),
      reports: [
        {
          message: 'unanswered',
          says: /^4 of 4 connections to 10\.0\.4\.9:8080 waited 500 ms for an answer to their SYN, 4 in vain$/,
          cost: [0.49, 0.51],
          because: /given up by then/,
          evidence: [/not answered, nor sent again/],
          settings: [/none in time/, /500 ms/],
          fixes: [/endpoints that are gone/],
          errors: 4,
        },
      ],
    },
    {
      name: 'SYNs that are lost as often as other packets of their client, to all servers: as one',
      ...lossyPaths([1, 2, 3, 4].map((host) => ({ server: `10.0.4.${host}`, lost: 6, syns: host % 2 }))),
      reports: [
        {
          message: 'common',
          says: /^2 of 6 connections to 2 servers opened only after a SYN was sent again, 1 s late: packets between 10\.0\.3\.7 and all 4 hosts are lost$/,
          count: 2,
          of: 6,
          fixes: [/what all of them pass/],
        },
      ],
    },
    {
      name: 'SYNs to all servers, and nothing of open connections: a full connection table',
      ...lossyPaths([1, 2, 3, 4].map((host) => ({ server: `10.0.4.${host}`, lost: 4, syns: 4 }))),
      reports: [
        {
          message: 'common',
          says: /^16 of 20 connections to 4 servers opened only after a SYN was sent again, 1 s late: new connections between 10\.0\.3\.7 and all 4 hosts lose packets, open ones hardly any$/,
          settings: [/16 of 20/, /1 s/],
          fixes: [/nf_conntrack_max/, /accept queues/],
        },
      ],
    },
    {
      name: 'more SYNs than such losses make: the server’s own',
      ...lossyPaths(
        [1, 2, 3, 4].map((host) => ({
          server: `10.0.4.${host}`,
          lost: host === 1 ? 12 : 6,
          syns: host === 1 ? 12 : 0,
        })),
      ),
      reports: [{ message: 'retried', count: 12, of: 13, fixes: [/accept queue/, /lost SYNs/] }],
    },
    {
      name: 'two pods on a node, each of which asks before it tries',
      ...twoPods(700, true),
      reports: [{ message: 'fellBack', count: 10, cost: [0.24, 0.26] }],
    },
    {
      name: 'SYNs that were lost once: a second late, then three on an older kernel',
      ...healthy()
        .open({ again: [1000], connect: 1000.4 })
        .call()
        .open({ again: [1000, 3000], connect: 3000.4 })
        .call().rows,
      reports: [
        {
          message: 'retried',
          says: /^2 of 4 connections to 10\.96\.44\.12:8080 opened only after a SYN was sent again, /,
          count: 2,
          of: 4,
          cost: [1.0, 3.01],
          confidence: 'certain',
          errors: 0,
          settings: [/full accept queue/, /1 s/],
          evidence: [/SYN, sent again at \+1 s, \+3 s/, /SYN-ACK after 3 s/],
        },
      ],
    },
    {
      name: 'the same where requests wait for it: told once',
      ...waitedFor(fallingBack(5, 250, [lookupFor([FOUR, SIX])]), 250),
      reports: [{ message: 'fellBack', count: 5 }],
    },
    {
      name: 'the IPv6 address of a name answers no SYN, and its IPv4 address is tried later',
      ...fallingBack(5, 250, [lookupFor([FOUR, SIX])]),
      reports: [
        {
          message: 'fellBack',
          says: /^5 of 5 connections were tried at \[fd00:70::31\]:8080 first, which answers no SYN, and at 10\.0\.4\.4:8080 2\d\d ms later$/,
          subject: '[fd00:70::31]:8080',
          count: 5,
          cost: [0.24, 0.3],
          confidence: 'certain',
          errors: 0,
          settings: [/none/, /Node\.js 250/],
          evidence: [/SYN without an answer, 10\.0\.4\.4:8080 tried 2\d\d ms later/],
        },
      ],
    },
    {
      name: 'twice: a SYN may be lost',
      ...fallingBack(2, 250, [lookupFor([FOUR, SIX])]),
      reports: [{ message: 'fellBack', count: 2, onlyInfo: true }],
    },
    {
      name: 'SYNs that nobody ever answers: until another would be due',
      ...healthy()
        .open({ connect: null, again: [1000, 2000] })
        .wait(500)
        .close(inVain).rows,
      reports: [{ message: 'unanswered', count: 1, of: 3, errors: 1, cost: [2.9, 3.1] }],
    },
    {
      name: 'a caller that gives up and tries again: its next try ends the wait',
      ...triedAgain([1000, 3000, 7000, 15_000], 20_000),
      reports: [{ message: 'unanswered', says: /waited 20 s for an answer/, count: 1, cost: [19.9, 20.1] }],
    },
    {
      name: 'a caller whose own timer is met again and again, though the kernel sends SYNs for long after',
      ...joined(
        healthy().rows,
        inVainAt([0, 2000, 4000, 6000], [1000, 2000, 3000, 4000, 5000, 7000]),
        new Traffic().wait(18_000).open().call().rows,
      ),
      reports: [{ says: /waited 2 s for an answer to their SYN, 4 in vain$/, count: 4, cost: [1.9, 2.1] }],
    },
    {
      name: 'whatever other callers open meanwhile is no timer',
      ...joined(healthy().rows, inVainAt([0, 950, 1900, 2900, 3830], [1000, 2000, 3000])),
      reports: [{ message: 'unanswered', says: /waited at least 4 s/, count: 5 }],
    },
    {
      name: 'a kernel that gives up: another SYN would be due, and the caller tries again a little later',
      ...triedAgain([1000, 3000, 7000], 15_500),
      reports: [{ message: 'unanswered', says: /waited 15 s for an answer/, count: 1, cost: [14.9, 15.1] }],
    },
    {
      name: 'a caller that comes back later than another SYN would be due: when it gave up nothing shows',
      ...triedAgain([1000, 3000, 7000], 30_000),
      reports: [{ message: 'unanswered', says: /waited at least 8 s for an answer/, count: 1, cost: [7.9, 8.1] }],
    },
    {
      name: 'all SYNs that a kernel sends: it gives up by itself',
      ...new Traffic()
        .open({ connect: null, again: [1000, 3000, 7000, 15_000, 31_000, 63_000] })
        .wait(500)
        .close(inVain).rows,
      reports: [{ message: 'unanswered', says: /waited 2 min 7 s for an answer/, count: 1, cost: [126, 128] }],
    },
    {
      name: 'while its SYNs go on a caller waits, whatever another one opens',
      ...triedAgain([1000, 2000, 3000, 4000, 5000, 7000], 1790),
      reports: [{ message: 'unanswered', count: 1, cost: [7.9, 8.1] }],
    },
    {
      name: 'one of many callers: what others open meanwhile is no next try of it',
      ...joined(
        healthy().rows,
        new Traffic()
          .open({ connect: null, again: [1000, 2000, 3000, 4000] })
          .wait(4000)
          .close(inVain).rows,
        ...Array.from(
          { length: 40 },
          (_, index) =>
            new Traffic()
              .wait(100 * index)
              .open()
              .call().rows,
        ),
      ),
      reports: [{ message: 'unanswered', count: 1, cost: [4.9, 5.1] }],
    },
    ...(
      [
        ['others are refused with resets, which come each time', during().refused(2).rows],
        ['an ICMP error seconds before', new Traffic().wait(2000).refused(2, { endedBy: null }).rows],
        [
          'others are answered meanwhile, though some are refused with an ICMP error',
          joined(during().refused(2, { endedBy: null }).rows, during().wait(400).open().call().rows),
        ],
        [
          'another server refuses with an ICMP error',
          new Traffic({ server: '10.96.0.9' }).wait(5000).refused(2, { endedBy: null }).rows,
        ],
      ] as const
    ).map(([name, others]) => ({
      name: `a SYN without an answer while ${name}`,
      ...joined(healthy().rows, late(), others),
      reports: [{ message: 'retried' as const, count: 1, cost: [2.0, 2.1] as const }],
    })),
    {
      name: 'one that answered before, and is gone: a rollout',
      ...joined(
        new Traffic({ backend: '10.0.4.5:8080' }).open().calls(2).close().rows,
        inVainAt([0, 3000, 6000], [1000], { backend: '10.0.4.5:8080' }),
      ),
      reports: [{ says: /^10\.0\.4\.5:8080 behind .* answers no SYN any more: 3 of 4/, fixes: [/preStop/] }],
    },
    {
      name: 'the one back end that never answers, where the node shows it',
      ...joined(
        new Traffic({ backend: '10.0.4.4:8080' }).open().calls(2).rows,
        new Traffic({ backend: '10.0.4.5:8080' })
          .open({ connect: null, again: [1000] })
          .close(inVain)
          .open({ connect: null, again: [1000] })
          .close(inVain)
          .open({ connect: null, again: [1000] })
          .close(inVain).rows,
      ),
      reports: [
        {
          message: 'dead',
          says: /^10\.0\.4\.5:8080 behind 10\.96\.44\.12:8080 answers no SYN: 3 of 4 connections waited/,
          fixes: [/take the dead endpoint out/],
        },
      ],
    },
  ],
  clear: [
    {
      name: 'two SYNs that get no answer, and are given up before they would be sent again',
      ...givenUpEarly(2, 500),
    },
    {
      name: 'such SYNs to a server that answers others: one or its answer may have been lost',
      ...joined(givenUpEarly(4, 500), new Traffic({ server: '10.0.4.9' }).wait(7000).open().call().rows),
    },
    {
      name: 'such SYNs that no request waits for',
      ...joined(givenUpEarly(4, 50), { ...givenUpEarly(4, 500), requests: [] }),
    },
    {
      name: 'such SYNs in a capture of one direction, which holds no answers',
      ...givenUpEarly(4, 500),
      inputs: [inputOf({ vantage: { ...vantage, sees: { ...vantage.sees, bothDirections: false } } })],
    },
    {
      name: 'SYNs right before the capture’s end',
      ...givenUpEarly(4, 500),
      inputs: [inputOf({ endsAt: atMs(900) })],
    },
    {
      name: 'connections that open at once',
      ...healthy().rows,
      says: /no SYN had to be sent again \(2 connections opened\)/,
    },
    {
      name: 'a SYN that comes again before any kernel sends it',
      ...new Traffic().open({ again: [100], connect: 130 }).call().rows,
      says: /no SYN had to be sent again \(1 connection opened; of 1 it came twice, sooner than kernels send it again\)/,
    },
    { name: 'a server that answers late on an open connection', ...new Traffic().open().call({ takes: 1500 }).rows },
    { name: 'addresses of two names', ...fallingBack(5, 250, [lookupFor([FOUR]), lookupFor([SIX])]) },
    {
      name: 'two pods that always ask and try together: which IPv4 address is whose is not known',
      ...twoPods(1, true),
    },
    { name: 'two pods that asked long before', ...twoPods(700, false) },
    {
      name: 'a name with both, asked for by two clients: whose try follows is not known',
      ...fallingBack(5, 250, [lookupFor([FOUR, SIX]), lookupFor([FOUR, SIX], '10.0.3.8')]),
    },
    { name: 'the other family at once', ...fallingBack(5, 20, [lookupFor([FOUR, SIX])]) },
    { name: 'a server that refuses', ...new Traffic().open().call().refused(3).rows },
    {
      name: 'a SYN without an answer while others are refused with ICMP errors: a host sends few of those',
      ...joined(healthy().rows, late(), during().refused(2, { endedBy: null }).rows),
      says: /of 1 it was, which were refused or are others’/,
    },
    { name: 'a copy of a SYN some milliseconds later', ...new Traffic().open({ again: [3], connect: 4 }).call().rows },
  ],
  unobservable: [
    {
      name: 'connections that were open before the capture began',
      ...new Traffic().open({ before: true }).calls(5).rows,
      why: /no connection opens within the capture/,
    },
  ],
});

/** The first change that each finding offers. */
const firstOf = (rows: Rows) => runRule(rule, rows).reports.map(({ fix: [first] }) => first?.title);

it('what to look at first is whether it is gone where it answers nobody, else its accept queue', () => {
  expect(firstOf(givenUpEarly(4, 500))).toEqual([expect.stringMatching(/endpoints that are gone/)]);
  expect(firstOf(joined(healthy().rows, late()))).toEqual([expect.stringMatching(/accept queue/)]);
  const lossy = { stalls: [stallOf({ reason: 'loss', from: 'server', resends: 1 })] };
  const losing = () => new Traffic().open({}, lossy).calls(3).close();
  const lost = joined(losing().rows, losing().rows, losing().rows, late());
  expect(firstOf(lost)).toEqual([expect.stringMatching(/lost SYNs/)]);
});
