import type { Side } from '../../model/connection.ts';
import type { Recognition } from '../protocol.ts';
import type { AnswerKind } from './mysql-answer.ts';
import { FULL_SEGMENT, isText, readLittle16, readLittle24, zeroFrom } from './bytes.ts';

/*
 * The shape of MySQL's packets ("Client/Server Protocol" in MySQL's source documentation, and
 * MariaDB's): three octets of length, one that counts the packets of a command, a body.
 */

export const HEAD = 4;
/** With compression three octets follow: the length when unpacked, 0 where nothing is packed. */
export const COMPRESSED_HEAD = 7;

export interface Command {
  name: string;
  /** Null: nothing answers. */
  answer: AnswerKind | null;
}

const command = (name: string, answer: AnswerKind | null = 'simple'): Command => ({ name, answer });

export const COMMANDS: ReadonlyMap<number, Command> = new Map([
  [0x01, command('QUIT', null)],
  [0x02, command('USE')],
  [0x03, command('QUERY', 'result')],
  [0x04, command('FIELD_LIST', 'fields')],
  [0x05, command('CREATE')],
  [0x06, command('DROP')],
  [0x07, command('REFRESH')],
  [0x08, command('SHUTDOWN')],
  [0x09, command('STATISTICS', 'text')],
  [0x0a, command('PROCESS_INFO', 'result')],
  [0x0c, command('KILL')],
  [0x0d, command('DEBUG')],
  [0x0e, command('PING')],
  [0x11, command('AUTHENTICATE', 'authentication')],
  [0x12, command('BINLOG_DUMP', 'stream')],
  [0x13, command('TABLE_DUMP', 'stream')],
  [0x15, command('REGISTER_SLAVE')],
  [0x16, command('PREPARE', 'prepare')],
  [0x17, command('EXECUTE', 'result')],
  [0x18, command('LONG_DATA', null)],
  [0x19, command('CLOSE', null)],
  [0x1a, command('RESET')],
  [0x1b, command('SET_OPTION')],
  [0x1c, command('FETCH', 'rows')],
  [0x1e, command('BINLOG_DUMP', 'stream')],
  [0x1f, command('RESET_CONNECTION')],
  [0xfa, command('EXECUTE', 'result')],
]);
export const QUERY_COMMAND = 0x03;
export const PREPARE_COMMAND = 0x16;
export const EXECUTE_COMMANDS: readonly number[] = [0x17, 0xfa];

/** Capability flags. */
export const CLIENT_COMPRESS = 0x20;
export const CLIENT_PROTOCOL_41 = 0x200;
export const CLIENT_SSL = 0x800;
export const CLIENT_DEPRECATE_EOF = 0x0100_0000;
export const CLIENT_ZSTD = 0x0400_0000;

const GREETING = 10;
const ERROR = 0xff;
/** A handshake response up to the user's name, which alone asks for TLS. */
export const SSL_REQUEST_LENGTH = 32;
const SHORTEST_GREETING = 30;
const LONGEST_GREETING = 1024;
// mysqld refuses with numbers of its own, from ER_HASHCHK up to those of 8.0.
const ERRORS = { from: 1000, to: 13_999 };

/** Whether a client's or server's packet begins here. */
export function recognisePacket(
  from: Side,
  bytes: Uint8Array,
  start: number,
  end: number,
  fromStart: boolean,
): Recognition {
  if (end - start <= HEAD) return (bytes[start] as number) > 0 && end - start < HEAD && fromStart ? 'more' : 'no';
  if (fromStart && from === 'server') return recogniseGreeting(bytes, start, end);
  if (fromStart) return isHandshakeResponse(bytes, start, end);
  const isCompressed =
    from === 'client' && isCommand(bytes, start + COMPRESSED_HEAD, end) && isPlainHead(bytes, start, end);
  if (isCompressed) return 'yes';
  if (from === 'client') return isCommand(bytes, start, end) ? 'yes' : 'no';
  return isAnswer(bytes, start, end) || recogniseGreeting(bytes, start, end) === 'yes' ? 'yes' : 'no';
}

/** A compressed packet that holds one that was too short to be packed. */
export function isPlainHead(bytes: Uint8Array, start: number, end: number): boolean {
  const inner = start + COMPRESSED_HEAD;
  if (inner + HEAD > end || bytes[start + 3] !== 0 || readLittle24(bytes, start + 4) !== 0) return false;
  return readLittle24(bytes, start) === readLittle24(bytes, inner) + HEAD;
}

/** A connection's first packet: the server's version, or why it lets nobody in. */
export function recogniseGreeting(bytes: Uint8Array, start: number, end: number): Recognition {
  const length = readLittle24(bytes, start);
  const body = start + HEAD;
  if (bytes[start + 3] !== 0 || length > LONGEST_GREETING || body >= end) return 'no';
  if (bytes[body] === ERROR) return isError(bytes, body, end, length) ? 'yes' : 'no';
  if (bytes[body] !== GREETING || length < SHORTEST_GREETING) return 'no';
  const isVersion = end <= body + 1 || isDigit(bytes[body + 1] as number);
  const version = zeroFrom(bytes, body + 1, end);
  if (!isVersion || !isText(bytes, body + 1, version === -1 ? end : version)) return 'no';
  if (body + length > end) return 'more';
  // Behind a number and eight octets of salt stands a zero.
  return version !== -1 && body + length === end && bytes[version + 13] === 0 ? 'yes' : 'no';
}

const isDigit = (byte: number): boolean => byte >= 48 && byte <= 57;

function isError(bytes: Uint8Array, body: number, end: number, length: number): boolean {
  if (length < 4 || body + 4 > end) return false;
  const code = readLittle16(bytes, body + 1);
  return code >= ERRORS.from && code <= ERRORS.to && isText(bytes, body + 3, Math.min(end, body + length));
}

export function isHandshakeResponse(bytes: Uint8Array, start: number, end: number): Recognition {
  const sequence = bytes[start + 3] as number;
  const length = readLittle24(bytes, start);
  const body = start + HEAD;
  // Behind TLS its own request for that was the first.
  if ((sequence !== 1 && sequence !== 2) || length < SSL_REQUEST_LENGTH || length > 0xffff) return 'no';
  if (end - body < SSL_REQUEST_LENGTH) return 'more';
  if ((readLittle16(bytes, body) & CLIENT_PROTOCOL_41) === 0) return 'no';
  // Filler, of which MariaDB uses the last four octets.
  for (let index = body + 9; index < body + 28; index++) if (bytes[index] !== 0) return 'no';
  return 'yes';
}

/** A command, whole in this segment or longer than it. */
export function isCommand(bytes: Uint8Array, start: number, end: number): boolean {
  const body = start + HEAD;
  if (body >= end || bytes[start + 3] !== 0) return false;
  const length = readLittle24(bytes, start);
  const code = bytes[body] as number;
  if (length === 0 || !COMMANDS.has(code)) return false;
  const stop = body + length;
  if (stop > end && end - start < FULL_SEGMENT) return false;
  const known = Math.min(end, stop);
  if (code === QUERY_COMMAND || code === PREPARE_COMMAND) {
    const text = sqlStart(bytes, body, known);
    return known - text >= 4 && isText(bytes, text, Math.min(known, text + 32));
  }
  return stop <= end && length === FIXED_LENGTHS.get(code);
}

/** The same where it is known that MySQL is spoken. */
export function mayBeCommand(bytes: Uint8Array, start: number, end: number): boolean {
  const body = start + HEAD;
  if (body >= end || bytes[start + 3] !== 0 || !COMMANDS.has(bytes[body] as number)) return false;
  const stop = body + readLittle24(bytes, start);
  return stop === end || isCommand(bytes, start, end);
}

/** Lengths of the commands that have but one. */
const FIXED_LENGTHS: ReadonlyMap<number, number> = new Map([
  [0x01, 1],
  [0x09, 1],
  [0x0d, 1],
  [0x0e, 1],
  [0x19, 5],
  [0x1a, 5],
  [0x1b, 3],
  [0x1c, 9],
  [0x1f, 1],
]);

/** Where a statement's text begins: attributes may stand before it (CLIENT_QUERY_ATTRIBUTES), of which none are read. */
export function sqlStart(bytes: Uint8Array, body: number, end: number): number {
  if (bytes[body] !== QUERY_COMMAND || body + 2 >= end) return body + 1;
  const parameters = bytes[body + 1] as number;
  if (parameters === 0 && bytes[body + 2] === 1) return body + 3;
  return body + 1;
}

/**
 * An answer's first packet where one is waited for: it is whole, or fills the segment.
 * @param head its length: {@link HEAD} or {@link COMPRESSED_HEAD}
 */
export function mayBeAnswer(bytes: Uint8Array, start: number, end: number, head: number): boolean {
  if (end - start < head || bytes[start + 3] !== 1) return false;
  const length = readLittle24(bytes, start);
  return length > 0 && (start + head + length <= end || end - start >= FULL_SEGMENT);
}

const CATALOG = [3, 0x64, 0x65, 0x66];

/** An answer's first packet: OK, an error, or a count of columns and the first of them. */
function isAnswer(bytes: Uint8Array, start: number, end: number): boolean {
  const body = start + HEAD;
  if (body >= end || bytes[start + 3] !== 1) return false;
  const length = readLittle24(bytes, start);
  const stop = body + length;
  const first = bytes[body] as number;
  if (first === ERROR) return isError(bytes, body, end, length);
  // Without rows, a number or a text it is seven octets long; the warnings fill two.
  if (first === 0) return length === 7 && stop <= end && (bytes[body + 6] as number) === 0;
  if (length !== 1 && length !== 2) return false;
  if (stop + HEAD + CATALOG.length > end || bytes[stop + 3] !== 2) return false;
  return CATALOG.every((octet, index) => bytes[stop + HEAD + index] === octet);
}
