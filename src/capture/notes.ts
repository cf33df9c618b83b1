import { formatCount } from '../base/text.ts';
import type { Damage } from '../model/input.ts';
import { MAX_NOTES } from './limits.ts';

/** Adds a note in words, unless there are enough or it is there already. */
export function note(damage: Damage, words: string): void {
  if (damage.notes.length < MAX_NOTES && !damage.notes.includes(words)) damage.notes.push(words);
}

export const atByte = (offset: number): string => `at byte ${formatCount(offset)}`;
