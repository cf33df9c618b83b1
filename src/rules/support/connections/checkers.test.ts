import { describe, expect, it } from 'vitest';
import type { Input } from '../../../model/input.ts';
import { inputOf } from '../../../model/testing/rows.ts';
import retry from '../../tcp-connect-retry.ts';
import { runRule, type Rows } from '../testing/run-rule.ts';
import { joined, Traffic } from '../testing/traffic.ts';

/*
 * The kubelet asks pods for their health, and one that was just deleted a last time: its SYN goes on for seconds, on the
 * node and, as the bridge floods what it knows no place for, in captures of other pods.
 */
const KUBELET = { client: '10.244.0.1' };
const { vantage } = inputOf();
const onNode = [inputOf({ vantage: { ...vantage, kind: 'node', addresses: ['10.0.3.7', '10.244.0.6'] } })];
const inPod = [inputOf({ vantage: { ...vantage, kind: 'pod', addresses: ['10.0.3.7'] } })];

const NOTHING = { bytes: { client: 0, server: 0 } } as const;
const inVain = (ends: { client?: string; server: string }): Rows =>
  new Traffic(ends)
    .wait(10_000)
    .open({ connect: null, again: [1000, 3000] })
    .wait(9000)
    .close({ ending: 'captureEnd', endedBy: null, endedAt: Number.NaN as never, ...NOTHING }).rows;

const checks = (path = '/readyz'): Rows => {
  const traffic = new Traffic({ ...KUBELET, server: '10.244.0.6' });
  for (let time = 0; time < 4; time++) traffic.open().call({}, { path }).close();
  return traffic.rows;
};
/** `tcpSocket`: a connection that is closed without a word. */
const looks = (count: number): Rows => {
  const traffic = new Traffic({ ...KUBELET, server: '10.244.0.6' });
  for (let time = 0; time < count; time++) traffic.open().close(NOTHING);
  return traffic.rows;
};
const idle = (): Rows => {
  const traffic = new Traffic({ ...KUBELET, server: '10.244.0.6' });
  for (let time = 0; time < 3; time++) traffic.open().wait(30_000).close(NOTHING);
  return traffic.rows;
};
const deleted = (): Rows => inVain({ ...KUBELET, server: '10.244.0.7' });

const told = (rows: Rows, inputs: readonly Input[]) =>
  runRule(retry, rows, inputs).reports.map(({ subject: { name }, says, onlyInfo }) => ({
    name,
    isCheck: says.startsWith('health checks by'),
    isInfo: onlyInfo !== undefined,
  }));

describe('SYNs that nobody answers', () => {
  it.each([
    ['the kubelet’s HTTP checks', checks()],
    ['the kubelet’s TCP checks', looks(3)],
  ])('of %s are worth knowing at most, and told of who checks', (_, rows) => {
    expect(told(joined(rows, deleted()), onNode)).toEqual([{ name: '10.244.0.1', isCheck: true, isInfo: true }]);
  });

  it('of several pods that are gone are told once', () => {
    const rows = joined(checks(), deleted(), inVain({ ...KUBELET, server: '10.244.0.8' }));
    expect(told(rows, onNode)).toHaveLength(1);
  });

  it.each([
    ['who closed two connections without a word', looks(2)],
    ['who keeps connections that carry nothing yet, as a pool does', idle()],
  ])('of %s are somebody’s', (_, rows) => {
    expect(told(joined(rows, deleted()), onNode)).toEqual([{ name: '10.244.0.7:8080', isCheck: false, isInfo: false }]);
  });

  /** A node's address stands for its kubelet, and for pods that have its network. */
  const both = joined(checks(), checks('/api/orders'));
  const cutCheck = new Traffic({ ...KUBELET, server: '10.244.0.6' }).call({}, { method: '', path: '', host: '' }).rows;

  it('of who asks for more than health may be checks where it is one or two', () => {
    const expected = { name: '10.244.0.7:8080', isCheck: false };
    expect(told(joined(both, deleted()), onNode)).toEqual([{ ...expected, isInfo: true }]);
    expect(told(joined(both, deleted(), deleted(), deleted()), onNode)).toEqual([{ ...expected, isInfo: false }]);
    expect(told(joined(checks('/api/orders'), deleted()), onNode)).toEqual([{ ...expected, isInfo: false }]);
  });

  it('of a client of which a check began before the capture are checks, and of one of which no more is seen are not', () => {
    expect(told(joined(checks(), cutCheck, deleted()), onNode)).toMatchObject([{ isCheck: true, isInfo: true }]);
    expect(told(joined(cutCheck, deleted()), onNode)).toMatchObject([{ isCheck: false, isInfo: false }]);
  });

  it('of others say nothing of the pod that the bridge floods with them', () => {
    const own = inVain({ server: '10.244.0.8' });
    expect(told(joined(deleted(), own), inPod).map(({ name }) => name)).toEqual(['10.244.0.8:8080']);
    expect(told(joined(new Traffic().open().call().rows, deleted()), inPod)).toEqual([]);
  });

  it('of the programs in a pod, by its loopback, are the pod’s', () => {
    const own = inVain({ client: '127.0.0.1', server: '127.0.0.1' });
    expect(told(own, inPod)).toHaveLength(1);
  });
});
