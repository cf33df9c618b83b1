import { formatDuration, formatShare } from '../base/text.ts';
import { CFS_PERIOD, concentrationOf, isOnGrid } from './support/cfs-grid.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Fix, Setting } from '../model/finding.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { beyond, gridAnswersOf, type GridAnswers } from './support/grid-answers.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { serverAnswers } from './support/server-answers.ts';
import { stoppedRule } from './support/stopped.ts';
import { partsByServer } from './support/subjects.ts';
import { exchangeTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';

export default defineRule({
  id: 'cpu-throttling',
  title: 'A server stops until its next CPU period begins',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    stopped:
      '{server} stood still {times} and went on at steps of 100 ms, as a CPU limit makes it: {count} of {total:exchange} waited {cost:duration} each',
    grid: '{count} of {total:exchange} with {server} end at one phase of 100 ms, {cost:duration} late each, as a CPU limit makes it',
    clear: 'no server stood still until a step of 100 ms ({total:call})',
  },
  create(context) {
    const seen = context.fact(traffic);
    const answers = context.fact(serverAnswers);
    const reported = new Set<string>();
    // What is throttled in every period never stands still for once: both are looked for, and one verdict comes of it.
    const otherwise: (() => void)[] = [];
    const stopped = stoppedRule(
      {
        ...context,
        report(finding) {
          reported.add(`${finding.input}|${finding.subject.name}`);
          context.report(finding);
        },
        clear: (...given) => void otherwise.push(() => context.clear(...given)),
        unobservable: (reason) => void otherwise.push(() => context.unobservable(reason)),
      },
      {
        isOwn: isOnGrid,
        confidence: () => 'possible',
        confidenceBecause: (pauses) =>
          `all open calls went on together at one phase of 100 ms (${formatShare(concentrationOf(pauses))} concentrated, ${pauses.length} times); cpu.stat of the container would prove it`,
        because: settings,
        fix: fixes,
      },
    );

    function reportGrid({ calls, concentration, usual }: GridAnswers): void {
      const groups = createPeerGroups(seen, exchangeTally, () => ({}));
      for (const call of calls) groups.add(call, beyond(call, usual), ({ packets }) => packets);
      for (const { tally, subject, input } of partsByServer<ReturnType<typeof groups.of>, Exchange>(groups.judged())) {
        if (reported.has(`${input}|${subject.name}`)) continue;
        reported.add(`${input}|${subject.name}`);
        const latency = seen.totals(input, subject).calls;
        context.report({
          message: 'grid',
          data: { server: subject.name, count: tally.count, total: latency.count, cost: tally.costs.quantile(0.5) },
          input,
          subject,
          of: latency.count,
          unit: 'exchanges',
          latency,
          cost: tally,
          confidence: 'possible',
          confidenceBecause: `late answers begin at one phase of 100 ms (${formatShare(concentration)} concentrated, ${tally.count} times); cpu.stat of the container would prove it`,
          evidence: evidenceOf([], tally.dearest),
          because: settings(subject.name),
          fix: fixes(subject.name),
          whatIf: {
            method: 'each affected exchange as quick as the quickest, or within one period where none is quick',
          },
          errors: 0,
          habit: false,
        });
      }
    }

    return {
      finish() {
        reported.clear();
        otherwise.length = 0;
        stopped.finish?.();
        for (const one of gridAnswersOf(answers.all())) reportGrid(one);
        if (reported.size === 0) for (const say of otherwise) say();
      },
    };
  },
});

const settings = (server: string): Setting[] => [
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
];

const fixes = (server: string): Fix[] => [
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
];
