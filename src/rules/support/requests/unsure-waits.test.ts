import { expect, it } from 'vitest';
import { milliseconds } from '../../../base/time.ts';
import { requestOf, waitOf } from '../../../model/testing/rows.ts';
import { unsureWaits } from './unsure-waits.ts';

const UPSTREAM = '10.20.30.40:9200';

/** Of four requests of 120 ms one seems to make all calls, which take so long and could be anybody's. */
function watched(calls: number, each: number) {
  const watch = unsureWaits.create(() => {
    throw new Error('it needs no other');
  });
  const waits = Array.from({ length: calls }, (_, index) =>
    waitOf({
      reason: 'upstream',
      to: UPSTREAM,
      ref: `0.e${index}`,
      duration: milliseconds(each),
      confidence: 'possible',
    }),
  );
  for (let round = 0; round < 10; round++) {
    for (let place = 0; place < 4; place++) {
      const parts = place === 0 ? { waits, ambiguous: true } : {};
      watch.request(requestOf({ server: '10.0.3.7', duration: milliseconds(120), ...parts }));
    }
  }
  return watch;
}

it('calls that take as long as the requests without any may be those of all', () => {
  expect(watched(32, 14).mayBeAll(0, '10.0.3.7')).toBe(true);
});

it('calls that are quick leave the requests their own time, or a line', () => {
  const watch = watched(32, 2);
  expect(watch.mayBeAll(0, '10.0.3.7')).toBe(false);
  expect(watch.beside(0, '10.0.3.7')).toContain('in line for its calls');
});

it('of fewer calls than requests without any they cannot be', () => {
  expect(watched(1, 200).mayBeAll(0, '10.0.3.7')).toBe(false);
});
