import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { microseconds } from '../src/base/time.ts';
import { readExchanges } from './support/read-exchanges.ts';

/*
 * What whose turn it was tells of protocols that nobody here reads, against deepflow's agent, which reads them: how
 * long each call waited for its answer, in microseconds, from its tests' own results.
 */
const FOLDER = '../shared/captures/public/deepflow/agent/resources/test/flow_generator';

const NAMES = [
  'brpc/brpc-echo',
  'rocketmq/rocketmq-consumer-otel',
  'rocketmq/rocketmq-get-consumer-list-by-group',
  'rocketmq/rocketmq-get-routeinfo-by-topic',
  'rocketmq/rocketmq-heartbeat',
  'rocketmq/rocketmq-producer-otel',
  'rocketmq/rocketmq-producer-skywalking',
  'rocketmq/rocketmq-send-message-v2',
  'tars/tars-echo',
];

const theirs = (name: string): number[] =>
  [...readFileSync(join(FOLDER, `${name}.result`), 'utf8').matchAll(/"?r[rt]t"?: ?(\d+)/g)]
    .map(([, time]) => Number(time))
    .filter((time) => time > 0);

describe.skipIf(!existsSync(FOLDER))('deepflow, which reads it, has the same waits as whose turn it was tells', () => {
  it.each(NAMES)('%s', async (name) => {
    const { exchanges } = await readExchanges(join(FOLDER, `${name}.pcap`));
    expect(new Set(exchanges.map(({ protocol, shape }) => `${protocol} ${shape}`))).toEqual(new Set(['tcp turn']));
    const ours = exchanges.map(({ startedAt, firstByteAt }) => Math.round((firstByteAt - startedAt) / microseconds(1)));
    expect(ours).toEqual(theirs(name));
  });
});
