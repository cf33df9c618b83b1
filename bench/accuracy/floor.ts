import { summarise } from './table.ts';
import type { Scored } from './score.ts';

/** Folders of test/corpora that have truths about causes. */
export const OWN_SETS = ['net', 'dns-lab', 'credentials', 'cluster'] as const;

/** What was reached: the tests fail below it. */
export const FLOOR_FILE = 'test/corpora/accuracy-floor.json';

export interface Floor {
  precision: number;
  recall: number;
  rules: Record<string, { found: number; missed: number; false: number }>;
}

export function floorOf(scored: readonly Scored[]): Floor {
  const { precision, recall, rules } = summarise(scored);
  return {
    precision,
    recall,
    rules: Object.fromEntries(
      rules.map(({ rule, found, missed, false: wrong }) => [rule, { found, missed, false: wrong }]),
    ),
  };
}
