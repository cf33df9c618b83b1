import { formatDuration } from '../base/text.ts';
import { nanoseconds, seconds, type Duration } from '../base/time.ts';
import { isResponded, type Exchange } from '../model/exchange.ts';
import type { Evidence } from '../model/finding.ts';
import { kindOf } from './support/usual.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { LEAST_IDLE } from './support/ordinary-exchanges.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { partsByServer, SEEN_ONCE } from './support/subjects.ts';
import { exchangeTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';

// The answer is a FIN or RST that was under way, not one that came after thinking.
const LONGEST = seconds(1);
// It is the pause that tells the lost ones from others: all of these were idle for longer than
// nearly all that went well.
const BEYOND = 1.5;

interface Extra {
  /** The shortest pause before one that was lost, the longest before one that went well. */
  leastIdle: Duration;
  longestFine: Duration;
  onFresh: number;
}

export default defineRule({
  id: 'tcp-idle-reuse',
  title: 'Idle connections are used again just as the server closes them',
  category: 'connection',
  sees: ['tcp', 'http'],
  messages: {
    closed:
      '{count} of {total:call} to {server} met a connection that the server had closed after {idle:duration} of idleness, and were lost',
    clear: 'no idle connection was closed under a call ({total:call} on connections used again)',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const groups = createPeerGroups(seen, exchangeTally, (): Extra => ({
      leastIdle: nanoseconds(Infinity),
      longestFine: nanoseconds(0),
      onFresh: 0,
    }));
    let heard = 0;
    return {
      unusualExchange(exchange) {
        if (exchange.place === 0) {
          if (isLost(exchange)) groups.of(exchange).onFresh++;
          return;
        }
        heard++;
        const group = groups.of(exchange);
        if (!isLost(exchange)) {
          if (isResponded(exchange) && exchange.idleBefore > group.longestFine) group.longestFine = exchange.idleBefore;
          return;
        }
        if (!(exchange.idleBefore >= LEAST_IDLE)) return;
        group.tally.add(exchange, exchange.duration, (row) => row.packets);
        if (exchange.idleBefore < group.leastIdle) group.leastIdle = exchange.idleBefore;
      },
      finish() {
        const idle = groups
          .all()
          .filter(
            ({ tally, leastIdle, longestFine, onFresh }) => leastIdle * BEYOND > longestFine && onFresh < tally.count,
          );
        const parts = partsByServer(idle);
        for (const { groups: own, tally, subject, input } of parts) {
          const totals = seen.totals(input, subject).calls;
          const leastIdle = nanoseconds(Math.min(...own.map((group) => group.leastIdle)));
          report({
            message: 'closed',
            data: {
              count: tally.count,
              total: Math.max(totals.count, tally.count),
              server: subject.name,
              idle: leastIdle,
            },
            input,
            subject,
            of: Math.max(totals.count, tally.count),
            unit: 'exchanges',
            latency: totals,
            cost: tally,
            confidence: tally.count > 1 ? 'certain' : 'likely',
            confidenceBecause:
              'the server closed or reset the connection as the call came, each time after a long pause',
            evidence: reuseEvidence(tally.dearest),
            because: [
              {
                component: subject.name,
                setting: 'keep-alive timeout',
                value: `at most ${formatDuration(leastIdle)}`,
                origin: 'wire',
                source: 'how long connections had been idle when it closed them',
              },
              {
                component: 'client',
                setting: 'idle timeout of its pool',
                value: `longer than ${formatDuration(leastIdle)}`,
                origin: 'wire',
                source: 'it used them again then',
              },
            ],
            fix: [
              advice(
                'code',
                'let the client drop idle connections sooner than the server closes them (idle timeout of the pool below the server’s keep-alive timeout), or look before it uses one',
                `the client of ${subject.name}`,
                'set the former idle timeout again',
              ),
              advice(
                'code',
                'raise the server’s keep-alive timeout above that of every client and load balancer before it (Node.js: server.keepAliveTimeout, 5 s by default)',
                `the workload behind ${subject.name}`,
                'set the former timeout again',
              ),
            ],
            whatIf: { unknown: 'what goes is the error, and hardly any time' },
            errors: tally.count,
            habit: false,
            ...(tally.count === 1 ? { onlyInfo: SEEN_ONCE } : {}),
          });
        }
        if (parts.length > 0) return;
        const total = heard + seen.routes.calls;
        if (total === 0) return unobservable({ why: 'no connection carried a second call', capture: null });
        clear('clear', { total }, { count: total, unit: 'exchanges' });
      },
    };
  },
});

/** Sent into a connection that was on its way to be closed. */
const isLost = (exchange: Exchange): boolean =>
  (exchange.outcome === 'reset' || exchange.outcome === 'closed') &&
  exchange.endedBy === 'server' &&
  !isResponded(exchange) &&
  exchange.duration <= LONGEST;

function reuseEvidence(example: Exchange | undefined): [Evidence, ...Evidence[]] {
  if (example === undefined) return evidenceOf([], example);
  const how = example.outcome === 'reset' ? 'reset' : 'closed';
  return [
    {
      says: `${kindOf(example)} after ${formatDuration(example.idleBefore)} without traffic: ${how} by the server ${formatDuration(example.duration)} later`,
      packets: [...example.packets],
    },
  ];
}
