import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Side } from '../model/connection.ts';
import { createConversations } from './conversations.ts';
import type { Conversation, ConversationContext, Protocol, Recognition } from './protocol.ts';
import { arrivalOf, bytesOf, trackedConnection } from './testing/connection.ts';

/** A protocol that is told by a word, and writes down what it hears. */
function wordProtocol(id: string, word: string, heard: string[], changes: Partial<Protocol> = {}): Protocol {
  return {
    id,
    ports: [],
    recognise: (_from, bytes, start, end): Recognition => {
      const text = Buffer.from(bytes.subarray(start, Math.min(end, start + word.length))).toString();
      if (text === word) return 'yes';
      return word.startsWith(text) ? 'more' : 'no';
    },
    open: (context): Conversation => {
      heard.push(`${id} open ${context.fromStart ? 'from start' : 'midstream'}`);
      return {
        push: (from, bytes, start, end, { number }) =>
          heard.push(`${id} ${from} ${Buffer.from(bytes.subarray(start, end)).toString()} #${number}`),
        gap: (from, length) => heard.push(`${id} ${from} gap ${length}`),
        end: (from, _arrival, because) => heard.push(`${id} ${from} ${because}`),
      };
    },
    ...changes,
  };
}

function setUp(...protocols: Protocol[]) {
  const driver = createConversations({ emit: () => undefined, protocols });
  const connection = trackedConnection();
  let number = 10;
  const say = (from: Side, text: string) => {
    const bytes = bytesOf(`<<${text}>>`);
    driver.data(connection, from, bytes, 2, bytes.length - 2, arrivalOf(number++));
  };
  return { driver, connection, say };
}

describe('conversations', () => {
  it('lets the protocol that knows the first bytes read both sides', () => {
    const heard: string[] = [];
    const { driver, connection, say } = setUp(wordProtocol('b', 'BBB', heard), wordProtocol('a', 'AAA', heard));
    say('client', 'AAA hello');
    say('server', 'answer');
    driver.end(connection, 'client', arrivalOf(20), 'fin');
    expect(connection.protocol).toBe('a');
    expect(heard).toEqual(['a open from start', 'a client AAA hello #10', 'a server answer #11', 'a client fin']);
    expect(driver.counts).toEqual({ recognised: 1, opaque: 0, droppedBytes: 0 });
  });

  it('keeps what came before the word was whole, each piece with its own packet', () => {
    const heard: string[] = [];
    const { say } = setUp(wordProtocol('a', 'AAAA', heard));
    for (const piece of ['A', 'A', 'AA!', 'then']) say('client', piece);
    expect(heard).toEqual([
      'a open from start',
      'a client A #10',
      'a client A #11',
      'a client AA! #12',
      'a client then #13',
    ]);
  });

  it('says again what the other side said first, and what was missing', () => {
    const heard: string[] = [];
    const { driver, connection, say } = setUp(wordProtocol('a', 'AAAA', heard));
    say('client', 'what is this');
    driver.gap(connection, 'client', 7, arrivalOf(11), false);
    say('server', 'AAAA');
    expect(heard).toEqual(['a open midstream', 'a client what is this #10', 'a client gap 7', 'a server AAAA #11']);
  });

  it('tries later segments in the midst of a connection, and only so often', () => {
    const heard: string[] = [];
    const { driver, connection, say } = setUp(wordProtocol('a', 'AAA', heard));
    Object.assign(connection, { syns: [], synAcks: [] });
    for (let count = 0; count < 100; count++) say('client', 'body AAA');
    say('client', 'AA');
    say('client', 'A then');
    expect(heard).toEqual(['a open midstream', 'a client AA #110', 'a client A then #111']);
    const other = trackedConnection({ syns: [], synAcks: [] });
    for (let count = 0; count < 9; count++) {
      for (const side of ['client', 'server'] as const) {
        driver.data(other, side, bytesOf('body'), 0, 4, arrivalOf(count));
      }
    }
    expect(driver.counts.opaque).toBe(1);
    driver.data(other, 'client', bytesOf('AAA'), 0, 3, arrivalOf(900));
    expect(other.protocol).toBe('tcp');
    const downloads = trackedConnection({ syns: [], synAcks: [] });
    for (const side of ['server', 'client'] as const) {
      for (let count = 0; count < 300; count++) driver.data(downloads, side, bytesOf('body'), 0, 4, arrivalOf(count));
    }
    driver.data(downloads, 'client', bytesOf('AAA'), 0, 3, arrivalOf(900));
    expect(downloads.protocol).toBeNull();
  });

  it('tries the segment itself where what was kept before it was no beginning', () => {
    const heard: string[] = [];
    const { connection, say } = setUp(wordProtocol('a', 'ABC', heard));
    Object.assign(connection, { syns: [], synAcks: [] });
    say('client', 'A');
    say('client', 'ABCD');
    expect(heard).toEqual(['a open midstream', 'a client ABCD #11']);
  });

  it('goes on behind a gap at the start', () => {
    const heard: string[] = [];
    const { driver, connection, say } = setUp(wordProtocol('a', 'AAA', heard));
    driver.gap(connection, 'client', 100, arrivalOf(1), false);
    say('client', 'AAA');
    expect(heard).toEqual(['a open midstream', 'a client gap 100', 'a client AAA #10']);
  });

  it('tells of what neither side makes known only whose turn it was, and reads no more once they take none', () => {
    const heard: string[] = [];
    const { driver, connection, say } = setUp(wordProtocol('a', 'AAA', heard));
    say('client', 'x');
    expect(driver.counts.opaque).toBe(0);
    say('server', 'y');
    expect(driver.counts.opaque).toBe(1);
    say('client', 'AAA');
    expect(heard).toEqual([]);
    expect(driver.isOpaque(connection)).toBe(false);
    driver.data(connection, 'client', bytesOf('z'), 0, 1, arrivalOf(900));
    expect(driver.isOpaque(connection)).toBe(true);
    driver.closed(connection);
    expect(driver.isOpaque(connection)).toBe(false);
  });

  it('does not call a silent connection unreadable', () => {
    const { driver, connection } = setUp();
    driver.end(connection, 'client', arrivalOf(1), 'reset');
    driver.end(connection, 'server', arrivalOf(1), 'reset');
    driver.closed(connection);
    expect(driver.counts.opaque).toBe(0);
  });

  it('keeps nothing of a connection whose sides have both ended, and hears their ends once', () => {
    const heard: string[] = [];
    const { driver, connection, say } = setUp(wordProtocol('a', 'PING', heard));
    say('client', 'PING');
    driver.end(connection, 'client', arrivalOf(20), 'fin');
    expect(connection.reader).not.toBeNull();
    driver.end(connection, 'server', arrivalOf(21), 'fin');
    expect(connection.reader).toBeNull();
    driver.closed(connection);
    expect(heard).toEqual(['a open from start', 'a client PING #10', 'a client fin', 'a server fin']);
  });

  it('lets the port decide where two say yes, else the order', () => {
    const heard: string[] = [];
    const protocols = [wordProtocol('a', 'PING', heard), wordProtocol('b', 'PING', heard, { ports: [8080] })];
    const first = setUp(...protocols);
    first.say('client', 'PING');
    expect(first.connection.protocol).toBe('b');
    const other = setUp(...protocols);
    other.connection.serverPort = 99;
    other.say('client', 'PING');
    expect(other.connection.protocol).toBe('a');
  });

  it('becomes another protocol, told by name or from its bytes, or opaque', () => {
    const heard: string[] = [];
    const upgrade: Protocol = {
      id: 'old',
      ports: [],
      recognise: (_from, bytes, start) => (bytes[start] === 0x40 ? 'yes' : 'no'),
      open: (context: ConversationContext) => ({
        push: (from, bytes, start, end, arrival) => {
          const [, to, rest] = Buffer.from(bytes.subarray(start, end)).toString().split(/[@:]/) as [
            string,
            string,
            string,
          ];
          heard.push(`old to ${to}`);
          if (to === 'null') return context.become(null);
          const next = context.carry(to === 'any' ? null : to);
          context.become(next);
          const left = bytesOf(rest);
          if (left.length > 0) next?.push(from, left, 0, left.length, arrival);
        },
        gap: () => undefined,
        end: () => undefined,
      }),
    };
    const protocols = [upgrade, wordProtocol('a', 'AAA', heard)];
    const named = setUp(...protocols);
    named.say('client', '@a:rest');
    named.say('server', 'more');
    expect(named.connection.protocol).toBe('a');
    expect(heard.splice(0)).toEqual(['old to a', 'a open from start', 'a client rest #10', 'a server more #11']);
    const told = setUp(...protocols);
    told.say('client', '@any:');
    told.say('server', 'AAA');
    expect(told.connection.protocol).toBe('a');
    expect(heard.splice(0)).toEqual(['old to any', 'a open from start', 'a server AAA #11']);
    const opaque = setUp(...protocols);
    opaque.say('client', '@null:');
    opaque.say('server', 'AAA');
    expect(opaque.driver.isOpaque(opaque.connection)).toBe(true);
    expect(heard).toEqual(['old to null']);
  });

  it('shows what a carrier carries, not the carrier', () => {
    const heard: string[] = [];
    const { connection, say } = setUp(wordProtocol('tls', 'T', heard, { isCarrier: true }));
    say('client', 'T');
    expect(connection.protocol).toBeNull();
  });

  it('numbers exchanges by input', () => {
    const ids: string[] = [];
    const numbering: Protocol = {
      ...wordProtocol('a', '', []),
      open: (context) => {
        ids.push(context.nextId(), context.nextId());
        return { push: () => undefined, gap: () => undefined, end: () => undefined };
      },
    };
    const driver = createConversations({ emit: () => undefined, protocols: [numbering] });
    for (const input of [0, 3, 0])
      driver.data(trackedConnection({ input }), 'client', bytesOf('x'), 0, 1, arrivalOf(1));
    expect(ids).toEqual(['0.e0', '0.e1', '3.e0', '3.e1', '0.e2', '0.e3']);
  });

  it('hands on each byte once and in order, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 2000 }), { maxLength: 12 }), fc.boolean(), (cuts, opened) => {
        const sent = `${'A'.repeat(900)}${'b'.repeat(6000)}`;
        const heard: string[] = [];
        const { connection, driver } = setUp({
          ...wordProtocol('a', 'A'.repeat(900), heard),
          open: () => ({
            push: (_from, bytes, start, end) => heard.push(Buffer.from(bytes.subarray(start, end)).toString()),
            gap: () => heard.push('gap'),
            end: () => undefined,
          }),
        });
        if (!opened) Object.assign(connection, { syns: [], synAcks: [] });
        let start = 0;
        for (const cut of [...cuts, sent.length]) {
          const end = Math.min(sent.length, start + cut);
          if (end > start) driver.data(connection, 'client', bytesOf(sent), start, end, arrivalOf(start));
          start = end;
        }
        expect(heard.join('')).toBe(sent);
      }),
    );
  });

  it('keeps a bounded part of many undecided connections, and lets go of all of it', () => {
    const { driver } = setUp(wordProtocol('a', 'A'.repeat(4000), []));
    const connections = Array.from({ length: 6000 }, () => trackedConnection());
    const bytes = bytesOf('A'.repeat(3000));
    for (const connection of connections) driver.data(connection, 'client', bytes, 0, bytes.length, arrivalOf(1));
    const dropped = (6000 - (16 << 20) / 4096) * 3000;
    expect(driver.counts.droppedBytes).toBe(dropped);
    for (const connection of connections) driver.closed(connection);
    for (const connection of connections.slice(0, 4000)) {
      driver.data(connection, 'client', bytes, 0, bytes.length, arrivalOf(1));
    }
    expect(driver.counts.droppedBytes).toBe(dropped);
  });
});
