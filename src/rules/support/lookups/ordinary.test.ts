import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../../base/time.ts';
import { RR_TYPE, type Attempt, type Lookup } from '../../../model/lookup.ts';
import { atMs, attemptOf, lookupOf, unanswered } from '../../../model/testing/rows.ts';
import { isOrdinary } from './ordinary.ts';

/** A and AAAA at once, with something else about the second query or the lookup. */
function pairOf(second: Partial<Attempt> = {}, lookup: Partial<Lookup> = {}): Lookup {
  const twin = attemptOf({ type: RR_TYPE.AAAA, sentAt: atMs(0.03), ...second });
  return lookupOf({ attempts: [attemptOf(), twin], ...lookup });
}
const reply = { at: atMs(0.5), packet: 3, rcode: 2 };

describe('an ordinary lookup', () => {
  it('is a pair that was asked and answered at once', () => {
    expect(isOrdinary(pairOf())).toBe(true);
    expect(isOrdinary(pairOf({ answerCount: 0, addresses: [] }))).toBe(true);
  });

  it.each<[string, Lookup]>([
    ['one question alone', lookupOf()],
    ['a third', lookupOf({ attempts: [...pairOf().attempts, attemptOf({ sentAt: atMs(2) })] })],
    ['an end that is none', pairOf({}, { outcome: 'timeout' })],
    ['no address of either family', pairOf({ answerCount: 0, addresses: [] }, { outcome: 'nodata' })],
    ['an error', pairOf({ rcode: 2 })],
    ['no answer', pairOf(unanswered)],
    ['a late answer', pairOf({ repliedAt: atMs(101) })],
    ['a question asked again', pairOf({ resends: [{ at: atMs(0.5), packet: 3, behindDnat: null }] })],
    ['an answer before the answer', pairOf({ earlierReplies: [reply] })],
    ['a truncated answer', pairOf({ truncated: true })],
    ['TCP', pairOf({ transport: 'tcp' })],
    ['a backend that was seen', pairOf({ backend: '10.0.9.9:53' })],
    ['another port', pairOf({ clientPort: 41_201 })],
    ['one after the other', pairOf({ sentAt: atMs(1.5), repliedAt: atMs(2.5) })],
  ])('has not %s', (_, lookup) => {
    expect(lookup.duration).toBe(milliseconds(1));
    expect(isOrdinary(lookup)).toBe(false);
  });
});
