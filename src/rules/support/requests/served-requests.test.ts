import { expect, it } from 'vitest';
import { Distribution } from '../../../base/distribution.ts';
import { milliseconds } from '../../../base/time.ts';
import { requestOf } from '../../../model/testing/rows.ts';
import { costAtMost, costWithOwnTime, tallyMetadata, type ServedRequests } from './served-requests.ts';
import { requestTally } from '../tally.ts';

/** Requests of a service that fetch for 40 ms each, and spend so much in the service besides. */
function served(own: readonly number[]): ServedRequests {
  const service: ServedRequests = {
    input: 0,
    server: '10.0.3.7:8080',
    latency: new Distribution(),
    tally: requestTally(),
    ownTime: new Distribution(),
    connections: new Set(),
    again: 0,
  };
  for (const [index, time] of own.entries()) {
    const request = requestOf({ id: `0.r${index}`, own: milliseconds(time), duration: milliseconds(time + 40) });
    tallyMetadata(service, request, { time: milliseconds(40), pauses: 0, calls: 1, refs: [] }, []);
  }
  return service;
}

it('a request far above the own time of the others may have spent that for the cause', () => {
  expect(costAtMost(served([5, 5, 5, 5, 105]))).toBe(milliseconds(5 * 40 + 100));
});

it('where each makes for it what it needs, any own time may go to that', () => {
  expect(costWithOwnTime(served([20, 20, 20, 20, 30]))).toBe(milliseconds(5 * 40 + 110));
});
