import { formatCount, plural } from '../../../base/text.ts';
import type { Fix, Setting } from '../../../model/finding.ts';
import type { CommonLoss } from './common-loss.ts';
import { advice } from '../fixes.ts';
import { wireSetting } from '../settings.ts';

/** What is lost between whom, in words. */
export function lossWords({ host, paths, lossy, onlyFirst }: CommonLoss): string {
  const of = (kind: string): string =>
    lossy === paths ? `all ${plural(paths, kind)}` : `${formatCount(lossy)} of ${plural(paths, kind)}`;
  const where = host === null ? `on ${of('path')} of the capture` : `between ${host} and ${of('host')}`;
  return onlyFirst ? `new connections ${where} lose packets, open ones hardly any` : `packets ${where} are lost`;
}

export const commonSetting = (common: CommonLoss): Setting =>
  wireSetting(
    common.host === null ? 'the network' : `path of ${common.host}`,
    common.onlyFirst ? 'connections whose SYN was sent again' : 'packets of TCP that were sent again',
    `${formatCount(common.lost)} of ${formatCount(common.of)}`,
  );

/** What the others have in common does not show from here. */
const ofOthers = (host: string): Fix =>
  advice(
    'infrastructure',
    `where all that ${host} loses packets with are on one other node, look at that one in the same way, and at the way there`,
    'the node of the others',
    'nothing is changed',
    'kubectl get pods -A -o wide',
  );

export function commonFixes({ host, onlyFirst }: CommonLoss): Fix[] {
  const target = host === null ? 'the node' : `the node of ${host}`;
  const UNCHANGED = 'nothing is changed';
  if (!onlyFirst) {
    return [
      advice(
        'infrastructure',
        'look at what all of them pass: the node’s interface and queues, what the machine is allowed (bandwidth, packets, connections), a limit on the pod’s bandwidth',
        target,
        UNCHANGED,
        "ip -s link; tc -s qdisc; ethtool -S eth0 | grep -E 'drop|allowance_exceeded'",
      ),
      ...(host === null ? [] : [ofOthers(host)]),
    ];
  }
  return [
    advice(
      'infrastructure',
      'look whether connections are tracked in a table that is full: nf_conntrack_max (of kube-proxy: conntrack.maxPerCore), the connections that the machine is allowed, ports of a SNAT',
      target,
      'set the former size again',
      'dmesg | grep conntrack; sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max; conntrack -S; ethtool -S eth0 | grep allowance_exceeded',
    ),
    advice(
      'infrastructure',
      'where all the servers are pods of one workload, look at their accept queues, which drop SYNs when they are full',
      'the workload behind them',
      UNCHANGED,
      'ss -ltn; nstat -az TcpExtListenOverflows TcpExtListenDrops',
    ),
  ];
}
