import { formatDuration } from '../base/text.ts';
import { at, between, milliseconds, nanoseconds, type Duration } from '../base/time.ts';
import { isOpened, type Connection } from '../model/connection.ts';
import { copyExchange, isHttp2, type Exchange } from '../model/exchange.ts';
import type { Evidence } from '../model/finding.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf, ownPackets } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { wireSetting } from './support/settings.ts';
import { partsByServer, reportedExchanges } from './support/subjects.ts';
import { exchangeTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';

const NO_ERROR = 0;
// Two may be a rollout; three of about one age are a timer.
const LEAST_ENDED = 3;
// gRPC spreads the age by a tenth both ways (grpc-go MaxConnectionAge), and ends at the next call.
const AGE_SPREAD = 0.35;
// A call that begins later had not waited for its connection: it was there before.
const BEGINS_AT_ONCE = milliseconds(50);
// First calls whose connection has not ended yet.
const MAX_FIRST = 1 << 12;

interface Extra {
  least: Duration;
  most: Duration;
  goaways: number;
  packets: number[];
}

export default defineRule({
  id: 'grpc-connection-churn',
  title: 'The server ends connections at a fixed age, and calls pay for new ones',
  category: 'connection',
  sees: ['tcp', 'http'],
  messages: {
    churned:
      '{server} ends connections at an age of about {age:duration}: {count} of {total:call} waited for a new one, {cost:duration} each',
    clear: 'no server ends connections at a fixed age ({total} HTTP/2 connections)',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const first = new Map<string, Exchange>();
    const groups = createPeerGroups(seen, exchangeTally, (): Extra => ({
      least: nanoseconds(Infinity),
      most: nanoseconds(0),
      goaways: 0,
      packets: [],
    }));
    let total = 0;
    return {
      unusualExchange(exchange) {
        if (isHttp2(exchange.protocol) && exchange.place === 0 && first.size < MAX_FIRST)
          first.set(exchange.connection, copyExchange(exchange));
      },
      connection(connection) {
        const call = first.get(connection.id);
        first.delete(connection.id);
        if (!isHttp2(connection.protocol)) return;
        total++;
        const { goaway } = connection;
        if (call === undefined || !isOpened(connection)) return;
        const group = groups.of(call);
        // The first connection of all was nobody's replacement.
        if (group.goaways > 0 || connection.startedAt > group.peer.startsAt) {
          const paid = paidFor(call, connection);
          const from = connection.startedAt;
          const until = at(call.startedAt + call.duration);
          if (paid > 0) group.tally.add(call, paid, ownPackets, { from, until, lasted: between(from, until) });
        }
        if (goaway === null || goaway.code !== NO_ERROR || goaway.from !== 'server') return;
        const age = between(connection.startedAt, goaway.at);
        group.goaways++;
        if (age < group.least) group.least = age;
        if (age > group.most) group.most = age;
        if (group.packets.length < LEAST_ENDED) group.packets.push(goaway.packet);
      },
      finish() {
        const regular = groups
          .all()
          .filter(({ goaways, least, most }) => goaways >= LEAST_ENDED && most <= least * (1 + AGE_SPREAD));
        const parts = partsByServer(regular);
        for (const { groups: own, tally, subject, input } of parts) {
          const totals = seen.totals(input, subject).calls;
          const { least, most } = own[0] as (typeof own)[number];
          const age = nanoseconds((least + most) / 2);
          report({
            message: 'churned',
            data: {
              server: subject.name,
              age,
              count: tally.count,
              total: totals.count,
              cost: tally.costs.quantile(0.5),
            },
            ...reportedExchanges({ input, subject, tally }, totals),
            confidence: 'certain',
            confidenceBecause: 'each of these connections ends with GOAWAY NO_ERROR at about the same age',
            evidence: churnEvidence(
              tally.dearest,
              own.flatMap(({ packets }) => packets),
              age,
            ),
            because: [
              wireSetting(
                'gRPC server',
                'max connection age',
                `about ${formatDuration(age)}`,
                'the ages at which GOAWAY came',
              ),
              wireSetting('gRPC client', 'new connection', 'opened when a call needs it, which then waits'),
            ],
            fix: [
              advice(
                'code',
                'raise MaxConnectionAge (minutes, not seconds), and give MaxConnectionAgeGrace enough for calls under way',
                `the workload behind ${subject.name}`,
                'set the former age again',
              ),
            ],
            whatIf: { method: 'each affected call without the time in which its connection was opened' },
            relieves: ['connect', 'tls'],
            errors: 0,
            habit: false,
          });
        }
        if (parts.length > 0) return;
        if (total === 0) return unobservable({ why: 'no HTTP/2 connection was seen', capture: null });
        clear('clear', { total }, { count: total, unit: 'connections' });
      },
    };
  },
});

/** From the SYN to the call's first byte, where the call had to wait for that; else 0. */
function paidFor(call: Exchange, connection: Connection): Duration {
  const opening = Math.max(0, connection.connectDuration) + Math.max(0, connection.tls?.handshakeDuration ?? 0);
  const waited = between(connection.startedAt, call.startedAt);
  return waited - opening <= BEGINS_AT_ONCE ? waited : nanoseconds(0);
}

const churnEvidence = (
  example: Exchange | undefined,
  goaways: readonly number[],
  age: Duration,
): [Evidence, ...Evidence[]] =>
  evidenceOf(
    [
      ...(goaways.length > 0
        ? [
            {
              says: `GOAWAY NO_ERROR at an age of about ${formatDuration(age)}, again and again`,
              packets: [...goaways],
            },
          ]
        : []),
      ...(example === undefined
        ? []
        : [{ says: `${example.path} waited for the next connection`, packets: [...example.packets] }]),
    ],
    example,
  );
