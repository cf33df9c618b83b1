import { printable } from '../../base/text.ts';

// Longer ones are no names that a person gave.
const MAX_PATH = 256;
const MAX_HOST = 255;
const METHOD = /^[A-Za-z-]{1,20}$/;

/** A method's name, '' where it is none. */
export const methodOf = (text: string): string => (METHOD.test(text) ? text : '');

/** Of a path what stands before its query. */
export function pathOf(text: string): string {
  const end = text.search(/[?#;]/);
  return printable((end < 0 ? text : text.slice(0, end)).slice(0, MAX_PATH));
}

/** An authority without what stands before an `@`: RFC 9113 section 8.3.1 forbids it, because it is a password. */
export const hostOf = (text: string): string => printable(text.slice(text.lastIndexOf('@') + 1).slice(0, MAX_HOST));
