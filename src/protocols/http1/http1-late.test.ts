import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../base/time.ts';
import { inShort, talk } from './testing/talk.ts';

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: api\r\n\r\n`;
const ok = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const at = (time: number) => ({ at: time });

describe('what lay behind a hole comes late, with its own time', () => {
  it('a request that is handed on behind its answer is the one that was answered', () => {
    const { exchanges } = talk()
      .client(get('/a'))
      .server(ok('a'))
      // The request for /b is lost; that for /c waits for it to be given up.
      .server(ok('b'))
      .server(ok('c'))
      .lost('client', 37)
      .client(get('/c'), at(3.5))
      .client(get('/d'))
      .server(ok('d'));
    expect(inShort(exchanges)).toEqual(['GET /a 200 ok', '- 200 incomplete', 'GET /c 200 ok', 'GET /d 200 ok']);
    expect(exchanges[2]).toMatchObject({ startedAt: milliseconds(3.5), duration: milliseconds(0.5) });
  });

  it('answers that are handed on behind later requests belong to the last before them', () => {
    const { exchanges } = talk()
      .client(get('/a'), at(1))
      .client(get('/b'), at(3))
      .client(get('/c'), at(5))
      .lost('server', 40)
      .server(ok('b'), at(4))
      .server(ok('c'), at(6));
    expect(inShort(exchanges)).toEqual(['GET /a unanswered incomplete', 'GET /b 200 ok', 'GET /c 200 ok']);
    expect(exchanges[1]?.duration).toBe(milliseconds(1));
  });

  it('an answer that came just before the client closed was taken', () => {
    const held = talk()
      .client(get('/a'), at(1))
      .client(get('/b'), at(3))
      .end('client', 'fin', at(8))
      .server('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n', at(2))
      .lost('server', 50)
      .server(ok('b'), at(4));
    expect(inShort(held.end('server', 'fin').exchanges)).toEqual(['GET /a 200 incomplete', 'GET /b 200 ok']);
  });

  it('an answer that the capture lacks, and that the client acknowledges as it closes, was taken', () => {
    const taken = talk().client(get('/a')).end('client', 'fin').lostWithLast('server', 489);
    expect(inShort(taken.end('server', 'fin').exchanges)).toEqual(['GET /a unanswered incomplete']);
    const late = talk().client(get('/a')).end('client', 'fin').lost('server', 489);
    expect(inShort(late.end('server', 'fin').exchanges)).toEqual(['GET /a unanswered cancelled by client']);
  });

  it('an answer that came long before the client closed was not whole for it', () => {
    const held = talk()
      .client(get('/a'), at(1))
      .end('client', 'fin', at(3000))
      .server('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n', at(2))
      .lost('server', 20)
      .server('x'.repeat(30), at(3));
    expect(inShort(held.end('server', 'captureEnd', at(4000)).exchanges)).toEqual(['GET /a 200 cancelled by client']);
  });
});
