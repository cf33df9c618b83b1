import { describe, expect, it } from 'vitest';
import { milliseconds, nanoseconds } from './base/time.ts';
import { connectionOf, exchangeOf, lookupOf, tlsOf, unopened } from './model/testing/rows.ts';
import { createWanted, filtersOf, isSlow } from './wanted.ts';

const all = { clients: [], names: [] };

describe('what was asked for', () => {
  it('is said as it is written', () => {
    expect(filtersOf(all)).toBeNull();
    expect(filtersOf({ clients: ['10.0.3.7', '10.0.3.8'], names: ['*.example'] })).toBe(
      '--client 10.0.3.7,10.0.3.8 and --name *.example',
    );
  });
});

describe('what is wanted', () => {
  it('is all where nothing is named', () => {
    const wanted = createWanted(all);
    expect(wanted.lookup(lookupOf())).toBe(true);
    expect(wanted.exchange(exchangeOf({ host: '' }))).toBe(true);
    expect(wanted.connection(connectionOf())).toBe(true);
  });

  it('is what a client did, of each kind', () => {
    const wanted = createWanted({ ...all, clients: ['10.0.3.7'] });
    for (const [client, is] of [
      ['10.0.3.7', true],
      ['10.0.3.8', false],
    ] as const) {
      expect(wanted.lookup(lookupOf({ client }))).toBe(is);
      expect(wanted.exchange(exchangeOf({ client }))).toBe(is);
      expect(wanted.connection(connectionOf({ client }))).toBe(is);
    }
  });

  it.each([
    ['orders', true],
    ['Orders:8080', true],
    ['orders.prod', false],
    ['', false],
  ])('is an exchange of the host %s: %s', (host, is) => {
    expect(createWanted({ ...all, names: ['orders'] }).exchange(exchangeOf({ host }))).toBe(is);
  });

  it('is a connection that carried a wanted exchange, or whose TLS names it', () => {
    const wanted = createWanted({ ...all, names: ['orders*'] });
    expect(wanted.exchange(exchangeOf({ host: 'orders.prod', connection: '0.c1' }))).toBe(true);
    expect(wanted.exchange(exchangeOf({ host: 'users', connection: '0.c2' }))).toBe(false);
    expect(wanted.connection(connectionOf({ id: '0.c1' }))).toBe(true);
    expect(wanted.connection(connectionOf({ id: '0.c2' }))).toBe(false);
    expect(wanted.connection(connectionOf({ id: '0.c3', tls: tlsOf({ serverName: 'orders.prod' }) }))).toBe(true);
    expect(wanted.connection(connectionOf({ id: '0.c4', tls: tlsOf({ serverName: null }) }))).toBe(false);
  });

  it('forgets the oldest of more connections than can be kept', () => {
    const wanted = createWanted({ ...all, names: ['orders'] });
    for (let index = 0; index <= 1 << 16; index++) {
      wanted.exchange(exchangeOf({ host: 'orders', connection: `0.c${index}` }));
    }
    expect(wanted.connection(connectionOf({ id: '0.c0' }))).toBe(false);
    expect(wanted.connection(connectionOf({ id: `0.c${1 << 16}` }))).toBe(true);
  });
});

describe('what is slow', () => {
  const least = milliseconds(500);

  it.each([
    ['opened slowly', connectionOf({ connectDuration: milliseconds(1000) }), true],
    [
      'opened slowly by both handshakes',
      connectionOf({ connectDuration: milliseconds(250), tls: tlsOf({ handshakeDuration: milliseconds(250) }) }),
      true,
    ],
    ['opened quickly, however long it was open', connectionOf({ duration: milliseconds(60_000) }), false],
    ['was open before', connectionOf({ ...unopened, duration: milliseconds(60_000) }), false],
    ['stalled', connectionOf({ ...unopened, stallTime: milliseconds(600) }), true],
    [
      'was never answered',
      connectionOf({ synAcks: [], connectDuration: nanoseconds(Number.NaN), bytes: { client: 0, server: 0 } }),
      true,
    ],
    ['was seen from one side', connectionOf({ synAcks: [], connectDuration: nanoseconds(Number.NaN) }), false],
  ])('a connection that %s: %#', (_, connection, is) => {
    expect(isSlow.connection(connection, least)).toBe(is);
  });

  it('is what lasted', () => {
    expect(isSlow.exchange(exchangeOf({ duration: least }), least)).toBe(true);
    expect(isSlow.exchange(exchangeOf({ duration: milliseconds(499) }), least)).toBe(false);
    expect(isSlow.lookup(lookupOf({ duration: least }), least)).toBe(true);
  });
});
