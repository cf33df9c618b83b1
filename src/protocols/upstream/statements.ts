// Drivers keep 100 to 256 prepared statements of a connection; of more, the oldest are forgotten.
const MOST = 1024;

/** Remembers what a prepared statement does, so that its execution can be told. */
export function remember<Key>(statements: Map<Key, string>, key: Key, verb: string): void {
  if (statements.size >= MOST) {
    for (const oldest of statements.keys()) {
      statements.delete(oldest);
      break;
    }
  }
  statements.set(key, verb);
}
