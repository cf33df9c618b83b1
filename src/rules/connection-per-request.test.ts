import { at, milliseconds } from '../base/time.ts';
import type { Connection, Side } from '../model/connection.ts';
import type { Exchange } from '../model/exchange.ts';
import { tlsOf } from '../model/testing/rows.ts';
import rule from './connection-per-request.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { joined, Traffic, type Call, type Opening } from './support/testing/traffic.ts';

/** Connections with so many calls each. */
function connections(count: number, calls: number, path = '/api/items', protocol = 'http/1.1'): Traffic {
  const traffic = new Traffic();
  for (let index = 0; index < count; index++) {
    traffic.open({ connect: 8 }).calls(calls, {}, { path }).close({ protocol, exchanges: calls });
  }
  return traffic;
}

/** Connections inside TLS that live so many milliseconds after their handshakes. */
function encrypted(count: number, lives: number, tls = 4, packets = 8, turns = 0): Traffic {
  const traffic = new Traffic();
  for (let index = 0; index < count; index++) {
    traffic
      .open({ connect: 1, tls })
      .calls(turns, {}, { shape: 'turn', protocol: 'tls', method: '', path: '', status: -1 })
      .wait(lives)
      .close({
        protocol: 'tls',
        exchanges: 0,
        ending: 'fin',
        bytes: { client: 400, server: 900 },
        packets: { client: packets, server: packets },
      });
  }
  return traffic;
}

/** Ten connections with one call each, which end so. */
function closing(
  ends: Partial<Connection>,
  call: Partial<Exchange> | null = {},
  opening: Opening = { connect: 8 },
  serverPort = 8080,
  times: Call = {},
): Traffic {
  const traffic = new Traffic({ serverPort });
  for (let index = 0; index < 10; index++) {
    traffic.open(opening);
    if (call !== null) traffic.call(times, call);
    traffic.close(ends);
  }
  return traffic;
}

/** Sessions of a database, with so many statements each, closed so many milliseconds after them. */
function signedIn(
  count: number,
  statements: number,
  rests = 0,
  traffic = new Traffic({ serverPort: 5432 }),
  endedBy: Side = 'client',
): Traffic {
  const database = { protocol: 'postgresql', path: '', status: -1 } as const;
  for (let index = 0; index < count; index++) {
    traffic.open({ connect: 1 }).call({ takes: 2 }, { ...database, method: 'STARTTLS' });
    traffic.call({ takes: 15 }, { ...database, method: 'AUTHENTICATE' });
    traffic.calls(statements, {}, { ...database, method: 'SELECT' }).wait(rests);
    traffic.close({ protocol: 'postgresql', exchanges: 2 + statements, ending: 'fin', endedBy });
  }
  return traffic;
}

/** The same where the client asks for TLS first, and nobody can read what it says then. */
function sealedSessions(count: number): Traffic {
  const traffic = new Traffic({ serverPort: 5432 });
  for (let index = 0; index < count; index++) {
    traffic.open({ connect: 1 });
    const asked = { protocol: 'postgresql', method: 'STARTTLS', path: '', shape: 'upgrade' } as const;
    traffic.call({ takes: 2 }, asked);
    const asksAt = traffic.exchanges.at(-1)?.startedAt ?? Number.NaN;
    traffic.call({ takes: 5 }, { protocol: 'tls', method: '', path: '', shape: 'turn' });
    const tls = tlsOf({ startedAt: at(asksAt + milliseconds(3)), handshakeDuration: milliseconds(9) });
    traffic.close({ protocol: 'tls', tls, exchanges: 2, ending: 'fin', endedBy: 'client' });
  }
  return traffic;
}

/** MongoDB's connections: of each client one with so many commands, and one that only watches the server. */
function greeted(count: number, commands: number): Traffic {
  const traffic = new Traffic({ serverPort: 27_017 });
  const database = { protocol: 'mongodb', path: '', status: -1 } as const;
  for (let index = 0; index < count; index++) {
    for (const asked of [commands, 0]) {
      traffic.open({ connect: 1 }).call({ takes: 2 }, { ...database, method: 'ismaster' });
      if (asked === 0) traffic.call({ takes: 900 }, { ...database, method: 'hello', shape: 'stream' });
      traffic.calls(asked, {}, { ...database, method: 'find' });
      traffic.close({ protocol: 'mongodb', exchanges: asked === 0 ? 2 : 1 + asked, ending: 'fin', endedBy: 'client' });
    }
  }
  return traffic;
}

/** Ten connections that were opened at once, with a call each. */
const atOnce = () => joined(...Array.from({ length: 10 }, () => new Traffic().open({ connect: 8 }).call().rows));

const throughSidecar = (ends: Partial<Connection>): Traffic => closing({ ...ends, ending: 'fin' });

/** Ten connections with one call each, on which nothing happens for a while before they are closed. */
function idling(rests: number, ends: Partial<Connection>, call: Partial<Exchange> = {}): Traffic {
  const traffic = new Traffic();
  for (let index = 0; index < 10; index++) traffic.open({ connect: 8 }).call({}, call).wait(rests).close(ends);
  return traffic;
}

/** Ten connections with one call each, so long one behind the other, which the server closes when each was idle for 5 s. */
function leftIdle(apart: number): Traffic {
  const traffic = new Traffic();
  for (let index = 0; index < 10; index++) {
    traffic.open({ connect: 8 }).call().wait(5000).close({ endedBy: 'server' });
    traffic.wait(apart - 5000);
  }
  return traffic;
}

/** Ten connections with one call each over a way of 60 ms, whose answers come in so many. */
const far = (responseBytes: number, body: number): Traffic =>
  closing({}, { responseBytes, roundTrip: milliseconds(60) }, { connect: 61 }, 8080, {
    takes: 65 + body,
    firstByte: 65,
  });

/** Thirty connections with one call each, of which so many go a way of 80 ms and the others one of the other length. */
function overTwoWays(long: number, near: number): Traffic {
  const traffic = new Traffic();
  for (let index = 0; index < 30; index++) {
    traffic
      .open({ connect: index < long ? 80 : near })
      .call()
      .close({ protocol: 'http/1.1', exchanges: 1 });
  }
  return traffic;
}

ruleTester(rule, {
  finds: [
    {
      name: 'connections of which half go a far longer way: the median is not what each pays',
      ...overTwoWays(16, 1).rows,
      reports: [{ count: 30, says: /serve a single call: half of them pay at least 80 ms to connect$/ }],
    },
    {
      name: 'ways that differ less',
      ...overTwoWays(16, 30).rows,
      reports: [{ count: 30, says: /serve a single call: each pays 80 ms to connect$/ }],
    },
    {
      name: 'calls of which each waits for a new sender to get up to speed',
      ...far(200_000, 185).rows,
      reports: [
        {
          message: 'slow',
          says: /^10 of 10 connections to 10\.96\.44\.12:8080 serve a single call: each pays 241 ms to connect and to get up to speed$/,
          cost: [0.24, 0.242],
          settings: [/keep-alive/, /pool/, /slow start of a new connection/],
        },
      ],
    },
    {
      name: 'connections that the server keeps for less than its client rests',
      ...idling(5000, { endedBy: 'server' }).rows,
      reports: [
        {
          message: 'idle',
          says: /serve a single call, as it closes what is idle for 5\.01 s: each pays 8 ms to connect$/,
          settings: [/keep-alive timeout 5\.01 s/, /pause between its calls longer/],
          fixes: [/keep idle connections for longer/],
        },
      ],
    },
    {
      name: 'connections that it closes when they are idle, of a client that opens another for each call all the same',
      ...leftIdle(1000).rows,
      reports: [
        {
          message: 'each',
          count: 10,
          settings: [/client keep-alive not used: it opens another while one is idle/, /none that is used again/],
          fixes: [/use one client for all calls/],
        },
      ],
    },
    {
      name: 'the same where the next call comes when it is closed',
      ...leftIdle(5100).rows,
      reports: [{ message: 'idle', count: 10 }],
    },
    {
      name: 'connections that it closes at once',
      ...idling(20, { endedBy: 'server' }).rows,
      reports: [{ message: 'each', count: 10 }],
    },
    {
      name: 'connections that the client gives up after a while',
      ...idling(5000, { endedBy: 'client' }).rows,
      reports: [{ message: 'each', count: 10 }],
    },
    {
      name: 'one that says it will close, and takes its time',
      ...idling(5000, { endedBy: 'server' }, { keepsConnection: false }).rows,
      reports: [{ message: 'each', settings: [/off: it closes after each answer/, /pool/] }],
    },
    {
      name: 'the same of small answers',
      ...far(9000, 2).rows,
      reports: [
        {
          message: 'each',
          says: /each pays 61 ms to connect$/,
          cost: [0.061, 0.062],
          settings: [/keep-alive/, /pool/],
        },
      ],
    },
    {
      name: 'a database that is signed in to inside TLS for each request: what can be read is the least of it',
      ...sealedSessions(30).rows,
      reports: [
        { message: 'session', says: /each pays at least 13 ms to connect and sign in$/, cost: [0.0129, 0.0131] },
      ],
    },
    {
      name: 'a database that is signed in to for each request',
      ...signedIn(30, 1).rows,
      reports: [
        {
          message: 'session',
          says: /^30 of 30 connections to 10\.96\.44\.12:5432 serve one piece of work: each pays 28 ms to connect and sign in$/,
          count: 30,
          habit: true,
          fixes: [/one pool of connections/],
        },
      ],
    },
    {
      name: 'a MongoDB client for each request, each with a connection that watches the server besides',
      ...greeted(20, 2).rows,
      reports: [{ message: 'session', count: 20, of: 40, habit: true }],
    },
    {
      name: 'with a transaction each',
      ...signedIn(10, 3, 0, new Traffic({ serverPort: 5432 }), 'server').rows,
      reports: [{ message: 'session', count: 10 }],
    },
    {
      name: 'a connection for each of many calls: a habit',
      ...connections(30, 1).rows,
      reports: [
        {
          message: 'each',
          says: /^30 of 30 connections to 10\.96\.44\.12:8080 serve a single call: each pays 8 ms to connect$/,
          count: 30,
          of: 30,
          cost: [0.0079, 0.0081],
          confidence: 'certain',
          settings: [/^client keep-alive not used/, /connection pool/],
          fixes: [/one client for all calls/],
          habit: true,
          errors: 0,
          evidence: [/opened for one call, closed after/],
        },
      ],
    },
    { name: 'too few for a habit', ...connections(12, 1).rows, reports: [{ count: 12, of: 12, habit: false }] },
    {
      name: 'too few for a habit, however many are refused beside them',
      ...connections(15, 1).refused(14).rows,
      reports: [{ count: 15, of: 29, habit: false }],
    },
    {
      name: 'a habit, though half are refused',
      ...connections(20, 1).refused(20).rows,
      reports: [{ count: 20, of: 40, habit: true }],
    },
    {
      name: 'a server that closes after each answer',
      ...closing({ endedBy: 'server' }).rows,
      reports: [{ count: 10, settings: [/^10\.96\.44\.12:8080 keep-alive off/], fixes: [/keep connections open/] }],
    },
    {
      name: 'a client that asks for it, and a server that does so',
      ...closing({ endedBy: 'server' }, { asksToClose: true, keepsConnection: false }).rows,
      reports: [{ count: 10, settings: [/^client keep-alive off: its requests ask/], fixes: [/NGINX with keepalive/] }],
    },
    {
      name: 'a client that closes because the answer says so',
      ...closing({ endedBy: 'client' }, { keepsConnection: false }).rows,
      reports: [{ count: 10, settings: [/^10\.96\.44\.12:8080 keep-alive off/] }],
    },
    {
      name: 'gRPC calls that are no health checks',
      ...closing({}, { protocol: 'grpc', method: 'POST', path: '/shop.Health/Check' }).rows,
      reports: [{ count: 10 }],
    },
    {
      name: 'what Spring Boot answers besides health checks',
      ...connections(30, 1, '/actuator/prometheus').rows,
      reports: [{ count: 30 }],
    },
    {
      name: 'a client that closes none, and opens another for each call',
      ...closing({ ending: 'captureEnd', endedBy: null }).rows,
      // The last may yet be used again, and the one before until the very moment that it was opened.
      reports: [{ count: 8 }],
    },
    {
      name: 'a SYN that was lost is no cost of this',
      ...closing({}, {}, { connect: 1008, again: [1000] }).rows,
      reports: [{ count: 10, cost: [0.0079, 0.0081] }],
    },
    {
      name: 'a SYN that was lost is no cost of this, where the answer to it went another way',
      ...closing({ synAcks: [] }, {}, { connect: 1008, again: [1000] }).rows,
      reports: [{ count: 10, cost: [0.0079, 0.0081] }],
    },
    {
      name: 'inside TLS, whose handshakes one side holds up: what that takes has its own name',
      ...encrypted(25, 40, 184).rows,
      reports: [{ count: 25, cost: [0.001, 0.006], confidence: 'likely' }],
    },
    {
      name: 'inside TLS, beside a connection with fewer calls',
      ...joined(encrypted(25, 40).rows, encrypted(1, 600, 4, 60).rows),
      reports: [{ count: 25, of: 26 }],
    },
    { name: 'in an unread protocol', ...connections(25, 1, '', 'tcp').rows, reports: [{ confidence: 'likely' }] },
    {
      name: 'inside TLS: each lives as short as one call does',
      ...encrypted(25, 40, 4, 8, 1).rows,
      reports: [{ count: 25, confidence: 'likely', cost: [0.0049, 0.0051] }],
    },
  ],
  clear: [
    {
      name: 'connections to the sidecar of the pod itself, which cost nothing',
      ...throughSidecar({ client: '127.0.0.6' }).rows,
    },
    {
      name: 'connections that are turned to it on their way',
      ...throughSidecar({ backend: '127.0.0.1:15001' }).rows,
    },
    { name: 'a MongoDB client that is kept', ...greeted(6, 40).rows },
    { name: 'sessions of a database that serve many statements', ...signedIn(10, 12).rows },
    { name: 'sessions that are kept for a while', ...signedIn(10, 1, 3000).rows },
    {
      name: 'checks that sign in each time, beside a pool that is asked far more',
      ...signedIn(10, 1, 0, signedIn(1, 200, 0)).rows,
    },
    {
      name: 'connections that serve many calls',
      ...connections(6, 8).rows,
      says: /connections are used again \(48 calls on 6 connections\)/,
    },
    { name: 'health checks, which open one each', ...connections(30, 1, '/healthz').rows },
    { name: 'health checks of Spring Boot', ...connections(30, 1, '/actuator/health/readiness').rows },
    {
      name: "kubelet's gRPC probes",
      ...closing({}, { protocol: 'grpc', method: 'POST', path: '/grpc.health.v1.Health/Check' }).rows,
    },
    { name: 'inside TLS, connections that last', ...encrypted(25, 5000).rows },
    { name: 'inside TLS, short ones on which it is the client’s turn three times', ...encrypted(25, 40, 4, 8, 3).rows },
    {
      name: 'inside TLS, connections that a client opened at once and does without, since one carries all its calls',
      ...joined(encrypted(11, 20).rows, encrypted(1, 600, 4, 300).rows),
    },
    { name: 'inside TLS, short ones that carried many calls', ...encrypted(25, 600, 4, 60).rows },
    { name: 'a few, as a pool grows', ...connections(3, 1).rows },
    {
      name: 'a pool that grew to serve many more calls',
      ...joined(connections(6, 1).rows, connections(1, 20).rows),
    },
    {
      name: 'inside TLS, a few short ones among many that last',
      ...joined(encrypted(8, 40).rows, encrypted(20, 5000).rows),
    },
    { name: 'a pool whose first calls are answered as the capture ends', ...atOnce() },
    {
      name: 'calls that wait for their answer as the capture ends',
      ...closing({ ending: 'captureEnd', endedBy: null }, { outcome: 'incomplete' }).rows,
    },
    {
      name: 'DNS over TCP',
      ...joined(new Traffic().open().calls(4).rows, closing({ protocol: 'dns', exchanges: 0 }, null, {}, 53).rows),
    },
  ],
  unobservable: [
    { name: 'all open before', ...new Traffic().open({ before: true }).calls(5).rows, why: /all were open before/ },
  ],
});
