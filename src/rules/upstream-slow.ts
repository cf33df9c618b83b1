import { fewNames } from '../base/text.ts';
import { receiverOf } from '../model/direction.ts';
import type { Exchange } from '../model/exchange.ts';
import { defineRule } from './support/define-rule.ts';
import { advice } from './support/fixes.ts';
import { withoutChecks } from './support/requests/health-checks.ts';
import { endOf } from './support/input-end.ts';
import { inLine, serverLines, type Line } from './support/exchanges/server-lines.ts';
import { ownTimes } from './support/requests/own-times.ts';
import { programWaits } from './support/requests/program-waits.ts';
import { partsByServer, type Part } from './support/subjects.ts';
import { traffic } from './support/traffic.ts';
import type { Waiting } from './support/requests/upstream-groups.ts';
import { kindsIn, podBehind, untilIn, waitReport } from './support/requests/wait-report.ts';

export default defineRule({
  id: 'upstream-slow',
  title: 'Requests wait for one upstream',
  category: 'request',
  sees: ['tcp', 'http'],
  hearsTurns: true,
  messages: {
    slow: '{count} of {total:exchange} with {server} waited {cost:duration} for {it}{kinds}{until}{or}: {why}',
    clear: 'no upstream lets some calls wait far longer than others of their kind ({total:call})',
  },
  create({ report, clear, unobservable, fact, inputs }) {
    const seen = fact(traffic);
    const waits = fact(programWaits);
    const times = fact(ownTimes);
    const lines = fact(serverLines);

    /** Whom those who were waited for ask themselves, where that can't be read. */
    const unreadOf = ({ groups, input }: Part<Waiting, Exchange>): readonly string[] => [
      ...new Set(
        groups.flatMap(({ peer: { address, backend } }) =>
          times.veilsOf(input, receiverOf({ server: address, backend })),
        ),
      ),
    ];

    return {
      finish() {
        const parts = partsByServer<Waiting, Exchange>(withoutChecks(waits.found().upstreams));
        for (const part of parts) {
          const { groups, tally, subject, input } = part;
          const { calls, turns } = seen.totals(input, subject);
          const sealed = groups.reduce((sum, { of = 0 }) => sum + of, 0);
          const total = Math.max(tally.count, calls.count + sealed);
          const pod = podBehind(part);
          const unread = unreadOf(part);
          const line = lines.of(input, subject.name);
          report({
            ...waitReport(part, total, endOf(inputs, input)),
            ...(unread.length > 0 ? UNREAD : {}),
            message: 'slow',
            data: {
              count: tally.count,
              total,
              server: subject.name,
              cost: tally.costs.quantile(0.5),
              it: pod === null ? 'it' : `${pod} behind it`,
              kinds: kindsIn(groups),
              until: untilIn(tally),
              or: orUnread(unread),
              why: line !== null && explains(line, part) ? inLine(line) : 'nothing is amiss on the way there',
            },
            latency: calls.count > 0 ? calls : turns,
            fix: [
              advice(
                'code',
                'find out what it does in that time: capture there, read its log and traces for these requests',
                `the workload behind ${subject.name}`,
                'nothing is changed',
              ),
            ],
          });
        }
        if (parts.length > 0) return;
        const total = waits.heard + seen.routes.calls;
        if (total === 0 && waits.unread > 0) {
          return unobservable({
            why: 'no call can be read, only whose turn it was, and of what comes in nothing waits for one',
            capture: null,
          });
        }
        if (total === 0) return unobservable({ why: 'no call was seen', capture: null });
        clear('clear', { total }, { count: total, unit: 'exchanges' });
      },
    };
  },
});

// As many as tell a line at all.
const LEAST_IN_LINE = 30;

const UNREAD = {
  confidence: 'possible',
  confidenceBecause: 'it asks others as well, and what it says to them can’t be read',
} as const;

const orUnread = (servers: readonly string[]): string =>
  servers.length === 0 ? '' : `, or for its unreadable calls to ${fewNames(servers)}`;

/** They wait no longer than the longest line there takes, and are no few of those who stand in it. */
const explains = ({ each, most }: Line, { tally }: Part<Waiting, Exchange>): boolean =>
  tally.count >= LEAST_IN_LINE && tally.costs.quantile(0.5) <= each * most;
