// `too_many_pings`, `max_age`: what gRPC writes. Longer texts are messages, which may say anything.
const MAX_WORD = 32;
// What such words are made of in gRPC's Go, Java and C libraries, Netty, h2: another word may be anything, too.
const PARTS: ReadonlySet<string> = new Set(
  (
    'age alive app bytes calls calm cancelled client close closed closing connection drain draining enhance error ' +
    'exceeded failed frames going graceful handshake headers idle internal invalid keep keepalive limit many max ' +
    'memory overload ping pings protocol refused requested reset resets restart server session settings shutdown ' +
    'shutting stop stopping stream streams terminating time timed timeout too your'
  ).split(' '),
);

/** A GOAWAY's debug data where it is one plain word that is known, else null. */
export function readGoAwayWord(bytes: Uint8Array, start: number, end: number): string | null {
  if (start >= end || end - start > MAX_WORD) return null;
  let word = '';
  for (let at = start; at < end; at++) {
    const character = bytes[at] as number;
    if (character !== 0x5f && (character < 0x61 || character > 0x7a)) return null;
    word += String.fromCharCode(character);
  }
  return word.split('_').every((part) => PARTS.has(part)) ? word : null;
}
