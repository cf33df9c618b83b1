import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nanoseconds } from '../../base/time.ts';
import type { Side } from '../../model/connection.ts';
import type { Exchange } from '../../model/exchange.ts';
import { inShort, talk } from './testing/talk.ts';

const MIDSTREAM = { syns: [], synAcks: [], rolesFrom: 'ports', connectDuration: nanoseconds(Number.NaN) } as const;

/** One exchange as bytes of both sides, and how it must come out. */
interface Said {
  request: string;
  response: string;
  interim: boolean;
  short: string;
}

const body = fc.stringMatching(/^[a-z\r\n ]{0,300}$/);
const framed = (start: string, content: string, chunked: boolean): string => {
  if (!chunked) return `${start}Content-Length: ${content.length}\r\n\r\n${content}`;
  const chunk = content === '' ? '' : `${content.length.toString(16)}\r\n${content}\r\n`;
  return `${start}Transfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`;
};
const said: fc.Arbitrary<Said> = fc
  .record({
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT'),
    path: fc.constantFrom('/a', '/b', '/c', '/orders', '/items'),
    status: fc.constantFrom(200, 201, 204, 304, 404, 500, 503),
    upload: body,
    download: body,
    chunkedUp: fc.boolean(),
    chunkedDown: fc.boolean(),
    interim: fc.boolean(),
  })
  .map(({ method, path, status, upload, download, chunkedUp, chunkedDown, interim }) => {
    const start = `${method} ${path} HTTP/1.1\r\nHost: api\r\n`;
    const hasUpload = method === 'POST' || method === 'PUT';
    const answer = framed(`HTTP/1.1 ${status} Word\r\n`, download, chunkedDown);
    const isEmpty = method === 'HEAD' || status === 204 || status === 304;
    return {
      request: hasUpload ? framed(start, upload, chunkedUp) : `${start}\r\n`,
      response: isEmpty ? answer.slice(0, answer.indexOf('\r\n\r\n') + 4) : answer,
      interim,
      short: `${method} ${path} ${status} ${status >= 500 ? 'error' : 'ok'}`,
    };
  });

/** Segments of some size, each of one side. */
interface Segment {
  from: Side;
  text: string;
  /** Which exchange it belongs to. */
  of: number;
}

function segmentsOf(exchanges: readonly Said[], sizes: readonly number[]): Segment[] {
  const segments: Segment[] = [];
  let next = 0;
  const cut = (from: Side, text: string, of: number): void => {
    for (let start = 0; start < text.length;) {
      const size = sizes[next++ % sizes.length] as number;
      segments.push({ from, text: text.slice(start, start + size), of });
      start += size;
    }
  };
  exchanges.forEach(({ request, response, interim }, index) => {
    cut('client', request, index);
    if (interim) cut('server', 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n', index);
    cut('server', response, index);
  });
  return segments;
}

const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 });
const conversation = fc.array(said, { minLength: 1, maxLength: 8 });

function say(segments: readonly Segment[], dropped = -1): Exchange[] {
  const spoken = talk();
  segments.forEach(({ from, text }, index) => {
    if (index === dropped) spoken.lost(from, text.length);
    else if (from === 'client') spoken.client(text);
    else spoken.server(text);
  });
  return spoken.over('captureEnd');
}

describe('whatever the segments', () => {
  it('the exchanges are the same', () => {
    fc.assert(
      fc.property(conversation, sizes, (exchanges, cuts) => {
        const found = say(segmentsOf(exchanges, cuts));
        expect(inShort(found)).toEqual(exchanges.map(({ short }) => short));
        expect(found.map(({ requestBytes }) => requestBytes)).toEqual(exchanges.map(({ request }) => request.length));
        expect(found.map(({ responseBytes }) => responseBytes)).toEqual(
          exchanges.map(({ response }) => response.length),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('pipelined ones are the same, too', () => {
    fc.assert(
      fc.property(conversation, sizes, (exchanges, cuts) => {
        const both = segmentsOf(exchanges, cuts);
        const ordered = [
          ...both.filter(({ from }) => from === 'client'),
          ...both.filter(({ from }) => from === 'server'),
        ];
        expect(inShort(say(ordered))).toEqual(exchanges.map(({ short }) => short));
      }),
    );
  });

  it('one that is lost takes with it only the exchange that it is of', () => {
    fc.assert(
      fc.property(conversation, sizes, fc.nat(), (exchanges, cuts, pick) => {
        const segments = segmentsOf(exchanges, cuts);
        const dropped = pick % segments.length;
        const found = inShort(say(segments, dropped));
        const touched = (segments[dropped] as Segment).of;
        // Whoever is not touched is found as it was, and in its turn.
        const before = exchanges.slice(0, touched).map(({ short }) => short);
        const after = exchanges.slice(touched + 1).map(({ short }) => short);
        expect(found.slice(0, before.length)).toEqual(before);
        expect(found.slice(found.length - after.length)).toEqual(after);
        expect(found.length - before.length - after.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 2000 },
    );
  });

  it('any bytes are survived, and no exchange lasts less than nothing', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 50 }),
      fc.constantFrom(
        'GET /a HTTP/1.1\r\n',
        'HTTP/1.1 200 OK\r\n',
        'Content-Length: 7\r\n',
        '\r\n',
        '\n\n',
        '5\r\n',
        ' ',
      ),
      fc.constantFrom(
        'Transfer-Encoding: chunked\r\n',
        'Upgrade: h2c\r\n',
        'CONNECT a:1 HTTP/1.0\r\n',
        'HTTP/1.1 101 X\r\n',
      ),
    );
    const event = fc.tuple(fc.constantFrom<Side>('client', 'server'), fc.array(piece, { maxLength: 6 }), fc.nat(30));
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), fc.boolean(), (events, opened) => {
        const spoken = talk(opened ? {} : MIDSTREAM);
        for (const [from, pieces, fate] of events) {
          if (fate === 0) spoken.lost(from, pieces.length * 10);
          else if (from === 'client') spoken.client(pieces.join(''));
          else spoken.server(pieces.join(''));
        }
        const found = spoken.over('fin');
        expect(found.every(({ duration }) => duration >= 0)).toBe(true);
        expect(spoken.connection.openExchanges).toBe(0);
        expect(spoken.connection.exchanges).toBe(found.length);
      }),
      { numRuns: 2000 },
    );
  });
});
