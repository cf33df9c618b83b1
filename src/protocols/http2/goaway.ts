// `too_many_pings`, `max_age`: what gRPC writes. Longer texts are messages, which may say anything.
const MAX_WORD = 32;

/** A GOAWAY's debug data where it is one plain word, else null. */
export function readGoAwayWord(bytes: Uint8Array, start: number, end: number): string | null {
  if (start >= end || end - start > MAX_WORD) return null;
  let word = '';
  for (let at = start; at < end; at++) {
    const character = bytes[at] as number;
    if (character !== 0x5f && (character < 0x61 || character > 0x7a)) return null;
    word += String.fromCharCode(character);
  }
  return word;
}
