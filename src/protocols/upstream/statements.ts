// Drivers keep 100 to 256 prepared statements of a connection; of more, the oldest are forgotten.
const MOST = 1024;

/** Remembers what a prepared statement does, so that its execution can be told. */
export function remember<Key>(statements: Map<Key, string>, key: Key, verb: string): void {
  // One that is prepared anew (PostgreSQL's without a name, for each query) is the newest again, and takes no other's place.
  statements.delete(key);
  if (statements.size >= MOST) statements.delete(statements.keys().next().value as Key);
  statements.set(key, verb);
}
