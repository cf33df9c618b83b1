import type { Recognition } from './protocol.ts';

/** FNV-1a; the last multiplication spreads it over the upper bits, which tell a cache's slot. */
export function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let value = 0x811c9dc5;
  for (let index = start; index < end; index++) value = Math.imul(value ^ (bytes[index] as number), 0x01000193);
  return Math.imul(value, 0x9e3779b1);
}

export function isEqual(kept: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (kept.length !== end - start) return false;
  for (let index = 0; index < kept.length; index++) {
    if (kept[index] !== bytes[start + index]) return false;
  }
  return true;
}

/** Whether bytes begin with a word; `more` where they end within it. */
export function startsWith(word: Uint8Array, bytes: Uint8Array, start: number, end: number): Recognition {
  const length = Math.min(end - start, word.length);
  for (let index = 0; index < length; index++) {
    if (bytes[start + index] !== word[index]) return 'no';
  }
  return length === word.length ? 'yes' : 'more';
}
