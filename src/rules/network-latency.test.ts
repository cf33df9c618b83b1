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

ruleTester(rule, {
  finds: [
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
