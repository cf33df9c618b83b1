import { describe, expect, it } from 'vitest';
import { milliseconds } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import { atMs, exchangeOf } from '../model/testing/rows.ts';
import { createSidecars } from './sidecar.ts';
import { trackedConnection } from './testing/connection.ts';

const POD = '10.244.1.7';
const PROXY = '127.0.0.1:15001';
const SERVICE = { server: '10.96.1.5', serverPort: 80 };

/** A pod whose proxy was seen, and what comes of its exchanges. */
function pod() {
  const emitted: Exchange[] = [];
  const sidecars = createSidecars(
    () => [],
    (exchange) => void emitted.push(exchange),
  );
  sidecars.within(0, { client: POD, server: '127.0.0.1' });
  return { emitted, ...sidecars };
}

const lasted = (from: number, until: number): Partial<Exchange> => ({
  startedAt: atMs(from),
  requestedAt: atMs(from),
  firstByteAt: atMs(until),
  duration: milliseconds(until - from),
});

const toSidecar = (from: number, until: number, changes: Partial<Exchange> = {}): Exchange =>
  exchangeOf({ id: 'toSidecar', client: POD, ...SERVICE, backend: PROXY, ...lasted(from, until), ...changes });
const sent = (from: number, until: number, changes: Partial<Exchange> = {}): Exchange =>
  exchangeOf({ id: 'sent', client: POD, server: '10.244.3.9', serverPort: 8000, ...lasted(from, until), ...changes });
const received = (from: number, until: number, changes: Partial<Exchange> = {}): Exchange =>
  exchangeOf({ id: 'received', client: '10.244.2.2', server: POD, ...lasted(from, until), ...changes });
const toProgram = (from: number, until: number, changes: Partial<Exchange> = {}): Exchange =>
  exchangeOf({ id: 'toProgram', client: '127.0.0.6', server: POD, ...lasted(from, until), ...changes });
const local = (from: number, until: number, changes: Partial<Exchange> = {}): Exchange =>
  exchangeOf({
    id: 'local',
    client: '127.0.0.1',
    server: '127.0.0.1',
    serverPort: 9000,
    ...lasted(from, until),
    ...changes,
  });
const turn = { protocol: 'tls', shape: 'turn', method: '', path: '' } as const;

const ids = (emitted: readonly Exchange[]): string[] => emitted.map(({ id }) => id);

describe('a call through a sidecar', () => {
  it('is told once, as it was seen towards others', () => {
    const { push, finish, emitted } = pod();
    push(sent(2, 300));
    push(toSidecar(1, 301));
    push(toProgram(21, 330));
    push(received(20, 331));
    finish();
    expect(ids(emitted)).toEqual(['sent', 'received']);
  });

  it('is told once in whichever order its hops are over', () => {
    const { push, finish, emitted } = pod();
    push(toSidecar(1, 301));
    push(sent(2, 300));
    finish();
    expect(ids(emitted)).toEqual(['sent']);
  });

  it('brings the waits within the pod along', () => {
    const stall = { ...trackedConnection().stalls[0], reason: 'delayed-ack', startedAt: atMs(5) } as never;
    const { push, emitted } = pod();
    push(sent(2, 300));
    push(toSidecar(1, 301, { stalls: [stall], retransmissions: 1 }));
    expect(emitted).toMatchObject([{ id: 'sent', stalls: [{ reason: 'delayed-ack' }], retransmissions: 1 }]);
  });

  it('is told as the program saw it where the proxy kept it waiting', () => {
    const { push, finish, emitted } = pod();
    push(sent(200, 210));
    push(toSidecar(1, 211));
    finish();
    expect(ids(emitted)).toEqual(['toSidecar']);
  });

  it('is each its own where several are under way', () => {
    const { push, finish, emitted } = pod();
    push(sent(2, 10, { clientPort: 1 }));
    push(sent(3, 11, { clientPort: 2 }));
    push(toSidecar(2.5, 11.5));
    push(toSidecar(1, 12));
    finish();
    expect(emitted.map(({ id, clientPort }) => [id, clientPort])).toEqual([
      ['sent', 2],
      ['sent', 1],
    ]);
  });

  it('is not one with another that says something else, is answered otherwise or lies elsewhere in time', () => {
    for (const other of [{ path: '/other' }, { status: 503 }, lasted(0, 300), lasted(2, 302)]) {
      const { push, finish, emitted } = pod();
      push(sent(2, 300, other));
      push(toSidecar(1, 301));
      finish();
      expect(ids(emitted).toSorted()).toEqual(['sent', 'toSidecar']);
    }
  });
});

describe('what cannot be read on its way', () => {
  it('is left out where it was read within the pod', () => {
    const { push, finish, emitted } = pod();
    push(toSidecar(1, 301));
    push(toProgram(21, 330));
    push(received(20, 331, turn));
    push(sent(2, 300, turn));
    finish();
    expect(ids(emitted)).toEqual(['toSidecar', 'toProgram']);
  });

  it('is told where others within the pod call it as sealed as those outside do', () => {
    const { push, finish, emitted } = pod();
    push(toProgram(21, 30, { ...turn, client: POD }));
    push(received(40, 90, turn));
    finish();
    expect(ids(emitted)).toEqual(['toProgram', 'received']);
  });

  it('is told once where the program itself speaks TLS through the proxy', () => {
    const { push, finish, emitted } = pod();
    push(sent(2, 300, { ...turn, ...SERVICE }));
    push(toSidecar(1, 301, turn));
    finish();
    expect(ids(emitted)).toEqual(['sent']);
  });

  it('is told where the program speaks to others itself', () => {
    const { push, finish, emitted } = pod();
    push(toSidecar(1, 301));
    push(sent(250, 400, turn));
    finish();
    expect(ids(emitted)).toEqual(['toSidecar', 'sent']);
  });

  it('held the call up that lasted as long: lost segments, and a connection that was opened for it', () => {
    const lost = { reason: 'loss', from: 'client', startedAt: atMs(30), duration: milliseconds(220) };
    const connection = trackedConnection({
      client: POD,
      server: '10.244.3.9',
      syns: [{ at: atMs(2), packet: 1 }],
      connectDuration: milliseconds(8),
      stalls: [lost as never],
      tls: { decrypted: false, handshakeDuration: milliseconds(15), alpn: null } as never,
    });
    const { push, carries, finish, emitted } = pod();
    carries(connection);
    push(toSidecar(1, 301));
    push(toSidecar(302, 310));
    finish();
    expect(emitted[0]).toMatchObject({
      stalls: [{ reason: 'loss' }],
      openedAt: atMs(2),
      connectDuration: milliseconds(8),
      tlsDuration: milliseconds(15),
      startedAt: atMs(25),
      duration: milliseconds(276),
    });
    expect(emitted[1]).toMatchObject({ stalls: [], startedAt: atMs(302) });
  });

  it('held nothing up that lasted far longer, or that was not under way', () => {
    const lost = { reason: 'loss', from: 'client', startedAt: atMs(30), duration: milliseconds(220) };
    const tls = { decrypted: false, handshakeDuration: milliseconds(15), alpn: null } as never;
    const { push, carries, finish, emitted } = pod();
    carries(trackedConnection({ client: POD, server: '10.244.3.9', stalls: [lost as never], tls }));
    push(toSidecar(1, 900));
    push(toSidecar(100, 301));
    finish();
    expect(emitted).toMatchObject([{ stalls: [] }, { stalls: [] }]);
  });
});

describe('without a sidecar', () => {
  it('exchanges go at once, as they are', () => {
    const emitted: Exchange[] = [];
    const { push } = createSidecars(
      () => [POD],
      (exchange) => void emitted.push(exchange),
    );
    push(sent(2, 300, turn));
    push(received(1, 301));
    expect(ids(emitted)).toEqual(['sent', 'received']);
  });

  it('a program that listens at a loopback address is called as it is, and only a relay is one with it', () => {
    const { push, finish, emitted } = pod();
    push(local(22, 30, { protocol: 'redis', method: 'GET', path: '' }));
    push(received(21, 31));
    push(local(52, 60));
    push(received(51, 61));
    finish();
    expect(ids(emitted).toSorted()).toEqual(['local', 'received', 'received']);
  });
});

describe('what is asked within a pod by a loopback address', () => {
  /** A pod whose addresses are known by where the capture was taken. */
  function known() {
    const emitted: Exchange[] = [];
    const sidecars = createSidecars(
      () => ['fd00::7', POD],
      (exchange) => void emitted.push(exchange),
    );
    sidecars.within(0, { client: '127.0.0.1', server: '127.0.0.1' });
    return { emitted, ...sidecars };
  }
  const asCall = { id: 'local', client: POD, server: '127.0.0.1' };
  const asRequest = { id: 'local', client: '127.0.0.1', server: POD };

  it('is a call of the pod that others ask for something else', () => {
    const { push, finish, emitted, place } = known();
    push(received(0, 9));
    push(local(1, 5, { path: '/cache/7' }));
    finish();
    expect(emitted.find(({ id }) => id === 'local')).toMatchObject(asCall);
    const row = { input: 0, client: '::1', server: '::1', serverPort: 9000 };
    place(row);
    expect(row).toMatchObject({ client: 'fd00::7', server: '::1' });
    const redirected = { input: 0, client: '127.0.0.6', server: POD, serverPort: 8080 };
    place(redirected);
    expect(redirected).toMatchObject({ client: '127.0.0.6', server: POD });
  });

  it('is a request to the pod that others ask for the same, also while they do', () => {
    const { push, finish, emitted } = known();
    push(received(0, 9, { serverPort: 9000 }));
    push(local(1, 5));
    finish();
    expect(emitted.find(({ id }) => id === 'local')).toMatchObject(asRequest);
    expect(emitted).toHaveLength(2);
  });

  it('is a request to a gateway, which asks the same of others itself', () => {
    const { push, finish, emitted } = known();
    push(received(0, 9, { path: '/healthz', serverPort: 9090 }));
    push(sent(12, 20));
    push(local(11, 21));
    finish();
    expect(ids(emitted).toSorted()).toEqual(['local', 'received', 'sent']);
    expect(emitted.find(({ id }) => id === 'local')).toMatchObject(asRequest);
  });

  it('is one call with what a proxy in the pod asks of others, while others ask the pod for something else', () => {
    const { push, carries, finish, emitted } = known();
    carries(trackedConnection({ client: '10.244.2.2', server: POD, serverPort: 8080 }));
    push(sent(12, 20));
    push(local(11, 21));
    push(received(0, 30, { path: '/orders' }));
    finish();
    expect(ids(emitted).toSorted()).toEqual(['received', 'sent']);
  });

  it('is a request where what others send to the pod are health checks, and to others from it calls', () => {
    const { push, carries, finish, emitted } = known();
    const probes = trackedConnection({ client: '10.244.2.1', server: POD, serverPort: 9090 });
    carries(probes);
    carries(trackedConnection({ client: POD, server: '10.244.3.9', serverPort: 8000 }));
    push(received(0, 9, { path: '/healthz', serverPort: 9090 }));
    carries(probes);
    push(sent(12, 20));
    push(local(11, 21));
    finish();
    expect(ids(emitted).toSorted()).toEqual(['local', 'received', 'sent']);
  });

  it('is one call with the request of another port that is handed on to it', () => {
    const { push, finish, emitted } = known();
    push(local(22, 30));
    push(received(21, 31));
    finish();
    expect(ids(emitted)).toEqual(['received']);
  });

  it('is a request to the pod that others ask for nothing but its health', () => {
    const { push, finish, emitted } = known();
    push(received(0, 9, { path: '/healthz' }));
    push(local(10, 15));
    finish();
    expect(emitted.find(({ id }) => id === 'local')).toMatchObject(asRequest);
  });

  it('is a call of the pod by its own address, too, where others do not ask for the same', () => {
    const { push, finish, emitted, place } = known();
    push(received(0, 9));
    push(toProgram(1, 5, { client: POD, serverPort: 9000, path: '/cache/7' }));
    finish();
    expect(emitted.find(({ id }) => id === 'toProgram')).toMatchObject({ client: POD, server: '127.0.0.1' });
    const served = { input: 0, client: POD, server: POD, serverPort: 8080 };
    place(served);
    expect(served).toMatchObject({ client: POD, server: POD });
    const far = { input: 0, client: '10.0.9.9', server: '10.0.9.9', serverPort: 9000 };
    place(far);
    expect(far).toMatchObject({ client: '10.0.9.9', server: '10.0.9.9' });
  });

  it('stays what it is by the pod’s own address where others ask for nothing', () => {
    const { place } = known();
    const row = { input: 0, client: POD, server: POD, serverPort: 9000 };
    place(row);
    expect(row).toMatchObject({ client: POD, server: POD });
  });

  it('stays what it is where no pod is known', () => {
    const row = { input: 0, client: '127.0.0.1', server: '127.0.0.1', serverPort: 9000 };
    pod().place(row);
    expect(row).toMatchObject({ client: '127.0.0.1', server: '127.0.0.1' });
  });
});

it('nothing is held longer than its connection, or for ever', () => {
  const { push, advance, closed, emitted } = pod();
  push(sent(2, 300, { connection: '0.c5' }));
  push(toProgram(2, 300, { connection: '0.c6' }));
  closed(trackedConnection({ id: '0.c5' }));
  expect(ids(emitted)).toEqual(['sent']);
  advance(atMs(1100));
  expect(ids(emitted)).toEqual(['sent']);
  advance(atMs(1300));
  expect(ids(emitted)).toEqual(['sent', 'toProgram']);
});
