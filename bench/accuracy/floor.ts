import { summarise } from './table.ts';
import type { Scored } from './score.ts';
import { CLOSE, errorOfSaving } from './twins.ts';

/** Folders of test/corpora that have truths about causes. */
export const OWN_SETS = ['net', 'dns-lab', 'credentials', 'cluster'] as const;

/** What was reached: the tests fail below it. */
export const FLOOR_FILE = 'test/corpora/accuracy-floor.json';

export interface Floor {
  precision: number;
  recall: number;
  /** Cured twins: how many, and of how many what the cure saves was predicted within a tenth. */
  savings: { pairs: number; within: number };
  /** Of requests whose calls are known: how many have exactly these, and how many links called certain are wrong. */
  links: { right: number; certainWrong: number };
  rules: Record<string, { found: number; missed: number; false: number }>;
}

export function floorOf(scored: readonly Scored[]): Floor {
  const { precision, recall, rules, savings, links } = summarise(scored);
  const errors = savings.map(errorOfSaving);
  return {
    precision,
    recall,
    savings: { pairs: errors.length, within: errors.filter((error) => error <= CLOSE).length },
    links: { right: links.right, certainWrong: links.certain - links.certainRight },
    rules: Object.fromEntries(
      rules.map(({ rule, found, missed, false: wrong }) => [rule, { found, missed, false: wrong }]),
    ),
  };
}
