import { formatDuration, formatShare, plural } from '../base/text.ts';
import type { Duration } from '../base/time.ts';
import { CFS_PERIOD, concentrationOf, isOnGrid, type CfsGrid } from './support/exchanges/cfs-grid.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Fix, Setting } from '../model/finding.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf, ownPackets } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { beyond, gridAnswersOf, type GridAnswers } from './support/exchanges/grid-answers.ts';
import { gridStretchesOf } from './support/exchanges/grid-stretches.ts';
import { ownTimes } from './support/requests/own-times.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { serverAnswers, type AnsweringServer } from './support/exchanges/server-answers.ts';
import { defaultSetting, wireSetting } from './support/settings.ts';
import { isStopped, stoppedRule } from './support/exchanges/stopped.ts';
import { partsByServer, reportedExchanges } from './support/subjects.ts';
import { exchangeTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';

// Of fewer it is somebody else's phase.
const MOST = 0.5;

export default defineRule({
  id: 'cpu-throttling',
  title: 'A server stops until its next CPU period begins',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    stopped:
      '{server} stood still {times} and went on at steps of 100 ms, as a CPU limit makes it: {count} of {total:exchange} waited {cost:duration} each',
    grid: 'a CPU limit seems to stop {server}: {count} of {total:exchange} {cost:duration} late each, at one phase of 100 ms',
    clear: 'no server stood still until a step of 100 ms ({total:call})',
  },
  create(context) {
    const seen = context.fact(traffic);
    const answers = context.fact(serverAnswers);
    const times = context.fact(ownTimes);
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
        judgesUpstreams: true,
        confidence: () => 'possible',
        confidenceBecause: (pauses) =>
          `all open calls went on together at one phase of 100 ms (${formatShare(concentrationOf(pauses))} concentrated, ${pauses.length} times); cpu.stat of the container would prove it`,
        because: settings,
        fix: fixes,
      },
    );

    function reportCalls(own: Told): void {
      const groups = createPeerGroups(seen, exchangeTally, () => ({}));
      for (const [call, cost] of own.lost) groups.add(call, cost, ownPackets);
      for (const { tally, subject, input } of partsByServer<ReturnType<typeof groups.of>, Exchange>(
        groups.judgedWithUpstreams(),
      )) {
        if (reported.has(`${input}|${subject.name}`)) continue;
        reported.add(`${input}|${subject.name}`);
        const latency = seen.totals(input, subject).calls;
        context.report({
          message: own.message,
          data: {
            server: subject.name,
            count: tally.count,
            total: latency.count,
            cost: tally.costs.quantile(0.5),
            times: plural(own.times, 'time'),
          },
          ...reportedExchanges({ input, subject, tally }, latency),
          confidence: 'possible',
          confidenceBecause: `${own.what} ${phasesOf(own.grid)} of 100 ms (${formatShare(own.grid.concentration)} concentrated, ${own.times} times); cpu.stat of the container would prove it`,
          evidence: evidenceOf([], tally.dearest),
          because: settings(subject.name),
          fix: fixes(subject.name),
          whatIf: { method: own.method },
          errors: 0,
          habit: false,
        });
      }
    }

    /** Late answers, at one phase. */
    function reportGrid({ calls: late, concentration, usual }: GridAnswers): void {
      // Who calls a process under a limit answers at its phase as well.
      const calls = late.filter((call) => isStopped(times, call, beyond(call, usual)));
      if (calls.length < MOST * late.length) return;
      reportCalls({
        message: 'grid',
        what: 'late answers begin at',
        lost: calls.map((call) => [call, beyond(call, usual)]),
        times: calls.length,
        grid: { phases: 1, concentration },
        method: 'each affected exchange as quick as the quickest, or within one period where none is quick',
      });
    }

    /** Stops in nearly every period. */
    function reportStretches(server: AnsweringServer): void {
      const stretches = gridStretchesOf(server);
      if (stretches === null) return;
      const lost = [...stretches.lost].filter(([call, cost]) => isStopped(times, call, cost));
      if (lost.length < stretches.count) return;
      reportCalls({
        message: 'stopped',
        what: 'stretches without an answer to several open calls end at',
        lost,
        times: stretches.count,
        grid: stretches.grid,
        method: 'each affected exchange without the stretches in which its server stood still',
      });
    }

    return {
      finish() {
        reported.clear();
        otherwise.length = 0;
        stopped.finish?.();
        for (const one of gridAnswersOf(answers.all())) reportGrid(one);
        for (const one of answers.all()) reportStretches(one);
        if (reported.size === 0) for (const say of otherwise) say();
      },
    };
  },
});

/** Calls of one server that a CPU limit kept waiting, and how that shows. */
interface Told {
  readonly message: 'stopped' | 'grid';
  readonly what: string;
  readonly lost: Iterable<readonly [Exchange, Duration]>;
  readonly times: number;
  readonly grid: CfsGrid;
  readonly method: string;
}

const phasesOf = ({ phases }: CfsGrid): string =>
  phases === 1 ? 'one phase' : 'two phases, a pod’s and its container’s,';

const settings = (server: string): Setting[] => [
  wireSetting(server, 'resources.limits.cpu', 'used up before the period ends', 'when answers begin'),
  defaultSetting(
    'Linux',
    'cpu.cfs_period_us',
    formatDuration(CFS_PERIOD),
    'kernel.org, CFS Bandwidth Control; kubelet --cpu-cfs-quota-period',
  ),
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
