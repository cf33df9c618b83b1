import { describe, expect, it } from 'vitest';
import type { Side } from '../../model/connection.ts';
import type { TrackedConnection } from '../../model/tracked-connection.ts';
import { createConversations } from '../conversations.ts';
import { createProtocols } from '../registry.ts';
import { arrivalOf, bytesOf, trackedConnection } from '../testing/connection.ts';

/** An AMQP 0-9-1 frame: a method on channel 1. */
const frame = (payload: string): string => `\u0001\0\u0001\0\0\0${String.fromCharCode(payload.length)}${payload}\u00ce`;

const saying = (lines: readonly (readonly [Side, string])[], changes: Partial<TrackedConnection> = {}) => {
  const connection = trackedConnection(changes);
  let exchanges = 0;
  const driver = createConversations({ protocols: createProtocols(), emit: () => void exchanges++ });
  for (const [number, [from, text]] of lines.entries()) {
    const bytes = bytesOf(`~~~~~~${text}~`);
    driver.data(connection, from, bytes, 6, bytes.length - 1, arrivalOf(number + 1));
  }
  const isOpaque = driver.isOpaque(connection);
  for (const from of ['client', 'server'] as const) driver.end(connection, from, arrivalOf(100), 'fin');
  return { protocol: connection.protocol, isOpaque, exchanges };
};

const said = (protocol: string) => ({ protocol, isOpaque: true, exchanges: 0 });

describe('message brokers', () => {
  it.each<[string, readonly (readonly [Side, string])[]]>([
    ['amqp', [['client', 'AMQP\0\0\u0009\u0001']]],
    [
      'amqp',
      [
        ['client', 'AM'],
        ['client', 'QP\0\u0001\0\0'],
      ],
    ],
    ['mqtt', [['client', '\u0010\u0012\0\u0004MQTT\u0004\u0002\0<\0\u0006shop-1']]],
    ['mqtt', [['client', '\u0010\u00ff\u0001\0\u0006MQIsdp\u0003\u0002\0<']]],
    ['nats', [['server', 'INFO {"server_id":"NA","version":"2.10"}\r\n']]],
    ['stomp', [['client', 'CONNECT\naccept-version:1.2\n\n\0']]],
    ['stomp', [['client', 'STOMP\r\naccept-version:1.2\r\n\r\n\0']]],
  ])('%s is named, and nothing of it is taken for calls: %j', (protocol, lines) => {
    expect(saying(lines)).toEqual(said(protocol));
  });

  it('tells AMQP in the midst of a connection from a whole frame', () => {
    const midst = { syns: [], synAcks: [] };
    const acknowledged = frame('\0<\0P\0\0\0\0\0\0\0\u0007\0');
    expect(saying([['client', acknowledged]], midst)).toEqual(said('amqp'));
    expect(saying([['client', acknowledged.slice(0, -1)]], midst).protocol).not.toBe('amqp');
    expect(saying([['client', `\u0004${acknowledged.slice(1)}`]], midst).protocol).not.toBe('amqp');
  });

  it.each<[string, Side, string]>([
    ['a word that only begins like one', 'client', 'AMQ'],
    ['another message of MQTT’s shape', 'client', '\u0020\u0012\0\u0004MQTT\u0004\u0002\0<\0\u0006shop-1'],
    ['what a server says so', 'server', '\u0010\u0012\0\u0004MQTT\u0004\u0002\0<\0\u0006shop-1'],
    ['a broker’s word of the other side', 'server', 'AMQP\0\0\u0009\u0001'],
    ['a length that never ends', 'client', '\u0010\u00ff\u00ff\u00ff\u00ff\u00ff\0\u0004MQTT'],
    ['some other name', 'client', '\u0010\u0012\0\u0004MQTX\u0004\u0002'],
    ['an HTTP proxy’s CONNECT', 'client', 'CONNECT shop.example:443 HTTP/1.1\r\n\r\n'],
  ])('does not take %s for one', (_name, from, text) => {
    expect(['amqp', 'mqtt', 'nats', 'stomp']).not.toContain(saying([[from, text]]).protocol);
  });
});
