import { formatDuration } from '../base/text.ts';
import { between, nanoseconds } from '../base/time.ts';
import { isOnGrid, mayBeOnGrid } from './support/exchanges/cfs-grid.ts';
import { defineRule } from './support/define-rule.ts';
import { advice } from './support/fixes.ts';
import type { Pause } from './support/exchanges/pauses.ts';
import { wireSetting } from './support/settings.ts';
import { stoppedRule } from './support/exchanges/stopped.ts';

const longestOf = (pauses: readonly Pause[]) =>
  nanoseconds(Math.max(...pauses.map(({ from, until }) => between(from, until))));

const MAYBE_THROTTLED = 'the stretches may end at steps of 100 ms, as a CPU limit makes it: too few to tell';

export default defineRule({
  id: 'process-pause',
  title: 'A server stands still now and then, with all its requests',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    stopped:
      '{server}{or} stood still {times}: {count} of {total:exchange} waited {cost:duration} each while it answered nobody',
    clear: 'no server left several requests waiting at once and then answered all ({total:call})',
  },
  create: (context) =>
    stoppedRule(context, {
      isOwn: (pauses) => !isOnGrid(pauses),
      confidence: (pauses) => (mayBeOnGrid(pauses) ? 'possible' : 'likely'),
      confidenceBecause: (pauses) => {
        if (pauses.length === 1) return 'all open calls waited for the same stretch and then went on together, once';
        const together = 'each time all open calls waited for the same stretch and then went on together';
        return mayBeOnGrid(pauses) ? `${together}; ${MAYBE_THROTTLED}` : `${together}, at no regular times`;
      },
      onlyInfo: (pauses) => (mayBeOnGrid(pauses) ? MAYBE_THROTTLED : undefined),
      because: (server, pauses) => [
        wireSetting(
          server,
          'longest stretch without any answer',
          formatDuration(longestOf(pauses)),
          'when requests were sent and answers began',
        ),
      ],
      fix: (server) => [
        advice(
          'code',
          'look what stops the whole process then: garbage collection (heap size, collector, its log), an event loop that one request blocks, a lock, swapping',
          `the workload behind ${server}`,
          'nothing is changed',
        ),
        advice(
          'infrastructure',
          'look whether the node was short of CPU or memory at these times',
          `the node of ${server}`,
          'nothing is changed',
          'kubectl top node',
        ),
      ],
    }),
});
