import type { Stall } from '../../../model/connection.ts';
import { connectionOf, inputOf } from '../../../model/testing/rows.ts';
import type { Exchange } from '../../../model/exchange.ts';
import type { Rows } from './run-rule.ts';
import { Serving, type Step } from './serving.ts';
import { joined, Traffic } from './traffic.ts';

const LARGE = { responseBytes: 1_500_000 };
/** Of a server within its answer. */
export const pause = { reason: 'sender-idle', from: 'server' } as const;

/** Quick calls, and slow ones among them after the first second. */
export const some = (slow: number, takes = 900, parts: Partial<Exchange> = {}): Traffic => {
  const traffic = new Traffic().calls(20).wait(2000);
  for (let index = 0; index < slow; index++) traffic.call({ takes }, parts).calls(5);
  return traffic;
};

/** Slow calls among quick ones at each of two pods behind one Service. */
export const behind = (slow: readonly [number, number]): Rows =>
  joined(
    ...slow.map((count, pod) => {
      const traffic = new Traffic({ backend: `10.0.4.${4 + pod}:8080` }).calls(20);
      for (let index = 0; index < 4; index++) {
        if (index < count) traffic.call({ takes: 900 });
        traffic.calls(5);
      }
      return traffic.rows;
    }),
  );

/** Calls that all come at once, to a server that takes one at a time. */
export function queued(count: number, service: number): Traffic {
  const traffic = new Traffic();
  for (let index = 0; index < count; index++) {
    const takes = service * Math.min(index + 1, 8);
    traffic.call({ takes, alongside: true });
    if (index >= 7) traffic.wait(service);
  }
  return traffic;
}

export const gateway = { client: '10.0.9.9', server: '10.0.3.7', serverPort: 80 };

/** Requests of 610 ms, of which one call takes so much, among quick ones. */
export function half(call: number): Serving {
  const requests = new Serving().serve(20, 8, [{ at: 1, takes: 4 }]).wait(2000);
  for (let index = 0; index < 4; index++) {
    requests.request(610, [{ at: 305, takes: call }]).serve(4, 8, [{ at: 1, takes: 4 }]);
  }
  return requests;
}

/**
 * What a node sees of a front that calls a service, which calls one that takes `leaf` ms; so long do the front and
 * the service between take themselves.
 */
export function chain(count: number, front: number, between: number, leaf: number): Rows {
  const middle = { client: '10.0.3.7', server: '10.20.30.40', serverPort: 9200, connection: '0.c-same' };
  const last = { client: '10.20.30.40', server: '10.20.30.50', serverPort: 9300, connection: '0.c-leaf' };
  const all = new Serving();
  for (let index = 0; index < count; index++) {
    all.request(leaf + between + front, [{ at: 1, takes: leaf + between }], {}, true);
    all.request(leaf + between, [{ at: 1, takes: leaf, parts: last }], middle).wait(front);
  }
  // The front's call and the request that the service between receives are one exchange.
  return { exchanges: all.exchanges.filter(({ connection }) => connection !== '0.c-same'), requests: all.requests };
}

/** Requests of so many callers at once, with one call in each. */
export function atOnce(rounds: number, callers: number, takes: number, call: number): Serving {
  const requests = new Serving();
  for (let round = 0; round < rounds; round++) {
    for (let caller = 0; caller < callers; caller++) {
      requests.request(takes, [{ at: 1, takes: call }], {}, caller < callers - 1);
    }
  }
  return requests;
}

/** The same with its one call inside TLS, of which only begin and end are known. */
export const INSIDE_TLS: Partial<Exchange> = { shape: 'turn', protocol: 'tls', method: '', path: '', status: -1 };

/** Requests one after another, with one call in each. */
export function serving(count: number, takes: number, call: number) {
  const inbound = new Traffic(gateway).open();
  const outbound = new Traffic().open().wait(2);
  for (let index = 0; index < count; index++) {
    inbound.call({ takes });
    outbound.call({ takes: call }).wait(takes - call);
  }
  return joined(inbound.rows, outbound.rows);
}

/** Turns inside TLS on both sides: of each tenth, who calls waits as long as what is called does, or alone. */
export function sealedTurns(calls: { slow: number; apart?: number }, vantage: 'pod' | 'unknown' = 'pod') {
  const inbound = new Traffic(gateway).open({ tls: 3 });
  const outbound = new Traffic().open({ tls: 3 }).wait(2);
  for (let index = 1; index <= 60; index++) {
    const isSlow = index % 10 === 0;
    inbound.call({ takes: isSlow ? 420 : 20 }, INSIDE_TLS).wait(10);
    outbound.wait(isSlow ? (calls.apart ?? 0) : 0);
    outbound.call({ takes: isSlow ? calls.slow : 9 }, INSIDE_TLS);
    outbound.wait(isSlow ? 430 - calls.slow - (calls.apart ?? 0) : 21);
  }
  const place = inputOf();
  const inputs = [
    vantage === 'pod' ? place : { ...place, vantage: { ...place.vantage, kind: vantage, addresses: [] } },
  ];
  return { inputs, ...joined(inbound.rows, outbound.rows) };
}

/** A connection of the service in a protocol that nobody knows, with so many bytes of its own. */
export const unread = (bytes: number, serverPort = 5672) =>
  connectionOf({
    id: `0.c${serverPort}`,
    server: '10.0.9.5',
    serverPort,
    exchanges: 0,
    protocol: null,
    bytes: { client: bytes, server: bytes },
  });

/** On a node: requests of a pod that wait so long for a proxy inside TLS, which waits so long for another server inside TLS. */
export function behindProxy(proxy: number, far: number) {
  const beyond = { client: '10.20.30.40', server: '10.20.30.50', serverPort: 443, connection: '0.c-beyond' };
  const steps = (takes: number, rest: number): Step[] => [
    { at: 1, takes, parts: INSIDE_TLS },
    { at: 2, takes: rest, parts: { ...INSIDE_TLS, ...beyond }, own: true },
  ];
  const requests = new Serving().serve(20, 12, steps(8, 4)).wait(2000);
  for (let index = 0; index < 4; index++) requests.request(proxy + 5, steps(proxy, far)).serve(4, 12, steps(8, 4));
  const place = inputOf();
  return { inputs: [{ ...place, vantage: { ...place.vantage, kind: 'node' as const } }], ...requests.rows };
}

/** Of many quick requests to the service four take long, and it is not seen to wait for its call. */
export const slowRequests = (): Serving => {
  const quick = [{ at: 1, takes: 4 }];
  const requests = new Serving().serve(20, 8, quick).wait(2000);
  for (let index = 0; index < 4; index++) requests.request(409, quick).serve(4, 8, quick);
  return requests;
};

/** Of an answer that goes at its way's own pace. */
export const paced = { reason: 'path', from: 'server' } as const;

/** Two answers at a time, each with three pauses of 100 ms, and what else there is to say of them. */
export function together(...besides: readonly { at: number; lasts: number; parts: Partial<Stall> }[]): Rows {
  const pauses = [10, 210, 410].map((start) => ({ at: start, lasts: 100, parts: pause }));
  const answer = { takes: 700, firstByte: 5, stalls: [...pauses, ...besides] };
  const traffic = new Traffic();
  for (let index = 0; index < 4; index++) {
    traffic
      .call({ ...answer, alongside: true }, LARGE)
      .call(answer, LARGE)
      .wait(100);
  }
  return traffic.rows;
}

/** Small calls that wait 108 ms while an answer of so many bytes comes, for the same pod or for another. */
export function behindAnswer(responseBytes: number, client = '10.0.3.7'): Rows {
  const large = new Traffic({ client, server: '10.20.30.50' });
  const small = new Traffic().calls(20, { takes: 4 });
  for (let index = 0; index < 4; index++) {
    large
      .wait(400)
      .call({ takes: 700, firstByte: 5, stalls: [{ at: 5, lasts: 695, parts: paced }] }, { responseBytes });
    small
      .wait(index === 0 ? 600 : 900)
      .call({ takes: 108 })
      .calls(5, { takes: 4 });
  }
  return joined(small.rows, large.rows);
}
