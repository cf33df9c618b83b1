import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callersOf } from './callers.ts';
import type { KeptRequest, KeptWait } from './kept-requests.ts';
import { Replay, type Relief } from './replay.ts';

const LOCK = '169.254.169.254:80';
const SEARCH = '10.0.4.4:9200';

const wait = (from: number, until: number, to = SEARCH, reason: KeptWait['reason'] = 'upstream'): KeptWait => ({
  reason,
  to,
  what: '',
  ref: `${to} ${from}`,
  startedAt: from,
  endedAt: until,
  critical: until - from,
});

const request = (from: number, until: number, ...waits: KeptWait[]): KeptRequest => ({
  owner: '0|10.0.3.7',
  caller: '0|10.0.9.9',
  exchange: `0.e${from}`,
  isOwnCall: false,
  startedAt: from,
  endedAt: until,
  waits: waits.toSorted((a, b) => a.startedAt - b.startedAt),
});

const relief = (waits: Record<number, number>, own = 0): Relief => ({
  waits: new Map(Object.entries(waits).map(([place, less]) => [Number(place), less])),
  own,
});

const replay = (requests: readonly KeptRequest[], reliefs: readonly (Relief | undefined)[]): number[] =>
  new Replay(requests).run((index) => reliefs[index]);

/**
 * When each begins and is answered: a caller that is answered sooner asks again sooner, and may then
 * stand in line for longer, but never until later.
 */
function answers(
  requests: readonly KeptRequest[],
  durations: readonly number[],
): { startedAt: number; endedAt: number }[] {
  const { after } = callersOf(requests);
  const all: { startedAt: number; endedAt: number }[] = [];
  for (const [index, { startedAt }] of requests.entries()) {
    const before = after[index] as number;
    const sooner = before < 0 ? 0 : (requests[before] as KeptRequest).endedAt - (all[before]?.endedAt as number);
    const begins = startedAt - sooner;
    all.push({ startedAt: begins, endedAt: begins + (durations[index] as number) });
  }
  return all;
}

const lengths = (requests: readonly KeptRequest[]): number[] =>
  requests.map(({ startedAt, endedAt }) => endedAt - startedAt);

/**
 * Requests that come every so often and need a place in a line, so many of which there are, for so
 * long each, and then another service: as it would be seen.
 */
function inLine(arrivals: readonly number[], services: readonly number[], slots: number, after = 20): KeptRequest[] {
  const free = Array.from({ length: slots }, () => 0);
  return arrivals.map((came, index) => {
    const slot = free.indexOf(Math.min(...free));
    const turn = Math.max(came, free[slot] as number);
    const end = turn + (services[index] as number);
    free[slot] = end;
    const queue = turn > came ? [wait(came, turn, LOCK, 'queue')] : [];
    return request(came, end + after, ...queue, wait(turn, end, LOCK), wait(end, end + after));
  });
}

/** Shares of each wait in percent, times a factor; lines are what is replayed. */
const reliefsOf = (requests: readonly KeptRequest[], shares: readonly (readonly number[])[], factor: number) =>
  requests.map(({ waits }, index) =>
    relief(
      Object.fromEntries(
        waits
          .map((one, place) => [place, one, shares[index]?.[place % 6] ?? 0] as const)
          .filter(([, { reason }]) => reason !== 'queue')
          .map(([place, { startedAt, endedAt }, share]) => [
            place,
            Math.floor(((endedAt - startedAt) * Math.min(100, share * factor)) / 100),
          ]),
      ),
    ),
  );

describe('a replay', () => {
  it('of calls that need no place in the line any more', () => {
    const requests = inLine([0, 0, 0, 0], [40, 40, 40, 40], 1);
    expect(lengths(requests)).toEqual([60, 100, 140, 180]);
    const unqueued = requests.map(({ waits }): Relief => ({
      waits: new Map(),
      own: 0,
      unqueued: new Set([waits.findIndex(({ reason, to }) => reason === 'upstream' && to === LOCK)]),
    }));
    expect(replay(requests, unqueued)).toEqual([60, 60, 60, 60]);
    // Who still needs one has it as soon as it is free.
    expect(replay(requests, [undefined, undefined, ...unqueued.slice(2)])).toEqual([60, 100, 60, 60]);
  });

  it('without anything gone is what was', () => {
    const requests = inLine([0, 10, 20, 30], [40, 40, 40, 40], 1);
    expect(replay(requests, [])).toEqual(lengths(requests));
  });

  it('takes a wait out, and what came after it comes sooner', () => {
    const requests = [request(0, 100, wait(5, 45, LOCK), wait(50, 90))];
    expect(replay(requests, [relief({ 0: 40 })])).toEqual([60]);
    expect(replay(requests, [relief({ 0: 30, 1: 10 })])).toEqual([60]);
    expect(replay(requests, [relief({}, 7)])).toEqual([93]);
  });

  it('gains nothing from a wait that another covers', () => {
    const requests = [request(0, 100, wait(5, 45, LOCK), wait(5, 90))];
    expect(replay(requests, [relief({ 0: 40 })])).toEqual([100]);
    // Without the longer one, the shorter is what is left.
    expect(replay(requests, [relief({ 1: 85 })])).toEqual([55]);
  });

  it('lets the line move up', () => {
    // By hand: at 0, 10, 20 and 30 they come, each at it for 40 then 20 elsewhere; now for 10.
    const requests = inLine([0, 10, 20, 30], [40, 40, 40, 40], 1);
    expect(lengths(requests)).toEqual([60, 90, 120, 150]);
    const shorter = requests.map(({ waits }) => relief({ [waits.length - 2]: 30 }));
    expect(replay(requests, shorter)).toEqual([30, 30, 30, 30]);
    const shorterBy10 = requests.map(({ waits }) => relief({ [waits.length - 2]: 10 }));
    expect(replay(requests, shorterBy10)).toEqual([50, 70, 90, 110]);
  });

  it('lets others go ahead where one needs no place any more', () => {
    const requests = inLine([0, 10, 20, 30], [40, 40, 40, 40], 1);
    const first = relief({ 0: 40 });
    expect(replay(requests, [first])).toEqual([20, 60, 90, 120]);
  });

  it('leaves a place to whom it has while he does several things in a row', () => {
    // Two calls each, 2 apart; the second request stands in line until the first has both.
    const requests = [
      request(0, 22, wait(0, 10, LOCK), wait(12, 22, LOCK)),
      request(1, 44, wait(1, 22, LOCK, 'queue'), wait(22, 32, LOCK), wait(34, 44, LOCK)),
    ];
    // Without the first one's second call its place is free at 12, when that would have begun.
    expect(replay(requests, [relief({ 1: 10 })])).toEqual([12, 33]);
  });

  it('knows a line with two places', () => {
    const requests = inLine([0, 1, 2, 3, 4, 5, 6, 7], [40, 40, 40, 40, 40, 40, 40, 40], 2);
    expect(replay(requests, [])).toEqual(lengths(requests));
    const half = requests.map(({ waits }) => relief({ [waits.length - 2]: 20 }));
    // 20 each: the third begins at 20 instead of 40, the fifth at 40 instead of 80.
    expect(replay(requests, half)).toEqual([40, 40, 58, 58, 76, 76, 94, 94]);
  });

  it('lets callers that wait for their answer ask again sooner', () => {
    // Two callers and one place: whoever is answered comes back at once, so one always stands in line.
    const requests: KeptRequest[] = [request(0, 10, wait(0, 10, LOCK))];
    for (let index = 1; index < 20; index++) {
      const from = index === 1 ? 1 : (index - 1) * 10 + 1;
      const turn = index * 10;
      requests.push(request(from, turn + 10, wait(from, turn, LOCK, 'queue'), wait(turn, turn + 10, LOCK)));
    }
    const replayed = new Replay(requests);
    expect(replayed.callers).toBe(2);
    const then = replayed.run((index) => relief({ [index === 0 ? 0 : 1]: 5 }));
    // Twice as quick, and the line is as long as before: they ask twice as often.
    expect(then.slice(2).every((duration) => duration === 9)).toBe(true);
  });

  const arbitraryRequests = fc
    .array(
      fc.record({
        came: fc.nat(500),
        own: fc.nat(20),
        waits: fc.array(fc.record({ lag: fc.nat(60), length: fc.integer({ min: 1, max: 80 }), to: fc.nat(2) }), {
          maxLength: 5,
        }),
        queued: fc.nat(40),
      }),
      { minLength: 1, maxLength: 20 },
    )
    .map((drafts) =>
      drafts
        .map(({ came, own, waits, queued }) => {
          const kept: KeptWait[] = [];
          for (const [index, { lag, length, to }] of waits.entries()) {
            const from = came + lag + (index === 0 ? queued : 0);
            if (index === 0 && queued > 0) kept.push(wait(from - queued, from, `10.0.4.${to}:80`, 'queue'));
            kept.push(wait(from, from + length, `10.0.4.${to}:80`));
          }
          return request(came, Math.max(came, ...kept.map(({ endedAt }) => endedAt)) + own, ...kept);
        })
        .toSorted((a, b) => a.startedAt - b.startedAt),
    );
  const arbitraryReliefs = fc.array(fc.array(fc.nat(100), { minLength: 6, maxLength: 6 }), {
    minLength: 20,
    maxLength: 20,
  });

  it('changes nothing where nothing is gone, whatever was seen', () => {
    fc.assert(
      fc.property(arbitraryRequests, (requests) => {
        expect(replay(requests, [])).toEqual(lengths(requests));
      }),
    );
  });

  it('never answers later, and sooner the more is gone', () => {
    fc.assert(
      fc.property(arbitraryRequests, arbitraryReliefs, (requests, shares) => {
        const some = answers(requests, replay(requests, reliefsOf(requests, shares, 0.5)));
        const more = answers(requests, replay(requests, reliefsOf(requests, shares, 1)));
        for (const [index, { startedAt, endedAt }] of more.entries()) {
          expect(endedAt).toBeGreaterThanOrEqual(startedAt);
          expect(endedAt).toBeLessThanOrEqual(some[index]?.endedAt as number);
          expect(some[index]?.endedAt).toBeLessThanOrEqual(requests[index]?.endedAt as number);
        }
      }),
    );
  });

  it('saves no more of a request than what is gone of it, where nobody stands in line', () => {
    const alone = arbitraryRequests.map((requests) =>
      requests.map((one) => ({ ...one, waits: one.waits.filter(({ reason }) => reason !== 'queue') })),
    );
    fc.assert(
      fc.property(alone, arbitraryReliefs, (requests, shares) => {
        const reliefs = reliefsOf(requests, shares, 1);
        const was = lengths(requests);
        for (const [index, duration] of replay(requests, reliefs).entries()) {
          const gone = [...(reliefs[index] as Relief).waits.values()].reduce((sum, less) => sum + less, 0);
          expect((was[index] as number) - duration).toBeLessThanOrEqual(gone);
        }
      }),
    );
  });

  it('of a serial line is the line worked out by hand', () => {
    const times = fc.array(
      fc.record({ gap: fc.nat(60), service: fc.integer({ min: 2, max: 50 }), less: fc.nat(100) }),
      {
        minLength: 1,
        maxLength: 30,
      },
    );
    fc.assert(
      fc.property(times, (drafts) => {
        let came = 0;
        const arrivals = drafts.map(({ gap }) => (came += gap + 1));
        const services = drafts.map(({ service }) => service);
        const less = drafts.map(({ service, less: share }) => Math.floor((service * Math.min(99, share)) / 100));
        const requests = inLine(arrivals, services, 1);
        const then = inLine(
          arrivals,
          services.map((service, index) => service - (less[index] as number)),
          1,
        );
        const reliefs = requests.map(({ waits }, index) => relief({ [waits.length - 2]: less[index] as number }));
        // Callers that wait for their answer would come sooner; these come when they come.
        const replayed = new Replay(requests);
        fc.pre(replayed.callers === null);
        expect(replayed.run((index) => reliefs[index])).toEqual(lengths(then));
      }),
    );
  });
});
