import { formatDuration } from '../base/text.ts';
import { nanoseconds, milliseconds, type Duration } from '../base/time.ts';
import { isResponded, type Exchange } from '../model/exchange.ts';
import type { Evidence } from '../model/finding.ts';
import { Delays } from './support/delays.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { wireSetting } from './support/settings.ts';
import { stalledTime, stallsOf } from './support/exchanges/stalls.ts';
import { partsByServer, reportedExchanges } from './support/subjects.ts';
import { exchangeTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';
import { createUsual, kindOf } from './support/usual.ts';

/** gRPC's status codes (grpc.github.io, statuscodes). */
const DEADLINE_EXCEEDED = 4;
// A timer fires late by scheduling, never early; the deadline in the header was rounded and began
// to run before the header was written.
const EARLY = milliseconds(20);
const LATE = milliseconds(100);
// Of more than half of its time, a stall is what the call waited for.
const MOST = 0.5;

export default defineRule({
  id: 'grpc-deadline',
  title: 'gRPC calls end at their deadline',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    exceeded: '{count} of {total:call} to {server} ended at their deadline of {deadline:duration}: {why}',
    clear: 'no call ended at its deadline ({total} gRPC calls)',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const usual = createUsual(seen);
    const groups = createPeerGroups(seen, exchangeTally, () => ({
      deadlines: new Delays(),
      unanswered: 0,
      stalled: 0,
    }));
    let heard = 0;
    return {
      ordinaryExchange(exchange) {
        const { current } = seen.routes;
        if (current?.protocol === 'grpc') usual.addOrdinary(current, exchange, exchange.duration);
      },
      unusualExchange(exchange) {
        if (exchange.protocol !== 'grpc') return;
        heard++;
        if (!isExceeded(exchange)) {
          if (exchange.shape === 'call') usual.add(exchange, exchange.duration);
          return;
        }
        const cost = nanoseconds(Math.max(0, exchange.duration - (usual.of(exchange) ?? 0)));
        const group = groups.add(exchange, cost, packetsOf);
        group.deadlines.add(deadlineOf(exchange));
        if (!isAnswered(exchange)) group.unanswered++;
        if (stalledTime(exchange, stallsOf(exchange, 'loss', 'zero-window')) > MOST * exchange.duration)
          group.stalled++;
      },
      finish() {
        // What came in at a service does not show at whose deadline the calls ended that it made for that.
        const parts = partsByServer(groups.judgedWithUpstreams());
        for (const { groups: own, tally, subject, input } of parts) {
          const total = seen.totals(input, subject).calls;
          const [first] = own;
          const deadline = first === undefined ? nanoseconds(0) : first.deadlines.quantile(0.5);
          const sum = (field: 'unanswered' | 'stalled'): number =>
            own.reduce((count, group) => count + group[field], 0);
          report({
            message: 'exceeded',
            data: {
              count: tally.count,
              total: Math.max(total.count, tally.count),
              server: subject.name,
              deadline: exactly(deadline, tally.dearest),
              why: whyOf(tally.count, sum('unanswered'), sum('stalled')),
            },
            ...reportedExchanges({ input, subject, tally }, total, Math.max(total.count, tally.count)),
            confidence: 'certain',
            confidenceBecause: 'DEADLINE_EXCEEDED, or the call was given up when its grpc-timeout had run out',
            evidence: deadlineEvidence(tally.dearest),
            because: [
              wireSetting(
                'gRPC client',
                'deadline',
                formatDuration(exactly(deadline, tally.dearest)),
                'the grpc-timeout header',
              ),
              wireSetting(subject.name, 'time to answer', `longer, for ${kinds(tally.dearest)}`),
            ],
            fix: [
              advice(
                'code',
                'find out what the server did meanwhile: capture there, and look for the calls it makes itself',
                `the workload behind ${subject.name}`,
                'nothing is changed',
              ),
              advice(
                'code',
                'give these methods a deadline that their usual time fits into several times (gRPC service config: methodConfig.timeout)',
                'the client',
                'set the former timeout again',
              ),
            ],
            whatIf: { method: 'each affected call as quick as the usual one of its method' },
            errors: tally.count,
            habit: false,
          });
        }
        if (parts.length > 0) return;
        const calls = heard + seen.routes.callsBy('grpc');
        if (calls === 0) return unobservable({ why: 'no gRPC call was seen', capture: null });
        clear('clear', { total: calls }, { count: calls, unit: 'exchanges' });
      },
    };
  },
});

function isExceeded(exchange: Exchange): boolean {
  if (exchange.grpcStatus === DEADLINE_EXCEEDED) return true;
  const { deadline, outcome, duration } = exchange;
  // The server knows the deadline, too, and ends its side of the call by itself.
  if ((outcome !== 'cancelled' && outcome !== 'reset') || !(deadline > 0)) return false;
  return duration > deadline - EARLY && duration < deadline + LATE;
}

/** A status without a message is the end of the server's own clock, and no part of an answer. */
const isAnswered = (exchange: Exchange): boolean =>
  isResponded(exchange) && !(exchange.grpcStatus === DEADLINE_EXCEEDED && exchange.responseMessages === 0);

/** What was asked for; where the header was not readable, what it lasted. */
const deadlineOf = ({ deadline, duration }: Exchange): Duration => (deadline > 0 ? deadline : duration);

// Deadlines are round: the header tells what is left of one some microseconds later.
const ROUND = milliseconds(10);

/** The buckets' figure made exact by the example, and round again. */
function exactly(about: Duration, example: Exchange | undefined): Duration {
  const exact = example === undefined ? about : deadlineOf(example);
  return nanoseconds(Math.round(exact / ROUND) * ROUND);
}

function whyOf(count: number, unanswered: number, stalled: number): string {
  if (stalled > MOST * count) return 'the connection stood still meanwhile';
  return unanswered > MOST * count ? 'the server had not answered' : 'the answer was not complete';
}

const kinds = (example: Exchange | undefined): string => (example === undefined ? 'these calls' : kindOf(example));

const packetsOf = (exchange: Exchange): readonly number[] => exchange.packets;

function deadlineEvidence(example: Exchange | undefined): [Evidence, ...Evidence[]] {
  if (example === undefined) return evidenceOf([], example);
  const end =
    example.grpcStatus === DEADLINE_EXCEEDED
      ? 'DEADLINE_EXCEEDED came'
      : `the ${example.endedBy ?? 'client'} gave it up`;
  const asked = example.deadline > 0 ? `, grpc-timeout ${formatDuration(exactly(example.deadline, example))}` : '';
  return [
    {
      says: `${example.path || kindOf(example)}${asked}: after ${formatDuration(example.duration)} ${end}`,
      packets: [...example.packets],
    },
  ];
}
