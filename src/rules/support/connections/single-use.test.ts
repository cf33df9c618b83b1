import { expect, it } from 'vitest';
import { milliseconds } from '../../../base/time.ts';
import { Traffic } from '../testing/traffic.ts';
import { connectCost } from './single-use.ts';

/** A SYN that was lost, and its second one answered after 8 ms. */
const [connection] = new Traffic().open({ connect: 1008, again: [1000] }).close().connections;
const first = connection!.synAcks[0]!;
const again = { ...first, at: (first.at + milliseconds(2000)) as typeof first.at };

it('a handshake costs what it takes from its last SYN on', () => {
  expect(connectCost(connection!)).toBe(milliseconds(8));
});

it('a full accept queue that answers it again later makes it no dearer', () => {
  expect(connectCost({ ...connection!, synAcks: [first, again] })).toBe(milliseconds(8));
});
