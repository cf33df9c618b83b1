import { describe, expect, it } from 'vitest';
import { milliseconds, seconds } from '../../base/time.ts';
import type { Vantage } from '../../model/input.ts';
import { atMs, exchangeOf, inputOf } from '../../model/testing/rows.ts';
import { createFacts } from './facts.ts';
import { tellExchanges } from './exchanges/ordinary-exchanges.ts';
import { handOn, type Rows } from './testing/run-rule.ts';
import { joined, Traffic } from './testing/traffic.ts';
import { traffic } from './traffic.ts';

const POD = '10.0.3.7';
const vantageOf = (kind: Vantage['kind'], addresses = [POD]): Vantage => ({ ...inputOf().vantage, kind, addresses });

function seenOf(rows: Rows, vantage = vantageOf('pod')) {
  const seen = createFacts().of(traffic);
  seen.input(inputOf({ vantage }));
  handOn(rows, [seen]);
  return seen;
}

const outbound = () => new Traffic({ client: POD, server: '10.96.0.1' }).open().calls(3);
const inbound = () => new Traffic({ client: '10.0.9.9', server: POD }).open().calls(2, { takes: 9 });

describe('traffic', () => {
  it('begins with what began first, whatever was told first', () => {
    const seen = createFacts().of(traffic);
    const tell = tellExchanges([seen], seen.routes);
    for (const ms of [50, 60, 20]) tell(exchangeOf({ startedAt: atMs(ms) }));
    expect(seen.routes.calls).toBe(2);
    expect(seen.peers()[0]?.startsAt).toBe(atMs(20));
  });

  it('counts calls, streams and connections by client and server', () => {
    const rows = outbound().call({ takes: 60_000 }, { shape: 'stream' }).open().refused(2).rows;
    const [peer, ...others] = seenOf(rows).peers();
    expect(others).toEqual([]);
    expect(peer).toMatchObject({ client: POD, server: '10.96.0.1:8080', streams: 1, connections: 4, opened: 4 });
    expect(peer?.calls.count).toBe(3);
    expect(peer?.opening.count).toBe(4);
  });

  it('adds handshakes up, and leaves those out that the capture does not show', () => {
    const rows = joined(
      new Traffic().open({ connect: 1, tls: 4 }).rows,
      new Traffic().open({ before: true }).call().rows,
      new Traffic().open({ connect: null, again: [1000] }).rows,
    );
    const { opening, connections, opened } = seenOf(rows).totals(0, { kind: 'server', name: '10.96.44.12:8080' });
    expect([opening.count, opening.max, connections, opened]).toEqual([1, milliseconds(5), 3, 2]);
  });

  it.each([
    ['inbound requests where there are some', joined(inbound().rows, outbound().rows), vantageOf('pod'), ['10.0.9.9']],
    ['outbound ones where none is inbound', outbound().rows, vantageOf('pod'), [POD]],
    ['all on a node', joined(inbound().rows, outbound().rows), vantageOf('node'), [POD, '10.0.9.9']],
    ['all where nobody knows', joined(inbound().rows, outbound().rows), vantageOf('unknown', []), [POD, '10.0.9.9']],
  ])('has rules about requests judge %s', (_, rows, vantage, clients) => {
    const seen = seenOf(rows, vantage);
    expect(
      seen
        .peers()
        .filter((peer) => seen.isJudged(peer))
        .map(({ client }) => client)
        .toSorted(),
    ).toEqual(clients);
  });

  it('does not take connections alone for requests that came in', () => {
    const probed = new Traffic({ client: '10.0.9.9', server: POD }).open().close();
    const seen = seenOf(joined(probed.rows, outbound().rows));
    expect(
      seen
        .peers()
        .filter((peer) => seen.isJudged(peer))
        .map(({ client }) => client),
    ).toEqual([POD]);
  });

  it('knows a service behind a DNAT by its own address', () => {
    const rows = new Traffic({ client: '10.0.9.9', server: '10.96.0.1', backend: `${POD}:8080` }).open().call().rows;
    const seen = seenOf(rows);
    expect(seen.peers().map((peer) => seen.directionOf(peer))).toEqual(['inbound']);
  });

  it('is told where a capture was taken as late as that shows', () => {
    const input = inputOf({ vantage: vantageOf('unknown', []) });
    const seen = createFacts().of(traffic);
    seen.input(input);
    handOn(outbound().rows, [seen]);
    const [peer] = seen.peers();
    expect(seen.directionOf(peer!)).toBe('unknown');
    input.vantage = vantageOf('pod');
    expect(seen.directionOf(peer!)).toBe('outbound');
  });

  it('stays within its bound, and counts everybody', () => {
    const seen = createFacts().of(traffic);
    for (let index = 0; index < 2000; index++) {
      seen.exchange(exchangeOf({ client: `10.1.${index >> 8}.${index & 255}`, duration: seconds(1) }));
    }
    expect(seen.peers().length).toBeLessThanOrEqual(257);
    expect(seen.totals(0, { kind: 'capture', name: '' }).calls.count).toBe(2000);
  });
});
