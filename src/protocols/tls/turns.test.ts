import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../base/time.ts';
import { createKeyLog } from './key-log.ts';
import { answer, FINISHED_13, hello, sealed } from './testing/hellos.ts';
import { Talk } from './testing/talk.ts';

const data = (length: number): Buffer => sealed(23, length);
const opened = (alpn?: readonly string[]): Talk =>
  new Talk()
    .say('client', hello({ serverName: 'api.shop.example', ...(alpn === undefined ? {} : { alpn }) }), 0)
    .say('server', answer(), 10)
    .say('client', data(FINISHED_13), 20);
const inTheMidst = (): Talk => new Talk(undefined, false);
/** From its first byte, in milliseconds: until when it was asked, answered, and over. */
const times = ({ exchanges }: Talk): number[][] =>
  exchanges.map(({ startedAt, requestedAt, firstByteAt, duration }) =>
    [requestedAt - startedAt, firstByteAt - startedAt, duration].map((time) => time / milliseconds(1)),
  );

describe('calls inside TLS that nobody can read', () => {
  it('are what the client sends and what the server sends then', () => {
    const talk = opened()
      .say('client', data(300), 30)
      .say('client', data(900), 31)
      .say('server', data(400), 50)
      .say('server', data(4000), 53)
      .say('client', data(300), 100)
      .say('server', data(400), 120)
      .end();
    expect(times(talk)).toEqual([
      [1, 20, 23],
      [0, 20, 20],
    ]);
    expect(talk.exchanges[0]).toMatchObject({
      protocol: 'tls',
      shape: 'turn',
      host: 'api.shop.example',
      outcome: 'ok',
      place: 0,
      tlsDuration: milliseconds(20),
      requestBytes: 1200,
      responseBytes: 4400,
    });
    expect(talk.exchanges[1]).toMatchObject({ place: 1, reused: true });
  });

  it('are told in the midst of a connection, and end as it ends', () => {
    const talk = inTheMidst()
      .say('server', data(500), 0)
      .say('client', data(300), 10)
      .say('server', data(500), 15)
      .say('client', data(300), 20);
    // TCP saw both sides.
    talk.connection.packets = { client: 2, server: 2 };
    talk.end();
    expect(times(talk).map((all) => all.at(-1))).toEqual([5, 0]);
    expect(talk.exchanges.map(({ outcome }) => outcome)).toEqual(['ok', 'cancelled']);
  });

  it('are whole though the client says goodbye behind the answer', () => {
    const talk = opened().say('client', data(300), 30).say('server', data(400), 50).say('client', data(35), 60).end();
    expect(times(talk)).toEqual([[0, 20, 20]]);
  });

  it('are left open where bytes are missing, and told again behind them', () => {
    const talk = inTheMidst()
      .say('client', data(300), 10)
      .lose('server', 700)
      .say('client', data(300), 20)
      .say('server', data(500), 29)
      .end();
    expect(talk.exchanges.map(({ outcome }) => outcome)).toEqual(['incomplete', 'ok']);
  });

  it('are none where short records tell of HTTP/2 or of some other protocol', () => {
    const settled = opened(['h2', 'http/1.1'])
      .say('client', data(120), 30)
      .say('server', data(60), 50)
      .say('client', data(26), 51)
      .say('client', data(200), 60)
      .say('server', data(400), 80)
      .end();
    expect([settled.exchanges, settled.connection.exchanges, settled.connection.openExchanges]).toEqual([[], 0, 0]);
    const words = inTheMidst().say('client', data(31), 0).say('server', data(28), 1).say('client', data(90), 2).end();
    expect(words.exchanges).toEqual([]);
  });

  it('are none where HTTP/2 was agreed on, or where secrets may open them yet', () => {
    expect(opened(['h2']).say('client', data(300)).say('server', data(300)).end().exchanges).toEqual([]);
    const waiting = new Talk(createKeyLog(() => {}))
      .say('client', hello())
      .say('server', answer())
      .say('client', data(FINISHED_13));
    expect(waiting.say('client', data(300)).say('server', data(300)).end().exchanges).toEqual([]);
  });
});
