/**
 * The tool over every capture of corpora/ whose cause is known, held against what it once reached:
 * `npm run bench:accuracy` writes that floor (corpora/accuracy-floor.json) and docs/accuracy.md.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { casesOf } from '../bench/accuracy/cases.ts';
import { FLOOR_FILE, floorOf, OWN_SETS, type Floor } from '../bench/accuracy/floor.ts';
import { score, type Scored } from '../bench/accuracy/score.ts';

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
const floor = JSON.parse(readFileSync(at(FLOOR_FILE), 'utf8')) as Floor;

describe('accuracy', () => {
  it('is nowhere worse than it was', async () => {
    const scored: Scored[] = [];
    for (const set of OWN_SETS) {
      for (const one of casesOf(at(`test/corpora/${set}`))) scored.push(await score(one));
    }
    const now = floorOf(scored);
    expect(scored.length).toBeGreaterThan(300);
    for (const [rule, was] of Object.entries(floor.rules)) {
      const { found = 0, missed = 0, false: wrong = 0 } = now.rules[rule] ?? {};
      expect(found, `${rule}: found`).toBeGreaterThanOrEqual(was.found);
      expect(missed, `${rule}: missed`).toBeLessThanOrEqual(was.missed);
      expect(wrong, `${rule}: false`).toBeLessThanOrEqual(was.false);
    }
    const unknown = Object.keys(now.rules).filter(
      (rule) => !(rule in floor.rules) && (now.rules[rule]?.false ?? 0) > 0,
    );
    expect(unknown, 'rules with new false alarms').toEqual([]);
    expect(now.savings.pairs).toBeGreaterThanOrEqual(floor.savings.pairs);
    expect(now.savings.within, 'predicted within a tenth').toBeGreaterThanOrEqual(floor.savings.within);
    expect(now.links.right, 'requests with exactly their own calls').toBeGreaterThanOrEqual(floor.links.right);
    expect(now.links.certainWrong, 'links called certain that are wrong').toBeLessThanOrEqual(floor.links.certainWrong);
    expect(now.precision).toBeGreaterThanOrEqual(floor.precision);
    expect(now.recall).toBeGreaterThanOrEqual(floor.recall);
  });
});
