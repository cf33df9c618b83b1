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
