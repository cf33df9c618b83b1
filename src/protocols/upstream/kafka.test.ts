import { describe, expect, it } from 'vitest';
import { kafka } from './kafka.ts';
import { APIS, errorName } from './kafka-names.ts';
import { big16, big32, cat, kafka as wire } from './testing/bytes.ts';
import { Talk } from './testing/talk.ts';

const { framed, text } = wire;
const request = (kind: number, version: number, number: number, body: string | Uint8Array = ''): Buffer =>
  wire.request(kind, version, number, 'console', body);
const answer = (number: number, ...parts: readonly (string | Uint8Array | readonly number[])[]): Buffer =>
  framed(cat(big32(number), ...parts));
const [PRODUCE, FETCH, METADATA, JOIN, HEARTBEAT, API_VERSIONS] = [0, 1, 3, 11, 12, 18];
/** A producer's request: who must have it before it is answered. */
const produce = (version: number, number: number, acks: number): Buffer =>
  request(
    PRODUCE,
    version,
    number,
    cat(version >= 9 ? [0, 0] : version >= 3 ? big16(-1) : [], big16(acks), big32(1000), new Uint8Array(40)),
  );

const refused = (number: number, flexible: boolean): Buffer =>
  flexible
    ? answer(number, [0, 2, 6], 'fruit', [2], big32(0), big16(6), new Uint8Array(30))
    : answer(number, big32(1), text('fruit'), big32(1), big32(0), big16(6), new Uint8Array(30));

describe('requests', () => {
  it('are named, and paired by number', () => {
    const talk = new Talk(kafka)
      .client(request(API_VERSIONS, 3, 1))
      .server(answer(1, [0, 0], new Uint8Array(40)))
      .client(request(METADATA, 9, 2), request(HEARTBEAT, 4, 3))
      .server(answer(2, new Uint8Array(30)), answer(3, [0], big32(0), big16(27), [0]));
    expect(talk.said).toEqual(['ApiVersions ok 1-2', 'Metadata ok 3-5', 'Heartbeat error REBALANCE_IN_PROGRESS 4-6']);
  });

  it('that wait for news last by design, and so does what is asked behind them', () => {
    const talk = new Talk(kafka)
      .client(request(FETCH, 12, 1), request(METADATA, 9, 2))
      .rest(500)
      .server(answer(1, [0], big32(0), big16(0), new Uint8Array(8)), answer(2, new Uint8Array(30)))
      .client(request(JOIN, 7, 3), request(METADATA, 9, 4))
      .server(answer(3, [0], big32(0), big16(79), new Uint8Array(8)), answer(4, new Uint8Array(30)));
    expect(talk.said.slice(0, 3)).toEqual([
      'Fetch stream ok 1-503',
      'Metadata stream ok 2-504',
      'JoinGroup stream error MEMBER_ID_REQUIRED 505-507',
    ]);
  });

  it('that want no answer are no exchange', () => {
    for (const version of [2, 3, 9]) {
      const talk = new Talk(kafka).client(produce(version, 1, 0)).client(produce(version, 2, -1));
      talk.server(answer(2, new Uint8Array(60))).finish();
      expect(talk.said, String(version)).toEqual(['Produce ok 2-3']);
    }
  });

  it('that are refused say why: of a producer its first partition', () => {
    const talk = new Talk(kafka)
      .client(produce(3, 1, 1))
      .server(refused(1, false))
      .client(produce(9, 2, 1))
      .server(refused(2, true));
    expect(talk.said).toEqual(['Produce error NOT_LEADER_OR_FOLLOWER 1-2', 'Produce error NOT_LEADER_OR_FOLLOWER 3-4']);
  });

  it('whose answers are lost end with the next that is answered', () => {
    const talk = new Talk(kafka)
      .client(request(METADATA, 9, 1), request(METADATA, 9, 2), request(METADATA, 9, 3))
      .server(answer(1, new Uint8Array(30)))
      .gap('server', 38)
      .server(answer(3, new Uint8Array(30)));
    expect(talk.said).toEqual(['Metadata ok 1-4', 'Metadata incomplete 2-2', 'Metadata ok 3-6']);
  });

  it('are never more than a bound', () => {
    const talk = new Talk(kafka);
    for (let number = 0; number < 3000; number++) talk.client(request(METADATA, 9, number));
    expect(talk.connection.openExchanges).toBe(1024);
    expect(talk.finish().connection.openExchanges).toBe(0);
  });
});

describe('names', () => {
  it('stand at their numbers', () => {
    expect([APIS[PRODUCE], APIS[FETCH], APIS[36], APIS[68]]).toEqual([
      'Produce',
      'Fetch',
      'SaslAuthenticate',
      'ConsumerGroupHeartbeat',
    ]);
    expect([errorName(0), errorName(-1), errorName(6), errorName(41), errorName(9999)]).toEqual([
      null,
      'UNKNOWN_SERVER_ERROR',
      'NOT_LEADER_OR_FOLLOWER',
      'NOT_CONTROLLER',
      'ERROR_9999',
    ]);
  });
});
