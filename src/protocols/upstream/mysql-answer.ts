import { readLittle16 } from './bytes.ts';

/** What a connection agreed on, as far as it was seen. */
export interface Session {
  /** CLIENT_DEPRECATE_EOF: an OK packet stands where an EOF packet was; null before it shows. */
  deprecateEof: boolean | null;
}

/** What the answer to a command looks like ("Command Phase" in MySQL's source documentation). */
export type AnswerKind = 'result' | 'rows' | 'prepare' | 'fields' | 'text' | 'simple' | 'authentication' | 'stream';

const OK = 0x00;
const LOCAL_INFILE = 0xfb;
const EOF = 0xfe;
const ERROR = 0xff;
const EOF_LENGTH = 5;
// MariaDB sends progress reports as errors of this number.
const PROGRESS = 0xffff;
const MORE_RESULTS = 0x0008;
const CURSOR_EXISTS = 0x0040;
export const LONGEST_PACKET = 0xff_ffff;

/** Follows the packets of one answer to its end. Rows are counted by their first octet, not read. */
export class Answer {
  /** The server's error number. */
  error: string | null = null;
  /** A prepared statement's number, -1 without. */
  statement = -1;
  readonly #kind: AnswerKind;
  readonly #session: Session;
  #at: 'first' | 'columns' | 'afterColumns' | 'rows' | 'definitions';
  #left = 0;
  #nextLeft = 0;

  constructor(kind: AnswerKind, session: Session) {
    this.#kind = kind;
    this.#session = session;
    this.#at = kind === 'rows' || kind === 'fields' ? 'rows' : 'first';
  }

  /**
   * One packet's first octets, and how long it is.
   * @returns whether it was the answer's last
   */
  packet(bytes: Uint8Array, start: number, end: number, length: number): boolean {
    if (length === 0 || start >= end) return false;
    const first = bytes[start] as number;
    if (first === ERROR && this.#at !== 'columns' && this.#at !== 'definitions') return this.#fail(bytes, start, end);
    if (this.#at === 'columns') return this.#column();
    if (this.#at === 'definitions') return this.#definition(first, length);
    if (this.#at === 'afterColumns') return this.#afterColumns(bytes, start, end, length);
    if (this.#at === 'rows') return first === EOF && length < LONGEST_PACKET && this.#ended(bytes, start, end, length);
    return this.#first(bytes, start, end, length);
  }

  #fail(bytes: Uint8Array, start: number, end: number): boolean {
    const code = end - start >= 3 ? readLittle16(bytes, start + 1) : 0;
    if (code === PROGRESS) return false;
    this.error = String(code);
    return true;
  }

  #first(bytes: Uint8Array, start: number, end: number, length: number): boolean {
    const first = bytes[start] as number;
    if (this.#kind === 'authentication') return first === OK;
    if (this.#kind === 'stream') return first === EOF && length < 9;
    if (this.#kind === 'prepare') return this.#prepared(bytes, start, end);
    if (this.#kind !== 'result') return true;
    if (first === OK) return !this.#moreResults(bytes, start, end, length);
    // The client sends a file, and is answered then.
    if (first === LOCAL_INFILE) return false;
    // The end of a former answer, of which it was not known that it had one.
    if (first === EOF) return length !== EOF_LENGTH;
    const size = integerSize(first);
    const hasFlag = length > size && size < end - start;
    this.#left = hasFlag && bytes[start + size] === 0 ? 0 : integer(bytes, start, end);
    this.#at = this.#left === 0 ? 'afterColumns' : 'columns';
    return false;
  }

  #column(): boolean {
    if (--this.#left <= 0) this.#at = 'afterColumns';
    return false;
  }

  #afterColumns(bytes: Uint8Array, start: number, end: number, length: number): boolean {
    this.#at = 'rows';
    if (bytes[start] !== EOF) return false;
    if (length !== EOF_LENGTH) return this.#ended(bytes, start, end, length);
    this.#session.deprecateEof = false;
    // The rows of a cursor are fetched by commands of their own.
    return (this.#status(bytes, start, end, length) & CURSOR_EXISTS) !== 0;
  }

  /** Rows, or the columns of a table, are over. */
  #ended(bytes: Uint8Array, start: number, end: number, length: number): boolean {
    if (length !== EOF_LENGTH) this.#session.deprecateEof ??= true;
    if (this.#kind !== 'result' || !this.#moreResults(bytes, start, end, length)) return true;
    this.#at = 'first';
    return false;
  }

  #prepared(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start < 9) return true;
    this.statement = readLittle16(bytes, start + 1) + readLittle16(bytes, start + 3) * 0x1_0000;
    const columns = readLittle16(bytes, start + 5);
    const parameters = readLittle16(bytes, start + 7);
    this.#left = parameters > 0 ? parameters : columns;
    this.#nextLeft = parameters > 0 ? columns : 0;
    this.#at = 'definitions';
    return this.#left === 0;
  }

  /** Parameters, then columns; each closed by an EOF packet where those are still in use. */
  #definition(first: number, length: number): boolean {
    const isEnd = first === EOF && length === EOF_LENGTH;
    if (isEnd) this.#session.deprecateEof = false;
    else this.#left--;
    const usesEof = this.#session.deprecateEof === false;
    if (isEnd && this.#left <= 0) return this.#nextDefinitions();
    if (this.#left > 0 || usesEof) return false;
    // Whether an EOF packet follows is not known: the next packet tells, or it comes too late to matter.
    if (this.#nextLeft === 0) return true;
    return this.#nextDefinitions();
  }

  #nextDefinitions(): boolean {
    this.#left = this.#nextLeft;
    this.#nextLeft = 0;
    return this.#left === 0;
  }

  #moreResults(bytes: Uint8Array, start: number, end: number, length: number): boolean {
    return (this.#status(bytes, start, end, length) & MORE_RESULTS) !== 0;
  }

  /** The status flags of an OK or EOF packet; 0 where they are not there. */
  #status(bytes: Uint8Array, start: number, end: number, length: number): number {
    if (bytes[start] === EOF && length === EOF_LENGTH) {
      return end - start >= EOF_LENGTH ? readLittle16(bytes, start + 3) : 0;
    }
    let position = start + 1;
    for (let skip = 0; skip < 2 && position < end; skip++) position += integerSize(bytes[position] as number);
    return position + 2 <= end ? readLittle16(bytes, position) : 0;
  }
}

/** Octets of a length-encoded integer that begins so. */
const integerSize = (first: number): number => (first < 0xfb ? 1 : first === 0xfc ? 3 : first === 0xfd ? 4 : 9);

/** Columns: more than 65535 there are not. */
function integer(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start] as number;
  return first === 0xfc && start + 3 <= end ? readLittle16(bytes, start + 1) : first;
}
