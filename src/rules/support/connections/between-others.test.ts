import { expect, it } from 'vitest';
import { atMs, inputOf } from '../../../model/testing/rows.ts';
import rule from '../../tcp-connect-retry.ts';
import { runRule, type Rows } from '../testing/run-rule.ts';
import { joined, LEFT_OPEN, Traffic } from '../testing/traffic.ts';

const inPod = () => {
  const input = inputOf({ endsAt: atMs(60_000) });
  return { ...input, vantage: { ...input.vantage, kind: 'pod' as const, addresses: ['10.244.0.1'] } };
};

/** Of two hosts that are not the pod which was captured in: so many tries, 10 s apart, that nobody answers. */
function triesOfOthers(count: number): Rows {
  const traffic = new Traffic({ client: '10.244.0.50', server: '10.96.101.223' });
  for (let time = 0; time < count; time++)
    traffic
      .open({ connect: null, again: [1000, 3000, 7000] })
      .wait(3000)
      .close(LEFT_OPEN);
  return joined(new Traffic({ client: '10.244.0.1' }).open().call().rows, traffic.rows);
}

const said = (count: number) => {
  const { reports, clears } = runRule(rule, triesOfOthers(count), [inPod()]);
  return { told: reports.map(({ says }) => says), clear: clears.map(({ says }) => says) };
};

it('the last tries of somebody else for a pod that is gone, which a bridge floods, are nothing of this pod', () => {
  expect(said(2)).toEqual({
    told: [],
    clear: [expect.stringMatching(/of 2 it was, which were refused or are others’/)],
  });
});

it('somebody who goes on trying is told, though the capture may be another pod’s', () => {
  expect(said(4).told).toEqual([expect.stringMatching(/^4 of 4 connections to 10\.96\.101\.223:8080 waited/)]);
});
