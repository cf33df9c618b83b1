import { expect, test } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { at, milliseconds } from '../base/time.ts';
import type { Link, ReceivedCall, SentCall } from './calls.ts';
import { createCallLinker } from './link-calls.ts';

const ms = (value: number) => at(milliseconds(value));

const request = (id: string, from: number, answers: number, until: number): ReceivedCall => ({
  id,
  kind: 'GET /search',
  startedAt: ms(from),
  respondedAt: ms(answers),
  endedAt: ms(until),
  identifiers: [],
});

const call = (id: string, from: number, until: number): SentCall => ({
  id,
  kind: 'POST /_search',
  startedAt: ms(from),
  endedAt: ms(until),
  identifiers: [],
  lane: null,
});

// Each alone, with pauses that vary.
const ALONE = Array.from({ length: 40 }, (_, index) => ({ from: 100 * index, by: 0.9 + (index % 5) * 0.05 }));

function linked(
  received: readonly ReceivedCall[],
  sent: readonly SentCall[],
): Map<string, Link<ReceivedCall, SentCall>> {
  const links = new Map<string, Link<ReceivedCall, SentCall>>();
  const linker = createCallLinker<ReceivedCall, SentCall>({ link: (link) => void links.set(link.call.id, link) });
  for (const one of received) linker.received(one);
  for (const one of sent) linker.sent(one);
  linker.finish();
  return links;
}

test('of two requests that end alike, a call belongs to the one that answers when it is over', () => {
  const received = ALONE.map(({ from, by }, index) => request(`alone${index}`, from, from + by + 21, from + by + 30));
  const sent = ALONE.map(({ from, by }, index) => call(`call${index}`, from + by, from + by + 20));
  // Both begin and end at nearly the same time; their bodies take as long as they please.
  received.push(request('early', 5000, 5022, 5045), request('late', 5000.01, 5034, 5045.01));
  sent.push(call('a', 5001, 5021), call('b', 5001.01, 5033));
  const links = linked(received, sent);
  expect(links.get('a')).toMatchObject({ parent: { id: 'early' }, confidence: 'certain' });
  expect(links.get('b')).toMatchObject({ parent: { id: 'late' }, confidence: 'certain' });
});

test('what passes answers on begins them before its call is over: the ends go together', () => {
  const received = ALONE.map(({ from, by }, index) => request(`alone${index}`, from, from + by + 5, from + by + 31));
  const sent = ALONE.map(({ from, by }, index) => call(`call${index}`, from + by, from + by + 30));
  received.push(request('early', 5000, 5006, 5032), request('late', 5000.01, 5006.01, 5044));
  sent.push(call('a', 5001, 5031), call('b', 5001.01, 5043));
  const links = linked(received, sent);
  expect(links.get('a')?.parent?.id).toBe('early');
  expect(links.get('b')?.parent?.id).toBe('late');
});

test('what nothing tells apart is called possible, with its runner-up', () => {
  const received = ALONE.map(({ from, by }, index) => request(`alone${index}`, from, from + by + 21, from + by + 21));
  const sent = ALONE.map(({ from, by }, index) => call(`call${index}`, from + by, from + by + 20));
  received.push(request('one', 5000, 5022, 5022), request('other', 5000.02, 5022.02, 5022.02));
  sent.push(call('a', 5001, 5021), call('b', 5001.02, 5021.01));
  const link = linked(received, sent).get('a');
  expect(link?.confidence).toBe('possible');
  expect(link?.runnersUp[0]?.parent).toBeDefined();
});

test('that a call belongs to nobody is certain only where nobody was in flight', () => {
  const many = Array.from({ length: 1000 }, (_, index) => ({ from: 100 * index, by: 0.9 + (index % 5) * 0.05 }));
  const received = many.map(({ from, by }, index) => request(`alone${index}`, from, from + by + 21, from + by + 21));
  const sent = many.map(({ from, by }, index) => call(`call${index}`, from + by, from + by + 20));
  // While nobody is in flight, but for one that a request's call had begun before.
  const scrapes = [...many.map(({ from }) => from + 50), 1007].map((from) => ({
    ...call(`scrape${from}`, from, from + 1),
    kind: 'PUT /metrics',
  }));
  const links = linked(received, [...sent, ...scrapes]);
  expect(links.get('scrape1007')).toMatchObject({ parent: undefined, confidence: 'likely' });
  expect(links.get('scrape1050')).toMatchObject({ parent: undefined, confidence: 'certain' });
});

/** Pairs of requests 2 ms apart that are known by their identifiers: in each pair both are held up for as long. */
function heldUp(isInOrder: boolean): { received: ReceivedCall[]; sent: SentCall[] } {
  const received: ReceivedCall[] = [];
  const sent: SentCall[] = [];
  for (let pair = 0; pair < 60; pair++) {
    const pauses = [4, 4, 6, 8, 8].map((pause) => pause + (pair % 7) / 20);
    for (const which of [0, 1]) {
      const from = 100 * pair + 2 * which;
      // Out of order each is held up for itself: every pause meets every other.
      const pause = pauses[isInOrder || which === 0 ? pair % 5 : Math.floor(pair / 5) % 5] as number;
      const identifiers = [`${pair}/${which}`];
      received.push({ ...request(`known${pair}/${which}`, from, from + 30, from + 30), identifiers });
      sent.push({ ...call(`call${pair}/${which}`, from + pause, from + 15), identifiers });
    }
  }
  return { received, sent };
}

test.each([
  ['keeps the order of its requests, none has overtaken another', true, 'early'],
  ['does not, what fits their pauses decides', false, 'late'],
])('where a program %s', (_, isInOrder, owner) => {
  const { received, sent } = heldUp(isInOrder);
  received.push(request('early', 9000, 9031, 9031), request('late', 9002, 9031, 9031));
  // 6 ms each in order, or 8 and 4, which is seen more often. The ends tell nothing.
  sent.push(call('a', 9006, 9016), call('b', 9008, 9016));
  expect(linked(received, sent).get('a')?.parent?.id).toBe(owner);
});

/** So many requests after one another, of which some make a call. @returns how many are settled before the end */
function settledOf(requests: number, isCaller: (place: number) => boolean): number {
  let settled = 0;
  const linker = createCallLinker<ReceivedCall, SentCall>({ link: () => undefined, settled: () => void settled++ });
  for (let place = 0; place < requests; place++) {
    linker.received(request(`r${place}`, 2 * place, 2 * place + 1, 2 * place + 1));
    if (isCaller(place)) linker.sent(call(`c${place}`, 2 * place + 0.2, 2 * place + 0.8));
  }
  const before = settled;
  linker.finish();
  expect(settled).toBe(requests);
  return before;
}

test.each([
  ['makes no calls', () => false],
  ['made one long ago', (place: number) => place === 0],
  ['makes one for each request', () => true],
])('a service that %s has its requests settled as they come', (_, isCaller) => {
  // Otherwise all that there is is looked at again for each that comes.
  expect(settledOf(40_000, isCaller)).toBeGreaterThan(20_000);
});

test('requests that go on for longer than a window are not looked at for each that comes', () => {
  let looks = 0;
  const linker = createCallLinker<ReceivedCall, SentCall>({ link: () => undefined });
  for (let place = 0; place < 18_000; place++) {
    const long = request(`r${place}`, place, 1e6, 1e6);
    linker.received({
      ...long,
      get respondedAt() {
        if (place === 0) looks++;
        return long.respondedAt;
      },
    });
    if (place % 100 === 0) linker.sent(call(`c${place}`, place + 0.2, place + 0.8));
  }
  expect(looks).toBe(1);
});

test('long requests that make no calls hardly get any of those of the many quick ones beside them', () => {
  const random = seededRandom(1);
  const exponential = (): number => -Math.log(1 - random());
  const received: ReceivedCall[] = [];
  const sent: SentCall[] = [];
  // Three quick ones at a time, whose pauses vary as much as they can…
  let from = 50;
  for (let index = 0; index < 300; index++) {
    from += 8 * exponential();
    let now = from;
    const count = random() < 0.5 ? 5 : 4;
    for (let number = 0; number < count; number++) {
      const begun = now + 0.2 + exponential();
      now = begun + 1 + 4 * exponential();
      sent.push(call(`${index} ${number}`, begun, now));
    }
    const answered = now + 0.2 + exponential();
    received.push(request(`quick${index}`, from, answered, answered));
  }
  // …and two long ones.
  for (let begun = 0; begun < from; begun += 250)
    received.push(request(`long${begun}`, begun, begun + 500, begun + 500));
  const links = [...linked(received, sent).values()];
  const ofLong = links.filter(({ parent }) => parent?.id.startsWith('long') === true);
  expect(links).toHaveLength(sent.length);
  expect(ofLong.length / links.length).toBeLessThan(0.05);
});
