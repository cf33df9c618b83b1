import { seconds } from '../../../base/time.ts';
import type { Fix } from '../../../model/finding.ts';
import { advice } from '../fixes.ts';
import type { Verdict } from './loss-verdict.ts';

// A pod's address goes on for so long behind its program's end: kube-proxy has dropped it by then, and stale conntrack
// entries with it (iptables-min-sync-period, endpoints' own delays: a second or a few).
const SOON = seconds(10);

/**
 * Whether a server that answers others said that nobody listens, about when these queries were lost: one of the pods
 * behind its address ended, and what came a moment later went nowhere.
 */
export const isEnding = (verdicts: readonly Verdict[], lost: readonly Verdict[]): boolean =>
  verdicts.some(
    ({ cause, record, group }) =>
      cause === 'dead-server' &&
      group.shape === 'unreachable' &&
      record.answered > 0 &&
      lost.some((own) => own.record === record && Math.abs(own.group.firstAt - group.firstAt) <= SOON),
  );

export const ENDED_SERVER: Fix = advice(
  'manifest',
  'let DNS pods end only when nobody is led to them any more: `health { lameduck 5s }` in the Corefile, a terminationGracePeriodSeconds that is longer, and two replicas at least',
  'ConfigMap kube-system/coredns',
  'take lameduck out again',
  'kubectl -n kube-system get configmap coredns -o yaml; kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide',
);
