import { expect, test } from 'vitest';
import { LastLooks } from './last-looks.ts';

const STATE = 1;
const TEMPERATURE = 1.5;

/** The first call could be the first two requests', the second the last's alone. Both were looked at. */
function looked(isWhole: boolean): LastLooks {
  const looks = new LastLooks({ candidates: [[0, 1], [2]] }, 2, 3);
  for (const call of [0, 1]) looks.note(call, STATE, isWhole, TEMPERATURE, 0.25);
  return looks;
}

test('another look finds the same until a request that could have made the call has other calls', () => {
  const looks = looked(false);
  looks.changed(2);
  expect([looks.holds(0, false), looks.holds(1, false)]).toEqual([true, false]);
  looks.changed(1);
  expect(looks.holds(0, false)).toBe(false);
  looks.note(0, STATE, false, TEMPERATURE, 0.25);
  expect(looks.holds(0, false)).toBe(true);
});

test('what nobody gets or gives changes nobody', () => {
  const looks = looked(false);
  looks.changed(-1);
  expect([looks.holds(0, false), looks.holds(1, false)]).toEqual([true, true]);
});

test('what was never looked at, or in another way, or by other plans, is not known', () => {
  expect(new LastLooks({ candidates: [[0]] }, 1, 1).holds(0, false)).toBe(false);
  expect(looked(false).holds(0, true)).toBe(false);
  expect(looked(true).holds(0, false)).toBe(false);
  const looks = looked(true);
  looks.allChanged();
  expect(looks.holds(0, true)).toBe(false);
});

test('it stays by what is drawn as often as it was likely to, at that temperature', () => {
  const looks = looked(false);
  expect(looks.stateOf(0)).toBe(STATE);
  expect(looks.stays(0, TEMPERATURE, 0.26)).toBe(true);
  expect(looks.stays(0, TEMPERATURE, 0.24)).toBe(false);
  // So near that rounding may say either.
  expect(looks.stays(0, TEMPERATURE, 0.25)).toBe(false);
  expect(looks.stays(0, 1, 0.26)).toBe(false);
});
