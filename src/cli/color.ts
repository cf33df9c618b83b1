export const COLOR_MODES = ['auto', 'always', 'never'] as const;
export type ColorMode = (typeof COLOR_MODES)[number];

/**
 * Whether to colour what goes to an output. What was said on the command line counts most, then
 * NO_COLOR (no-color.org: set to anything), then FORCE_COLOR (force-color.org), then whether
 * somebody looks at it.
 */
export function wantsColor(
  mode: ColorMode,
  environment: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): boolean {
  if (mode !== 'auto') return mode === 'always';
  if (isSet(environment['NO_COLOR'])) return false;
  const force = environment['FORCE_COLOR'];
  if (isSet(force)) return force !== '0' && force !== 'false';
  return isTerminal && environment['TERM'] !== 'dumb';
}

const isSet = (value: string | undefined): value is string => value !== undefined && value !== '';
