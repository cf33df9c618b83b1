import { at, seconds } from '../base/time.ts';
import type { Connection, GoAway } from '../model/connection.ts';
import type { Exchange } from '../model/exchange.ts';
import rule from './grpc-too-many-pings.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Traffic } from './support/testing/traffic.ts';

const grpc: Partial<Exchange> = { protocol: 'grpc', path: '/report.Reports/Generate', grpcStatus: 0 };
const cut: Partial<Exchange> = {
  ...grpc,
  grpcStatus: -1,
  outcome: 'closed',
  endedBy: 'server',
  firstByteAt: at(Number.NaN),
};

const goaway = (parts: Partial<GoAway> = {}): GoAway => ({
  at: at(31e9),
  packet: 5,
  from: 'server',
  code: 11,
  debug: 'too_many_pings',
  openStreams: 1,
  ...parts,
});
const pinged = (parts: Partial<Connection> = {}): Partial<Connection> => ({
  protocol: 'grpc',
  pings: { fromClient: 3, fromServer: 0, clientInterval: seconds(10) },
  goaway: goaway(),
  ...parts,
});

ruleTester(rule, {
  finds: [
    {
      name: 'a connection that was closed for it, with the call that was cut',
      ...new Traffic().call({ takes: 31_000 }, cut).close(pinged()).open().call({}, grpc).close({ protocol: 'grpc' })
        .rows,
      reports: [
        {
          message: 'closed',
          says: /^10\.96\.44\.12:8080 closed 1 of 2 connections with too_many_pings: the client pings every 10 s, 1 call cut$/,
          count: 1,
          of: 2,
          cost: [30.9, 31.1],
          errors: 1,
          settings: [/10 s/, /5 min/],
          evidence: [/GOAWAY ENHANCE_YOUR_CALM after .* and 3 pings of the client, 1 call open/],
        },
      ],
    },
    {
      name: 'a call that is answered UNAVAILABLE together with the GOAWAY, as the C core does',
      ...new Traffic()
        .open({ connect: 0 })
        .call({ takes: 5000 }, { ...grpc, grpcStatus: 14, outcome: 'error' })
        .close(pinged({ goaway: goaway({ at: at(5e9) }) })).rows,
      reports: [{ count: 1, says: /1 call cut$/, cost: [4.9, 5.1], errors: 1 }],
    },
    {
      name: 'a call whose connection the client closes as the GOAWAY comes, as grpc-js does',
      ...new Traffic()
        .open({ connect: 0 })
        .call({ takes: 5007 }, { ...cut, outcome: 'cancelled', endedBy: 'client', resetCode: -1 })
        .close(pinged({ goaway: goaway({ at: at(5e9) }) })).rows,
      reports: [{ count: 1, says: /1 call cut$/, cost: [4.9, 5.1], errors: 1 }],
    },
    {
      name: 'a call that the client gave up by itself as the GOAWAY came',
      ...new Traffic()
        .open({ connect: 0 })
        .call({ takes: 5007 }, { ...cut, outcome: 'cancelled', endedBy: 'client', resetCode: 8 })
        .close(pinged({ goaway: goaway({ at: at(5e9) }) })).rows,
      reports: [{ count: 1, says: /0 calls cut$/, errors: 0 }],
    },
    {
      name: 'a client that closes long after',
      ...new Traffic()
        .open({ connect: 0 })
        .call({ takes: 9000 }, { ...cut, outcome: 'cancelled', endedBy: 'client', resetCode: -1 })
        .close(pinged({ goaway: goaway({ at: at(5e9) }) })).rows,
      reports: [{ count: 1, says: /0 calls cut$/, errors: 0 }],
    },
    {
      name: 'a call that was UNAVAILABLE long before',
      ...new Traffic()
        .call({ takes: 500 }, { ...grpc, grpcStatus: 14, outcome: 'error' })
        .call({ takes: 5 }, grpc)
        .close(pinged()).rows,
      reports: [{ count: 1, says: /0 calls cut$/, cost: [0, 0], errors: 0 }],
    },
    {
      name: 'nothing was cut: no error, and no time lost',
      ...new Traffic().call({ takes: 5 }, grpc).close(pinged()).rows,
      reports: [{ count: 1, cost: [0, 0], errors: 0 }],
    },
  ],
  clear: [
    {
      name: 'pings that the server permits',
      ...new Traffic().call({ takes: 40_000 }, grpc).close(pinged({ goaway: null })).rows,
      says: /no connection was closed for too many pings/,
    },
    {
      name: 'a graceful GOAWAY',
      ...new Traffic().call({}, grpc).close(pinged({ goaway: goaway({ code: 0, debug: 'max_age' }) })).rows,
    },
    {
      name: 'a server calms down something else',
      ...new Traffic().call({}, cut).close(pinged({ goaway: goaway({ debug: 'too_many_resets' }) })).rows,
    },
    {
      name: 'a client that never pinged',
      ...new Traffic().call({}, cut).close(pinged({ pings: null, goaway: goaway({ debug: null }) })).rows,
    },
  ],
  unobservable: [{ name: 'plain HTTP', ...new Traffic().calls(3).rows, why: /no HTTP\/2 connection/ }],
});
