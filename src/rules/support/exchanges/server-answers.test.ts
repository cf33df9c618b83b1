import { expect, it } from 'vitest';
import { milliseconds } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';
import { atMs, exchangeOf } from '../../../model/testing/rows.ts';
import { createFacts } from '../facts.ts';
import { tellExchanges } from './ordinary-exchanges.ts';
import { serverAnswers } from './server-answers.ts';
import { traffic } from '../traffic.ts';

it('are counted by back end, ordinary and others, health checks among them', () => {
  const facts = createFacts();
  const answers = facts.of(serverAnswers);
  const tell = tellExchanges(facts.all(), facts.of(traffic).routes);
  let clock = 0;
  const call = (count: number, parts: Partial<Exchange> = {}): void => {
    for (let index = 0; index < count; index++) {
      tell(exchangeOf({ startedAt: atMs((clock += 10)), duration: milliseconds(4), ...parts }));
    }
  };
  call(5);
  call(3, { path: '/healthz' });
  call(2, { duration: milliseconds(90) });
  call(4, { server: '10.96.0.9', backend: '10.96.0.1:8080' });
  call(6, { backend: '10.244.0.7:8080' });
  const all = answers.all();
  expect(answers.calls()).toBe(20);
  expect(all.map(({ server }) => server)).toEqual([`${exchangeOf().server}:8080`, '10.96.0.1:8080', '10.244.0.7:8080']);
  expect(all.map(({ delays }) => delays.count)).toEqual([10, 4, 6]);
  expect(all.map(({ probes }) => probes.count)).toEqual([3, 0, 0]);
  expect(all.map(({ slow }) => slow.length)).toEqual([2, 0, 0]);
  expect(all[0]?.delays.max).toBe(milliseconds(90));
  expect(all[2]?.answers).toEqual([154, 164, 174, 184, 194, 204].map(atMs));
  // Put together once, until there is more.
  expect(answers.all()).toBe(all);
  call(1);
  expect(answers.all().map(({ delays }) => delays.count)).toEqual([11, 4, 6]);
  call(1, { duration: milliseconds(90) });
  expect(answers.all().map(({ delays }) => delays.count)).toEqual([12, 4, 6]);
});
