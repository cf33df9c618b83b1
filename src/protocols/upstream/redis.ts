import type { Arrival, OpenExchange } from '../../model/tracked-connection.ts';
import { beginExchange, endExchange, sawResponse } from '../exchange-record.ts';
import type { Conversation, ConversationContext, Protocol } from '../protocol.ts';
import { latin1 } from './bytes.ts';
import { Beginning } from './beginning.ts';
import { answeredFirst, askedMore, Endings, endWith } from '../endings.ts';
import { FrameReader, LINE } from './frames.ts';
import { InOrder } from './in-order.ts';
import {
  BLOCKING,
  commandName,
  MAY_BLOCK,
  MESSAGES,
  OTHER_COMMAND,
  POURING,
  SUBSCRIBING,
  UNSUBSCRIBING,
} from './redis-commands.ts';
import { DOLLAR, errorCode, numberIn, recogniseLine, STAR } from './redis-lines.ts';
import { twoSides } from './two-sides.ts';

/** Redis and what speaks like it (Valkey, KeyDB, Sentinel): RESP2 and RESP3. */
export const redis: Protocol = {
  id: 'redis',
  // Redis, with TLS, Sentinel
  ports: [6379, 6380, 26379],
  recognise: (from, bytes, start, end) => recogniseLine(from, bytes, start, end),
  open: converse,
};

// PROTO_MAX_MULTIBULK and proto-max-bulk-len as Redis has them by default.
const MOST_ARGUMENTS = 1 << 20;
const LONGEST_STRING = 512 << 20;
const LINE_END = 2;
const NAME_LOOK = 32;
/** Among so many arguments stands BLOCK, or CLIENT's REPLY. */
const OPTION_ARGUMENTS = 6;
const MOST_ELEMENTS = 2 ** 32;

function converse(context: ConversationContext): Conversation {
  const waiting = new InOrder<null>(context, 'redis');
  const endings = new Endings(context);
  /** Lasts while the client listens to channels. Its messages are nobody's answer. */
  let subscription: OpenExchange | undefined;
  let subscribes = false;
  let pushes = false;
  /** The server sends what is no reply any more, to the one at the front. */
  let pours = false;

  let asked: OpenExchange | undefined;
  const beginning = new Beginning();
  let argumentsLeft = 0;
  let argument = 0;
  let name = '';
  let option = '';

  function begin(arrival: Arrival): void {
    const { first } = beginning;
    asked = SUBSCRIBING.has(name) || UNSUBSCRIBING.has(name) ? subscribe(first) : command(first);
    beginning.become(asked, arrival);
  }

  function command(first: Arrival): OpenExchange | undefined {
    // Without pushes of their own messages leave no room for other commands.
    if (subscription !== undefined && !pushes && name !== 'PING') endSubscription(first);
    const entry = waiting.begin(first, null);
    if (entry === undefined) return undefined;
    entry.exchange.method = name;
    if (BLOCKING.has(name) || POURING.has(name)) entry.exchange.shape = 'stream';
    return entry.exchange;
  }

  function subscribe(first: Arrival): OpenExchange | undefined {
    subscribes = true;
    if (subscription !== undefined || UNSUBSCRIBING.has(name)) return undefined;
    subscription = beginExchange(context, 'redis', first);
    subscription.method = name;
    subscription.shape = 'stream';
    return subscription;
  }

  function endSubscription(arrival: Arrival): void {
    const ended = subscription;
    subscription = undefined;
    if (ended === undefined) return;
    if (Number.isNaN(ended.firstByteAt)) endExchange(context, ended, arrival, 'cancelled', 'client');
    else endExchange(context, ended, arrival, 'ok');
  }

  const requests: FrameReader = new FrameReader(
    {
      head(bytes, start, end, first) {
        if (argumentsLeft > 0) return argumentHead(bytes, start, end);
        beginning.start(first);
        asked = undefined;
        argument = 0;
        name = '';
        if (bytes[start] !== STAR) return inline(bytes, start, end);
        const count = numberIn(bytes, start + 1, end);
        if (!(count <= MOST_ARGUMENTS)) return -1;
        argumentsLeft = Math.max(0, count);
        return 0;
      },
      bytes(length, arrival) {
        if (beginning.pending) beginning.bytes(length);
        else if (asked !== undefined) askedMore(asked, length, arrival);
      },
      body(bytes, start, end) {
        const text = latin1(bytes, start, end);
        if (argument === 1) name = commandName(text);
        else option = text.toUpperCase();
      },
      done(arrival) {
        if (argument === 0 && argumentsLeft > 0) return;
        if (argument === 0 && name === '') beginning.drop();
        if (argument <= 1 && beginning.pending) begin(arrival);
        if (option !== '') takeOption(arrival);
      },
      lost() {
        argumentsLeft = 0;
        beginning.drop();
        asked = undefined;
        waiting.requestsLost();
      },
      fits: (bytes, start, end) => recogniseLine('client', bytes, start, end) === 'yes',
    },
    LINE,
    context.fromStart,
  );

  /** A command that a person types. */
  function inline(bytes: Uint8Array, start: number, end: number): number {
    const word = /^\s*([A-Za-z]*)/.exec(latin1(bytes, start, Math.min(end, start + NAME_LOOK)))?.[1] ?? '';
    if (word === '') return end > start ? -1 : 0;
    name = commandName(word);
    return name === OTHER_COMMAND ? -1 : 0;
  }

  function argumentHead(bytes: Uint8Array, start: number, end: number): number {
    const length = bytes[start] === DOLLAR ? numberIn(bytes, start + 1, end) : Number.NaN;
    if (!(length >= 0 && length <= LONGEST_STRING)) return -1;
    argumentsLeft--;
    argument++;
    option = '';
    if (argument === 1) {
      name = OTHER_COMMAND;
      requests.look = Math.min(length, NAME_LOOK);
    } else if (argument <= OPTION_ARGUMENTS && length === 5 && (MAY_BLOCK.has(name) || name === 'CLIENT')) {
      requests.look = length;
    }
    return length + LINE_END;
  }

  function takeOption(arrival: Arrival): void {
    if (option === 'BLOCK' && asked !== undefined && MAY_BLOCK.has(name)) asked.shape = 'stream';
    // CLIENT REPLY OFF or SKIP: from here on nobody can tell which command is answered.
    if (option === 'REPLY' && name === 'CLIENT' && argument === 2) {
      waiting.abandon(arrival);
      requests.close();
      replies.close();
    }
    option = '';
  }

  /** Elements of the reply at hand that are still to come. */
  let left = 0;
  let answering: OpenExchange | undefined;
  /** The reply may be a message: its first element tells. */
  let undecided = false;
  let isMessage = false;
  const reply = new Beginning();
  let error: string | null = null;
  /** The string at hand says what went wrong. */
  let hasError = false;

  function beginReply(type: string, first: Arrival, arrival: Arrival): void {
    left = 1;
    error = null;
    isMessage = type === '>';
    pushes ||= isMessage;
    undecided = type === '*' && subscribes && !pushes;
    answering = isMessage ? subscription : undecided ? undefined : waiting.front?.exchange;
    if (undecided) reply.start(first);
    else if (answering !== undefined) answeredFirst(answering, first, arrival);
  }

  function decide(word: string, arrival: Arrival): void {
    undecided = false;
    isMessage = MESSAGES.has(word);
    answering = isMessage ? subscription : waiting.front?.exchange;
    reply.becomeAnswer(answering, arrival);
  }

  /** @returns the length of the string that follows; -1 where this is no reply's line */
  function element(bytes: Uint8Array, start: number, end: number, isFirst: boolean): number {
    const type = String.fromCharCode(bytes[start] as number);
    if ('+-:_#,('.includes(type)) {
      if (type === '-' && isFirst) error = errorCode(latin1(bytes, start + 1, Math.min(end, start + NAME_LOOK)));
      left--;
      return 0;
    }
    const count = numberIn(bytes, start + 1, end);
    if (!(count >= -1 && count <= LONGEST_STRING)) return -1;
    if ('$=!'.includes(type)) {
      left--;
      if (count === -1) return 0;
      hasError = type === '!' && isFirst;
      if (undecided || hasError) replies.look = Math.min(count, NAME_LOOK);
      return count + LINE_END;
    }
    if ('*~>'.includes(type)) left += Math.max(0, count) - 1;
    else if (type === '%') left += 2 * Math.max(0, count) - 1;
    else if (type === '|') left += 2 * Math.max(0, count);
    else return -1;
    return left <= MOST_ELEMENTS ? 0 : -1;
  }

  const replies: FrameReader = new FrameReader(
    {
      head(bytes, start, end, first, arrival) {
        if (start === end) return -1;
        const isFirst = left === 0;
        if (isFirst) beginReply(String.fromCharCode(bytes[start] as number), first, arrival);
        const length = element(bytes, start, end, isFirst);
        if (undecided && !isFirst && length <= 0) decide('', arrival);
        return length;
      },
      bytes(length, arrival) {
        if (undecided) reply.bytes(length);
        else if (answering !== undefined) sawResponse(answering, length, arrival);
      },
      body(bytes, start, end, arrival) {
        const text = latin1(bytes, start, end);
        if (undecided) decide(text, arrival);
        else if (hasError) error = errorCode(text);
      },
      done(arrival) {
        if (left > 0) return;
        if (undecided) decide('', arrival);
        if (!isMessage) endReply(arrival);
      },
      lost() {
        left = 0;
        undecided = false;
        waiting.answersLost();
      },
      fits: (bytes, start, end) => recogniseLine('server', bytes, start, end) !== 'no',
    },
    LINE,
    context.fromStart,
  );

  function endReply(arrival: Arrival): void {
    const front = waiting.front?.exchange;
    if (front === undefined && error !== null && subscription !== undefined && !pushes) return refuse(arrival, error);
    if (front !== undefined) front.error = error;
    if (front !== undefined && error === null && POURING.has(front.method)) {
      pours = true;
      replies.close();
      return;
    }
    waiting.answered(arrival, replies.tailLost ? 'incomplete' : error === null ? 'ok' : 'error');
  }

  /** The client may not listen. */
  function refuse(arrival: Arrival, code: string): void {
    const refused = subscription as OpenExchange;
    if (!Number.isNaN(refused.firstByteAt)) return;
    subscription = undefined;
    refused.error = code;
    sawResponse(refused, 0, arrival);
    endExchange(context, refused, arrival, 'error');
  }

  const sides = twoSides(requests, replies, waiting);
  return {
    ...sides,
    push(from, bytes, start, end, arrival) {
      if (from === 'server' && pours && waiting.front !== undefined) {
        sawResponse(waiting.front.exchange, end - start, arrival);
      }
      sides.push(from, bytes, start, end, arrival);
    },
    end(from, arrival, because) {
      waiting.end(from, arrival, because);
      const ending = endings.of(from, because);
      if (ending === null || subscription === undefined) return;
      endWith(context, subscription, arrival, ending);
      subscription = undefined;
    },
  };
}
