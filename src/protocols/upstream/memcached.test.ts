import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../base/time.ts';
import { atMs, stallOf } from '../../model/testing/rows.ts';
import { memcached } from './memcached.ts';
import { memcachedBinary as binary } from './testing/bytes.ts';
import { Talk } from './testing/talk.ts';

describe('the text protocol', () => {
  it('has requests of one line, of a block, and pipelined; answers of values', () => {
    const talk = new Talk(memcached)
      .client('set k 0 0 5\r\nEND\r\n\r\nget k other\r\n', 'delete k\r\n')
      .server('STORED\r\nVALUE k 0 5\r\nEND\r\n\r\n', 'END\r\nNOT_FOUND\r\n');
    expect(talk.said).toEqual(['set ok 1-3', 'get ok 1-4', 'delete ok 2-4']);
  });

  it('answers no noreply and no quit; errors are told by their word', () => {
    const talk = new Talk(memcached)
      .client('set k 0 0 1 noreply\r\nx\r\n', 'incr k 1\r\n')
      .server('CLIENT_ERROR cannot increment secret\r\n')
      .client('stats\r\n')
      .server('STAT pid 1\r\n', 'STAT uptime 2\r\nEND\r\n')
      .client('quit\r\n')
      .end('server');
    expect(talk.said).toEqual(['incr error CLIENT_ERROR 2-3', 'stats ok 4-6']);
  });

  it('waits from a noreply on that holds back what is asked next', () => {
    const talk = new Talk(memcached).client('set k 0 0 1 noreply\r\nx\r\n').rest(40);
    // As TCP tells it: the third packet was held since the first, at 1 ms.
    talk.connection.stalls = [
      stallOf({ reason: 'delayed-ack', from: 'client', startedAt: atMs(1), duration: milliseconds(41) }),
    ];
    talk.client('get a\r\n').server('END\r\n').client('get b\r\n').server('END\r\n');
    expect(talk.exchanges.map(({ startedAt, requestedAt }) => [startedAt, requestedAt])).toEqual([
      [atMs(1), atMs(42)],
      [atMs(44), atMs(44)],
    ]);
    expect(talk.exchanges.map(({ stalls }) => stalls.length)).toEqual([1, 0]);
  });

  it('waits for nothing before what is asked after an answer, or long after a noreply', () => {
    const talk = new Talk(memcached).client('get a\r\n').server('END\r\n').client('set k 0 0 1 noreply\r\nx\r\n');
    talk.connection.stalls = [
      stallOf({ reason: 'delayed-ack', from: 'client', startedAt: atMs(1), duration: milliseconds(1) }),
    ];
    talk.rest(40).client('get a\r\n').server('END\r\n');
    expect(talk.exchanges.map(({ startedAt }) => startedAt)).toEqual([atMs(1), atMs(44)]);
  });

  it('has meta commands; quiet ones are one exchange with what closes them', () => {
    const talk = new Talk(memcached)
      .client('ms k 2 T0\r\nhi\r\n')
      .server('HD\r\n')
      .client('mg a v q\r\nmg b v q\r\nmg c v q\r\nmn\r\n')
      .server('VA 2\r\nhi\r\n', 'VA 4\r\nMN\r\n\r\n', 'MN\r\n')
      .client('mg a v\r\n')
      .server('EN\r\n');
    expect(talk.said).toEqual(['ms ok 1-2', 'mg ok 3-6', 'mg ok 7-8']);
  });

  it('pours what is watched', () => {
    const talk = new Talk(memcached)
      .client('watch fetchers\r\n')
      .server('OK\r\n', 'ts=1 gid=1 type=item_get key=secret\r\n')
      .end('client')
      .end('server');
    expect(talk.said).toEqual(['watch stream ok 1-2']);
  });

  it('finds its place behind missing bytes', () => {
    const talk = new Talk(memcached)
      .client('get a\r\n')
      .server(`VALUE a 0 3000\r\n${'x'.repeat(100)}`)
      .gap('server', 4000)
      .server('of another value\r\nEND\r\n')
      .client('get b\r\n')
      .server('END\r\n');
    expect(talk.said).toEqual(['get incomplete 1-2', 'get ok 5-6']);
  });
});

describe('the binary protocol', () => {
  const [ASK, ANSWER] = [0x80, 0x81];
  const [GET, SET, GETKQ, NOOP, STATS] = [0x00, 0x01, 0x0d, 0x0a, 0x10];

  it('has requests, answers that are none, and errors', () => {
    const talk = new Talk(memcached)
      .client(binary(ASK, GET, 1, 'k'), binary(ASK, SET, 2, 'k'))
      .server(binary(ANSWER, GET, 1, 'Not found', 1), binary(ANSWER, SET, 2, '', 0x82));
    expect(talk.said).toEqual(['get ok 1-3', 'set error OUT_OF_MEMORY 2-4']);
  });

  it('has quiet requests, which are one exchange with what closes them; statistics end with an empty one', () => {
    const talk = new Talk(memcached)
      .client(binary(ASK, GETKQ, 1, 'a'), binary(ASK, GETKQ, 2, 'b'), binary(ASK, NOOP, 3))
      .server(binary(ANSWER, GETKQ, 2, 'value'), binary(ANSWER, NOOP, 3))
      .client(binary(ASK, STATS, 4))
      .server(binary(ANSWER, STATS, 4, 'pid1'), binary(ANSWER, STATS, 4));
    expect(talk.said).toEqual(['getk ok 1-5', 'stats ok 6-8']);
  });
});
