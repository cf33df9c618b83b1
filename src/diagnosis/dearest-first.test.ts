import { expect, it } from 'vitest';
import { Distribution } from '../base/distribution.ts';
import { milliseconds } from '../base/time.ts';
import type { Finding } from '../model/diagnosis.ts';
import { atMs, inputOf, lookupOf, requestOf } from '../model/testing/rows.ts';
import { KeptRequests } from '../replay/kept-requests.ts';
import { lookupTally, requestTally } from '../rules/support/tally.ts';
import { BesideRequests } from './beside-requests.ts';
import { dearestFirst } from './dearest-first.ts';
import { findingRow } from './finding-row.ts';
import { reportOf } from './testing/report.ts';

const SERVICE = '10.0.3.7';
const REQUEST = milliseconds(100);

/** The service received 20 requests of 100 ms, in two seconds. */
const requests = Array.from({ length: 20 }, (_, index) =>
  requestOf({ exchange: `0.e${index + 1}`, server: SERVICE, startedAt: atMs(100 * index), duration: REQUEST }),
);

function findingOf(rule: string, report: ReturnType<typeof reportOf>): Finding {
  const kept = new KeptRequests();
  for (const request of requests) kept.request(request);
  const own = new Distribution();
  for (const { duration } of requests) own.add(duration);
  const latencies = { lookups: report.cost.costs, requests: own, exchanges: own, connections: own };
  const named = { id: rule, title: rule, messages: { slow: '{count} are slow' } };
  return findingRow(named, report, latencies, null, [inputOf()], new BesideRequests(kept));
}

/** A lookup of the service, from then for ten seconds. */
function deadServer(from: number, client = SERVICE): Finding {
  const tally = lookupTally();
  tally.add(
    lookupOf({ client, startedAt: atMs(from), duration: milliseconds(10_000) }),
    milliseconds(10_000),
    () => [],
  );
  return findingOf('dns-dead-server', reportOf(tally, { unit: 'lookups' }));
}

/** What each request waits for so long. */
function storm(cost: number): Finding {
  const tally = requestTally();
  for (const request of requests) tally.add(request, milliseconds(cost), () => []);
  return findingOf('credentials-refresh-storm', reportOf(tally, { unit: 'requests' }));
}

const orderOf = (...findings: Finding[]): string[] => dearestFirst(findings).map(({ rule }) => rule);

it('what takes much of all requests’ time stands before a lookup that none of them waits for', () => {
  const lookup = deadServer(5000);
  expect([lookup.severity, lookup.affected]).toEqual(['critical', { count: 0, of: 20, unit: 'requests' }]);
  expect(storm(50).severity).toBe('major');
  expect(orderOf(lookup, storm(50))).toEqual(['credentials-refresh-storm', 'dns-dead-server']);
  expect(orderOf(storm(50), lookup)).toEqual(['credentials-refresh-storm', 'dns-dead-server']);
});

it('and not before one during which requests were served', () => {
  const lookup = deadServer(1500);
  expect(lookup.affected).toBeNull();
  expect(orderOf(storm(50), lookup)).toEqual(['dns-dead-server', 'credentials-refresh-storm']);
});

it('and not where it takes little of requests’ time', () => {
  expect(orderOf(storm(15), deadServer(5000))).toEqual(['dns-dead-server', 'credentials-refresh-storm']);
});
