import { describe, expect, it } from 'vitest';
import { at, milliseconds, nanoseconds } from '../../base/time.ts';
import type { Side, Stall } from '../../model/connection.ts';
import { copyExchange, type Exchange } from '../../model/exchange.ts';
import type { TrackedConnection } from '../../model/tracked-connection.ts';
import { createConversations } from '../conversations.ts';
import { arrivalOf, bytesOf, trackedConnection } from '../testing/connection.ts';

const MESSAGE = 'whatever';
const MIDST = { syns: [], synAcks: [], rolesFrom: 'ports' } as const;
const stall = (from: Side, startedAt: number, duration: number): Stall => ({
  reason: 'loss',
  from,
  startedAt: at(milliseconds(startedAt)),
  duration: milliseconds(duration),
  bytes: 8,
  resends: 1,
  repaired: true,
  packets: [],
});

function talk(changes: Partial<TrackedConnection> = {}) {
  const exchanges: Exchange[] = [];
  const connection = trackedConnection({ packets: { client: 1, server: 1 }, ...changes });
  const driver = createConversations({
    protocols: [],
    emit: (exchange) => void exchanges.push(copyExchange(exchange)),
  });
  let number = 0;
  const self = {
    connection,
    exchanges,
    isOpaque: () => driver.isOpaque(connection),
    say(from: Side, ms: number, text = MESSAGE) {
      const bytes = bytesOf(`~~${text}~`);
      driver.data(connection, from, bytes, 2, bytes.length - 1, arrivalOf(++number, milliseconds(ms)));
      return self;
    },
    gap(from: Side, ms: number, isCut: boolean) {
      driver.gap(connection, from, 100, arrivalOf(++number, milliseconds(ms)), isCut);
      return self;
    },
    /** A call at that time, answered so much later. */
    call: (ms: number, takes: number) => self.say('client', ms).say('server', ms + takes),
    over() {
      for (const from of ['client', 'server'] as const) driver.end(connection, from, arrivalOf(++number), 'fin');
      return self;
    },
    times: () =>
      exchanges.map(({ startedAt, duration }) => [startedAt, duration].map((time) => time / milliseconds(1))),
  };
  return self;
}

describe('calls in a protocol that nobody knows', () => {
  it('are what the client says and what the server says then, with the first', () => {
    const { exchanges, times, connection } = talk().call(10, 5).call(30, 300).over();
    expect(times()).toEqual([
      [10, 5],
      [30, 300],
    ]);
    expect(exchanges[1]).toMatchObject({
      protocol: 'tcp',
      shape: 'turn',
      outcome: 'ok',
      place: 1,
      requestBytes: MESSAGE.length,
      responseBytes: MESSAGE.length,
      packets: [3, 4],
    });
    expect(connection.protocol).toBe('tcp');
  });

  it('begin behind a greeting', () => {
    expect(talk().say('server', 1, '220 \u0080 ready').call(500, 4).over().times()).toEqual([[500, 4]]);
  });

  it('have parts, of which each follows at once or was held back on the way', () => {
    const parts = talk().say('client', 0).say('client', 3).say('server', 40).say('server', 55).call(100, 1).over();
    expect(parts.times()[0]).toEqual([0, 55]);
    const held = talk({ stalls: [stall('server', 41, 200)] })
      .say('client', 0)
      .say('server', 40)
      .say('server', 241)
      .over();
    expect(held.times()).toEqual([[0, 241]]);
    const far = talk({ roundTrip: milliseconds(80) })
      .say('client', 0)
      .say('client', 150)
      .say('server', 260)
      .over();
    expect(far.times()).toEqual([[0, 260]]);
  });

  it('are none where the client says more while it waits, and what was before stands', () => {
    const several = talk().call(0, 5).say('client', 10).say('client', 14);
    expect(several.isOpaque()).toBe(true);
    expect(several.connection).toMatchObject({ protocol: null, exchanges: 1, openExchanges: 0 });
    expect(several.call(100, 5).over().times()).toEqual([[0, 5]]);
  });

  it('are none where the server says what nobody asked for', () => {
    const pushes = talk().call(0, 5).say('server', 28);
    expect(pushes.isOpaque()).toBe(true);
    expect(pushes.connection.protocol).toBeNull();
    expect(pushes.over().times()).toEqual([[0, 5]]);
  });

  it('are not told where a stall is not all of the pause at hand', () => {
    for (const old of [stall('server', 1, 3), stall('server', 6, 3), stall('server', 4, 2)]) {
      expect(
        talk({ stalls: [old] })
          .call(0, 5)
          .say('server', 35)
          .isOpaque(),
      ).toBe(true);
    }
  });

  it('are found in the midst of a connection, those before it was known that nobody reads it as well', () => {
    const midst = talk(MIDST);
    for (let count = 0; count < 12; count++) midst.call(count * 100, 7);
    expect(midst.over().times()).toEqual(Array.from({ length: 12 }, (_, count) => [count * 100, 7]));
  });

  it('are not told where neither a handshake nor the ports show who asks', () => {
    const midst = talk({ ...MIDST, clientPort: 40_000, serverPort: 50_000 });
    for (let count = 0; count < 12; count++) midst.call(count * 100, 7);
    expect(midst.over().exchanges).toEqual([]);
    expect(midst.connection.protocol).toBeNull();
  });

  it('are told where packets are cut behind their headers, and are incomplete where some are missing', () => {
    const cut = talk().gap('client', 10, true).gap('server', 15, true).over();
    expect(cut.times()).toEqual([[10, 5]]);
    const lost = talk().call(0, 5).say('client', 50).gap('server', 60, false).over();
    expect(lost.exchanges.map(({ outcome }) => outcome)).toEqual(['ok', 'incomplete']);
  });

  it('are given up as the connection ends', () => {
    const { exchanges } = talk().call(0, 5).say('client', 50).over();
    expect(exchanges.map(({ outcome, endedBy }) => [outcome, endedBy])).toEqual([
      ['ok', null],
      ['cancelled', 'client'],
    ]);
    expect(exchanges[0]?.duration).toBe(nanoseconds(milliseconds(5)));
  });
});
