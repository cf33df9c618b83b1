import { formatDuration, plural } from '../base/text.ts';
import { at, nanoseconds, seconds, type Duration, type Timestamp } from '../base/time.ts';
import { copyExchange, isResponded, type Exchange } from '../model/exchange.ts';
import type { Evidence } from '../model/finding.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf } from './support/evidence.ts';
import { advice, eitherOf } from './support/fixes.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { stallPackets, stallsOf, waitedUntil } from './support/exchanges/stalls.ts';
import { openings } from './support/connections/openings.ts';
import { wireSetting } from './support/settings.ts';
import { partsByServer, reportedExchanges } from './support/subjects.ts';
import { exchangeTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';
import { kindOf } from './support/usual.ts';
import { vanishedTally, type Vanished } from './support/connections/vanished.ts';

// No firewall forgets a connection sooner.
const LEAST_IDLE = seconds(1);
// One resend may be chance; a connection that is forgotten answers none.
const LEAST_RESENDS = 2;
// Calls whose connection has not ended yet.
const MAX_WAITING = 1 << 12;

interface Extra {
  vanished: Vanished[];
  leastIdle: Duration;
  longestFine: Duration;
  /** The last sign that the server lives: a connection that it accepted, or an answer to an unusual call. */
  aliveAt: Timestamp;
}

export default defineRule({
  id: 'tcp-idle-drop',
  title: 'Idle connections are forgotten on the way, and what is sent on them vanishes',
  category: 'connection',
  sees: ['tcp', 'http'],
  messages: {
    dropped:
      '{count} of {total:call} to {server} got no answer on connections that had been idle for {idle:duration}: they waited {cost:duration}',
    clear: 'connections answer after a pause, too ({total:call} on connections used again)',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const opened = fact(openings);
    const waiting = new Map<string, Exchange>();
    const groups = createPeerGroups(seen, exchangeTally, (): Extra => ({
      vanished: [],
      leastIdle: nanoseconds(Infinity),
      longestFine: nanoseconds(0),
      aliveAt: at(-Infinity),
    }));
    const kept = new Set<ReturnType<typeof groups.of>>();
    let heard = 0;

    /** An ordinary answer is a sign of life, too. */
    const aliveAt = ({ peer, aliveAt: otherwise }: ReturnType<typeof groups.of>): number =>
      seen.routes.all.reduce(
        (latest, route) => (route.peer === peer && route.answeredAt > latest ? route.answeredAt : latest),
        otherwise,
      );

    return {
      unusualExchange(exchange) {
        if (isResponded(exchange)) live(groups.of(exchange), exchange.firstByteAt);
        if (exchange.place === 0) return;
        heard++;
        if (isVanished(exchange)) {
          if (waiting.size < MAX_WAITING) waiting.set(exchange.connection, copyExchange(exchange));
        } else if (isResponded(exchange) && exchange.idleBefore >= LEAST_IDLE) {
          const group = groups.of(exchange);
          if (exchange.idleBefore > group.longestFine) group.longestFine = exchange.idleBefore;
        }
      },
      connection(connection) {
        const accepted = connection.synAcks.at(-1);
        if (accepted !== undefined) live(groups.of(connection), accepted.at);
        const exchange = waiting.get(connection.id);
        if (exchange === undefined) return;
        waiting.delete(connection.id);
        const group = groups.of(exchange);
        kept.add(group);
        group.vanished.push({ exchange, until: waitedUntil(exchange, connection) });
        if (exchange.idleBefore < group.leastIdle) group.leastIdle = exchange.idleBefore;
      },
      finish() {
        const forgotten = [...kept]
          .filter((group) => group.leastIdle > group.longestFine && isAliveAfter(group, aliveAt(group)))
          .map((group) => ({ ...group, tally: vanishedTally(group.vanished, opened, vanishedPackets) }));
        const parts = partsByServer(forgotten);
        for (const { groups: own, tally, subject, input } of parts) {
          const { calls } = seen.totals(input, subject);
          const of = Math.max(calls.count, tally.count);
          const idle = nanoseconds(Math.min(...own.map(({ leastIdle }) => leastIdle)));
          report({
            message: 'dropped',
            data: {
              count: tally.count,
              total: of,
              server: subject.name,
              idle,
              cost: tally.costs.quantile(0.5),
            },
            ...reportedExchanges({ input, subject, tally }, calls, of),
            confidence: tally.count > 1 ? 'certain' : 'likely',
            confidenceBecause:
              'each was fine before its pause, answered no resend after it, and the server still answers others',
            evidence: dropEvidence(tally.dearest),
            because: [
              wireSetting(
                `path to ${subject.name}`,
                'idle timeout of a firewall, NAT or load balancer',
                `at most ${formatDuration(idle)}`,
                'how long the connections had been idle',
              ),
              wireSetting(
                'client',
                'TCP keepalive',
                `none within ${formatDuration(idle)}`,
                'no packet during the pause; net.ipv4.tcp_keepalive_time is 7200 s by default',
              ),
            ],
            fix: [
              advice(
                'code',
                'send TCP keepalives more often than that timeout (SO_KEEPALIVE with TCP_KEEPIDLE), or drop idle connections sooner (idle timeout of the pool)',
                `the client of ${subject.name}`,
                'set the former keepalive again',
              ),
              advice(
                'infrastructure',
                'raise the idle timeout on the way, and let it answer with a reset (NLB 350 s, Azure LB 4 min, conntrack 5 days by default)',
                `the path to ${subject.name}`,
                'set the former timeout again',
              ),
            ],
            whatIf: { method: 'each affected call as if its connection had answered' },
            alone: eitherOf('keepalives within that time', 'a longer idle timeout on the way'),
            errors: tally.count,
            habit: false,
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

function live(group: Extra, when: Timestamp): void {
  if (when > group.aliveAt) group.aliveAt = when;
}

/** The server did something after a call vanished: one that died, or never came back, does not. */
const isAliveAfter = ({ vanished }: Extra, aliveAt: number): boolean =>
  vanished.some(({ exchange }) => aliveAt > exchange.startedAt);

/** Sent after a long pause, and again and again, without any answer. */
const isVanished = (exchange: Exchange): boolean =>
  exchange.idleBefore >= LEAST_IDLE &&
  !isResponded(exchange) &&
  stallsOf(exchange, 'loss').some(
    ({ from, repaired, resends }) => from === 'client' && !repaired && resends >= LEAST_RESENDS,
  );

const vanishedPackets = (exchange: Exchange): readonly number[] => stallPackets(exchange, stallsOf(exchange, 'loss'));

function dropEvidence(example: Exchange | undefined): [Evidence, ...Evidence[]] {
  if (example === undefined) return evidenceOf([], example);
  const resends = Math.max(0, ...stallsOf(example, 'loss').map((stall) => stall.resends));
  return [
    {
      says: `${kindOf(example)} after ${formatDuration(example.idleBefore)} without traffic: sent again ${plural(resends, 'time')}, no answer`,
      packets: [...vanishedPackets(example)],
    },
  ];
}
