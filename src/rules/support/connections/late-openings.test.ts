import { expect, test } from 'vitest';
import type { Connection } from '../../../model/connection.ts';
import { at } from '../../../base/time.ts';
import rule from '../../tcp-connect-retry.ts';
import { runRule, type Rows } from '../testing/run-rule.ts';
import { joined, Traffic } from '../testing/traffic.ts';

const MS = 1e6;
const CLIENT = { from: 'client', resends: 3 } as const;
const answered = { takes: 900, stalls: [{ at: 0.1, lasts: 830, parts: CLIENT }] };
const unheard = {
  firstByteAt: at(Number.NaN),
  outcome: 'incomplete',
} as const;

/** Connections that open a second late and whose first request is sent again until it gets through. */
const overflow = (count: number, of = count): Traffic => {
  const traffic = new Traffic();
  for (let index = 0; index < of; index++) {
    traffic.open({ again: [1000], connect: 1000.2 });
    traffic.call(index < count ? answered : {}).close();
  }
  return traffic;
};

/** Their servers send SYN-ACKs again 1.02 s after the first. */
const askedAgain = (rows: Rows): Rows => ({
  ...rows,
  connections: (rows.connections ?? []).map((connection): Connection => {
    const [first] = connection.synAcks;
    return first === undefined || connection.stalls.length === 0
      ? connection
      : { ...connection, synAcks: [first, { at: at(first.at + 1020 * MS), packet: first.packet + 500 }] };
  }),
});

const reported = (rows: Rows) => runRule(rule, rows).reports[0]!;

test('what the first request on a late connection waits counts, and the connection is as late as its SYN', () => {
  const { says, cost } = reported(overflow(3, 4).rows);
  expect(says).toBe(
    '4 of 4 connections to 10.96.44.12:8080 opened only after a SYN was sent again, 1 s late (1.83 s with their first data, sent again too)',
  );
  expect(cost.costs.total / 1e9).toBeCloseTo(4 * 1.0002 + 3 * 0.83, 3);
});

test('who gave up on it and asked again waited no longer, whatever the kernel goes on sending', () => {
  const first = new Traffic()
    .open({ again: [1000], connect: 1000.2 })
    .call({ takes: 9000, stalls: [{ at: 0.1, lasts: 8900, parts: { ...CLIENT, repaired: false } }] }, unheard);
  const next = new Traffic().wait(4000).open().call();
  expect(reported(joined(first.rows, next.rows)).cost.costs.total / 1e9).toBeCloseTo(4, 1);
});

test('SYN-ACKs that are sent again to who has acknowledged them and sent data tell of a full accept queue', () => {
  const { says, because, evidence } = reported(askedAgain(overflow(2).rows));
  expect(says).toBe(
    '2 of 2 connections to 10.96.44.12:8080 found its accept queue full: they opened only after a SYN was sent again, 1 s late (1.83 s with their first data, sent again too)',
  );
  expect(because[0]?.value).toMatch(/^none in time: its accept queue is full/);
  expect(evidence.map((one) => one.says).at(-1)).toBe(
    'then data of the client sent again 3 times until it got through, 830 ms later',
  );
});

test.each([
  ['once', askedAgain(overflow(1, 3).rows)],
  ['without a SYN-ACK again', overflow(3).rows],
])('they tell of none %s', (_, rows) => {
  expect(reported(rows).says).toMatch(/10\.96\.44\.12:8080 opened only after a SYN was sent again/);
});
