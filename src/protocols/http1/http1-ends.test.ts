import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../base/time.ts';
import { inShort, talk } from './testing/talk.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: api:8080\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const resetBy = (endedBy: 'client' | 'server' | null) =>
  inShort(talk({ ending: 'reset', endedBy }).client(GET).over('reset'));

describe('an end', () => {
  const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf';

  it('of the server leaves the request closed', () => {
    expect(inShort(talk().client(GET).end('server', 'fin').exchanges)).toEqual(['GET /a unanswered closed by server']);
    expect(inShort(talk().client(GET).server(HALF).end('server', 'fin').exchanges)).toEqual([
      'GET /a 200 closed by server',
    ]);
  });

  it('of the client is no end where the answer still comes', () => {
    const half = talk().client(GET).end('client', 'fin').server(OK);
    expect(inShort(half.end('server', 'fin').exchanges)).toEqual(['GET /a 200 ok']);
  });

  it('of the client cancels where none comes, at that moment', () => {
    const [exchange] = talk().client(GET).wait(50).end('client', 'fin').wait(90).end('server', 'fin').exchanges;
    expect(exchange).toMatchObject({ outcome: 'cancelled', endedBy: 'client', duration: milliseconds(51) });
    const cut = talk().client(GET).server(HALF).end('client', 'fin').end('server', 'captureEnd');
    expect(inShort(cut.exchanges)).toEqual(['GET /a 200 cancelled by client']);
  });

  it('of the client cancels where it refuses the late answer', () => {
    const late = talk({ ending: 'reset', endedBy: 'client' }).client(GET).end('client', 'fin').server(OK);
    expect(inShort(late.end('server', 'reset').exchanges)).toEqual(['GET /a 200 cancelled by client']);
  });

  it('of the client cancels even where the answer was lost later', () => {
    const lost = talk().client(GET).end('client', 'fin').lost('server', 5000).server('tail');
    expect(inShort(lost.end('server', 'captureEnd').exchanges)).toEqual(['GET /a unanswered cancelled by client']);
  });

  it('of a client that never sent the whole of its request leaves open when that was there', () => {
    const HEAD = 'POST /a HTTP/1.1\r\nHost: api:8080\r\nContent-Length: 3\r\n\r\n';
    const asked = (body: string) =>
      talk()
        .client(HEAD + body)
        .wait(50)
        .end('client', 'fin');
    const [part] = asked('a').server(OK).end('server', 'fin').exchanges;
    expect(part).toMatchObject({ status: 200, requestedAt: Number.NaN });
    const [never] = asked('a').end('server', 'fin').exchanges;
    expect(never).toMatchObject({ outcome: 'cancelled', requestedAt: Number.NaN });
    const [closed] = talk().client(`${HEAD}a`).wait(50).end('server', 'fin').exchanges;
    expect(closed).toMatchObject({ outcome: 'closed', requestedAt: closed?.startedAt });
    const [whole] = asked('abc').wait(90).end('server', 'fin').exchanges;
    expect(whole).toMatchObject({ outcome: 'cancelled', requestedAt: whole?.startedAt });
    const [cutOff] = talk().client(`${HEAD}a`).wait(50).over('captureEnd');
    expect(cutOff).toMatchObject({ outcome: 'incomplete', requestedAt: Number.NaN });
    // What answers before it has all does so of its own accord.
    const [refused] = talk().client(`${HEAD}a`).server(OK).wait(50).end('client', 'fin').end('server', 'fin').exchanges;
    expect(refused).toMatchObject({ requestedAt: refused?.startedAt });
  });

  it('by reset is by whoever sent it', () => {
    expect(resetBy('server')).toEqual(['GET /a unanswered reset by server']);
    expect(resetBy('client')).toEqual(['GET /a unanswered cancelled by client']);
    expect(resetBy(null)).toEqual(['GET /a unanswered reset']);
  });

  it('by reset cuts a body that ends with the connection', () => {
    const cut = talk({ endedBy: 'server' }).client(GET).server('HTTP/1.1 200 OK\r\n\r\nsome').over('reset');
    expect(inShort(cut)).toEqual(['GET /a 200 reset by server']);
  });

  it('of the server before the request: reuse of a connection that was being closed', () => {
    const reused = talk({ ending: 'reset', endedBy: 'server' }).client(GET).server(OK).end('server', 'fin').client(GET);
    expect(inShort(reused.end('client', 'reset').exchanges)).toEqual([
      'GET /a 200 ok',
      'GET /a unanswered reset by server',
    ]);
    const closed = talk().client(GET).server(OK).end('server', 'fin').client(GET).end('client', 'fin');
    expect(inShort(closed.exchanges).at(-1)).toBe('GET /a unanswered closed by server');
  });

  it('of the capture tells nothing', () => {
    for (const because of ['captureEnd', 'evicted', 'replaced'] as const) {
      expect(inShort(talk().client(GET).server(HALF).over(because))).toEqual(['GET /a 200 incomplete']);
    }
  });

  it('where only one direction was captured tells nothing, and keeps no more than a few', () => {
    const blind = talk({ packets: { client: 1, server: 0 }, synAcks: [] });
    for (let count = 0; count < 20; count++) blind.client(GET);
    expect(blind.exchanges).toHaveLength(4);
    expect(new Set(inShort(blind.end('client', 'fin').end('server', 'captureEnd').exchanges))).toEqual(
      new Set(['GET /a unanswered incomplete']),
    );
    const deaf = talk({ packets: { client: 0, server: 1 } })
      .server(OK)
      .server(OK)
      .over('fin');
    expect(inShort(deaf)).toEqual(['- 200 incomplete', '- 200 incomplete']);
  });
});
