import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../../base/time.ts';
import loss from '../../dns-loss.ts';
import { runRule } from '../testing/run-rule.ts';
import { Scenario } from '../testing/scenario.ts';

/** What is said of the wait before asking again, and whether a shorter one is advised. */
function told(wait?: number): { value: string | undefined; origin: string | undefined; isAdvised: boolean } {
  const { lookups } = new Scenario().pair(40).lostFirst(3, wait).lostSecond(3, wait).pair(40);
  const chosenWait = wait === undefined ? null : milliseconds(wait);
  const [report] = runRule(loss, { lookups: lookups.map((lookup) => ({ ...lookup, chosenWait })) }).reports;
  const setting = report?.because.find((one) => one.setting === 'wait before asking again');
  const isAdvised = report?.fix.some(({ title }) => title.includes('timeout:1')) === true;
  return { value: setting?.value, origin: setting?.origin, isAdvised };
}

describe('the wait before asking again', () => {
  it('that an option has set is seen: no default is blamed, and what is set already is not advised', () => {
    expect(told(1000)).toEqual({ value: '1 s', origin: 'wire', isAdvised: false });
  });

  it('that is longer than the default is seen, too', () => {
    expect(told(10_000)).toEqual({ value: '10 s', origin: 'wire', isAdvised: true });
  });

  it('of the default may be shortened', () => {
    for (const wait of [undefined, 5000]) {
      expect(told(wait)).toEqual({ value: '5 s', origin: 'default', isAdvised: true });
    }
  });

  it('is each client’s own', () => {
    const lookups = [1000, 2000].flatMap((wait) =>
      new Scenario({ client: `10.0.3.${wait / 1000}` })
        .pair(40)
        .lostFirst(5, wait)
        .lookups.map((lookup) => ({
          ...lookup,
          chosenWait: milliseconds(wait),
        })),
    );
    const values = runRule(loss, { lookups }).reports.flatMap(({ because }) => because.map(({ value }) => value));
    expect(values.filter((value) => /^\d+ s$/.test(`${value}`)).toSorted()).toEqual(['1 s', '2 s']);
  });
});
