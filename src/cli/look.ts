import type { RenderOptions } from '../report/style.ts';
import { wantsColor, type ColorMode } from './color.ts';
import type { Io } from './io.ts';

// Where neither a terminal nor COLUMNS says how wide it is: a ticket, a file, a page of a log.
const WIDTH_ELSEWHERE = 100;

/** How to draw for this reader. */
export const lookFor = (
  io: Pick<Io, 'environment'>,
  output: { isTerminal: boolean; columns: number | null },
  color: ColorMode,
): RenderOptions => ({
  color: wantsColor(color, io.environment, output.isTerminal),
  width: output.columns ?? (Number(io.environment['COLUMNS']) || WIDTH_ELSEWHERE),
  unicode: readsUnicode(io.environment),
});

/**
 * Only a locale that says otherwise means ASCII: containers often set none, and the terminal
 * that looks into them reads UTF-8. POSIX: the first of these that is set decides.
 */
function readsUnicode(environment: Io['environment']): boolean {
  const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'] || '';
  return locale === '' || /utf-?8/i.test(locale);
}
