import { describe, expect, it } from 'vitest';
import { at } from '../../base/time.ts';
import { trackedConnection } from '../testing/connection.ts';
import { FLAG, FRAME } from './frame-header.ts';
import { createHttp2 } from './http2.ts';
import { block, data, frame, get, headers, ping, PREFACE, resetStream, settings, status } from './testing/frames.ts';
import { opened } from './testing/talk.ts';

const END = FLAG.endStream;
const MANY = 200_000;

/** The same frame of so many streams, in pushes of 64 KiB. */
function* floods(make: (stream: number) => Uint8Array, count: number): Generator<Buffer> {
  let parts: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    parts.push(make(index * 2 + 1));
    if (parts.length < 1000 && index < count - 1) continue;
    yield Buffer.concat(parts);
    parts = [];
  }
}

describe('what is kept is bounded', () => {
  it('streams that are opened and reset leave nothing behind', () => {
    const talk = opened();
    const fields = block(get('/'));
    const both = (id: number): Buffer =>
      Buffer.concat([frame(FRAME.headers, FLAG.endHeaders, id, fields), resetStream(id, 8)]);
    for (const bytes of floods(both, MANY)) talk.client(1, bytes);
    expect(talk.connection.openExchanges).toBe(0);
    expect(talk.exchanges.length).toBeGreaterThan(MANY - 100);
    expect(talk.end(2).exchanges).toHaveLength(MANY);
    expect(talk.connection.openExchanges).toBe(0);
  });

  it('of streams that never end the oldest go', () => {
    const talk = opened();
    for (const bytes of floods((id) => headers(id, get('/'), END), 30_000)) talk.client(1, bytes);
    expect(talk.connection.openExchanges).toBe(10_000);
    expect(talk.exchanges).toHaveLength(20_000);
    expect(new Set(talk.exchanges.map(({ outcome }) => outcome))).toEqual(new Set(['incomplete']));
    talk.server(2, headers(59_999, status(200), END));
    expect(talk.exchanges.at(-1)).toMatchObject({ status: 200, outcome: 'ok' });
  });

  it('so they do of all connections together', () => {
    const http2 = createHttp2();
    const open = Array.from({ length: 20 }, () => trackedConnection());
    const bytes = Buffer.concat([PREFACE, settings(), ...floods((id) => headers(id, get('/'), END), 9000)]);
    for (const connection of open) {
      const conversation = http2.open({
        connection,
        fromStart: true,
        handedOver: null,
        nextId: () => '0.e0',
        emit: () => {},
        carry: () => conversation,
        become: () => {},
      });
      conversation.push('client', bytes, 0, bytes.length, { input: 0, number: 3, time: at(0) });
    }
    expect(open.reduce((sum, { openExchanges }) => sum + openExchanges, 0)).toBeLessThan(65_536 + open.length);
  });

  it('a header block that never ends is given up, and what follows is read', () => {
    const talk = opened();
    const fields = block(get('/first'));
    talk.client(1, frame(FRAME.headers, END, 1, fields));
    const more = frame(FRAME.continuation, 0, 1, Buffer.alloc(1000, 0x82));
    for (const bytes of floods(() => more, 2000)) talk.client(2, bytes);
    for (const bytes of floods(() => frame(FRAME.continuation, 0, 1), MANY)) talk.client(3, bytes);
    talk.client(4, frame(FRAME.continuation, FLAG.endHeaders, 1), headers(3, get('/third'), END));
    talk.server(5, headers(1, status(200), END), headers(3, status(200), END));
    expect(talk.exchanges.map(({ path, outcome }) => [path, outcome])).toEqual([
      ['', 'ok'],
      ['/third', 'ok'],
    ]);
  });

  it('empty frames, PINGs and settings cost nothing', () => {
    const talk = opened().client(1, headers(1, get('/')));
    for (const make of [
      () => data(1, 0),
      () => ping(),
      () => settings([4, 0], [4, 2 ** 31]),
      () => frame(0xfe, 0, 0),
    ]) {
      for (const bytes of floods(make, MANY)) talk.client(2, bytes);
    }
    talk.client(3, data(1, 0, END)).server(4, headers(1, status(200), END));
    expect(talk.exchanges[0]).toMatchObject({ outcome: 'ok', requestBytes: expect.any(Number) });
    expect(talk.connection.pings?.fromClient).toBe(MANY);
  });
});
