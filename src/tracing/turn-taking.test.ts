import { describe, expect, it } from 'vitest';
import { at, milliseconds } from '../base/time.ts';
import type { ReceivedCall, SentCall } from './calls.ts';
import { createCallLinker } from './link-calls.ts';
import { freedTimes } from './turn-taking.ts';

const ms = (value: number) => at(milliseconds(value));

const METADATA = '169.254.169.254:80';

const call = (id: string, kind: string, from: number, until: number, pool: string | null = METADATA): SentCall => ({
  id,
  kind,
  startedAt: ms(from),
  endedAt: ms(until),
  identifiers: [],
  lane: pool === null ? null : { pool, connection: '0.c1' },
});

const line = (count: number): SentCall[] =>
  Array.from({ length: count }, (_, place) => call(`${place}`, 'GET', 10 * place, 10 * place + 9));

describe('when a call’s turn came', () => {
  it('is when the one before was done, at a server that is asked by one at a time', () => {
    const other = call('other', 'GET', 55, 75, '10.0.3.4:80');
    const freed = freedTimes([...line(12).slice(0, 6), other, ...line(12).slice(6)]) ?? [];
    expect([...freed]).toEqual(
      [-Infinity, 9, 19, 29, 39, 49, -Infinity, 59, 69, 79, 89, 99, 109].map((value) => value * 1e6),
    );
  });

  it.each([
    ['is asked by several at once', line(12).map((one) => ({ ...one, endedAt: at(one.startedAt + 11e6) }))],
    ['was asked a few times', line(9)],
    ['nobody knows by its connections', line(12).map((one) => ({ ...one, lane: null }))],
  ])('is not told of a server that %s', (_, sent) => expect(freedTimes(sent)).toBeNull());
});

it('what callers waited for together frees them, where they do so often', () => {
  const sharing = line(12).map((one) => ({ ...one, lane: null, sharedUntil: at(one.startedAt - 1e6) }));
  expect(freedTimes(sharing)?.[3]).toBe(29e6);
  expect(freedTimes(sharing.slice(0, 9))).toBeNull();
});

// What the callers ask for, in turn, whoever asks.
const PATHS = ['GET /users', 'GET /stock', 'GET /orders'];

// Some microseconds more or less, as on any machine.
const jitter = (place: number, most: number): number => (most * ((place * 7919) % 101)) / 101;

/** Four callers at a service that asks for its credentials behind a lock, in each request: whose each call is. */
function lined(steps: readonly (readonly [kind: string, lasts: number])[]) {
  const received: ReceivedCall[] = [];
  const sent: SentCall[] = [];
  const owners = new Map<string, string>();
  const arrivals = [0, 1, 2, 3];
  let freed = 0;
  for (let place = 0; place < 90; place++) {
    const from = arrivals.shift() as number;
    const id = `r${place}`;
    const make = (kind: string, startedAt: number, endedAt: number, pool: string): void => {
      const one = call(`c${sent.length}`, kind, startedAt, endedAt, pool);
      owners.set(one.id, id);
      sent.push(one);
    };
    let time = Math.max(from + 0.3, freed + 0.2) + jitter(place, 0.2);
    for (const [index, [kind, lasts]] of steps.entries()) {
      const endedAt = time + lasts + jitter(place + index, 0.8);
      make(kind, time, endedAt, METADATA);
      freed = endedAt;
      time = endedAt + 0.2 + jitter(place + 3 * index, 0.2);
    }
    const until = time + 15 + jitter(place, 5);
    make('POST /_search', time, until, `10.0.3.4:${place % 2}`);
    const answered = ms(until + 0.3);
    received.push({
      id,
      kind: PATHS[place % PATHS.length] as string,
      startedAt: ms(from),
      respondedAt: answered,
      endedAt: answered,
      identifiers: [],
    });
    arrivals.push(until + 11);
  }
  return { received, sent, owners };
}

it.each([
  [
    '',
    [
      ['GET /role', 31],
      ['GET /role/x', 32],
    ] as const,
  ],
  [
    ', who gets a token before each',
    [
      ['PUT /token', 0.3],
      ['GET /role', 14],
      ['PUT /token', 0.3],
      ['GET /role/x', 15],
    ] as const,
  ],
])('of callers in one line%s, each has its own calls, though every third asks for the same', (_, steps) => {
  const { received, sent, owners } = lined(steps);
  const found = new Map<string, string | undefined>();
  const linker = createCallLinker({ link: ({ call: { id }, parent }) => void found.set(id, parent?.id) });
  for (const one of received) linker.received(one);
  for (const one of sent) linker.sent(one);
  linker.finish();
  const wrong = [...owners].filter(([id, owner]) => found.get(id) !== owner);
  // Four are in flight as it begins and as it ends, when nobody waits as the others do.
  expect(wrong.length).toBeLessThanOrEqual(8);
});
