import { milliseconds } from '../base/time.ts';
import { connectionOf, inputOf } from '../model/testing/rows.ts';
import rule from './network-latency.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import type { Rows } from './support/testing/run-rule.ts';
import { Serving } from './support/testing/serving.ts';
import { Traffic } from './support/testing/traffic.ts';

const apart = (time: number) => ({ roundTrip: milliseconds(time), minRoundTrip: milliseconds(time) });

const calls = (trip: number, takes: number, least = trip): Traffic =>
  new Traffic()
    .open({ connect: least }, { ...apart(trip), minRoundTrip: milliseconds(least) })
    .calls(30, { takes }, { roundTrip: milliseconds(trip) });

/** Requests of a service that is near to its callers, with a call to a server that is 70 ms away. */
function service(takes: number, call: number): Rows {
  const far = { roundTrip: milliseconds(70) };
  const { exchanges = [], requests = [] } = new Serving().serve(30, takes, [{ at: 2, takes: call, parts: far }]).rows;
  const connections = [
    connectionOf({ client: '10.0.3.7', server: '10.20.30.40', serverPort: 9200, ...apart(70) }),
    connectionOf({ client: '10.0.9.9', server: '10.0.3.7', serverPort: 8080, ...apart(0.2) }),
  ];
  return { exchanges, requests, connections };
}

/** Connections in turn, with three calls each, over ways of such round trips. */
function turns(trips: readonly number[]): Traffic {
  const traffic = new Traffic();
  for (const [index, trip] of trips.entries()) {
    traffic
      .open({ connect: trip }, { id: `0.c-${index}`, ...apart(trip) })
      .calls(3, { takes: trip + 5 }, { roundTrip: milliseconds(trip) });
  }
  return traffic;
}

/** Likewise, where a DNAT is seen to send the far ones to a back end of their own, or all to one. */
function backends(far: string): Rows {
  const rows = turns([1, 81, 1, 81, 1, 81, 1]).rows;
  const connections = (rows.connections ?? []).map((connection) => ({
    ...connection,
    backend: connection.minRoundTrip > milliseconds(40) ? far : '10.244.2.31:8080',
  }));
  return { ...rows, connections };
}

ruleTester(rule, {
  finds: [
    {
      name: 'one of several ways that is far longer, which the source port decides',
      ...turns([1, 1, 81, 1, 81.4, 1, 1, 82, 1, 1]).rows,
      reports: [
        {
          message: 'twoWays',
          says: /^9 of 30 exchanges with 10\.96\.44\.12:8080 went a longer way: 81\.4 ms for one round trip on 3 of 10 connections, 1 ms on the others$/,
          count: 9,
          of: 30,
          confidence: 'certain',
          settings: [/^one path to 10\.96\.44\.12:8080/, /^the other/],
        },
      ],
    },
    {
      name: 'the same where most go the long way',
      ...turns([81, 1, 81, 81, 1, 81, 1, 81, 81]).rows,
      reports: [{ message: 'twoWays', count: 18, of: 27 }],
    },
    {
      name: 'a back end of a Service in another region',
      ...backends('10.244.9.9:8080'),
      reports: [{ message: 'twoWays', settings: [/^the path to 10\.244\.9\.9:8080/, /^the other/] }],
    },
    {
      name: 'one back end by two ways',
      ...backends('10.244.2.31:8080'),
      reports: [{ message: 'twoWays', settings: [/^one path to 10\.96\.44\.12:8080/, /^the other/] }],
    },
    {
      name: 'a server 70 ms away that answers in 6',
      ...calls(70, 76).rows,
      reports: [
        {
          message: 'far',
          says: /^30 of 30 exchanges with 10\.96\.44\.12:8080 took mostly the way there and back: 70(\.0+)? ms/,
          count: 30,
          of: 30,
          cost: [0.069, 0.071],
          confidence: 'certain',
          habit: true,
        },
      ],
    },
    {
      name: 'a far upstream that the requests of a service wait for',
      inputs: [inputOf()],
      ...service(88, 76),
      reports: [{ count: 30, of: 30, subject: '10.20.30.40:9200', cost: [0.069, 0.071] }],
    },
  ],
  clear: [
    { name: 'two long ways: once or twice is chance', ...turns([1, 1, 81, 1, 81, 1, 1]).rows },
    { name: 'a way that is long for a while', ...turns([1, 1, 1, 1, 81, 81, 81, 1, 1, 1]).rows },
    { name: 'a queue on the way: now longer, now shorter', ...turns([1, 81, 1, 160, 1, 47, 1, 300, 1]).rows },
    { name: 'ways that differ by less', ...turns([20, 45, 20, 45, 20, 45, 20]).rows },
    {
      name: 'a far cache that a service asks for a tenth of its requests’ time',
      inputs: [inputOf()],
      ...service(800, 76),
    },
    { name: 'a server 70 ms away that thinks for 300', ...calls(70, 370).rows },
    { name: 'a server near by that thinks for 70', ...calls(0.4, 70).rows },
    { name: 'delayed ACKs: the handshake was quick', ...calls(42, 44, 0.4).rows },
    { name: 'a neighbouring zone', ...calls(2, 3).rows },
    { name: 'a neighbouring region', ...calls(25, 28).rows },
    {
      name: 'a few far calls among many near ones',
      ...new Traffic()
        .open({}, apart(70))
        .calls(30, { takes: 300 }, { roundTrip: milliseconds(70) })
        .calls(4, { takes: 75 }, { roundTrip: milliseconds(70) }).rows,
    },
  ],
  unobservable: [{ name: 'no call', ...new Traffic().call({}, { shape: 'stream' }).rows, why: /no answered call/ }],
});
