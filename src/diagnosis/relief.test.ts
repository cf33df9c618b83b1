import { expect, it } from 'vitest';
import { milliseconds } from '../base/time.ts';
import { atMs, lookupOf, requestOf, waitOf } from '../model/testing/rows.ts';
import { KeptRequests } from '../replay/kept-requests.ts';
import { lookupTally } from '../rules/support/tally.ts';
import { indexOf, Reliefs } from './relief.ts';
import { reportOf } from './testing/report.ts';

/** A request that waited so long for the lookup, then for a call. */
const waiting = (id: string, time: number) =>
  requestOf({
    id,
    exchange: `0.e-${id}`,
    duration: milliseconds(100),
    waits: [
      waitOf({ reason: 'dns', ref: '0.l1', startedAt: atMs(0), duration: milliseconds(time) }),
      waitOf({ reason: 'upstream', ref: `0.e-${id}-out`, startedAt: atMs(50), duration: milliseconds(20) }),
    ],
  });

it('a lookup that several requests waited for goes from each of them', () => {
  const kept = new KeptRequests();
  for (const request of [waiting('0.r1', 12), waiting('0.r2', 9)]) kept.request(request);
  const { all: requests } = kept;
  const tally = lookupTally();
  tally.add(lookupOf({ id: '0.l1', duration: milliseconds(12) }), milliseconds(12), () => [1]);
  const reliefs = new Reliefs(requests, indexOf(requests));
  reliefs.add(reportOf(tally, { unit: 'lookups' }));
  const gone = [...reliefs.byRequest].map(([request, { waits, own }]) => [request, [...waits], own]);
  expect(gone).toEqual([
    [0, [[0, milliseconds(12)]], 0],
    [1, [[0, milliseconds(9)]], 0],
  ]);
});
