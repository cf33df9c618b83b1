import { milliseconds, nanoseconds } from '../base/time.ts';
import { atMs, stallOf, tlsOf } from '../model/testing/rows.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { joined, Traffic } from './support/testing/traffic.ts';
import rule from './tls-handshake-slow.ts';

function connections(count: number, takes: number, parts: Parameters<Traffic['close']>[0] = {}): Traffic {
  const traffic = new Traffic();
  for (let index = 0; index < count; index++) {
    traffic
      .open({ connect: 1, tls: takes })
      .wait(20)
      .close({
        protocol: 'tls',
        minRoundTrip: milliseconds(1),
        tls: tlsOf({ handshakeDuration: milliseconds(takes), serverDuration: milliseconds(takes - 2), packets: [] }),
        ...parts,
      });
  }
  return traffic;
}

/** Connections whose ClientHello is acknowledged and never answered, until the client gives up. */
function unanswered(count: number, waits = 3000, parts: Parameters<Traffic['close']>[0] = {}): Traffic {
  const traffic = new Traffic();
  for (let index = 0; index < count; index++) {
    const tls = tlsOf({
      version: null,
      startedAt: atMs(index * (waits + 0.4) + 0.4),
      handshakeDuration: nanoseconds(Number.NaN),
      packets: [],
    });
    traffic
      .open({}, { tls, largestAcknowledged: { client: 517, server: 0 } })
      .wait(waits)
      .close(parts);
  }
  return traffic;
}

ruleTester(rule, {
  finds: [
    {
      name: 'a server that accepts and answers no ClientHello',
      ...unanswered(8).rows,
      reports: [
        {
          message: 'hung',
          says: /^8 of 8 connections to 10\.96\.44\.12:8080 got no answer to their ClientHello: their clients gave up after 3 s$/,
          cost: [2.99, 3.01],
          confidence: 'certain',
          errors: 8,
          onlyInfo: false,
        },
      ],
    },
    { name: 'that once', ...unanswered(1).rows, reports: [{ count: 1, onlyInfo: true }] },
    {
      name: 'a server that waits for something before its part',
      ...connections(10, 190).rows,
      reports: [
        {
          message: 'slow',
          says: /^10 of 10 TLS handshakes with .* waited 188 ms for the server$/,
          count: 10,
          of: 10,
          cost: [0.187, 0.189],
          confidence: 'certain',
          evidence: [/TLS handshake of 190 ms, 188 ms of it until the server's first byte/],
        },
      ],
    },
    {
      name: 'a client that waits for something before its part',
      ...connections(10, 190, { tls: tlsOf({ handshakeDuration: milliseconds(190), packets: [] }) }).rows,
      reports: [
        {
          count: 10,
          says: /waited 188 ms for the client$/,
          settings: [/^client its part of the TLS handshake/],
          fixes: [/look at what the client does/],
        },
      ],
    },
    {
      name: 'a client that does not read meanwhile: that is no loss',
      ...connections(3, 190, {
        tls: tlsOf({ startedAt: atMs(0), handshakeDuration: milliseconds(190), packets: [] }),
        stalls: [stallOf({ reason: 'zero-window', startedAt: atMs(5), duration: milliseconds(180), packets: [] })],
      }).rows,
      reports: [{ count: 3, cost: [0.187, 0.189] }],
    },
    {
      name: 'a SYN that was lost tells nothing of the round trip',
      ...new Traffic()
        .open({ connect: 1008, again: [1000], tls: 190 })
        .wait(20)
        .close({ protocol: 'tls', minRoundTrip: nanoseconds(Number.NaN) }).rows,
      reports: [{ count: 1, cost: [0.189, 0.191] }],
    },
    {
      name: 'some that last as long as a lost segment takes: it may be one that was lost before the capture',
      ...joined(connections(3, 210).rows, connections(20, 5).rows),
      reports: [
        {
          message: 'late',
          says: /^3 of 23 TLS handshakes with \S+ came 2\d\d ms late: as where a segment is lost before this place, or the server/,
          count: 3,
          of: 23,
          confidence: 'possible',
          because: /no loss is seen; .* the other end would tell/,
          fixes: [/whether segments are lost/],
        },
      ],
    },
    {
      name: 'some of them sooner than anything is sent again: not all are lost',
      ...joined(connections(3, 210).rows, connections(1, 150).rows, connections(20, 5).rows),
      reports: [{ message: 'slow', count: 4, confidence: 'possible', noFixes: [/whether segments are lost/] }],
    },
    {
      name: 'most that last as long: no loss holds up all',
      ...joined(connections(13, 210).rows, connections(10, 5).rows),
      reports: [{ count: 13, confidence: 'certain' }],
    },
    {
      name: 'some that are sooner than anything is sent again',
      ...joined(connections(3, 120).rows, connections(20, 5).rows),
      reports: [{ count: 3, confidence: 'certain' }],
    },
    {
      name: 'a pool that is opened at once',
      ...connections(8, 190, { tls: tlsOf({ startedAt: atMs(0), handshakeDuration: milliseconds(190), packets: [] }) })
        .rows,
      reports: [{ count: 8, onlyInfo: true }],
    },
    {
      name: 'a pool that waits for half a second and more',
      ...connections(8, 590, { tls: tlsOf({ startedAt: atMs(0), handshakeDuration: milliseconds(590), packets: [] }) })
        .rows,
      reports: [{ count: 8, onlyInfo: false }],
    },
    { name: 'once', ...connections(1, 190).rows, reports: [{ count: 1, onlyInfo: true }] },
  ],
  clear: [
    {
      name: 'handshakes of which nothing tells the round trip, as in a capture of packets with payload',
      ...connections(10, 190, {
        syns: [],
        minRoundTrip: nanoseconds(Number.NaN),
        tls: tlsOf({ handshakeDuration: milliseconds(190), packets: [] }),
      }).rows,
    },
    { name: 'handshakes of a few milliseconds', ...connections(10, 5).rows, says: /10 handshakes, slowest 5 ms/ },
    { name: 'a far server: its round trips', ...connections(10, 160, { minRoundTrip: milliseconds(75) }).rows },
    {
      name: 'a segment of the handshake that was lost',
      ...connections(1, 230, {
        startedAt: milliseconds(0) as never,
        tls: tlsOf({ startedAt: 0 as never, handshakeDuration: milliseconds(230), packets: [] }),
        stalls: [stallOf({ startedAt: milliseconds(5) as never, duration: milliseconds(220), packets: [] })],
      }).rows,
    },
    {
      name: 'a slow answer after a quick handshake',
      ...new Traffic()
        .open({ connect: 1, tls: 5 })
        .calls(5, { takes: 800 })
        .close({ minRoundTrip: milliseconds(1) }).rows,
      says: /1 handshake, slowest 5 ms/,
    },
    {
      name: 'a HelloRetryRequest, which takes one round trip more',
      ...connections(10, 130, {
        minRoundTrip: milliseconds(30),
        tls: tlsOf({ handshakeDuration: milliseconds(130), retried: true, packets: [] }),
      }).rows,
    },
    {
      name: 'a far server whose round trip shows in its TCP handshake alone',
      ...connections(10, 160, {
        minRoundTrip: nanoseconds(Number.NaN),
        connectDuration: milliseconds(75),
      }).rows,
    },
  ],
  unobservable: [
    { name: 'no TLS', ...new Traffic().open().calls(3).rows, why: /no TLS handshake/ },
    { name: 'clients that close at once', ...unanswered(8, 500).rows, why: /no TLS handshake/ },
    { name: 'servers that close', ...unanswered(8, 3000, { endedBy: 'server' }).rows, why: /no TLS handshake/ },
    {
      name: 'a ClientHello that does not arrive',
      ...unanswered(8, 3000, { largestAcknowledged: { client: 0, server: 0 } }).rows,
      why: /no TLS handshake/,
    },
    {
      name: 'a part of an answer',
      ...unanswered(8, 3000, { bytes: { client: 517, server: 5 } }).rows,
      why: /no TLS handshake/,
    },
  ],
});
