import type { Fix, Predicted, Quote } from '../../model/finding.ts';
import type { Container, Located, Workload } from '../../model/workload.ts';
import { definePrediction } from '../support/define-prediction.ts';
import { advice } from '../support/fixes.ts';
import { environmentEdit, flagEdit, manifestFix } from '../support/manifests/changes.ts';
import { judgedWorkloads, objectWords, placedSetting } from '../support/manifests/objects.ts';
import { parallelOf, type Parallel } from '../support/manifests/parallel.ts';
import { programOf, running } from '../support/manifests/program.ts';
import { defaultSetting } from '../support/settings.ts';

// What the kernel deals CPU time out by (cpu.cfs_period_us).
const PERIOD_MS = 100;
// As many threads as the limit has cores use it up exactly; with twice as many, half of each period is spent waiting.
const MANY = 2;
// With less than this a single thread that computes can be stopped in the middle of a request.
const ONE_CORE = 1;

export default definePrediction({
  id: 'cpu-throttling',
  title: 'A server stops until its next CPU period begins',
  messages: {
    parallel:
      '{workload} runs {count} workers ({setting}) on a limit of {limit} CPU: they use up their {quota} ms of each 100 ms in {used} ms and then stand still',
    limited: '{workload} may compute for {quota} ms of each 100 ms (limits.cpu {limit}), and stands still for the rest',
    clear: 'no CPU limit is known to stop a server ({total:container} with a limit)',
  },
  predict({ cluster, report, clear, isObserved }) {
    let total = 0;
    let reported = 0;
    for (const workload of judgedWorkloads(cluster)) {
      for (const container of running(workload)) {
        const limit = container.cpuLimit;
        if (limit === null || limit.value <= 0) continue;
        total++;
        const parallel = parallelOf(container);
        const many = parallel !== null && parallel.count >= MANY && parallel.count >= MANY * limit.value;
        const serves = container.ports.length > 0;
        if (!many && !isObserved(workload) && !(limit.value < ONE_CORE && serves)) continue;
        reported++;
        report(findingOf(workload, container, limit, many ? parallel : null));
      }
    }
    if (reported === 0 && total > 0) clear('clear', { total }, { count: total, unit: 'containers' });
  },
});

function findingOf(
  workload: Workload,
  container: Container,
  limit: Located<number>,
  parallel: Parallel | null,
): Predicted<'parallel' | 'limited'> {
  const quota = Math.round(limit.value * PERIOD_MS);
  const words = { workload: objectWords(workload), quota, limit: String(limit.value) };
  const { language } = programOf(container, workload.software);
  const limitQuote: Quote = { says: `limits.cpu ${limit.value}`, place: limit.place };
  return {
    message: parallel === null ? 'limited' : 'parallel',
    data:
      parallel === null
        ? words
        : {
            ...words,
            count: parallel.count,
            setting: parallel.setting,
            used: Math.max(1, Math.round(quota / parallel.count)),
          },
    subject: workload,
    severity: parallel === null ? 'info' : 'minor',
    severityBecause:
      parallel === null
        ? 'whether it computes so much at once, only a capture or cpu.stat tells'
        : 'what it needs beyond waits up to 100 ms',
    confidence: parallel === null ? 'possible' : 'likely',
    confidenceBecause:
      parallel === null ? 'a limit alone stops nobody who computes little' : 'more workers than the limit has cores',
    assumed: [
      parallel === null
        ? `a request computes for more than ${quota} ms at once`
        : 'all workers compute at the same time now and then',
      ...(language === 'java' ? ['the JVM compiles and collects garbage in threads of its own'] : []),
    ],
    evidence: [
      limitQuote,
      ...(parallel === null ? [] : [{ says: `${parallel.setting} ${parallel.count}`, place: parallel.said.place }]),
    ],
    because: [
      placedSetting(`container ${container.name}`, 'resources.limits.cpu', String(limit.value), limit.place),
      parallel === null
        ? defaultSetting('Linux', 'cpu.cfs_period_us', '100 ms', 'Documentation/scheduler/sched-bwc.rst')
        : placedSetting(`container ${container.name}`, parallel.setting, String(parallel.count), parallel.said.place),
    ],
    fix: fixesFor(workload, container, limit.value, parallel),
  };
}

function fixesFor(workload: Workload, container: Container, limit: number, parallel: Parallel | null): Fix[] {
  const fits = String(Math.max(1, Math.floor(limit)));
  const title = `${parallel?.setting ?? ''} ${fits}: as many as the limit has cores`;
  const fewer: Fix[] = [];
  if (parallel !== null && parallel.variable === parallel.setting) {
    const edit = environmentEdit(workload, container, parallel.setting, fits);
    fewer.push(manifestFix(workload, title, [edit], 'environment'));
  } else if (parallel?.setting.startsWith('-') === true && parallel.variable === null && !container.fixedWords) {
    if (!parallel.setting.startsWith('-XX:')) {
      fewer.push(manifestFix(workload, title, [flagEdit(workload, container, parallel.setting, fits)]));
    }
  }
  return [
    ...fewer,
    advice(
      'manifest',
      'raise limits.cpu to what it computes at once, or leave the limit away and keep the request',
      objectWords(workload),
      'set the limit again',
    ),
  ];
}
