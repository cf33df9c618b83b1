import { describe, expect, it } from 'vitest';
import { createHttp2 } from '../http2/http2.ts';
import { get, headers, PREFACE, settings, status } from '../http2/testing/frames.ts';
import { FLAG } from '../http2/frame-header.ts';
import { talk, type Talk } from './testing/talk.ts';

const END = FLAG.endStream;
const UPGRADE = 'GET /first HTTP/1.1\r\nHost: api\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n';
const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n';
const text = (...frames: readonly Uint8Array[]): string => Buffer.concat(frames).toString('latin1');

/** What both say once they speak HTTP/2; the answer to the upgrade comes with the first. */
const goOn = (spoken: Talk, ...answers: readonly Uint8Array[]): Talk =>
  spoken
    .client(text(PREFACE, settings()))
    .server(text(settings(), ...answers))
    .client(text(headers(3, get('/third'), END)))
    .server(text(headers(3, status(204), END)));

const said = ({ exchanges }: Talk): unknown[] =>
  exchanges.map(({ protocol, path, status: code, outcome }) => [protocol, path, code, outcome]);
const FIRST = ['http/2', '/first', 200, 'ok'];
const THIRD = ['http/2', '/third', 204, 'ok'];
const answer = headers(1, status(200), END);

describe('a change to HTTP/2', () => {
  it('whose answer was lost shows in what the client says next', () => {
    const spoken = talk({}, [createHttp2()]).client(UPGRADE).lost('server', SWITCHING.length);
    expect(said(goOn(spoken, answer))).toEqual([FIRST, THIRD]);
  });

  it('whose answer was lost in part does, too', () => {
    const spoken = talk({}, [createHttp2()])
      .client(UPGRADE)
      .server(SWITCHING.slice(0, 40))
      .lost('server', SWITCHING.length - 40);
    expect(said(goOn(spoken, answer))).toEqual([FIRST, THIRD]);
  });

  it('through a proxy is told without the CONNECT, whose answer stays without its request', () => {
    const spoken = talk({}, [createHttp2()]).lost('client', 70).server('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    expect(said(goOn(spoken))).toEqual([['http/1.1', '', 200, 'incomplete'], THIRD]);
  });

  it('is none within a body', () => {
    const { exchanges, connection } = talk({}, [createHttp2()])
      .client(`POST /a HTTP/1.1\r\nHost: api\r\nContent-Length: ${PREFACE.length}\r\n\r\n`)
      .client(text(PREFACE))
      .server('HTTP/1.1 204 No Content\r\n\r\n');
    expect(exchanges).toMatchObject([{ protocol: 'http/1.1', status: 204, outcome: 'ok' }]);
    expect(connection.protocol).toBe('http/1.1');
  });
});
