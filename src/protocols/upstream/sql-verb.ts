/** The kinds of statement that are told; another text is just a QUERY, so that nothing of it gets out. */
const VERBS: ReadonlySet<string> = new Set(
  (
    'ABORT ALTER ANALYZE BACKUP BASE_BACKUP BEGIN BINLOG CACHE CALL CHANGE CHECK CHECKPOINT CHECKSUM CLOSE CLUSTER ' +
    'COMMENT COMMIT COPY CREATE DEALLOCATE DECLARE DELETE DESC DESCRIBE DISCARD DO DROP END EXECUTE EXPLAIN FETCH ' +
    'FLUSH GET GRANT HANDLER HELP IDENTIFY_SYSTEM IMPORT INSERT INSTALL KILL LISTEN LOAD LOCK MERGE MOVE NOTIFY ' +
    'OPTIMIZE PREPARE PURGE REASSIGN REFRESH REINDEX RELEASE RENAME REPAIR REPLACE RESET RESIGNAL REVOKE ROLLBACK ' +
    'SAVEPOINT SECURITY SELECT SET SHOW SHUTDOWN SIGNAL START START_REPLICATION STOP TABLE TRUNCATE UNINSTALL ' +
    'UNLISTEN UNLOCK UPDATE USE VACUUM VALUES WITH XA'
  ).split(' '),
);
const LONGEST = 20;

/** A statement whose verb is not known. */
export const QUERY = 'QUERY';
/** What asks for nothing but an answer: pools and drivers see by it whether a connection lives. */
export const SELECT_ONE = 'SELECT 1';
/** Nothing, a semicolon or a comment alone: sent for the same reason. */
export const EMPTY = 'EMPTY';

const isSpace = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);
const isWordByte = (byte: number): boolean => (byte | 32) >= 97 && (byte | 32) <= 122;

/** The first word of a statement behind spaces, brackets and comments, if it is a known one; of `SELECT 1` all. */
export function sqlVerb(bytes: Uint8Array, start: number, end: number): string {
  let position = start;
  while (position < end) {
    const next = skipped(bytes, position, end);
    if (next === position) break;
    position = next;
  }
  if (isEmpty(bytes, start, position, end)) return EMPTY;
  let word = '';
  while (position < end && word.length <= LONGEST) {
    const byte = bytes[position++] as number;
    if (isWordByte(byte)) word += String.fromCharCode(byte & ~32);
    else if (byte === 95) word += '_';
    else break;
  }
  if (word === 'SELECT' && isOne(bytes, position - 1, end)) return SELECT_ONE;
  return VERBS.has(word) ? word : QUERY;
}

/** Only where its end was seen, which is a zero octet: of a long comment the statement may follow. */
const isEmpty = (bytes: Uint8Array, start: number, position: number, end: number): boolean =>
  position < end ? bytes[position] === 0 : end > start && bytes[end - 1] === 0;

/** Whether all that follows, behind spaces, is `1`. */
function isOne(bytes: Uint8Array, start: number, end: number): boolean {
  let position = start;
  while (position < end && isSpace(bytes[position] as number)) position++;
  if (position === start || bytes[position] !== ONE) return false;
  position++;
  while (position < end && (isSpace(bytes[position] as number) || bytes[position] === SEMICOLON)) position++;
  return position === end || bytes[position] === 0;
}

const ONE = 49;
const SEMICOLON = 59;
const SLASH = 47;
const STAR = 42;
const DASH = 45;
const HASH = 35;
const EXCLAMATION = 33;
const LINE_FEED = 10;

/** The position behind one thing that may stand before a statement. */
function skipped(bytes: Uint8Array, position: number, end: number): number {
  const byte = bytes[position] as number;
  const next = position + 1 < end ? (bytes[position + 1] as number) : 0;
  // An opening bracket, an empty statement.
  if (isSpace(byte) || byte === 40 || byte === SEMICOLON) return position + 1;
  if (byte === SLASH && next === STAR) {
    // MySQL runs what stands in /*!40101 … */.
    if (bytes[position + 2] === EXCLAMATION) return skipDigits(bytes, position + 3, end);
    return skipPast(bytes, position + 2, end, STAR, SLASH);
  }
  if (byte === DASH && next === DASH) return skipPast(bytes, position, end, LINE_FEED, -1);
  if (byte === HASH) return skipPast(bytes, position, end, LINE_FEED, -1);
  return position;
}

function skipPast(bytes: Uint8Array, start: number, end: number, first: number, second: number): number {
  for (let index = start; index < end; index++) {
    if (bytes[index] !== first) continue;
    if (second === -1) return index + 1;
    if (bytes[index + 1] === second) return Math.min(end, index + 2);
  }
  return end;
}

function skipDigits(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end && (bytes[position] as number) >= 48 && (bytes[position] as number) <= 57) position++;
  return position;
}
