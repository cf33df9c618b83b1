import type { Diagnosis } from '../model/diagnosis.ts';

/** The contract itself, two spaces deep, with a newline at its end. */
export const renderJson = (diagnosis: Diagnosis): string => harmlessJson(diagnosis);

/**
 * A value as JSON. What JSON leaves bare but a terminal may obey (C1 controls, signs that turn
 * the reading direction) is escaped: the same value to every reader.
 */
export const harmlessJson = (value: unknown): string =>
  `${JSON.stringify(value, null, 2).replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )}\n`;
