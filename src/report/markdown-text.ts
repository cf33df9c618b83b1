import { printable } from '../base/text.ts';

/** Text that Markdown leaves as it is, whatever a capture put into it. */
export const markdownText = (raw: string): string =>
  printable(raw)
    .replace(/[\\`*_{}[\]|~#]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');

export const longestRun = (raw: string): number => Math.max(0, ...(raw.match(/`+/g) ?? []).map((run) => run.length));

/** A code span that no backtick within can end. */
export function codeSpan(raw: string): string {
  const clean = printable(raw);
  const ticks = '`'.repeat(longestRun(clean) + 1);
  const padding = clean.startsWith('`') || clean.endsWith('`') ? ' ' : '';
  return ticks + padding + clean + padding + ticks;
}
