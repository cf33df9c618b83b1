import { at } from '../../base/time.ts';
import type { OpenExchange } from '../../model/tracked-connection.ts';
import { beganHeld, sawResponse } from '../exchange-record.ts';
import type { Conversation, ConversationContext, Protocol } from '../protocol.ts';
import { answeredFirst, askedFirst, askedMore } from '../endings.ts';
import { FrameReader, LINE } from './frames.ts';
import { InOrder, type Waiting } from './in-order.ts';
import { converseInBinary, isBinary, isBinaryMessage } from './memcached-binary.ts';
import { type Answer, ERRORS, recogniseText, replyIn, requestIn } from './memcached-lines.ts';
import { twoSides } from './two-sides.ts';

/** memcached, in its text protocol with the meta commands, and in its binary one. */
export const memcached: Protocol = {
  id: 'memcached',
  ports: [11211],
  recognise(from, bytes, start, end) {
    const isMessage = isBinaryMessage(from === 'client', bytes, start, end);
    if (isMessage === null) return 'more';
    return isMessage ? 'yes' : recogniseText(from, bytes, start, end);
  },
  open(context) {
    let conversation: Conversation | undefined;
    return {
      push(from, bytes, start, end, arrival) {
        conversation ??= isBinary(bytes, start) ? converseInBinary(context) : converse(context);
        conversation.push(from, bytes, start, end, arrival);
      },
      gap: (from, length, arrival) => conversation?.gap(from, length, arrival),
      end: (from, arrival, because) => conversation?.end(from, arrival, because),
    };
  },
};

const NEVER = at(Number.NaN);

interface Note {
  answer: Answer;
  /** The reply's word that ends the answer, where that is told by it: quiet requests are closed by `mn`. */
  until: string;
}

function converse(context: ConversationContext): Conversation {
  const waiting = new InOrder<Note>(context, 'memcached');
  /** Quiet requests: with what closes them they are one exchange. */
  let building: Waiting<Note> | undefined;
  let asked: OpenExchange | undefined;
  let answering: OpenExchange | undefined;
  let isOver = false;
  let isStream = false;
  /** When the latest request came, where it wants no answer. */
  let silentAt = NEVER;

  const requests: FrameReader = new FrameReader(
    {
      head(bytes, start, end, first, arrival) {
        const request = requestIn(bytes, start, end);
        asked = undefined;
        if (request === null) return start === end ? 0 : -1;
        const { verb, answer, length, quiet } = request;
        if (answer === null) {
          silentAt = first.time;
          return length;
        }
        const before = silentAt;
        silentAt = NEVER;
        const entry = building ?? waiting.begin(first, { answer, until: '' });
        building = quiet ? entry : undefined;
        if (entry === undefined) return length;
        const { exchange, note } = entry;
        if (exchange.method === '') exchange.method = verb;
        if (answer === 'stream') exchange.shape = 'stream';
        note.until = quiet || (note.until !== '' && verb === 'mn') ? 'MN' : '';
        asked = exchange;
        if (exchange.startedAt > before) beganHeld(context, exchange, before);
        askedFirst(exchange, first, arrival);
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
      fits: (bytes, start, end) => recogniseText('client', bytes, start, end) === 'yes',
    },
    LINE,
    context.fromStart,
  );

  const replies: FrameReader = new FrameReader(
    {
      head(bytes, start, end, first, arrival) {
        const reply = replyIn(bytes, start, end);
        if (reply === null) return -1;
        const { word, length } = reply;
        const front = waiting.front;
        answering = front?.exchange;
        if (ERRORS.has(word)) isOver = true;
        else if (front?.note.until === 'MN') isOver = word === 'MN';
        else isOver = word !== 'VALUE' && word !== 'STAT';
        if (front === undefined || answering === undefined) return length;
        isStream = front.note.answer === 'stream' && !ERRORS.has(word);
        answeredFirst(answering, first, arrival);
        if (ERRORS.has(word)) answering.error = word;
        return length;
      },
      bytes(length, arrival) {
        if (answering !== undefined) sawResponse(answering, length, arrival);
      },
      done(arrival) {
        // What follows a watch are lines of a log.
        if (isStream) replies.close();
        if (!isOver || isStream) return;
        const isError = answering !== undefined && answering.error !== null;
        waiting.answered(arrival, replies.tailLost ? 'incomplete' : isError ? 'error' : 'ok');
        answering = undefined;
      },
      lost() {
        answering = undefined;
        waiting.answersLost();
      },
      fits: (bytes, start, end) => recogniseText('server', bytes, start, end) !== 'no',
    },
    LINE,
    context.fromStart,
  );

  return twoSides(requests, replies, waiting);
}
