import { describe, expect, it } from 'vitest';
import { lookFor } from './look.ts';

const terminal = { isTerminal: true, columns: 72 };
const file = { isTerminal: false, columns: null };

describe('lookFor', () => {
  it('takes the width of the terminal, and a fixed one elsewhere', () => {
    expect(lookFor({ environment: {} }, terminal, 'auto')).toEqual({ color: true, width: 72, unicode: true });
    expect(lookFor({ environment: {} }, file, 'auto')).toEqual({ color: false, width: 100, unicode: true });
  });

  it('takes what COLUMNS says where there is no terminal', () => {
    expect(lookFor({ environment: { COLUMNS: '60' } }, file, 'auto').width).toBe(60);
    expect(lookFor({ environment: { COLUMNS: '60' } }, terminal, 'auto').width).toBe(72);
    expect(lookFor({ environment: { COLUMNS: 'wide' } }, file, 'auto').width).toBe(100);
  });

  it.each([
    [{}, true],
    [{ LANG: 'en_US.UTF-8' }, true],
    [{ LANG: 'C.utf8' }, true],
    [{ LANG: 'C' }, false],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'POSIX' }, false],
    [{ LANG: 'C', LC_CTYPE: 'de_DE.UTF-8' }, true],
    [{ LANG: 'de_DE.ISO-8859-1' }, false],
  ])('%j reads Unicode: %s', (environment, unicode) => {
    expect(lookFor({ environment }, terminal, 'auto').unicode).toBe(unicode);
  });
});
