import { expect, test } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { at, milliseconds } from '../base/time.ts';
import type { Link, ReceivedCall, SentCall } from './calls.ts';
import { createCallLinker } from './link-calls.ts';

const ms = (value: number) => at(milliseconds(value));

/** A service of so many workers at once, whose requests each make so many calls one after another, hardly a pause between. */
function serial(workers: number, requests: number, calls: number, seed: number) {
  const random = seededRandom(seed);
  const about = (mean: number): number => -mean * Math.log(1 - random());
  const received: ReceivedCall[] = [];
  const sent: SentCall[] = [];
  const idle = Array.from({ length: workers }, () => about(5));
  for (let count = 0; count < requests; count++) {
    const worker = idle.indexOf(Math.min(...idle));
    const startedAt = ms(idle[worker] as number);
    let time = idle[worker] as number;
    for (let call = 0; call < calls; call++) {
      const from = time + 0.1 + about(0.05);
      time = from + 4 + about(4);
      const lane = { pool: 'items', connection: `c${sent.length}` };
      const id = `${count} ${call}`;
      sent.push({ id, kind: 'GET /items/{id}', startedAt: ms(from), endedAt: ms(time), identifiers: [], lane });
    }
    const endedAt = ms(time + 0.1 + about(0.05));
    received.push({ id: `${count}`, kind: 'GET /', startedAt, respondedAt: endedAt, endedAt, identifiers: [] });
    idle[worker] = time + 0.3 + about(2);
  }
  return { received, sent };
}

/** One whose requests send four calls at once, of which three in a hundred fail and are tried again after 40 ms. */
function together(workers: number, requests: number, seed: number) {
  const random = seededRandom(seed);
  const about = (mean: number): number => -mean * Math.log(1 - random());
  const received: ReceivedCall[] = [];
  const sent: SentCall[] = [];
  const idle = Array.from({ length: workers }, () => about(5));
  for (let count = 0; count < requests; count++) {
    const worker = idle.indexOf(Math.min(...idle));
    const began = idle[worker] as number;
    let over = began;
    const send = (call: string, from: number): number => {
      const until = from + 5 + about(4);
      const lane = { pool: 'items', connection: `c${sent.length}` };
      const id = `${count} ${call}`;
      sent.push({ id, kind: 'GET /items/{id}', startedAt: ms(from), endedAt: ms(until), identifiers: [], lane });
      over = Math.max(over, until);
      return until;
    };
    for (let call = 0; call < 4; call++) {
      const until = send(`${call}`, began + 0.2 + about(0.05));
      if (random() < 0.03) send(`${call} again`, until + 40 + about(0.3));
    }
    const endedAt = ms(over + 0.2 + about(0.05));
    received.push({
      id: `${count}`,
      kind: 'GET /',
      startedAt: ms(began),
      respondedAt: endedAt,
      endedAt,
      identifiers: [],
    });
    idle[worker] = over + 0.5 + about(2);
  }
  return { received, sent: sent.toSorted((a, b) => a.startedAt - b.startedAt) };
}

function linked(received: readonly ReceivedCall[], sent: readonly SentCall[]) {
  const links: Link<ReceivedCall, SentCall>[] = [];
  const linker = createCallLinker<ReceivedCall, SentCall>({ link: (link) => void links.push(link) });
  for (const one of received) linker.received(one);
  for (const one of sent) linker.sent(one);
  linker.finish();
  return links;
}

const isRight = ({ call, parent }: Link<ReceivedCall, SentCall>): boolean => parent?.id === call.id.split(' ')[0];

test.for([1, 2, 3])(
  'requests of many calls one after another keep them, though each call could be that of several: %i',
  (seed) => {
    const { received, sent } = serial(4, 150, 7, seed);
    const links = linked(received, sent);
    const wrong = new Set(links.filter((link) => !isRight(link)).map(({ call }) => call.id.split(' ')[0]));
    expect(received.length - wrong.size).toBeGreaterThan(received.length * 0.9);
    const certain = links.filter(({ confidence }) => confidence === 'certain');
    expect(certain.length).toBeGreaterThan(links.length * 0.7);
    expect(certain.filter((link) => !isRight(link))).toEqual([]);
  },
);

test('where too many are in flight to follow all that could be, nothing that is wrong is called certain', () => {
  const { received, sent } = serial(12, 90, 7, 4);
  const certain = linked(received, sent).filter(({ confidence }) => confidence === 'certain');
  const wrong = certain.filter((link) => !isRight(link));
  expect(wrong.length).toBeLessThanOrEqual(certain.length * 0.005);
});

test('calls that go out at once mostly keep those that are tried again', () => {
  const again = [1, 2, 3].flatMap((seed) => {
    const { received, sent } = together(8, 300, seed);
    return linked(received, sent).filter(({ call }) => call.id.endsWith('again'));
  });
  expect(again.length).toBeGreaterThan(100);
  expect(again.filter(isRight).length).toBeGreaterThan(again.length * 0.75);
});
