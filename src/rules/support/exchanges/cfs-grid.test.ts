import { describe, expect, it } from 'vitest';
import { at } from '../../../base/time.ts';
import { gridThroughout } from './cfs-grid.ts';

/** Ends of stretches, in milliseconds: each a period after the one before, and a little late now and then. */
const ends = (count: number, period: number, late: (index: number) => number) =>
  Array.from({ length: count }, (_, index) => ({ until: at((7000 + index * period + late(index)) * 1e6) }));

/** As answers are that come anywhere in the part in which a process runs. */
const spread = (width: number) => (index: number) => ((index * 37) % 100) * (width / 100);

describe('many stretches of a server', () => {
  it.each([
    ['at one moment of each period', ends(20, 100, () => 0)],
    ['in the part of each period in which a process runs', ends(60, 100, spread(50))],
    ['at two periods’ distance', ends(40, 200, spread(30))],
  ])('that end %s end on the grid', (_, stretches) => {
    expect(gridThroughout(stretches)?.phases).toBe(1);
  });

  it('that go on with a pod’s period or its container’s end on the grids of both', () => {
    const grid = gridThroughout(ends(80, 100, (index) => (index % 3 === 0 ? 47 : 0) + spread(12)(index)));
    expect(grid).toMatchObject({ phases: 2, concentration: expect.closeTo(0.9, 1) as number });
  });

  it.each([
    ['of which there are few', ends(19, 100, () => 0)],
    ['that end at any time', ends(200, 100, spread(100))],
    ['in turns that are a little longer', ends(60, 100.6, spread(20))],
    ['in turns that are a little shorter, over a long time', ends(600, 99.95, spread(10))],
    ['at each 50 ms', ends(80, 50, spread(12))],
    ['in turns of two halves that are a little longer', ends(80, 100.6, (index) => (index % 3 === 0 ? 47 : 0))],
    ['in turns of another length', ends(60, 130, spread(10))],
  ])('%s do not', (_, stretches) => {
    expect(gridThroughout(stretches)).toBeNull();
  });
});
