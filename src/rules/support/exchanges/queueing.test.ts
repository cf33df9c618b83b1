import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at } from '../../../base/time.ts';
import { queueOf, type Span } from './queueing.ts';

/** Calls that arrive at these times (ms) at a server with `slots` workers, each call taking `service` ms of one. */
function served(arrivals: readonly number[], slots: number, service: (index: number) => number): Span[] {
  const free = Array.from({ length: slots }, () => 0);
  return arrivals.map((arrival, index) => {
    const worker = free.indexOf(Math.min(...free));
    const turn = Math.max(arrival, free[worker] as number);
    free[worker] = turn + service(index);
    return { from: at(arrival * 1e6), until: at((free[worker] as number) * 1e6) };
  });
}

/** Ten callers that rest between their calls; the first come at once. Some are late to be answered besides. */
function callersOf(slots: number, service: number, late: (call: number) => number): Span[] {
  const asks = Array.from({ length: 10 }, (_, caller) => caller * 0.3);
  const free = Array.from({ length: slots }, () => 0);
  return Array.from({ length: 200 }, (_, call) => {
    const caller = asks.indexOf(Math.min(...asks));
    const worker = free.indexOf(Math.min(...free));
    const from = asks[caller] as number;
    const until = Math.max(from, free[worker] as number) + service + 0.1 * (call % 3) + late(call);
    free[worker] = until;
    asks[caller] = until + 30 + (call % 7);
    return { from: at(from * 1e6), until: at(until * 1e6) };
  });
}

describe('queueOf', () => {
  it('tells how many are served at a time, and what each waited', () => {
    // Ten arrive at once, and again when those are served.
    const arrivals = Array.from({ length: 40 }, (_, index) => Math.floor(index / 10) * 140 + (index % 10) * 0.1);
    const queue = queueOf(served(arrivals, 2, (index) => 27 + (index % 3)));
    expect(queue?.slots).toBe(2);
    expect(queue!.service / 1e6).toBeGreaterThan(26);
    expect(queue!.service / 1e6).toBeLessThan(30);
    expect(queue!.waits[0]).toBe(0);
    expect(queue!.waits[9]! / 1e6).toBeGreaterThan(80);
  });

  it('sees it where those that arrive at once are taken up in any order', () => {
    // Sixteen callers; each calls again as it is answered, three at a time. A server of threads takes
    // the last of three first.
    const spans: { arrival: number; until: number }[] = [];
    let waiting = Array.from({ length: 16 }, () => 0);
    for (let now = 0; spans.length < 120; now += 25) {
      const taken = waiting.slice(0, 3);
      for (const [index, arrival] of taken.entries()) spans.push({ arrival, until: now + 25 + 0.1 * (2 - index) });
      waiting = [...waiting.slice(3), now + 25.3, now + 25.2, now + 25.1];
    }
    const calls = spans
      .map(({ arrival, until }) => ({ from: at(arrival * 1e6), until: at(until * 1e6) }))
      .toSorted((a, b) => a.from - b.from);
    const queue = queueOf(calls);
    expect(queue?.slots).toBe(3);
    expect(queue!.service / 1e6).toBeCloseTo(25, 0);
    expect(queue!.waits).toHaveLength(calls.length);
    expect(queue!.waits.at(-1)! / 1e6).toBeGreaterThan(80);
  });

  it('sees it where a few are late for reasons of their own', () => {
    const queue = queueOf(
      callersOf(1, 10, (call) => (call % 25 === 24 ? 35 : 0)),
      0.1,
    );
    expect(queue?.slots).toBe(1);
    expect(queue!.service / 1e6).toBeCloseTo(10, 0);
  });

  it('sees none where as many are late and nobody waits for another', () => {
    expect(
      queueOf(
        callersOf(10, 70, (call) => (call % 25 === 24 ? 35 : 0)),
        0.1,
      ),
    ).toBeNull();
  });

  it('sees none where calls end in any order', () => {
    const sizes = [3, 25, 8, 14, 2, 19, 6, 60, 11, 33, 5];
    const arrivals = Array.from({ length: 160 }, (_, index) => index * 1.5);
    expect(
      queueOf(
        served(arrivals, 160, (index) => sizes[(index * 7) % sizes.length] as number),
        0.1,
      ),
    ).toBeNull();
  });

  it('sees none where callers beside one another wait for nobody', () => {
    // Sixteen callers whose calls take what they take, and begin together in bursts.
    const sizes = [3, 25, 8, 14, 2, 19, 6, 31, 11];
    const arrivals = Array.from({ length: 160 }, (_, index) => 40 * Math.floor(index / 16) + 0.01 * (index % 16));
    expect(
      queueOf(
        served(arrivals, 160, (index) => sizes[index % sizes.length] as number),
        0.1,
      ),
    ).toBeNull();
  });

  it('sees none where calls just take their time', () => {
    const sizes = [3, 25, 8, 14, 2, 19, 6];
    const arrivals = Array.from({ length: 60 }, (_, index) => index * 2);
    expect(
      queueOf(
        served(arrivals, 60, (index) => sizes[index % sizes.length] as number),
        0.1,
      ),
    ).toBeNull();
  });

  it('sees none where all take the same, however many are open', () => {
    const arrivals = Array.from({ length: 60 }, (_, index) => index * 2);
    expect(
      queueOf(
        served(arrivals, 60, () => 40),
        0.1,
      ),
    ).toBeNull();
  });

  it('sees none where a few wait now and then', () => {
    const arrivals = Array.from({ length: 60 }, (_, index) => index * 20 + (index % 10 === 9 ? -15 : 0));
    expect(
      queueOf(
        served(arrivals, 1, () => 15),
        0.1,
      ),
    ).toBeNull();
  });

  it('never says of a wait that it is longer than the call', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(1000), fc.nat(100)), { minLength: 20, maxLength: 60 }), (pairs) => {
        const spans = pairs
          .map(([from, lasts]) => ({ from: at(from * 1e6), until: at((from + lasts) * 1e6) }))
          .toSorted((a, b) => a.from - b.from);
        const queue = queueOf(spans);
        for (const [index, wait] of (queue?.waits ?? []).entries()) {
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(Number.isFinite(wait)).toBe(true);
          expect(spans[index]).toBeDefined();
        }
      }),
    );
  });
});
