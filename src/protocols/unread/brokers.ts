import type { Side } from '../../model/connection.ts';
import { startsWith } from '../octets.ts';
import type { Protocol, Recognition } from '../protocol.ts';

/*
 * Protocols of message brokers, which are named and not read: a broker hands out messages when it has some, and what a
 * client says then is no question. Told by whose turn it is, the time until the next message would be the broker's.
 */

type Recognise = Protocol['recognise'];

const octetsOf = (word: string): Uint8Array => Buffer.from(word, 'latin1');

const broker = (id: string, ports: readonly number[], recognise: Recognise): Protocol => ({
  id,
  ports,
  recognise,
  open(context) {
    const pass = (): void => context.become(null);
    return { push: pass, gap: pass, end: () => {} };
  },
});

/** A side's first words, of which one is enough; where the handshake is not in the capture they are the first all the same. */
function beginsWith(from: Side, ...words: readonly string[]): Recognise {
  const all = words.map(octetsOf);
  return (side, bytes, start, end) => (side === from ? startsWithOne(all, bytes, start, end) : 'no');
}

function startsWithOne(words: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): Recognition {
  let answer: Recognition = 'no';
  for (const word of words) {
    const one = startsWith(word, bytes, start, end);
    if (one === 'yes') return one;
    if (one === 'more') answer = one;
  }
  return answer;
}

// AMQP 0-9-1, sections 2.3.5 and 4.2.3: method, header, body or heartbeat, the channel, the length, and a last octet.
const FRAME_TYPES = [1, 2, 3, 8];
const FRAME_HEAD = 7;
const FRAME_END = 0xce;

function isFrame(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start <= FRAME_HEAD || !FRAME_TYPES.includes(bytes[start] as number)) return false;
  const length = new DataView(bytes.buffer, bytes.byteOffset + start + 3).getUint32(0);
  return start + FRAME_HEAD + length < end && bytes[start + FRAME_HEAD + length] === FRAME_END;
}

const amqpBegins = beginsWith('client', 'AMQP');

// MQTT 3.1.1, section 3.1: CONNECT, how long it is (section 2.2.3), and the protocol's name; 3.1 had another.
const CONNECT = 0x10;
const LONGEST_LENGTH = 4;
const MQTT_NAMES = ['\0\u0004MQTT', '\0\u0006MQIsdp'].map(octetsOf);

function connects(side: Side, bytes: Uint8Array, start: number, end: number): Recognition {
  if (side !== 'client' || bytes[start] !== CONNECT) return 'no';
  let position = start + 1;
  while (position < end && (bytes[position] as number) >= 0x80) position++;
  if (position - start > LONGEST_LENGTH) return 'no';
  return startsWithOne(MQTT_NAMES, bytes, Math.min(position + 1, end), end);
}

export const brokers: readonly Protocol[] = [
  broker('amqp', [5672], (side, bytes, start, end, fromStart) =>
    isFrame(bytes, start, end) ? 'yes' : amqpBegins(side, bytes, start, end, fromStart),
  ),
  broker('mqtt', [1883], connects),
  // Its server greets with what it can do (NATS client protocol, INFO).
  broker('nats', [4222], beginsWith('server', 'INFO {')),
  // STOMP 1.2, "Connecting".
  broker('stomp', [61_613], beginsWith('client', 'CONNECT\n', 'CONNECT\r\n', 'STOMP\n', 'STOMP\r\n')),
];
