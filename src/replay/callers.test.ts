import { describe, expect, it } from 'vitest';
import { callersOf } from './callers.ts';
import type { KeptRequest } from './kept-requests.ts';

const request = (startedAt: number, endedAt: number): KeptRequest => ({
  owner: '0|10.0.3.7',
  caller: '0|10.0.9.9',
  exchange: `0.e${startedAt}`,
  isOwnCall: false,
  startedAt,
  endedAt,
  waits: [],
});

describe('callers', () => {
  it('that wait for their answer are told by how many requests are always under way', () => {
    // Two of them: one asks every 100 from 0 on, the other from 50 on, each 2 after its answer.
    const requests = Array.from({ length: 20 }, (_, index) => request(index * 50, index * 50 + 98));
    const { closed, after } = callersOf(requests);
    expect(closed).toBe(2);
    expect(after.slice(0, 5)).toEqual([-1, -1, 0, 1, 2]);
  });

  it('that come whenever they like are told by pauses, and by few', () => {
    const sparse = Array.from({ length: 20 }, (_, index) => request(index * 50, index * 50 + 20));
    expect(callersOf(sparse)).toEqual({ closed: null, after: sparse.map(() => -1) });
    const burst = Array.from({ length: 6 }, (_, index) => request(index, 100 + index));
    expect(callersOf(burst).closed).toBeNull();
    expect(callersOf([])).toEqual({ closed: null, after: [] });
  });

  it('never follow themselves, whatever takes no time', () => {
    const requests = Array.from({ length: 9 }, () => request(10, 10));
    expect(callersOf(requests).after).toEqual(requests.map(() => -1));
  });
});
