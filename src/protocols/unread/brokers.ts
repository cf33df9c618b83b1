import type { Side } from '../../model/connection.ts';
import type { Conversation, ConversationContext, Protocol, Recognition } from '../protocol.ts';

/*
 * Protocols of message brokers, which are named and not read: a broker hands out messages when it has some, and what a
 * client says then is no question. Told by whose turn it is, the time until the next message would be the broker's.
 */

type Recognise = Protocol['recognise'];

const broker = (id: string, ports: readonly number[], recognise: Recognise): Protocol => ({
  id,
  ports,
  recognise,
  open: (context) => new Passed(context),
});

/** Nothing of it is read. */
class Passed implements Conversation {
  readonly #context: ConversationContext;

  constructor(context: ConversationContext) {
    this.#context = context;
  }

  push(): void {
    this.#context.become(null);
  }

  gap(): void {
    this.#context.become(null);
  }

  end(): void {}
}

/** A side's first words, of which one is enough; where the handshake is not in the capture they are the first all the same. */
const beginsWith =
  (from: Side, words: readonly string[]): Recognise =>
  (side, bytes, start, end) =>
    side === from ? best(words.map((word) => matches(word, bytes, start, end))) : 'no';

function matches(word: string, bytes: Uint8Array, start: number, end: number): Recognition {
  const length = Math.min(word.length, end - start);
  for (let index = 0; index < length; index++) {
    if (bytes[start + index] !== word.charCodeAt(index)) return 'no';
  }
  return length === word.length ? 'yes' : 'more';
}

const best = (answers: readonly Recognition[]): Recognition =>
  answers.find((answer) => answer === 'yes') ?? answers.find((answer) => answer === 'more') ?? 'no';

// AMQP 0-9-1, sections 2.3.5 and 4.2.3: method, header, body or heartbeat, the channel, the length, and a last octet.
const FRAME_TYPES = [1, 2, 3, 8];
const FRAME_HEAD = 7;
const FRAME_END = 0xce;

function isFrame(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start <= FRAME_HEAD || !FRAME_TYPES.includes(bytes[start] as number)) return false;
  const length = new DataView(bytes.buffer, bytes.byteOffset + start + 3).getUint32(0);
  return start + FRAME_HEAD + length < end && bytes[start + FRAME_HEAD + length] === FRAME_END;
}

const amqpBegins = beginsWith('client', ['AMQP']);

// MQTT 3.1.1, section 3.1: CONNECT, how long it is (section 2.2.3), and the protocol's name; 3.1 had another.
const CONNECT = 0x10;
const LONGEST_LENGTH = 4;
const MQTT_NAMES = ['\0\u0004MQTT', '\0\u0006MQIsdp'];

function connects(side: Side, bytes: Uint8Array, start: number, end: number): Recognition {
  if (side !== 'client' || bytes[start] !== CONNECT) return 'no';
  let position = start + 1;
  while (position < end && (bytes[position] as number) >= 0x80) position++;
  if (position - start > LONGEST_LENGTH) return 'no';
  return best(MQTT_NAMES.map((name) => matches(name, bytes, Math.min(position + 1, end), end)));
}

export const brokers: readonly Protocol[] = [
  broker('amqp', [5672], (side, bytes, start, end, fromStart) =>
    isFrame(bytes, start, end) ? 'yes' : amqpBegins(side, bytes, start, end, fromStart),
  ),
  broker('mqtt', [1883], connects),
  // Its server greets with what it can do (NATS client protocol, INFO).
  broker('nats', [4222], beginsWith('server', ['INFO {'])),
  // STOMP 1.2, "Connecting".
  broker('stomp', [61_613], beginsWith('client', ['CONNECT\n', 'CONNECT\r\n', 'STOMP\n', 'STOMP\r\n'])),
];
