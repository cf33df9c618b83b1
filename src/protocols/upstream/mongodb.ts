import type { OpenExchange } from '../../model/tracked-connection.ts';
import { sawResponse } from '../exchange-record.ts';
import type { Conversation, ConversationContext, Protocol } from '../protocol.ts';
import { ByNumber } from './by-number.ts';
import { readLittle32 } from './bytes.ts';
import { answeredFirst, askedFirst, askedMore } from '../endings.ts';
import { FrameReader, MAX_KEPT } from './frames.ts';
import { bodyLength, commandIn, errorIn, HEAD, isAnswered, isMessage, kindOf, moreToCome } from './mongodb-messages.ts';
import { twoSides } from './two-sides.ts';

/** MongoDB and what speaks like it (DocumentDB, FerretDB). */
export const mongodb: Protocol = {
  id: 'mongodb',
  // mongod or mongos, a shard, a config server
  ports: [27017, 27018, 27019],
  recognise(from, bytes, start, end, fromStart) {
    if (end - start < HEAD) return fromStart ? 'more' : 'no';
    return isMessage(from, bytes, start, end, fromStart) ? 'yes' : 'no';
  },
  open: converse,
};

function converse(context: ConversationContext): Conversation {
  const waiting = new ByNumber<null>(context, 'mongodb');
  let asked: OpenExchange | undefined;
  let kind = 0;
  let answering: OpenExchange | undefined;
  let answerKind = 0;
  let answered = 0;
  let number = 0;
  let isLast = true;

  const requests: FrameReader = new FrameReader(
    {
      head(bytes, start, _end, first, arrival) {
        const length = bodyLength(bytes, start);
        if (length < 0) return -1;
        kind = kindOf(bytes, start);
        asked = undefined;
        if (!isAnswered(bytes, start)) return length;
        asked = waiting.begin(readLittle32(bytes, start + 4), first, null);
        askedFirst(asked, first, arrival);
        requests.look = MAX_KEPT;
        return length;
      },
      bytes(length, arrival) {
        if (asked !== undefined) askedMore(asked, length, arrival);
      },
      body(bytes, start, end) {
        if (asked === undefined) return;
        const { name, waits } = commandIn(kind, bytes, start, end);
        asked.method = name;
        if (waits) asked.shape = 'stream';
      },
      done() {},
      lost() {
        asked = undefined;
      },
      fits: (bytes, start, end) => isMessage('client', bytes, start, end),
    },
    HEAD,
    context.fromStart,
  );

  const answers: FrameReader = new FrameReader(
    {
      head(bytes, start, _end, first, arrival) {
        const length = bodyLength(bytes, start);
        if (length < 0) return -1;
        answerKind = kindOf(bytes, start);
        number = readLittle32(bytes, start + 4);
        answered = readLittle32(bytes, start + 8);
        answering = waiting.find(answered)?.exchange;
        if (answering === undefined) return length;
        isLast = !moreToCome(bytes, start);
        if (!isLast) answering.shape = 'stream';
        answers.look = MAX_KEPT;
        answeredFirst(answering, first, arrival);
        return length;
      },
      bytes(length, arrival) {
        if (answering !== undefined) sawResponse(answering, length, arrival);
      },
      body(bytes, start, end) {
        if (answering !== undefined) answering.error = errorIn(answerKind, answering.method, bytes, start, end);
      },
      done(arrival) {
        if (answering === undefined) return;
        const outcome = answers.tailLost ? 'incomplete' : answering.error === null ? 'ok' : 'error';
        answering = undefined;
        if (isLast) waiting.answered(answered, arrival, outcome);
        else waiting.renumber(answered, number);
      },
      lost() {
        answering = undefined;
        waiting.answersLost();
      },
      fits: (bytes, start, end) => isMessage('server', bytes, start, end),
    },
    HEAD,
    context.fromStart,
  );

  return twoSides(requests, answers, waiting);
}
