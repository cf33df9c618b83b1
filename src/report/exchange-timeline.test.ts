import { describe, expect, it } from 'vitest';
import { milliseconds, seconds } from '../base/time.ts';
import { toConnectionRow } from '../model/connection-row.ts';
import { toExchangeRow } from '../model/exchange-row.ts';
import type { ExchangeRow } from '../model/exchange-schema.ts';
import { atMs, connectionOf, exchangeOf, inputOf, stallOf, tlsOf } from '../model/testing/rows.ts';
import { renderExchangeTimeline } from './exchange-timeline.ts';
import { cancelledCall, stalledExchange } from './testing/requests.ts';

const plain = { color: false, width: 100, unicode: true };

/** A connection whose SYN was sent twice, and TLS on it. */
const slowlyOpened = () =>
  toConnectionRow(
    connectionOf({
      id: '0.c9',
      startedAt: atMs(1000),
      duration: seconds(4),
      syns: [
        { at: atMs(1000), packet: 10 },
        { at: atMs(2010), packet: 11 },
      ],
      synAcks: [{ at: atMs(2010.4), packet: 12 }],
      connectDuration: milliseconds(1010.4),
      tls: tlsOf({ startedAt: atMs(2011), handshakeDuration: milliseconds(290), packets: [13, 15, 17] }),
    }),
    [inputOf()],
  );

/** Its first exchange: a large answer in several packets. */
const firstExchange = (): ExchangeRow =>
  toExchangeRow(
    exchangeOf({
      id: '0.e4',
      connection: '0.c9',
      method: 'POST',
      path: '/orders/{id}',
      status: 503,
      outcome: 'error',
      startedAt: atMs(2302),
      requestedAt: atMs(2303),
      firstByteAt: atMs(2800),
      duration: milliseconds(900),
      packets: [20, 21, 24, 40],
      place: 0,
      reused: false,
      connectDuration: milliseconds(1010.4),
      tlsDuration: milliseconds(290),
      previousAttempts: 1,
    }),
    [inputOf()],
  );

/** A question to a database that was never answered. */
const unanswered = (): ExchangeRow =>
  toExchangeRow(
    exchangeOf({
      protocol: 'postgresql',
      method: 'SELECT',
      path: '',
      host: '',
      status: -1,
      firstByteAt: Number.NaN as ExchangeRowTime,
      duration: seconds(2),
      outcome: 'incomplete',
      responseBytes: 0,
      packets: [7],
      inFlight: 2,
    }),
    [inputOf({ firstPacketAt: null })],
  );
type ExchangeRowTime = ReturnType<typeof atMs>;

/** Packets and what is said of them. */
const marks = (row: ExchangeRow): string[] =>
  [...renderExchangeTimeline(row, null, plain).matchAll(/#(\d+) +[→←] +([a-z ]*[a-z])/g)].map(
    ([, packet, says]) => `${packet} ${says}`,
  );

describe('an exchange packet by packet', () => {
  it.each([
    ['timeline-exchange-stalled', stalledExchange(), null, plain],
    ['timeline-exchange-first', firstExchange(), slowlyOpened(), plain],
    ['timeline-exchange-cancelled', cancelledCall(), null, plain],
    ['timeline-exchange-unanswered', unanswered(), null, plain],
    ['timeline-exchange-60-columns-ascii', firstExchange(), slowlyOpened(), { ...plain, width: 60, unicode: false }],
  ])('%s', async (name, row, connection, options) => {
    await expect(renderExchangeTimeline(row, connection, options)).toMatchFileSnapshot(`golden/${name}.txt`);
  });

  it('draws each wait to scale, those for the connection too', () => {
    const text = renderExchangeTimeline(firstExchange(), slowlyOpened(), plain);
    const bars = text.match(/█+/g)?.map((bar) => bar.length) ?? [];
    // 1010 ms for the SYN-ACK, 290 for TLS, 497 for the answer, 402 until it is whole: of 2202.
    expect(bars).toEqual([18, 5, 9, 7]);
  });

  it('leaves the connection out where nothing was waited for', () => {
    const row = { ...firstExchange(), connectSeconds: null, tlsSeconds: null };
    expect(renderExchangeTimeline(row, slowlyOpened(), plain)).not.toContain('SYN');
  });

  it('tells which packet is which', () => {
    const row = firstExchange();
    expect(marks(row)).toEqual(['20 request begins', '21 request is whole', '24 answer begins', '40 answer is whole']);
    expect(marks({ ...row, requestSeconds: 0, packets: [20, 24] })).toEqual(['20 request', '24 answer']);
    expect(marks({ ...row, requestSeconds: 0, packets: [20, 24, 40] })).toEqual([
      '20 request',
      '24 answer begins',
      '40 answer is whole',
    ]);
    expect(marks({ ...row, packets: [20, 21, 24] })).toEqual(['20 request begins', '21 request is whole', '24 answer']);
    expect(marks({ ...row, requestSeconds: null, packets: [24, 40] })).toEqual([
      '24 answer begins',
      '40 answer is whole',
    ]);
  });

  it('draws the dearest stalls, within the exchange', () => {
    const stalls = Array.from({ length: 20 }, (_, index) =>
      stallOf({
        startedAt: atMs(index * 10),
        duration: milliseconds(index === 3 ? 9 : 2),
        packets: [index + 100, index + 200],
      }),
    );
    const outside = stallOf({ startedAt: atMs(-50), duration: milliseconds(55), packets: [98, 99] });
    const row = toExchangeRow(exchangeOf({ duration: milliseconds(400), stalls: [outside, ...stalls] }), [inputOf()]);
    const text = renderExchangeTimeline(row, null, plain);
    expect(text).toContain('… 9 shorter stalls');
    expect(text).toContain('#203');
    expect(text).toContain('#99');
    expect(text).not.toContain('#98');
  });

  it('does not say of a request that never came whole that it waits for its answer', () => {
    const cutShort = { ...cancelledCall(), requestSeconds: null };
    expect(renderExchangeTimeline({ ...cutShort, requestBytes: 59 }, null, plain)).toMatch(
      / 3 s with the request never whole/,
    );
    // Its beginning was not seen.
    expect(renderExchangeTimeline({ ...cutShort, requestBytes: 0 }, null, plain)).toMatch(
      / 3 s waiting for the answer/,
    );
  });

  it('needs no duration to draw', () => {
    expect(() =>
      renderExchangeTimeline({ ...unanswered(), durationSeconds: 0, packets: [] }, null, plain),
    ).not.toThrow();
  });
});
