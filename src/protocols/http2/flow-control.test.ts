import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../base/time.ts';
import { FLAG } from './frame-header.ts';
import { data, get, headers, resetStream, settings, status, windowUpdate } from './testing/frames.ts';
import { opened, type Talk } from './testing/talk.ts';

const END = FLAG.endStream;

/** @param way there and back between the capture and the server, in milliseconds */
function asked(way = 1): Talk {
  const talk = opened();
  talk.connection.roundTrip = milliseconds(way);
  return talk.client(1, headers(1, get('/large'), END)).server(2, headers(1, status(200)));
}

describe('flow control', () => {
  it('a stream that used its window up waits for an update, and goes on at once', () => {
    const talk = asked()
      .client(3, windowUpdate(0, 1_000_000))
      .server(4, data(1, 60_000), data(1, 5535))
      .client(104, windowUpdate(1, 65_535))
      .server(106, data(1, 1000, END));
    expect(talk.exchanges[0]?.stalls).toEqual([
      {
        reason: 'flow-control',
        from: 'server',
        startedAt: 4e6,
        duration: 102e6,
        bytes: 65_535,
        resends: 0,
        repaired: true,
        packets: [8, 9, 10],
      },
    ]);
  });

  it('is the same at the reader: an update is a round trip old when what it lets go comes', () => {
    const talk = asked(50)
      .server(3, data(1, 60_000), data(1, 5535))
      .client(3.1, windowUpdate(0, 40_000), windowUpdate(1, 40_000))
      .server(53, data(1, 1000, END));
    expect(talk.exchanges[0]?.stalls).toMatchObject([{ startedAt: 3e6, duration: 50e6, bytes: 65_535 }]);
  });

  it('is none at the reader where updates were there before it was used up', () => {
    const talk = asked(50)
      .server(3, data(1, 60_000))
      .client(3.1, windowUpdate(0, 60_000), windowUpdate(1, 60_000))
      .server(100, data(1, 5535))
      .server(110, data(1, 1000, END));
    expect(talk.exchanges[0]?.stalls).toEqual([]);
  });

  it('so does one whose connection’s window is used up by another', () => {
    const { exchanges } = asked()
      .client(2.5, headers(3, get('/other'), END))
      .server(3, headers(3, status(200)), data(3, 10_000), data(1, 55_535))
      .client(203, windowUpdate(0, 65_535))
      .server(204, data(3, 10, END), data(1, 10, END));
    expect(exchanges.map(({ path, stalls }) => [path, stalls.map(({ duration }) => duration)])).toEqual([
      ['/other', [201e6]],
      ['/large', [201e6]],
    ]);
  });

  it('a window that is never opened again stalls to the end', () => {
    const { exchanges } = asked().server(3, data(1, 65_535)).client(5003, resetStream(1, 8)).end(6000);
    expect(exchanges[0]?.stalls).toMatchObject([{ startedAt: 3e6, duration: 5000e6, repaired: false }]);
  });

  it.each<[string, (talk: Talk) => Talk]>([
    [
      'room is left',
      (talk) =>
        talk
          .server(3, data(1, 65_534))
          .client(103, windowUpdate(1, 9000))
          .server(104, data(1, 1, END)),
    ],
    [
      'data does not come when it may: it was not there yet',
      (talk) =>
        talk
          .server(3, data(1, 65_535))
          .client(10, windowUpdate(1, 65_535), windowUpdate(0, 65_535))
          .server(600, data(1, 1, END)),
    ],
    [
      'the last data just fits',
      (talk) =>
        talk
          .server(3, data(1, 65_535, END))
          .client(100, windowUpdate(0, 65_535))
          .server(101),
    ],
    [
      'a larger window was announced',
      (talk) =>
        talk
          .client(2.5, settings([4, 1_000_000]), windowUpdate(0, 1_000_000))
          .server(3, data(1, 65_535))
          .client(103, windowUpdate(1, 65_535))
          .server(104, data(1, 1, END)),
    ],
    [
      'frames are missing, perhaps updates',
      (talk) =>
        talk
          .gap('client', 2.5, 500)
          .server(3, data(1, 65_535))
          .client(103, windowUpdate(1, 65_535))
          .server(104, data(1, 1, END)),
    ],
    [
      'more was sent than the updates seen allow',
      (talk) =>
        talk
          .server(3, data(1, 70_000), data(1, 61_070))
          .client(103, windowUpdate(1, 9))
          .server(104, data(1, 1, END)),
    ],
  ])('no stall where %s', (_, go) => {
    expect(go(asked()).exchanges[0]?.stalls).toEqual([]);
  });
});
