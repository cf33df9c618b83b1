import { describe, expect, it } from 'vitest';
import loss from '../dns-loss.ts';
import { runRule } from './testing/run-rule.ts';
import { Scenario } from './testing/scenario.ts';

/** What is said of the wait before asking again, and whether a shorter one is advised. */
function told(wait?: number): { value: string | undefined; origin: string | undefined; isAdvised: boolean } {
  const { lookups } = new Scenario().pair(40).lostFirst(3, wait).lostSecond(3, wait).pair(40);
  const [report] = runRule(loss, { lookups }).reports;
  const setting = report?.because.find((one) => one.setting === 'wait before asking again');
  const isAdvised = report?.fix.some(({ title }) => title.includes('timeout:1')) === true;
  return { value: setting?.value, origin: setting?.origin, isAdvised };
}

describe('the wait before asking again', () => {
  it('that an option has set is seen: no default is blamed, and what is set already is not advised', () => {
    expect(told(1000)).toEqual({ value: '1 s', origin: 'wire', isAdvised: false });
  });

  it('of the default may be shortened', () => {
    expect(told()).toEqual({ value: '5 s', origin: 'default', isAdvised: true });
  });
});
