import { describe, expect, it } from 'vitest';
import { at, seconds } from '../../../base/time.ts';
import { inputOf } from '../../../model/testing/rows.ts';
import rule from '../../upstream-slow.ts';
import { runRule, type Rows } from '../testing/run-rule.ts';
import { joined, Traffic } from '../testing/traffic.ts';

const place = inputOf({ endsAt: at(seconds(200)) });
const unknown = { ...place, vantage: { ...place.vantage, kind: 'unknown' as const, addresses: [] } };

/**
 * A program that is asked at 8080 and asks another one at 9200, both by one address: of 60 calls each tenth takes 300 ms,
 * those at 9200 so long after they were asked for.
 */
function pair(address: string, apart: number): Rows {
  const outer = new Traffic({ client: address, server: address, serverPort: 8080 }).open();
  const inner = new Traffic({ client: address, server: address, serverPort: 9200 }).open().wait(2);
  for (let index = 1; index <= 60; index++) {
    const isSlow = index % 10 === 0;
    outer.call({ takes: isSlow ? 304 : 24 }).wait(700);
    inner.wait(isSlow ? apart : 0).call({ takes: isSlow ? 300 : 20 });
    inner.wait(isSlow ? 704 - apart : 704);
  }
  return joined(outer.rows, inner.rows);
}

const told = (rows: Rows): string[] =>
  runRule(rule, rows, [unknown])
    .reports.map(({ says }) => says.replace(/ waited.*/, ''))
    .toSorted();

describe('programs of one host that ask one another', () => {
  it.each(['127.0.0.1', '::1', '10.0.3.7'])('name the last of them by %s', (address) => {
    expect(told(pair(address, 1))).toEqual([
      `6 of 60 exchanges with ${address.includes(':') ? `[${address}]` : address}:9200`,
    ]);
  });

  it('are both named where one is slow while the other is not asked', () => {
    expect(told(pair('127.0.0.1', 350))).toEqual([
      '6 of 60 exchanges with 127.0.0.1:8080',
      '6 of 60 exchanges with 127.0.0.1:9200',
    ]);
  });
});
