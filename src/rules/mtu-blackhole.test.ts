import { at, milliseconds, nanoseconds, seconds } from '../base/time.ts';
import type { Connection, Stall } from '../model/connection.ts';
import type { Exchange } from '../model/exchange.ts';
import { atMs, stallOf, tlsOf } from '../model/testing/rows.ts';
import rule from './mtu-blackhole.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { joined, Traffic } from './support/testing/traffic.ts';

const unanswered: Partial<Exchange> = {
  status: -1,
  outcome: 'cancelled',
  endedBy: 'client',
  firstByteAt: at(Number.NaN),
};
const vanished = (bytes: number, repaired = false) =>
  ({ at: 5, lasts: 3990, parts: { reason: 'loss', from: 'server', bytes, resends: 4, repaired } }) as const;

/** Connections with small answers, each ended by one that never comes. */
function blackhole(count: number, bytes: number, arrived: number, repaired = false): Traffic {
  const traffic = new Traffic();
  for (let index = 0; index < count; index++) {
    traffic
      .open()
      .calls(5)
      .call({ takes: 4000, stalls: [vanished(bytes, repaired)] }, unanswered)
      .close({ largestAcknowledged: { client: 200, server: arrived } });
  }
  return traffic;
}

/** Two calls that never get through, on connections that are sent on for 4 s, and a new connection 2.3 s after each. */
function givenUp(): Traffic {
  const traffic = new Traffic();
  for (let index = 0; index < 2; index++) {
    traffic
      .open()
      .calls(3)
      .call({ takes: 4000, stalls: [vanished(1448)] }, unanswered)
      .close({ largestAcknowledged: { client: 200, server: 900 } });
    traffic
      .wait(-1700)
      .open()
      .calls(1)
      .close({ largestAcknowledged: { client: 200, server: 900 } })
      .wait(5000);
  }
  return traffic;
}

/** Connections of which a segment of that side vanishes in the TLS handshake, until the client gives up. */
function stuck(count: number, parts: Partial<Stall> = {}, others: Partial<Connection> = {}, start = 0): Traffic {
  const traffic = new Traffic().wait(start);
  const largestAcknowledged = { client: others.largestAcknowledged?.client ?? 0, server: 0 };
  for (let index = 0; index < count; index++) {
    const stall = stallOf({
      startedAt: atMs(start + 6010 * index + 5),
      duration: milliseconds(5900),
      bytes: 1448,
      repaired: false,
      ...parts,
    });
    traffic
      .open(
        {},
        { tls: tlsOf({ handshakeDuration: nanoseconds(Number.NaN) }), stalls: [stall], ...others, largestAcknowledged },
      )
      .wait(6000)
      .close();
  }
  return traffic;
}

/** The same connections, and one before whose handshake ends, with so large a segment. */
const beside = (arrived: number): Traffic => {
  const traffic = new Traffic().open({ tls: 3 }).close({ largestAcknowledged: { client: 300, server: arrived } });
  for (const connection of stuck(4).rows.connections ?? []) traffic.connections.push(connection);
  return traffic;
};

ruleTester(rule, {
  finds: [
    {
      name: 'certificates that never arrive',
      ...stuck(4).rows,
      reports: [
        {
          message: 'handshakes',
          says: /^4 of 4 connections to 10\.96\.44\.12:8080 never ended their TLS handshake: segments of 1,448 bytes of the server vanish$/,
          count: 4,
          of: 4,
          cost: [5.9, 6.1],
          confidence: 'likely',
          errors: 4,
        },
      ],
    },
    {
      name: 'certificates that never arrive, to a client that opens another connection 2 s after each',
      ...joined(...[0, 2000, 4000].map((start) => stuck(1, {}, {}, start).rows)),
      reports: [{ count: 3, cost: [1.9, 2.1] }],
    },
    {
      name: 'certificates that never arrive, to a client whose FIN comes after 3 s, which the server does not get',
      connections: (stuck(3).rows.connections ?? []).map((one) => ({
        ...one,
        endedBy: 'client',
        endedAt: at(one.startedAt + seconds(3)),
      })),
      reports: [{ count: 3, cost: [2.9, 3.1] }],
    },
    {
      name: 'certificates that never arrive, beside one in small segments',
      ...beside(700).rows,
      reports: [{ count: 4 }],
    },
    {
      name: 'full-size segments that are sent again and again and never arrive, while small ones do',
      ...blackhole(3, 1448, 900).rows,
      reports: [
        {
          message: 'vanished',
          says: /^3 of 18 calls to 10\.96\.44\.12:8080 never got through: segments of 1,448 bytes of the server vanish, those up to 900 arrive$/,
          count: 3,
          of: 18,
          errors: 3,
          cost: [3.9, 4.0],
          confidence: 'likely',
          settings: [/MTU/, /fragmentation needed/],
          evidence: [/a segment of 1,448 bytes of the server never arrives, sent again 4 times/],
        },
      ],
    },
    {
      name: 'callers that give up without a word, as their next connection shows: the kernel sends on',
      ...givenUp().rows,
      reports: [{ count: 2, cost: [2.3, 2.31] }],
    },
  ],
  clear: [
    { name: 'a certificate of the same size that arrives', ...beside(1448).rows },
    {
      name: 'random loss: as large ones have arrived',
      ...blackhole(3, 1448, 1448).rows,
      says: /full-size segments arrive, too \(up to 1,448 bytes\)/,
    },
    { name: 'a path that says so, and a sender that adapts', ...blackhole(3, 1448, 1348, true).rows },
    { name: 'small segments that vanish: something else', ...blackhole(3, 72, 1448).rows },
    { name: 'once, which may be a connection that died', ...blackhole(1, 1448, 900).rows },
    {
      name: 'large answers that are slow',
      ...new Traffic().calls(5, { takes: 1500 }).close({ largestAcknowledged: { client: 200, server: 1448 } }).rows,
    },
  ],
  unobservable: [
    { name: 'two handshakes that lose one', ...stuck(2).rows, why: /no large segment/ },
    { name: 'handshakes that lose small ones', ...stuck(4, { bytes: 300 }).rows, why: /no large segment/ },
    { name: 'handshakes that are repaired', ...stuck(4, { repaired: true }).rows, why: /no large segment/ },
    {
      name: 'handshakes that the capture’s end leaves so',
      ...stuck(4, { duration: milliseconds(400) }).rows,
      why: /no/,
    },
    {
      name: 'handshakes of which nothing that the client sends arrives',
      ...stuck(4, { from: 'client' }).rows,
      why: /no/,
    },
    {
      name: 'handshakes at a full accept queue, which sends its SYN-ACKs again',
      ...stuck(
        4,
        { from: 'client', resends: 3 },
        {
          largestAcknowledged: { client: 200, server: 0 },
          synAcks: [
            { at: atMs(0.4), packet: 2 },
            { at: at(1e15), packet: 9 },
          ],
        },
      ).rows,
      why: /no large segment/,
    },
    {
      name: 'small answers only',
      ...new Traffic().calls(5).close({ largestAcknowledged: { client: 200, server: 300 } }).rows,
      why: /no large segment was sent/,
    },
  ],
});
