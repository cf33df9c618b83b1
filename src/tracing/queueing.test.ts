import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { milliseconds } from '../base/time.ts';
import { atMs } from '../model/testing/rows.ts';
import type { WaitDraft } from './outbound.ts';
import { findQueues } from './queueing.ts';
import type { InFlight } from './turns.ts';

const RESOURCE = '169.254.169.254:80';

/** A wait from one moment to another, in milliseconds. */
const call = (from: number, until: number, to = RESOURCE): WaitDraft => ({
  reason: 'metadata',
  to,
  ref: '0.e1',
  what: '',
  startedAt: atMs(from),
  endedAt: atMs(until),
  ends: 'seen',
  packets: [],
});

const request = (from: number, until: number, ...waits: WaitDraft[]): InFlight => ({
  startedAt: atMs(from),
  endedAt: atMs(until),
  waits,
});

/** Callers at once, each again and again; all need a lock for 40 ms, and then 20 ms more of another service. */
function locked(callers: number, count: number, lead = 0.3): { requests: InFlight[]; waits: number[] } {
  const free = Array.from({ length: callers }, () => 0);
  let lockFree = 0;
  const requests: InFlight[] = [];
  const waits: number[] = [];
  for (let index = 0; index < count; index++) {
    const start = Math.min(...free);
    const arrives = start + lead;
    const turn = Math.max(arrives, lockFree + 0.1);
    lockFree = turn + 40;
    const end = turn + 61;
    free[free.indexOf(start)] = end + 1;
    requests.push(request(start, end, call(turn, turn + 40), call(turn + 40.5, turn + 60.5, '10.0.4.4:80')));
    waits.push(turn - arrives);
  }
  return { requests, waits };
}

const queuedMs = (requests: readonly InFlight[]): number[] => {
  const sums = requests.map(() => 0);
  for (const { request: place, startedAt, endedAt } of findQueues(requests)) {
    sums[place] = (sums[place] as number) + (endedAt - startedAt) / milliseconds(1);
  }
  return sums;
};

describe('waiting for its turn', () => {
  it.each([2, 4, 16])('is told where a lock lets one through at a time: %i callers', (callers) => {
    const { requests, waits } = locked(callers, 80);
    const queued = queuedMs(requests);
    const [sum, truth] = [queued, waits].map((list) => list.reduce((total, each) => total + each, 0)) as [
      number,
      number,
    ];
    expect(truth).toBeGreaterThan(1000);
    expect(Math.abs(sum - truth)).toBeLessThan(0.01 * truth);
  });

  it('ends as the turn begins, and is of the resource', () => {
    const { requests } = locked(4, 40);
    const queued = findQueues(requests);
    expect(queued.length).toBeGreaterThan(30);
    for (const { request: place, endedAt, to } of queued) {
      expect(to).toBe(RESOURCE);
      expect(endedAt).toBe(requests[place]?.waits[0]?.startedAt);
    }
  });

  it('is not what a request does before it comes to the lock', () => {
    const { requests, waits } = locked(2, 60, 15);
    const queued = queuedMs(requests);
    const later = waits.map((wait, place) => (queued[place] as number) - wait).slice(3);
    expect(Math.max(...later)).toBeLessThan(1);
  });

  it.each<[string, (index: number) => InFlight]>([
    [
      'of calls that overlap freely',
      (index) => request(index * 15, index * 15 + 62, call(index * 15 + 1, index * 15 + 60)),
    ],
    [
      'of one request after another',
      (index) => request(index * 70, index * 70 + 62, call(index * 70 + 1, index * 70 + 60)),
    ],
    [
      'of requests that compute long before they call, two at a time',
      (index) => request(index * 52, index * 52 + 103, call(index * 52 + 81 + (index % 3), index * 52 + 101)),
    ],
  ])('is none %s', (_, make) => {
    expect(findQueues(Array.from({ length: 60 }, (__, index) => make(index)))).toEqual([]);
  });

  it('is none where too few were handed on to tell', () => {
    expect(findQueues(locked(4, 5).requests)).toEqual([]);
  });

  it('never lies outside its request, nor within what it waited for', () => {
    const some = fc.record({
      callers: fc.integer({ min: 2, max: 8 }),
      count: fc.integer({ min: 20, max: 60 }),
      lead: fc.integer({ min: 0, max: 5 }),
      others: fc.array(fc.tuple(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 0, max: 50 })), { maxLength: 2 }),
    });
    let told = 0;
    fc.assert(
      fc.property(some, ({ callers, count, lead, others }) => {
        const free = others.map(([from, lasts]) => request(from, from + lasts + 2, call(from + 1, from + 1 + lasts)));
        const requests = [...locked(callers, count, lead).requests, ...free];
        for (const { request: place, startedAt, endedAt } of findQueues(requests)) {
          told++;
          const { startedAt: from, endedAt: until, waits } = requests[place] as InFlight;
          expect(startedAt).toBeGreaterThanOrEqual(from);
          expect(endedAt).toBeGreaterThan(startedAt);
          expect(endedAt).toBeLessThanOrEqual(until);
          for (const wait of waits) expect(wait.endedAt <= startedAt || wait.startedAt >= endedAt).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
    expect(told).toBeGreaterThan(0);
  });
});
