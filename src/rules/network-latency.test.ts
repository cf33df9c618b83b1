import { milliseconds } from '../base/time.ts';
import rule from './network-latency.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Traffic } from './support/testing/traffic.ts';

const apart = (time: number) => ({ roundTrip: milliseconds(time), minRoundTrip: milliseconds(time) });

const calls = (trip: number, takes: number, least = trip): Traffic =>
  new Traffic()
    .open({ connect: least }, { ...apart(trip), minRoundTrip: milliseconds(least) })
    .calls(30, { takes }, { roundTrip: milliseconds(trip) });

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
  ],
  clear: [
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
