import { formatDuration, formatShare } from '../base/text.ts';
import { CFS_PERIOD, concentrationOf, isOnGrid } from './support/cfs-grid.ts';
import { defineRule } from './support/define-rule.ts';
import { advice } from './support/fixes.ts';
import { stoppedRule } from './support/stopped.ts';

export default defineRule({
  id: 'cpu-throttling',
  title: 'A server stops until its next CPU period begins',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    stopped:
      '{server} stood still {times} and went on at steps of 100 ms, as a CPU limit makes it: {count} of {total:exchange} waited {cost:duration} each',
    clear: 'no server stood still until a step of 100 ms ({total:call})',
  },
  create: (context) =>
    stoppedRule(context, {
      isOwn: isOnGrid,
      confidence: 'possible',
      confidenceBecause: (pauses) =>
        `all open calls went on together at one phase of 100 ms (${formatShare(concentrationOf(pauses))} concentrated, ${pauses.length} times); cpu.stat of the container would prove it`,
      because: (server) => [
        {
          component: server,
          setting: 'resources.limits.cpu',
          value: 'used up before the period ends',
          origin: 'wire',
          source: 'when answers begin',
        },
        {
          component: 'Linux',
          setting: 'cpu.cfs_period_us',
          value: formatDuration(CFS_PERIOD),
          origin: 'default',
          source: 'kernel.org, CFS Bandwidth Control; kubelet --cpu-cfs-quota-period',
        },
      ],
      fix: (server) => [
        advice(
          'manifest',
          'raise resources.limits.cpu, or leave the limit away and keep the request',
          `the workload behind ${server}`,
          'set the former limit again',
          "kubectl exec POD -- grep -E 'nr_throttled|throttled_usec' /sys/fs/cgroup/cpu.stat",
        ),
        advice(
          'code',
          'run no more threads than the limit has CPUs (GOMAXPROCS, -XX:ActiveProcessorCount, worker counts)',
          `the workload behind ${server}`,
          'set the former number again',
        ),
      ],
    }),
});
