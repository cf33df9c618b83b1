import { signed32 } from '../../base/network-order.ts';
import type { Arrival, OpenExchange } from '../../model/tracked-connection.ts';
import { sawResponse } from '../exchange-record.ts';
import type { Conversation, ConversationContext, Protocol } from '../protocol.ts';
import { Beginning } from './beginning.ts';
import { ByNumber } from './by-number.ts';
import { read16 } from './bytes.ts';
import { answeredFirst, askedMore } from '../endings.ts';
import { FrameReader, MAX_KEPT } from './frames.ts';
import {
  PRODUCE,
  recogniseRequest,
  REQUEST_HEAD,
  requestLength,
  RESPONSE_HEAD,
  responseError,
  responseLength,
  WAITING_APIS,
  wantsNoAnswer,
} from './kafka-messages.ts';
import { APIS } from './kafka-names.ts';
import { twoSides } from './two-sides.ts';

/** Kafka: brokers, controllers and what speaks like them. Only requests can be told from other bytes. */
export const kafka: Protocol = {
  id: 'kafka',
  ports: [9092, 9093, 9094],
  recognise(from, bytes, start, end, fromStart) {
    return from === 'server' ? 'no' : recogniseRequest(bytes, start, end, fromStart);
  },
  open: converse,
};

interface Note {
  kind: number;
  version: number;
}

const isWaiting = (exchange: OpenExchange): boolean => WAITING_APIS.includes(exchange.method);

function converse(context: ConversationContext): Conversation {
  const waiting = new ByNumber<Note>(context, 'kafka');
  const beginning = new Beginning();
  let asked: OpenExchange | undefined;
  let kind = 0;
  let version = 0;
  let number = 0;
  let answering: OpenExchange | undefined;
  let answered: Note | undefined;
  let answeredNumber = 0;

  function begin(arrival: Arrival): void {
    const name = APIS[kind] ?? '';
    asked = waiting.begin(number, beginning.first, { kind, version });
    asked.method = name;
    // A broker answers one request of a connection at a time: what is asked behind one that waits, waits, too.
    if (WAITING_APIS.includes(name) || waiting.some(isWaiting)) asked.shape = 'stream';
    beginning.become(asked, arrival);
  }

  const requests = new FrameReader(
    {
      head(bytes, start, _end, first) {
        const length = requestLength(bytes, start);
        if (length < 0) return -1;
        kind = read16(bytes, start + 4);
        version = read16(bytes, start + 6);
        number = signed32(bytes, start + 8);
        asked = undefined;
        beginning.start(first);
        requests.look = kind === PRODUCE ? MAX_KEPT : 1;
        return length;
      },
      bytes(length, arrival) {
        if (beginning.pending) beginning.bytes(length);
        else if (asked !== undefined) askedMore(asked, length, arrival);
      },
      body(bytes, start, end, arrival) {
        if (kind === PRODUCE && wantsNoAnswer(version, bytes, start, end)) beginning.drop();
        else begin(arrival);
      },
      done() {},
      lost() {
        asked = undefined;
        beginning.drop();
      },
      fits: (bytes, start, end) => recogniseRequest(bytes, start, end, false) === 'yes',
    },
    REQUEST_HEAD,
    context.fromStart,
  );

  const answers = new FrameReader(
    {
      head(bytes, start, _end, first, arrival) {
        const length = responseLength(bytes, start);
        if (length < 0) return -1;
        answeredNumber = signed32(bytes, start + 4);
        const found = waiting.find(answeredNumber);
        answering = found?.exchange;
        answered = found?.note;
        answers.look = MAX_KEPT;
        if (answering !== undefined) answeredFirst(answering, first, arrival);
        return length;
      },
      bytes(length, arrival) {
        if (answering !== undefined) sawResponse(answering, length, arrival);
      },
      body(bytes, start, end) {
        if (answering === undefined || answered === undefined) return;
        answering.error = responseError(answered.kind, answered.version, bytes, start, end);
      },
      done(arrival) {
        if (answering === undefined) return;
        const outcome = answers.tailLost ? 'incomplete' : answering.error === null ? 'ok' : 'error';
        waiting.answered(answeredNumber, arrival, outcome);
        answering = undefined;
      },
      lost() {
        answering = undefined;
        waiting.answersLost();
      },
      fits: (bytes, start, end) =>
        end - start >= RESPONSE_HEAD &&
        responseLength(bytes, start) >= 0 &&
        waiting.find(signed32(bytes, start + 4)) !== undefined,
    },
    RESPONSE_HEAD,
    context.fromStart,
  );

  return twoSides(requests, answers, waiting);
}
