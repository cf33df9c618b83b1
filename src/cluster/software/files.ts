import type { Software } from '../../model/workload.ts';
import type { Lines } from '../yaml/lines.ts';
import { readPom } from './pom.ts';

/** Files that say what a program is made of, by their names, and what reads each. */
const FILES: readonly (readonly [name: RegExp, read: (text: string, lines: Lines) => Software[]])[] = [
  [/^pom\.xml$/, readPom],
];

/** What reads a file of this name; null where it says nothing of software. */
export const softwareReader = (name: string): ((text: string, lines: Lines) => Software[]) | null =>
  FILES.find(([known]) => known.test(name))?.[1] ?? null;
