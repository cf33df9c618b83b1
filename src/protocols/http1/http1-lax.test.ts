import { describe, expect, it } from 'vitest';
import { inShort, talk } from './testing/talk.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: api:8080\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';

describe('lax reading', () => {
  it('takes bare line feeds, empty lines between messages, odd spaces', () => {
    const { exchanges } = talk()
      .client('\r\nGET  /a  HTTP/1.1\nhost:  api \n\n\r\n')
      .server('HTTP/1.1  200\nCONTENT-LENGTH:2\n\nhi')
      .client(GET)
      .server(OK);
    expect(inShort(exchanges)).toEqual(['GET /a 200 ok', 'GET /a 200 ok']);
    expect(exchanges[0]?.host).toBe('api');
  });

  it('passes over a head of any size up to its bound, and over lines without a colon', () => {
    const long = `GET /${'b'.repeat(40)}?${'x'.repeat(9000)} HTTP/1.1\r\nCookie: ${'c'.repeat(20_000)}\r\nnonsense\r\nHost: api\r\n\r\n`;
    const { exchanges } = talk()
      .client(long.slice(0, 5000))
      .client(long.slice(5000, 13_000))
      .client(long.slice(13_000))
      .server(OK);
    expect(exchanges[0]).toMatchObject({ path: '/{id}', host: 'api', requestBytes: long.length });
    const endless = talk()
      .client(`GET /a HTTP/1.1\r\nX: ${'x'.repeat(300_000)}`)
      .client('\r\n\r\n')
      .server(OK);
    expect(inShort(endless.client(GET).server(OK).exchanges)).toEqual(['GET /a 200 ok', 'GET /a 200 ok']);
  });

  it('goes on behind bytes that are no message', () => {
    const { exchanges } = talk()
      .client(GET)
      .server(`${OK}and more than was announced`)
      .client(`${GET}junk\r\n`)
      .server(OK)
      .client(GET)
      .server(OK);
    expect(inShort(exchanges)).toEqual(['GET /a 200 ok', 'GET /a 200 ok', 'GET /a 200 ok']);
  });

  it('goes on behind chunks that are none', () => {
    for (const bad of ['zz\r\n', '\r\n', '3\r\nabcd\r\n', 'ffffffffffffffff\r\n', '5x\r\n']) {
      const { exchanges } = talk()
        .client(GET)
        .server(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${bad}`)
        .client(GET)
        .server(OK);
      expect(inShort(exchanges)).toEqual(['GET /a 200 ok', 'GET /a 200 ok']);
    }
  });
});
