import { describe, expect, it } from 'vitest';
import { FLAG, FRAME } from './frame-header.ts';
import {
  call,
  data,
  Encoder,
  frame,
  get,
  grpcStatus,
  headers,
  messages,
  ping,
  resetStream,
  status,
} from './testing/frames.ts';
import { opened, Talk } from './testing/talk.ts';

const END = FLAG.endStream;
const ADDED = 0x40;

describe('a connection whose start is missing', () => {
  it('knows static names, literals and what is added from now on', () => {
    const indexed = (stream: number): Buffer =>
      frame(FRAME.headers, END | FLAG.endHeaders, stream, Buffer.from([0x83, 0xc3, 0xc2]));
    const talk = new Talk(false)
      .client(1, indexed(101))
      .server(2, frame(FRAME.headers, FLAG.endHeaders | END, 101, Buffer.from([0x88])))
      .client(3, headers(103, get('/new'), END, ADDED))
      .server(4, headers(103, status(200), END))
      // Index 62 + 1 is now the path: authority, path, scheme and method were added in turn.
      .client(5, frame(FRAME.headers, END | FLAG.endHeaders, 105, Buffer.from([0x83, 0xbf, 0xc3])))
      .server(6, headers(105, status(200), END));
    expect(talk.exchanges.map(({ method, path, status: code, outcome }) => [method, path, code, outcome])).toEqual([
      ['POST', '', 200, 'ok'],
      ['GET', '/new', 200, 'ok'],
      ['POST', '/new', 200, 'ok'],
    ]);
  });

  it('tells gRPC by its messages and trailers, and what it can of its status', () => {
    const unknown = Buffer.from([0xe0, 0xe1]);
    const ask = (stream: number): Buffer[] => [
      frame(FRAME.headers, FLAG.endHeaders, stream, Buffer.from([0x83, 0xe5])),
      data(stream, messages(9), END),
    ];
    const { exchanges, connection } = new Talk(false)
      .client(1, ...ask(101), ...ask(103))
      .server(
        2,
        frame(FRAME.headers, FLAG.endHeaders, 101, Buffer.from([0x88, 0xe0])),
        data(101, messages(12)),
        frame(FRAME.headers, FLAG.endHeaders | END, 101, unknown),
      )
      .server(3, frame(FRAME.headers, FLAG.endHeaders | END, 103, Buffer.from([0x88, 0xe0, 0xe1])));
    expect(exchanges).toMatchObject([
      { protocol: 'grpc', outcome: 'ok', grpcStatus: -1, requestMessages: 1, responseMessages: 1 },
      { protocol: 'grpc', outcome: 'incomplete', grpcStatus: -1 },
    ]);
    expect(connection.protocol).toBe('grpc');
  });

  it('finds the next frame within a segment, and takes a stream that went on for incomplete', () => {
    const { exchanges } = new Talk(false)
      .server(1, Buffer.alloc(700, 0x2e), data(5, 300), headers(9, status(200), END))
      .client(2, headers(11, get('/'), END))
      .server(3, headers(11, status(200), END), headers(5, grpcStatus(0), END))
      .client(4, ping());
    expect(exchanges.map(({ path, outcome }) => [path, outcome])).toEqual([
      ['', 'incomplete'],
      ['/', 'ok'],
      ['', 'incomplete'],
    ]);
  });

  it('turns client and server round where requests come from the other side', () => {
    const { exchanges, connection } = new Talk(false)
      .client(1, data(5, 300))
      .server(2, headers(11, get('/'), END))
      .client(3, headers(11, status(200), END));
    expect(exchanges).toHaveLength(1);
    expect(exchanges[0]).toMatchObject({ client: '10.96.0.20', clientPort: 50_051, server: '10.0.0.1', outcome: 'ok' });
    expect(connection.openExchanges).toBe(0);
  });
});

describe('missing bytes', () => {
  it('within DATA lose nothing but the messages that they may have held', () => {
    const bytes = data(1, Buffer.concat([messages(1000), messages(5)]));
    const { exchanges } = opened()
      .client(1, headers(1, call('/a.B/C')), bytes.subarray(0, 100))
      .gap('client', 2, 300)
      .client(3, bytes.subarray(400), data(1, 0, END), headers(3, get('/after'), END))
      .server(4, headers(1, status(200)), headers(1, grpcStatus(0), END), headers(3, status(200), END));
    expect(exchanges).toMatchObject([
      { path: '/a.B/C', requestMessages: 2, outcome: 'ok' },
      { path: '/after', outcome: 'ok' },
    ]);
  });

  it('over the end of a frame lose what is in them, and names in the table', () => {
    const first = headers(1, get('/first'), END, ADDED);
    const { exchanges } = opened()
      .client(1, first, data(1, 0))
      .gap('client', 2, 60)
      .client(
        3,
        frame(FRAME.headers, END | FLAG.endHeaders, 5, Buffer.from([0x82, 0xbf])),
        headers(7, get('/seventh'), END),
      )
      .server(4, headers(1, status(200), END), headers(3, status(200), END))
      .server(5, headers(5, status(200), END), headers(7, status(200), END))
      .end(6);
    expect(exchanges.map(({ method, path, outcome }) => [method, path, outcome])).toEqual([
      ['GET', '/first', 'ok'],
      ['GET', '', 'ok'],
      ['GET', '/seventh', 'ok'],
      ['', '', 'incomplete'],
    ]);
  });

  it('hold back an answer that a reset of the client crosses', () => {
    const { exchanges, connection } = opened()
      .client(1, headers(1, get('/first'), END), headers(3, get('/third'), END), headers(5, get('/fifth'), END))
      .client(9, resetStream(1, 8), resetStream(3, 8), resetStream(5, 8))
      .server(8, headers(1, status(200), END), resetStream(3, 5))
      .server(10, headers(5, status(200), END));
    expect(exchanges.map(({ path, outcome, resetCode, duration }) => [path, outcome, resetCode, duration])).toEqual([
      ['/first', 'ok', -1, 7e6],
      ['/third', 'reset', 5, 7e6],
      ['/fifth', 'cancelled', 8, 8e6],
    ]);
    expect(connection.openExchanges).toBe(0);
  });

  it('hold back the other bytes of their side, which come with their own times, behind the answers', () => {
    const { exchanges, connection } = opened()
      .client(1, headers(1, get('/first')))
      .server(5, headers(1, status(200)), data(1, 10, END))
      .server(6, headers(3, status(201), END), resetStream(5, 8), data(1, 3))
      // What was sent long before, and told only when the hole was given up.
      .client(2, data(1, 70, END))
      .client(3, headers(3, get('/third'), END), headers(5, get('/fifth'), END))
      .client(4, headers(7, get('/seventh')))
      .client(9, ping());
    expect(
      exchanges.map(({ path, outcome, status: code, startedAt, requestedAt, duration }) => [
        path,
        outcome,
        code,
        startedAt / 1e6,
        requestedAt / 1e6,
        duration / 1e6,
      ]),
    ).toEqual([
      ['/first', 'ok', 200, 1, 2, 4],
      ['/third', 'ok', 201, 3, 3, 3],
      ['/fifth', 'reset', -1, 3, 3, 3],
    ]);
    expect(connection.openExchanges).toBe(1);
  });

  it('make no stream of what still comes of one that is over', () => {
    const talk = opened()
      .client(1, headers(1, call('/a.B/C'), 0))
      .server(2, headers(1, status(200), END))
      .client(3, data(1, 40))
      .gap('client', 4, 500)
      .client(5, data(1, 40), headers(3, get('/third'), END))
      .server(6, data(1, 30), headers(3, status(200), END))
      .end(7);
    expect(talk.exchanges.map(({ path, outcome }) => [path, outcome])).toEqual([
      ['/a.B/C', 'error'],
      ['/third', 'ok'],
    ]);
  });

  it('within headers lose their fields, not their stream', () => {
    const bytes = headers(1, get('/first'), END, ADDED);
    const { exchanges } = opened()
      .client(1, bytes.subarray(0, 20))
      .gap('client', 2, 10)
      .client(3, bytes.subarray(30), headers(3, get('/third'), END))
      .server(4, headers(1, status(200), END), headers(3, status(200), END));
    expect(exchanges.map(({ path, outcome }) => [path, outcome])).toEqual([
      ['', 'ok'],
      ['/third', 'ok'],
    ]);
  });

  it('broken headers end the reading of that side’s fields', () => {
    const { exchanges } = opened()
      .client(1, frame(FRAME.headers, END | FLAG.endHeaders, 1, Buffer.from([0xff, 0xff, 0x7f])))
      .client(2, headers(3, get('/third'), END))
      .server(3, headers(1, status(200), END), headers(3, status(201), END));
    expect(exchanges.map(({ path, status: code, outcome }) => [path, code, outcome])).toEqual([
      ['', 200, 'ok'],
      ['', 201, 'ok'],
    ]);
  });

  it('may have held the ends of streams: no connection’s end makes up for them', () => {
    const { exchanges } = opened()
      .client(1, headers(1, get('/first'), END), headers(3, get('/third'), END))
      .server(4, headers(1, status(200)))
      .gap('server', 4, 700)
      .client(6, headers(5, get('/fifth'), END))
      .end(900, 'fin');
    expect(exchanges.map(({ path, outcome, endedBy, duration }) => [path, outcome, endedBy, duration / 1e6])).toEqual([
      ['/first', 'incomplete', null, 3],
      ['/third', 'incomplete', null, 0],
      ['/fifth', 'cancelled', 'client', 894],
    ]);
  });
});

/** One connection's calls as real clients and servers encode them: what was said before is an index. */
class Calls {
  readonly talk = opened();
  readonly #client = new Encoder();
  readonly #server = new Encoder();

  ask(ms: number, stream: number, path: string): this {
    this.talk.client(ms, this.request(stream, path));
    return this;
  }

  request(stream: number, path: string): Buffer {
    return frame(FRAME.headers, END | FLAG.endHeaders, stream, this.#client.encode(call(path)));
  }

  head(stream: number, type = 'application/grpc'): Buffer {
    const fields = status(200, ['content-type', type]);
    return frame(FRAME.headers, FLAG.endHeaders, stream, this.#server.encode(fields));
  }

  /** On the way to an answer; its status is the oldest entry of the table. */
  early(stream: number): Buffer {
    return frame(FRAME.headers, FLAG.endHeaders, stream, this.#server.encode(status(103)));
  }

  trailers(stream: number, code: number): Buffer {
    return frame(FRAME.headers, END | FLAG.endHeaders, stream, this.#server.encode(grpcStatus(code)));
  }

  answer(ms: number, stream: number, code = 0): this {
    this.talk.server(ms, this.head(stream), data(stream, messages(9)), this.trailers(stream, code));
    return this;
  }

  /** Of the server's side, 6 ms after the beginning. */
  lose(...frames: readonly Buffer[]): void {
    this.talk.gap('server', 6, Buffer.concat(frames).length);
  }

  get said(): [path: string, code: number][] {
    return this.talk.exchanges.map(({ path, grpcStatus: code }) => [path, code]);
  }
}

describe('missing frames of a client', () => {
  it('take no names along where the next stream has the next number: none of them held a header block', () => {
    const calls = new Calls().ask(1, 1, '/a.B/C').answer(2, 1);
    calls.talk.gap('client', 3, 30);
    calls.ask(4, 3, '/a.B/C').answer(5, 3);
    expect(calls.said).toEqual([
      ['/a.B/C', 0],
      ['/a.B/C', 0],
    ]);
  });

  it('take them along where a number between is missing', () => {
    const calls = new Calls().ask(1, 1, '/a.B/C').answer(2, 1);
    // Its path is the newest entry from here on.
    const lost = calls.request(3, '/a.B/Other');
    calls.talk.gap('client', 3, lost.length);
    calls.ask(4, 5, '/a.B/Other').answer(5, 5).ask(6, 7, '/a.B/C').answer(7, 7);
    expect(calls.said.filter(([path]) => path !== '')).toEqual([['/a.B/C', 0]]);
  });
});

describe('missing frames of a server', () => {
  it('take no status along where one call is open and all its headers come', () => {
    const calls = new Calls().ask(1, 1, '/a.B/C').answer(2, 1).ask(3, 3, '/a.B/C');
    calls.talk.gap('server', 4, 30);
    calls.answer(5, 3).ask(6, 5, '/a.B/C');
    calls.talk.server(7, calls.head(5)).gap('server', 8, 500).server(9, calls.trailers(5, 0));
    expect(calls.said).toEqual([
      ['/a.B/C', 0],
      ['/a.B/C', 0],
      ['/a.B/C', 0],
    ]);
  });

  // After an answer with status 0 and one with 13: one entry more, and what stands where 13 stood
  // is 0. Whoever takes the table for whole tells errors as calls that went well.
  it.each<[string, (calls: Calls) => void]>([
    [
      'an answer of another call',
      (calls) => {
        calls.ask(5, 5, '/a.B/C').ask(5, 7, '/a.B/C');
        calls.lose(calls.head(5), calls.trailers(5, 14));
        calls.answer(7, 7, 13);
      },
    ],
    [
      'the head of the call whose trailers come',
      (calls) => {
        calls.ask(5, 5, '/a.B/C');
        calls.lose(calls.head(5, 'application/grpc+proto'));
        calls.talk.server(7, calls.trailers(5, 13));
      },
    ],
    [
      'an answer to a call that the client gave up',
      (calls) => {
        calls.ask(5, 5, '/a.B/C').talk.client(5.1, resetStream(5, 8)).server(5.2, ping());
        calls.lose(calls.head(5), calls.trailers(5, 14));
        calls.ask(7, 7, '/a.B/C').answer(8, 7, 13);
      },
    ],
    [
      'an answer to a call of which nothing was seen',
      (calls) => {
        calls.talk.gap('client', 5, calls.request(5, '/a.B/C').length);
        calls.ask(5, 7, '/a.B/C');
        calls.lose(calls.head(5), calls.trailers(5, 14));
        calls.answer(7, 7, 13);
      },
    ],
    [
      'an answer to a call that may be missing, too',
      (calls) => {
        calls.ask(5, 5, '/a.B/C').talk.gap('client', 5, calls.request(7, '/a.B/C').length);
        calls.lose(calls.head(7), calls.trailers(7, 14));
        calls.answer(7, 5, 13);
      },
    ],
    [
      'an answer to a call that was still behind a hole',
      (calls) => {
        calls.ask(5, 5, '/a.B/C');
        calls.lose(calls.head(7), calls.trailers(7, 14));
        calls.ask(5.5, 7, '/a.B/C').answer(7, 5, 13);
      },
    ],
    [
      'the head of a call that the server reset then',
      (calls) => {
        calls.ask(5, 5, '/a.B/C');
        calls.lose(calls.head(5, 'application/grpc+proto'));
        calls.talk.server(6.5, resetStream(5, 2));
        calls.ask(7, 7, '/a.B/C').answer(8, 7, 13);
      },
    ],
  ])('take it along where they may be %s', (_, happen) => {
    const calls = new Calls().ask(1, 1, '/a.B/C');
    calls.talk.server(1.5, calls.early(1));
    calls.answer(2, 1, 0).ask(3, 3, '/a.B/C').answer(4, 3, 13);
    happen(calls);
    const [, , ...others] = calls.talk.exchanges;
    expect(others.length).toBeGreaterThan(0);
    expect(others.filter(({ grpcStatus: code }) => code >= 0)).toEqual([]);
  });
});
