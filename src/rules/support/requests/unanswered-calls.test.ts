import { at } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';
import { inputOf } from '../../../model/testing/rows.ts';
import rule from '../../upstream-slow.ts';
import { ruleTester } from '../testing/rule-tester.ts';
import { joined, Traffic } from '../testing/traffic.ts';

const place = inputOf();
const given: Partial<Exchange> = { outcome: 'cancelled', endedBy: 'client', status: -1, firstByteAt: at(Number.NaN) };
const hangs = (count: number, takes = 2000, parts = given): Traffic => new Traffic().calls(count, { takes }, parts);

ruleTester(rule, {
  finds: [
    {
      name: 'calls that are all given up without an answer',
      ...hangs(8).rows,
      reports: [
        {
          count: 8,
          of: 8,
          says: /^8 of 8 exchanges with 10\.96\.44\.12:8080 waited 2 s for it, until the client gave up/,
          cost: [2, 2],
          confidence: 'likely',
          settings: [/answer.*none/, /timeout.*2 s/],
        },
      ],
    },
    { name: 'most of them', ...hangs(6).calls(4, { takes: 1900 }).rows, reports: [{ count: 6, of: 10 }] },
  ],
  clear: [
    {
      name: 'a capture of one direction',
      inputs: [{ ...place, vantage: { ...place.vantage, sees: { ...place.vantage.sees, bothDirections: false } } }],
      ...hangs(8).rows,
    },
    {
      name: 'a server that asks others itself',
      ...joined(hangs(8).rows, new Traffic({ client: '10.96.44.12', server: '10.20.30.40' }).calls(2).rows),
    },
    { name: 'two: somebody closed a page', ...hangs(2).rows },
    { name: 'a client that soon asks elsewhere', ...hangs(8, 300).rows },
    { name: 'fewer than half of them, among others that take as long', ...hangs(4).calls(6, { takes: 1900 }).rows },
    {
      name: 'calls of which the capture ends before they do',
      ...hangs(8, 2000, { ...given, outcome: 'incomplete' }).rows,
    },
  ],
  unobservable: [{ name: 'no call', ...new Traffic().call({}, { shape: 'stream' }).rows, why: /no call was seen/ }],
});
