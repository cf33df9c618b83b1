import { signed32 } from '../../base/network-order.ts';
import type { ExchangeOutcome } from '../../model/exchange.ts';
import type { Arrival } from '../../model/tracked-connection.ts';
import { sawResponse } from '../exchange-record.ts';
import type { Conversation, ConversationContext, Protocol } from '../protocol.ts';
import { latin1, zeroFrom } from './bytes.ts';
import { answeredFirst, askedFirst, askedMore } from '../endings.ts';
import { FrameReader, MAX_KEPT } from './frames.ts';
import { InOrder, type Waiting } from './in-order.ts';
import {
  areMessages,
  CANCEL_REQUEST,
  GSS_REQUEST,
  HEAD,
  isStartup,
  lengthOf,
  letter,
  SSL_REQUEST,
  sqlState,
  STARTUP_HEAD,
  startupLength,
} from './postgresql-messages.ts';
import { QUERY, sqlVerb } from './sql-verb.ts';
import { remember } from './statements.ts';
import { twoSides } from './two-sides.ts';

/** PostgreSQL, version 3 of its protocol ("Frontend/Backend Protocol" in its documentation). */
export const postgresql: Protocol = {
  id: 'postgresql',
  // PostgreSQL, PgBouncer, CockroachDB
  ports: [5432, 6432, 26257],
  recognise(from, bytes, start, end, fromStart) {
    const isFirst = from === 'client' ? isStartup(bytes, start, end) : 'no';
    if (isFirst === 'yes' || (fromStart && from === 'client')) return isFirst;
    if (fromStart && end - start === 1) return 'SNG'.includes(letter(bytes, start)) ? 'more' : 'no';
    return areMessages(from, bytes, start, end) ? 'yes' : 'no';
  },
  open: converse,
};

/** What must be known of a request to see the end of its answer. */
interface Note {
  /** What ends it: ReadyForQuery, the last reply behind a Flush, a single octet, the connection's end. */
  until: 'ready' | 'replies' | 'octet' | 'end';
  /** Messages of the extended protocol that were not replied to yet. */
  replies: number;
}

/** Kinds that a Bind makes more precise. */
const PRELIMINARY: readonly string[] = ['', 'PREPARE', 'DESCRIBE', 'CLOSE', 'SYNC', 'BEGIN'];
const EXTENDED: Readonly<Record<string, string>> = { P: '', B: '', D: 'DESCRIBE', E: 'FETCH', C: 'CLOSE' };
/** Messages that come whenever the server likes, or (G) only bid the client to go on. */
const NO_ANSWERS = 'ANG';
const REPLIES = '123CIsTn';
// The severity twice, then the code.
const ERROR_LOOK = 128;

function converse(context: ConversationContext): Conversation {
  const waiting = new InOrder<Note>(context, 'postgresql');
  const statements = new Map<string, string>();
  let startup = context.fromStart;
  /** The extended query that is being sent: all up to a Sync or a Flush is one exchange. */
  let building: Waiting<Note> | undefined;
  let flushed: Waiting<Note> | undefined;
  /** What the client's message at hand belongs to, and its type. */
  let asked: Waiting<Note> | undefined;
  let type = '';
  /** The same of the server's, and whether its end ends the exchange. */
  let answering: Waiting<Note> | undefined;
  let reply = '';
  let outcome: ExchangeOutcome | null = null;

  function begin(first: Arrival, until: Note['until'], method: string): Waiting<Note> | undefined {
    const entry = waiting.begin(first, { until, replies: 0 });
    if (entry !== undefined) entry.exchange.method = method;
    return entry;
  }

  function beginStartup(bytes: Uint8Array, at: number, first: Arrival): number {
    const length = startupLength(bytes, at);
    if (length < 0) return -1;
    const code = signed32(bytes, at + 4);
    if (code === SSL_REQUEST || code === GSS_REQUEST) {
      asked = begin(first, 'octet', 'STARTTLS');
      answers.headLength = 1;
    } else if (code === CANCEL_REQUEST) {
      asked = begin(first, 'end', 'CANCEL');
    } else {
      asked = begin(first, 'ready', 'AUTHENTICATE');
      startup = false;
      requests.headLength = HEAD;
    }
    return length - STARTUP_HEAD;
  }

  function beginMessage(bytes: Uint8Array, at: number, first: Arrival): number {
    const length = lengthOf(bytes, at, 'client');
    if (length < 0) return -1;
    type = letter(bytes, at);
    const extended = EXTENDED[type];
    asked = undefined;
    // A Flush that was not waited for: the query goes on.
    if (flushed !== undefined && !waiting.inDoubt && waiting.has(flushed)) {
      building = flushed;
      building.note.until = 'ready';
    }
    flushed = undefined;
    if (type === 'Q') {
      requests.look = MAX_KEPT;
      asked = begin(first, 'ready', QUERY);
      building = undefined;
    } else if (type === 'F') {
      asked = begin(first, 'ready', 'CALL');
    } else if (extended !== undefined) {
      building ??= begin(first, 'ready', extended);
      if (building !== undefined) building.note.replies++;
      if (extended === '') requests.look = MAX_KEPT;
      asked = building;
    } else if (type === 'S') {
      asked = building ??= begin(first, 'ready', 'SYNC');
    } else if (type === 'H') {
      asked = building;
    } else if (type === 'd' || type === 'c' || type === 'f') {
      const copying = building ?? waiting.front;
      if (copying?.exchange.shape === 'call') asked = copying;
    }
    return length - 4;
  }

  const requests: FrameReader = new FrameReader(
    {
      head(bytes, start, _end, first, arrival) {
        const length = startup ? beginStartup(bytes, start, first) : beginMessage(bytes, start, first);
        if (length >= 0 && asked !== undefined) askedFirst(asked.exchange, first, arrival);
        return length;
      },
      bytes(length, arrival) {
        if (asked !== undefined) askedMore(asked.exchange, length, arrival);
      },
      body(bytes, start, end) {
        if (asked === undefined) return;
        const { exchange } = asked;
        const name = zeroFrom(bytes, start, end);
        if (type === 'Q') {
          exchange.method = sqlVerb(bytes, start, end);
        } else if (name !== -1 && type === 'P') {
          remember(statements, latin1(bytes, start, name), sqlVerb(bytes, name + 1, end));
          if (exchange.method === '') exchange.method = 'PREPARE';
        } else if (name !== -1 && PRELIMINARY.includes(exchange.method)) {
          const statement = zeroFrom(bytes, name + 1, end);
          const key = latin1(bytes, name + 1, Math.max(name + 1, statement));
          exchange.method = statements.get(key) ?? 'EXECUTE';
        }
      },
      done(arrival) {
        if (building === undefined || (type !== 'S' && type !== 'H')) return;
        const sent = building;
        building = undefined;
        if (type === 'S') return;
        // After a Flush the server waits; after an error it answers nothing before a Sync.
        sent.note.until = 'replies';
        flushed = sent;
        if (sent.exchange.error !== null && sent === waiting.front) waiting.answered(arrival, 'error');
      },
      lost() {
        building = undefined;
        startup = false;
        requests.headLength = HEAD;
        waiting.requestsLost();
      },
      fits(bytes, start, end) {
        startup = isStartup(bytes, start, end) === 'yes';
        requests.headLength = startup ? STARTUP_HEAD : HEAD;
        return startup || areMessages('client', bytes, start, end);
      },
    },
    startup ? STARTUP_HEAD : HEAD,
    context.fromStart,
  );

  /** The answer to a request for encryption. */
  function answerOctet(bytes: Uint8Array, at: number): number {
    reply = letter(bytes, at);
    answering = waiting.front;
    outcome = 'ok';
    answers.headLength = HEAD;
    if (reply !== 'S' && reply !== 'G' && reply !== 'N') return -1;
    if (reply !== 'N' && answering !== undefined) answering.exchange.shape = 'upgrade';
    return 0;
  }

  function answerMessage(bytes: Uint8Array, at: number, arrival: Arrival): number {
    const length = lengthOf(bytes, at, 'server');
    if (length < 0) return -1;
    reply = letter(bytes, at);
    outcome = null;
    answering = NO_ANSWERS.includes(reply) ? undefined : waiting.front;
    if (reply === 'E') answers.look = ERROR_LOOK;
    // ReadyForQuery answers a Sync: what only a Flush stood behind is over.
    if (reply === 'Z') answering = behindFlushed(arrival);
    if (answering === undefined) {
      if (reply === 'Z') outcome = 'ok';
      return length - 4;
    }
    const { exchange, note } = answering;
    if (reply === 'Z') outcome = exchange.error === null ? 'ok' : 'error';
    else if (reply === 'W') exchange.shape = 'stream';
    else if (REPLIES.includes(reply)) note.replies--;
    return length - 4;
  }

  function behindFlushed(arrival: Arrival): Waiting<Note> | undefined {
    while (waiting.front?.note.until === 'replies') waiting.answered(arrival, 'ok');
    return waiting.front;
  }

  const answers: FrameReader = new FrameReader(
    {
      head(bytes, start, _end, first, arrival) {
        const isOctet = answers.headLength === 1;
        const length = isOctet ? answerOctet(bytes, start) : answerMessage(bytes, start, arrival);
        if (length >= 0 && answering !== undefined) answeredFirst(answering.exchange, first, arrival);
        return length;
      },
      bytes(length, arrival) {
        if (answering !== undefined) sawResponse(answering.exchange, length, arrival);
      },
      body(bytes, start, end) {
        if (answering !== undefined) answering.exchange.error ??= sqlState(bytes, start, end) ?? 'ERROR';
      },
      done(arrival) {
        if (answering !== undefined && outcome === null) outcome = verdict(answering);
        if (outcome === null) return;
        const isUpgrade = answering?.exchange.shape === 'upgrade';
        waiting.answered(arrival, answers.tailLost ? 'incomplete' : outcome);
        if (!isUpgrade) return;
        waiting.abandon(arrival);
        context.become(reply === 'S' ? context.carry('tls') : null);
      },
      lost() {
        waiting.answersLost();
      },
      fits(bytes, start, end) {
        const isOctet = end - start === 1 && waiting.front?.note.until === 'octet';
        answers.headLength = isOctet ? 1 : HEAD;
        return isOctet || areMessages('server', bytes, start, end);
      },
    },
    HEAD,
    context.fromStart,
  );

  /** Whether this message was the answer's last although ReadyForQuery doesn't follow. */
  function verdict({ exchange, note }: Waiting<Note>): ExchangeOutcome | null {
    if (reply === 'E') return note.until === 'replies' || exchange.method === 'AUTHENTICATE' ? 'error' : null;
    return note.until === 'replies' && note.replies <= 0 ? 'ok' : null;
  }

  return {
    ...twoSides(requests, answers, waiting),
    end(from, arrival, because) {
      if (from === 'server' && because === 'fin' && waiting.front?.note.until === 'end')
        waiting.answered(arrival, 'ok');
      waiting.end(from, arrival, because);
    },
  };
}
