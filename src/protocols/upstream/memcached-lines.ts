import type { Side } from '../../model/connection.ts';
import type { Recognition } from '../protocol.ts';
import { latin1 } from './bytes.ts';

/* memcached's text protocol (doc/protocol.txt in its source): lines, some with a block of data behind them. */

// KEY_MAX_LENGTH, and what else stands in a line.
const LONGEST_LINE = 512;

/** What answers a request: one line; values up to END; lines up to END; or nothing. */
export type Answer = 'line' | 'values' | 'lines' | 'meta' | 'stream' | null;

export interface Request {
  verb: string;
  answer: Answer;
  /** Of the block behind the line, with its end; 0 without. */
  length: number;
  /** Its answer may be left out (meta commands with the flag q). */
  quiet: boolean;
}

const VALUES = new Set(['get', 'gets', 'gat', 'gats']);
const STORES = new Set(['set', 'add', 'replace', 'append', 'prepend', 'cas']);
/** Answered by one line; with how many words they have at least. */
const SINGLE: ReadonlyMap<string, number> = new Map([
  ['incr', 3],
  ['decr', 3],
  ['touch', 3],
  ['delete', 2],
  ['flush_all', 1],
  ['version', 1],
  ['verbosity', 2],
  ['cache_memlimit', 2],
  ['slabs', 2],
  ['lru', 2],
  ['lru_crawler', 2],
]);
const META = new Set(['mg', 'ms', 'md', 'ma', 'me', 'mn']);
// item_size_max at most (1 GB).
const LONGEST_BLOCK = 1 << 30;
const LINE_END = 2;

const isCount = (text: string | undefined): boolean => text !== undefined && /^\d{1,10}$/.test(text);

/** The request that a line is; null where it is none. */
export function requestIn(bytes: Uint8Array, start: number, end: number): Request | null {
  // Every verb is in lower case: nearly all that is no request shows with its first byte.
  const first = bytes[start] as number;
  if ((first < 0x61 || first > 0x7a) && first !== 0x20) return null;
  const words = latin1(bytes, start, Math.min(end, start + LONGEST_LINE))
    .split(' ')
    .filter((word) => word !== '');
  const verb = words[0] ?? '';
  const request = (answer: Answer, length = 0): Request => ({ verb, answer, length, quiet: false });
  const silent = words.at(-1) === 'noreply';
  if (VALUES.has(verb)) return words.length > (verb.startsWith('gat') ? 2 : 1) ? request('values') : null;
  if (STORES.has(verb)) {
    const size = words[4];
    const isFit = isCount(words[2]) && /^-?\d{1,10}$/.test(words[3] ?? '') && isCount(size) && words.length <= 7;
    if (!isFit || Number(size) > LONGEST_BLOCK) return null;
    return request(silent ? null : 'line', Number(size) + LINE_END);
  }
  if (META.has(verb)) return metaRequest(verb, words);
  if (verb === 'stats') return request('lines');
  if (verb === 'watch') return request('stream');
  if (verb === 'quit') return words.length === 1 ? request(null) : null;
  return words.length >= (SINGLE.get(verb) ?? Infinity) ? request(silent ? null : 'line') : null;
}

function metaRequest(verb: string, words: readonly string[]): Request | null {
  if (verb === 'mn') return words.length === 1 ? { verb, answer: 'meta', length: 0, quiet: false } : null;
  if (words.length < 2) return null;
  const size = verb === 'ms' ? words[2] : '0';
  if (!isCount(size) || Number(size) > LONGEST_BLOCK) return null;
  const quiet = words.slice(verb === 'ms' ? 3 : 2).includes('q');
  return { verb, answer: 'meta', length: verb === 'ms' ? Number(size) + LINE_END : 0, quiet };
}

export interface Reply {
  /** The first word. */
  word: string;
  /** Of the block behind the line, with its end; 0 without. */
  length: number;
}

const REPLIES = new Set([
  'VALUE',
  'END',
  'STAT',
  'STORED',
  'NOT_STORED',
  'EXISTS',
  'NOT_FOUND',
  'DELETED',
  'TOUCHED',
  'OK',
  'VERSION',
  'RESET',
  'BUSY',
  'ERROR',
  'CLIENT_ERROR',
  'SERVER_ERROR',
  'HD',
  'VA',
  'EN',
  'NS',
  'EX',
  'NF',
  'MN',
  'ME',
]);
export const ERRORS: ReadonlySet<string> = new Set(['ERROR', 'CLIENT_ERROR', 'SERVER_ERROR']);
/** Of those, which no other protocol's lines begin with. */
const OWN_REPLIES = new Set(['VALUE', 'STAT', 'STORED', 'NOT_STORED', 'NOT_FOUND', 'DELETED', 'TOUCHED', 'VA', 'HD']);

/** The reply that a line is: incr and decr answer with a number. */
export function replyIn(bytes: Uint8Array, start: number, end: number): Reply | null {
  const words = latin1(bytes, start, Math.min(end, start + LONGEST_LINE)).split(' ');
  const word = words[0] ?? '';
  if (word === 'VALUE') return isCount(words[3]) ? { word, length: Number(words[3]) + LINE_END } : null;
  if (word === 'VA') return isCount(words[1]) ? { word, length: Number(words[1]) + LINE_END } : null;
  if (/^\d{1,20}$/.test(word)) return { word: '', length: 0 };
  return REPLIES.has(word) ? { word, length: 0 } : null;
}

const LONGEST_VERB = 15;

export function recogniseText(from: Side, bytes: Uint8Array, start: number, end: number): Recognition {
  const upTo = Math.min(end, start + LONGEST_LINE);
  let feed = 0;
  while (start + feed < upTo && bytes[start + feed] !== 10) feed++;
  if (start + feed === upTo) {
    const first = latin1(bytes, start, Math.min(upTo, start + LONGEST_VERB));
    return upTo === end && /^[a-z_]+( [\x21-\x7e ]*)?\r?$|^[A-Z_]+/.test(first) ? 'more' : 'no';
  }
  if (feed === 0) return 'no';
  const stop = bytes[start + feed - 1] === 13 ? start + feed - 1 : start + feed;
  if (from === 'client') {
    const request = requestIn(bytes, start, stop);
    // Other protocols have a quit, too.
    return request === null ? 'no' : request.verb === 'quit' ? 'more' : 'yes';
  }
  if (bytes[start + feed - 1] !== 13) return 'no';
  const reply = replyIn(bytes, start, stop);
  return reply === null ? 'no' : OWN_REPLIES.has(reply.word) ? 'yes' : 'more';
}
