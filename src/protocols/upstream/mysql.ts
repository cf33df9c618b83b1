import type { Arrival } from '../../model/tracked-connection.ts';
import { sawResponse } from '../exchange-record.ts';
import type { Conversation, ConversationContext, Protocol } from '../protocol.ts';
import { readLittle24, readLittle32 } from './bytes.ts';
import { Beginning } from './beginning.ts';
import { answeredFirst, askedFirst, askedMore } from '../endings.ts';
import { FrameReader, MAX_KEPT } from './frames.ts';
import { InOrder, type Waiting } from './in-order.ts';
import { Answer, type AnswerKind, LONGEST_PACKET, type Session } from './mysql-answer.ts';
import {
  CLIENT_COMPRESS,
  CLIENT_DEPRECATE_EOF,
  CLIENT_SSL,
  CLIENT_ZSTD,
  COMMANDS,
  COMPRESSED_HEAD,
  EXECUTE_COMMANDS,
  HEAD,
  isCommand,
  isHandshakeResponse,
  isPlainHead,
  mayBeAnswer,
  mayBeCommand,
  PREPARE_COMMAND,
  QUERY_COMMAND,
  recogniseGreeting,
  recognisePacket,
  sqlStart,
  SSL_REQUEST_LENGTH,
} from './mysql-packets.ts';
import { sqlVerb } from './sql-verb.ts';
import { remember } from './statements.ts';
import { twoSides } from './two-sides.ts';

/** MySQL and MariaDB. */
export const mysql: Protocol = {
  id: 'mysql',
  // MySQL, ProxySQL, TiDB
  ports: [3306, 6033, 4000],
  recognise: recognisePacket,
  open: converse,
};

interface Note {
  answer: Answer;
  /** What a statement that is prepared does. */
  verb: string;
  /** Its answer is compressed: it ended where the next command begins. */
  opaque: boolean;
}

// Of an OK packet: its flags stand behind two integers of up to nine octets.
const ANSWER_LOOK = 32;
// The statement that was prepared last (MariaDB).
const LAST_STATEMENT = 0xffff_ffff;

function converse(context: ConversationContext): Conversation {
  const waiting = new InOrder<Note>(context, 'mysql');
  const statements = new Map<number, string>();
  const session: Session = { deprecateEof: null };
  let lastPrepared = '';
  let authenticating = context.fromStart;
  /** The client said what it can do. */
  let agreed = false;
  let wantsTls = false;
  let encrypted: Conversation | null = null;
  let willCompress = false;
  let compresses = false;
  let asked: Waiting<Note> | undefined;
  const beginning = new Beginning();
  let packetLength = 0;
  /** A packet of the greatest length: the next one belongs to it. */
  let continues = false;
  let isPacked = false;
  let answering: Waiting<Note> | undefined;
  let answerLength = 0;
  let answerContinues = false;
  let isOver = false;

  function begin(first: Arrival, kind: AnswerKind, method: string): Waiting<Note> | undefined {
    endOpaque(first);
    const entry = waiting.begin(first, { answer: new Answer(kind, session), verb: '', opaque: false });
    if (entry === undefined) return undefined;
    entry.exchange.method = method;
    if (kind === 'stream') entry.exchange.shape = 'stream';
    return entry;
  }

  function endOpaque(arrival: Arrival): void {
    const front = waiting.front;
    if (front === undefined || !front.note.opaque || Number.isNaN(front.exchange.firstByteAt)) return;
    waiting.answered(arrival, 'ok');
  }

  /** The connection's first packet from the server, or, behind TLS, from the client. */
  function beginAuthentication(first: Arrival): Waiting<Note> | undefined {
    const entry = begin(first, 'authentication', 'AUTHENTICATE');
    if (entry === undefined) return undefined;
    const { establishedAt } = context.connection;
    // Until it greets the server may look the client's name up: the client waits from the handshake on.
    if (establishedAt <= first.time && answers.headLength === HEAD) {
      entry.exchange.startedAt = establishedAt;
      entry.exchange.requestedAt = establishedAt;
    }
    return entry;
  }

  const requests: FrameReader = new FrameReader(
    {
      head(bytes, start, _end, first, arrival) {
        const length = readLittle24(bytes, start);
        packetLength = length;
        const isPart = continues;
        continues = length === LONGEST_PACKET && !compresses;
        if (isPart) return length;
        beginning.drop();
        if (authenticating && agreed && bytes[start + 3] === 0) {
          // A command: signing in came to its end unseen.
          if (begunUnseen()) return -1;
        }
        isPacked = compresses && readLittle24(bytes, start + HEAD) !== 0;
        if (bytes[start + 3] === 0 && !authenticating) {
          if (length === 0) return -1;
          asked = undefined;
          beginning.start(first);
          requests.look = MAX_KEPT;
        } else {
          if (authenticating && waiting.size === 0) asked = beginAuthentication(first);
          else asked = waiting.front;
          if (authenticating) requests.look = 4;
          if (asked !== undefined) askedFirst(asked.exchange, first, arrival);
        }
        return length;
      },
      bytes(count, arrival) {
        if (beginning.pending) beginning.bytes(count);
        else if (asked !== undefined) askedMore(asked.exchange, count, arrival);
      },
      body(bytes, start, end, arrival) {
        if (authenticating) return agree(bytes, start, end);
        if (!beginning.pending) return;
        if (isPacked) beginPacked(beginning.first);
        else beginCommand(bytes, compresses ? start + HEAD : start, end, beginning.first);
        beginning.become(asked?.exchange, arrival);
      },
      done(arrival) {
        if (!wantsTls) return;
        wantsTls = false;
        waiting.answered(arrival, 'ok');
        waiting.abandon(arrival);
        requests.close();
        encrypted = context.carry('tls');
        context.become(encrypted);
      },
      lost(arrival) {
        endOpaque(arrival);
        beginning.drop();
        asked = undefined;
        continues = false;
        waiting.requestsLost();
      },
      fits(bytes, start, end) {
        const isInner = isPlainHead(bytes, start, end) && isCommand(bytes, start + COMPRESSED_HEAD, end);
        if (isInner) compress();
        if (isInner || (!compresses && mayBeCommand(bytes, start, end))) {
          authenticating = false;
          return true;
        }
        return authenticating && isHandshakeResponse(bytes, start, end) !== 'no';
      },
    },
    HEAD,
    context.fromStart,
  );

  /** What the client's handshake response asks for. */
  function agree(bytes: Uint8Array, start: number, end: number): void {
    if (end - start < 4 || packetLength < SSL_REQUEST_LENGTH || agreed) return;
    agreed = true;
    const flags = readLittle32(bytes, start);
    session.deprecateEof = (flags & CLIENT_DEPRECATE_EOF) === 0 ? false : null;
    willCompress = (flags & (CLIENT_COMPRESS | CLIENT_ZSTD)) !== 0;
    wantsTls = packetLength === SSL_REQUEST_LENGTH && (flags & CLIENT_SSL) !== 0;
    if (!wantsTls || asked === undefined) return;
    asked.exchange.method = 'STARTTLS';
    asked.exchange.shape = 'upgrade';
  }

  /** @returns whether the packet at hand is framed for compression, and was not read so */
  function begunUnseen(): boolean {
    authenticating = false;
    if (willCompress) compress();
    return willCompress;
  }

  function beginPacked(first: Arrival): void {
    asked = begin(first, 'result', '');
    if (asked !== undefined) asked.note.opaque = true;
  }

  function beginCommand(bytes: Uint8Array, start: number, end: number, first: Arrival): void {
    const code = start < end ? (bytes[start] as number) : -1;
    const command = COMMANDS.get(code);
    if (command?.answer === null) return;
    const kind = command?.answer ?? 'simple';
    const isQuery = code === QUERY_COMMAND || code === PREPARE_COMMAND;
    const verb = isQuery ? sqlVerb(bytes, sqlStart(bytes, start, end), end) : '';
    let method = command?.name ?? '';
    if (code === QUERY_COMMAND) method = verb;
    else if (EXECUTE_COMMANDS.includes(code)) method = statementVerb(bytes, start, end);
    asked = begin(first, kind, method);
    if (asked !== undefined) asked.note.verb = verb;
  }

  function statementVerb(bytes: Uint8Array, start: number, end: number): string {
    if (end - start < 5) return 'EXECUTE';
    const statement = readLittle32(bytes, start + 1) >>> 0;
    const verb = statement === LAST_STATEMENT ? lastPrepared : statements.get(statement);
    return verb === undefined || verb === '' ? 'EXECUTE' : verb;
  }

  const answers: FrameReader = new FrameReader(
    {
      head(bytes, start, _end, first, arrival) {
        answerLength = readLittle24(bytes, start);
        isOver = false;
        answering = waiting.front;
        if (authenticating && waiting.size === 0 && bytes[start + 3] === 0) answering = beginAuthentication(first);
        const isPart = answerContinues;
        answerContinues = answerLength === LONGEST_PACKET && !compresses;
        if (answering === undefined || isPart) return answerLength;
        if (compresses && readLittle24(bytes, start + HEAD) !== 0) answering.note.opaque = true;
        else answers.look = compresses ? MAX_KEPT : ANSWER_LOOK;
        if (answering.note.opaque && !compresses) answering.note.opaque = false;
        answeredFirst(answering.exchange, first, arrival);
        return answerLength;
      },
      bytes(count, arrival) {
        if (answering !== undefined) sawResponse(answering.exchange, count, arrival);
      },
      body(bytes, start, end) {
        if (answering === undefined) return;
        const { answer } = answering.note;
        if (compresses) isOver = inner(answering.note, bytes, start, end);
        else isOver = answer.packet(bytes, start, end, answerLength);
        if (isOver) answering.exchange.error ??= answer.error;
      },
      done(arrival) {
        if (answering === undefined || !isOver) return;
        isOver = false;
        const { exchange, note } = answering;
        if (note.answer.statement >= 0) {
          remember(statements, note.answer.statement, note.verb);
          lastPrepared = note.verb;
        }
        const wasAuthentication = authenticating && exchange.method === 'AUTHENTICATE';
        waiting.answered(arrival, answers.tailLost ? 'incomplete' : exchange.error === null ? 'ok' : 'error');
        if (!wasAuthentication) return;
        authenticating = false;
        if (exchange.error === null && willCompress) compress();
      },
      lost() {
        answerContinues = false;
        waiting.answersLost();
      },
      fits(bytes, start, end) {
        if (waiting.front !== undefined) return mayBeAnswer(bytes, start, end, answers.headLength);
        authenticating = recogniseGreeting(bytes, start, end) === 'yes';
        return authenticating;
      },
    },
    HEAD,
    context.fromStart,
  );

  function compress(): void {
    compresses = true;
    requests.headLength = COMPRESSED_HEAD;
    answers.headLength = COMPRESSED_HEAD;
  }

  /** The packets in one that is framed for compression, but was too short to be compressed. */
  function inner(note: Note, bytes: Uint8Array, start: number, end: number): boolean {
    let position = start;
    while (position + HEAD <= end) {
      const length = readLittle24(bytes, position);
      const body = position + HEAD;
      if (body + length > end) break;
      if (note.answer.packet(bytes, body, body + length, length)) return true;
      position = body + length;
    }
    note.opaque = true;
    return false;
  }

  return {
    ...twoSides(requests, answers, waiting),
    push(from, bytes, start, end, arrival) {
      if (from === 'server') waiting.heard(arrival.time);
      const read = (from === 'client' ? requests : answers).push(bytes, start, end, arrival);
      // The client needs no answer to begin with TLS.
      if (encrypted !== null && read < end) encrypted.push(from, bytes, read, end, arrival);
    },
    end(from, arrival, because) {
      if (from === 'server' || because !== 'fin') endOpaque(arrival);
      waiting.end(from, arrival, because);
    },
  };
}
