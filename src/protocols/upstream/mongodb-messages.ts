import type { Side } from '../../model/connection.ts';
import { DOCUMENT, ARRAY, type Field, fields, isDocument, numberOf } from './bson.ts';
import { FULL_SEGMENT, latin1, readLittle32, zeroFrom } from './bytes.ts';

/* The shape of MongoDB's messages ("MongoDB Wire Protocol" in its manual): a head in little-endian order, a body by kind. */

/** Length, number, number of what it answers, kind; and the body's first four octets, which are flags in nearly all kinds. */
export const HEAD = 20;
// maxMessageSizeBytes
const LONGEST = 48_000_000;

export const REPLY = 1;
export const QUERY = 2004;
const GET_MORE = 2005;
const OLD_COMMAND = 2010;
export const COMPRESSED = 2012;
export const MESSAGE = 2013;
/** Kinds of a client's messages that are answered. */
const ANSWERED: readonly number[] = [QUERY, GET_MORE, OLD_COMMAND, COMPRESSED, MESSAGE];
const KINDS: ReadonlySet<number> = new Set([
  REPLY,
  2001,
  2002,
  QUERY,
  GET_MORE,
  2006,
  2007,
  OLD_COMMAND,
  2011,
  COMPRESSED,
  MESSAGE,
]);

const MORE_TO_COME = 2;
// Checksum, more to come, and that several answers are welcome (OP_MSG): of the first 16 bits unknown ones are refused.
const REQUIRED_FLAGS = 0xffff;
const KNOWN_FLAGS = 3;
/** Behind a reply's flags: cursor, position, count. */
const REPLY_FIELDS = 16;

const COMMANDS: ReadonlySet<string> = new Set(
  (
    'abortTransaction aggregate authenticate buildInfo buildinfo bulkWrite collMod collStats commitTransaction ' +
    'compact connectionStatus convertToCapped count create createIndexes createRole createUser currentOp dataSize ' +
    'dbStats delete distinct drop dropDatabase dropIndexes dropRole dropUser endSessions enableSharding explain find ' +
    'findAndModify findandmodify fsync geoNear getCmdLineOpts getDefaultRWConcern getFreeMonitoringStatus getLastError ' +
    'getLog getMore getParameter getlasterror getnonce grantRolesToUser group hello hostInfo insert isMaster ismaster ' +
    'isdbgrid killAllSessions killCursors killOp killSessions listCollections listCommands listDatabases listIndexes ' +
    'logout mapReduce ping profile refreshSessions renameCollection replSetFreeze replSetGetConfig replSetGetStatus ' +
    'replSetHeartbeat replSetInitiate replSetReconfig replSetRequestVotes replSetStepDown replSetUpdatePosition ' +
    'rolesInfo saslContinue saslStart serverStatus setParameter shardCollection shutdown startSession top update ' +
    'updateUser usersInfo validate whatsmyuri'
  ).split(' '),
);
export const OTHER_COMMAND = 'COMMAND';
// Of before OP_MSG.
const QUERY_METHOD = 'query';
const GET_MORE_METHOD = 'getMore';
/** They wait for news, by design, where they name how long. */
const WAITING: ReadonlyMap<string, string> = new Map([
  ['getMore', 'maxTimeMS'],
  ['hello', 'maxAwaitTimeMS'],
  ['isMaster', 'maxAwaitTimeMS'],
  ['ismaster', 'maxAwaitTimeMS'],
]);

export const kindOf = (bytes: Uint8Array, start: number): number => readLittle32(bytes, start + 12);

/** Of the body behind a head; less than 0 where this is none. */
export function bodyLength(bytes: Uint8Array, start: number): number {
  const length = readLittle32(bytes, start);
  return KINDS.has(kindOf(bytes, start)) && length >= HEAD && length <= LONGEST ? length - HEAD : -1;
}

/**
 * A message of that side, whole in this segment or longer than it.
 * @param isFirst it is the side's first: what is not there of it is on its way
 */
export function isMessage(from: Side, bytes: Uint8Array, start: number, end: number, isFirst = false): boolean {
  if (end - start < HEAD || bodyLength(bytes, start) < 0) return false;
  if (start + readLittle32(bytes, start) > end && end - start < FULL_SEGMENT && !isFirst) return false;
  const kind = kindOf(bytes, start);
  const body = start + HEAD;
  if (kind === COMPRESSED) return KINDS.has(readLittle32(bytes, start + 16));
  if (kind !== MESSAGE) return (kind === REPLY) === (from === 'server');
  if ((readLittle32(bytes, start + 16) & REQUIRED_FLAGS & ~KNOWN_FLAGS) !== 0) return false;
  return (
    body >= end || bytes[body] === 1 || (bytes[body] === 0 && (body + 6 > end || isDocument(bytes, body + 1, end)))
  );
}

/** Another message follows in the same direction, and none is expected from the other side. */
export const moreToCome = (bytes: Uint8Array, start: number): boolean =>
  kindOf(bytes, start) === MESSAGE && ((bytes[start + 16] as number) & MORE_TO_COME) !== 0;

export const isAnswered = (bytes: Uint8Array, start: number): boolean =>
  ANSWERED.includes(kindOf(bytes, start)) && !moreToCome(bytes, start);

export interface Command {
  name: string;
  /** It lasts by design. */
  waits: boolean;
}

/** What a request asks for; `body` stands behind the head. */
export function commandIn(kind: number, bytes: Uint8Array, body: number, end: number): Command {
  if (kind === GET_MORE) return { name: GET_MORE_METHOD, waits: false };
  if (kind === MESSAGE) return commandOf(bytes, documentIn(bytes, body, end), end);
  if (kind !== QUERY) return { name: kind === COMPRESSED ? '' : OTHER_COMMAND, waits: false };
  const stop = zeroFrom(bytes, body, end);
  const isCommand = stop !== -1 && latin1(bytes, Math.max(body, stop - 5), stop) === '.$cmd';
  return isCommand ? commandOf(bytes, stop + 9, end) : { name: QUERY_METHOD, waits: false };
}

/** Where the document of a message begins that has the command: sections of other documents may stand before it. */
function documentIn(bytes: Uint8Array, body: number, end: number): number {
  let position = body;
  while (position + 5 < end && bytes[position] === 1) {
    const length = readLittle32(bytes, position + 1);
    if (length < 4) return end;
    position += 1 + length;
  }
  return position + 1;
}

function commandOf(bytes: Uint8Array, start: number, end: number): Command {
  let name = '';
  for (const field of fields(bytes, start, end)) {
    if (name === '' && field.name === '$query') return commandOf(bytes, field.value, field.end);
    if (name === '') name = COMMANDS.has(field.name) ? field.name : OTHER_COMMAND;
    const option = WAITING.get(name);
    if (option === undefined) break;
    if (field.name === option) return { name, waits: true };
  }
  return { name: name === '' ? OTHER_COMMAND : name, waits: false };
}

/**
 * An answer's error number, `error` where it has none; null where all is well, or it isn't told.
 * What a query of before OP_MSG finds are documents, whose `ok` is the user's own.
 * @param method of the request
 */
export function errorIn(kind: number, method: string, bytes: Uint8Array, body: number, end: number): string | null {
  if (kind !== MESSAGE && kind !== REPLY) return null;
  const start = kind === MESSAGE ? documentIn(bytes, body, end) : body + REPLY_FIELDS;
  const areDocuments = kind === REPLY && (method === QUERY_METHOD || method === GET_MORE_METHOD);
  let failed = false;
  let code: number | null = null;
  for (const field of fields(bytes, start, end)) {
    if (field.name === '$err') failed = true;
    else if (areDocuments && !failed) continue;
    else if (field.name === 'ok') failed ||= numberOf(bytes, field) === 0;
    else if (field.name === 'code') code = numberOf(bytes, field);
    else if (isFailure(field)) {
      const inner = innerCode(bytes, field);
      failed ||= inner !== null;
      code ??= inner;
    }
  }
  if (!failed) return null;
  return code === null || Number.isNaN(code) ? 'error' : String(code);
}

const isFailure = ({ type, name }: Field): boolean =>
  (type === ARRAY && name === 'writeErrors') || (type === DOCUMENT && name === 'writeConcernError');

function innerCode(bytes: Uint8Array, { type, value, end }: Field): number | null {
  for (const field of fields(bytes, value, end)) {
    if (type === ARRAY && field.type === DOCUMENT) return innerCode(bytes, field);
    if (field.name === 'code') return numberOf(bytes, field);
  }
  return null;
}
