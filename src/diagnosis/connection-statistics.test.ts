import { expect, it } from 'vitest';
import { atMs, inputOf } from '../model/testing/rows.ts';
import { Traffic } from '../rules/support/testing/traffic.ts';
import { createConnectionStatistics } from './connection-statistics.ts';

const { vantage } = inputOf();
const NONE = { client: 0, server: 0 };
const ends = { endsAt: atMs(60_000) };
const onNode = [inputOf({ ...ends, vantage: { ...vantage, kind: 'node', addresses: ['10.0.3.7'] } })];
const inPod = [inputOf({ ...ends, vantage: { ...vantage, kind: 'pod', addresses: ['10.0.3.7'] } })];

/** How many of those that no SYN of is answered count as failed. */
const failed = (client: string, inputs = onNode): number => {
  const statistics = createConnectionStatistics({ has: (_, asked) => asked === '10.244.0.1' });
  const rows = new Traffic({ client, server: '10.244.0.9' })
    .open({ connect: null })
    .close({ ending: 'captureEnd', endedBy: null, bytes: NONE, packets: { client: 2, server: 0 } }).rows;
  for (const connection of rows.connections ?? []) statistics.connection(connection);
  return statistics.row(inputs).failed;
};

it('connections that nobody answers have failed, but for checks of health and what is flooded to a pod', () => {
  expect(failed('10.0.3.7')).toBe(1);
  expect(failed('10.244.0.1')).toBe(0);
  expect(failed('10.0.3.8')).toBe(1);
  expect(failed('10.0.3.8', inPod)).toBe(0);
  expect(failed('10.0.3.7', inPod)).toBe(1);
});
