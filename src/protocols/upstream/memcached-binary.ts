import { signed32 } from '../../base/network-order.ts';
import { sawResponse } from '../exchange-record.ts';
import type { OpenExchange } from '../../model/tracked-connection.ts';
import type { Conversation, ConversationContext } from '../protocol.ts';
import { read16 } from './bytes.ts';
import { answeredFirst, askedFirst, askedMore } from '../endings.ts';
import { FrameReader } from './frames.ts';
import { InOrder, type Waiting } from './in-order.ts';
import { twoSides } from './two-sides.ts';

/* memcached's binary protocol (doc/protocol-binary.txt in its source, and its SASL extension). */

const HEAD = 24;
const REQUEST = 0x80;
const RESPONSE = 0x81;
const LONGEST = 1 << 30;
const LONGEST_KEY = 250;

/** By their numbers from 0; a q at the end: answered only where there is something to say. */
const VERBS = (
  'get set add replace delete incr decr quit flush_all getq noop version getk getkq append prepend stats setq addq ' +
  'replaceq deleteq incrq decrq quitq flush_allq appendq prependq verbosity touch gat gatq'
).split(' ');
const OTHERS: ReadonlyMap<number, string> = new Map([
  [0x20, 'sasl_list'],
  [0x21, 'sasl_auth'],
  [0x22, 'sasl_step'],
  [0x23, 'gatk'],
  [0x24, 'gatkq'],
]);
const QUIT = 'quit';
const STATS = 0x10;
/** Answers that are none: not found, exists, not stored. */
const NO_ERRORS: readonly number[] = [0, 1, 2, 5];
const AUTHENTICATION_CONTINUES = 0x21;
const ERRORS: ReadonlyMap<number, string> = new Map([
  [0x03, 'TOO_LARGE'],
  [0x04, 'INVALID_ARGUMENTS'],
  [0x06, 'NOT_A_NUMBER'],
  [0x07, 'WRONG_SERVER'],
  [0x08, 'AUTHENTICATION_ERROR'],
  [0x20, 'AUTHENTICATION_ERROR'],
  [0x81, 'UNKNOWN_COMMAND'],
  [0x82, 'OUT_OF_MEMORY'],
  [0x83, 'NOT_SUPPORTED'],
  [0x84, 'INTERNAL_ERROR'],
  [0x85, 'BUSY'],
  [0x86, 'TEMPORARY_FAILURE'],
]);

const verbOf = (code: number): string => VERBS[code] ?? OTHERS.get(code) ?? '';

/** Of what follows the head; less than 0 where it is none. */
function bodyLength(magic: number, bytes: Uint8Array, at: number): number {
  const key = read16(bytes, at + 2);
  const length = signed32(bytes, at + 8);
  const isFit = bytes[at] === magic && bytes[at + 5] === 0 && verbOf(bytes[at + 1] as number) !== '';
  if (!isFit || key > LONGEST_KEY || length < 0 || length > LONGEST) return -1;
  return key + (bytes[at + 4] as number) <= length ? length : -1;
}

export const isBinary = (bytes: Uint8Array, start: number): boolean =>
  bytes[start] === REQUEST || bytes[start] === RESPONSE;

/** Null where there is too little to tell. */
export function isBinaryMessage(fromClient: boolean, bytes: Uint8Array, start: number, end: number): boolean | null {
  const magic = fromClient ? REQUEST : RESPONSE;
  if (end - start < HEAD) return bytes[start] === magic ? null : false;
  return bodyLength(magic, bytes, start) >= 0;
}

/** The request that ends what is waited for: quiet ones before it are of one exchange with it. */
interface Note {
  code: number;
  number: number;
}

export function converseInBinary(context: ConversationContext): Conversation {
  const waiting = new InOrder<Note>(context, 'memcached');
  /** Quiet requests, to be closed by one that is answered. */
  let building: Waiting<Note> | undefined;
  let asked: OpenExchange | undefined;
  let answering: OpenExchange | undefined;
  let isOver = false;

  const requests: FrameReader = new FrameReader(
    {
      head(bytes, start, _end, first, arrival) {
        const length = bodyLength(REQUEST, bytes, start);
        if (length < 0) return -1;
        const code = bytes[start + 1] as number;
        const verb = verbOf(code);
        const isQuiet = verb.endsWith('q');
        const plain = isQuiet ? verb.slice(0, -1) : verb;
        asked = undefined;
        if (plain === QUIT) return length;
        if (building === undefined) {
          building = waiting.begin(first, { code, number: 0 });
          if (building !== undefined) building.exchange.method = plain;
        }
        if (building === undefined) return length;
        building.note.code = code;
        building.note.number = signed32(bytes, start + 12);
        asked = building.exchange;
        askedFirst(asked, first, arrival);
        if (!isQuiet) building = undefined;
        return length;
      },
      bytes(length, arrival) {
        if (asked !== undefined) askedMore(asked, length, arrival);
      },
      done() {},
      lost() {
        building = undefined;
        asked = undefined;
        waiting.requestsLost();
      },
      fits: (bytes, start, end) => isBinaryMessage(true, bytes, start, end) === true,
    },
    HEAD,
    context.fromStart,
  );

  const answers: FrameReader = new FrameReader(
    {
      head(bytes, start, _end, first, arrival) {
        const length = bodyLength(RESPONSE, bytes, start);
        if (length < 0) return -1;
        const front = waiting.front;
        const code = bytes[start + 1] as number;
        answering = front?.exchange;
        isOver = front === undefined || (front.note.code === code && front.note.number === signed32(bytes, start + 12));
        if (code === STATS && length > 0) isOver = false;
        if (answering === undefined) return length;
        answeredFirst(answering, first, arrival);
        const status = read16(bytes, start + 6);
        const isError = !NO_ERRORS.includes(status) && status !== AUTHENTICATION_CONTINUES;
        if (isError) answering.error = ERRORS.get(status) ?? `STATUS_${status}`;
        return length;
      },
      bytes(length, arrival) {
        if (answering !== undefined) sawResponse(answering, length, arrival);
      },
      done(arrival) {
        if (!isOver) return;
        const isError = answering !== undefined && answering.error !== null;
        waiting.answered(arrival, answers.tailLost ? 'incomplete' : isError ? 'error' : 'ok');
        answering = undefined;
      },
      lost() {
        answering = undefined;
        waiting.answersLost();
      },
      fits: (bytes, start, end) => isBinaryMessage(false, bytes, start, end) === true,
    },
    HEAD,
    context.fromStart,
  );

  return twoSides(requests, answers, waiting);
}
