import { formatDuration } from '../base/text.ts';
import { nanoseconds, seconds, type Duration } from '../base/time.ts';
import { directionOf } from '../model/direction.ts';
import { isResponded, type Exchange } from '../model/exchange.ts';
import type { Evidence, Fix, Setting } from '../model/finding.ts';
import { kindOf } from './support/usual.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf, ownPackets } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { LEAST_IDLE } from './support/exchanges/ordinary-exchanges.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { wireSetting } from './support/settings.ts';
import { SEEN_ONCE, partsByServer, reportedExchanges } from './support/subjects.ts';
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
  /** The connections of those that were reset. */
  readonly reset: string[];
}

// So many that nobody closed before they were reset tell what did it.
const MAX_RESET = 1 << 12;

export default defineRule({
  id: 'tcp-idle-reuse',
  title: 'Idle connections are used again just as the server closes them',
  category: 'connection',
  sees: ['tcp', 'http'],
  messages: {
    closed:
      '{count} of {total:call} to {server} met a connection that the server had closed after {idle:duration} of idleness, and were lost',
    gone: '{count} of {total:call} to {server} were reset on connections idle for {idle:duration} that nobody had closed, and were lost',
    clear: 'no idle connection was closed under a call ({total:call} on connections used again)',
  },
  create({ report, clear, unobservable, fact, inputs }) {
    const seen = fact(traffic);
    const groups = createPeerGroups(seen, exchangeTally, (): Extra => ({
      leastIdle: nanoseconds(Infinity),
      longestFine: nanoseconds(0),
      onFresh: 0,
      reset: [],
    }));
    /** Connections that were reset without a FIN before. */
    const neverClosed = new Set<string>();
    let heard = 0;

    function isInbound({ input, client, server, backend }: Exchange): boolean {
      const vantage = inputs[input]?.vantage;
      return vantage !== undefined && directionOf(vantage, client, server, backend) === 'inbound';
    }

    return {
      connection({ id, ending, endedBy, exchanges }) {
        if (ending !== 'reset' || endedBy !== 'server' || exchanges < 2 || neverClosed.size >= MAX_RESET) return;
        neverClosed.add(id);
      },
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
        group.tally.add(exchange, exchange.duration, ownPackets);
        // What the server's own kernel sends comes from the server.
        if (exchange.outcome === 'reset' && !isInbound(exchange) && group.reset.length < MAX_RESET) {
          group.reset.push(exchange.connection);
        }
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
          const nobodys = own.flatMap(({ reset }) => reset.filter((id) => neverClosed.has(id))).length;
          const isGone = nobodys === tally.count;
          report({
            message: isGone ? 'gone' : 'closed',
            data: {
              count: tally.count,
              total: Math.max(totals.count, tally.count),
              server: subject.name,
              idle: leastIdle,
            },
            ...reportedExchanges({ input, subject, tally }, totals, Math.max(totals.count, tally.count)),
            confidence: tally.count > 1 ? 'certain' : 'likely',
            confidenceBecause: isGone
              ? 'each was reset at once, after a long pause, and no FIN came before, as a server sends that closes what is idle'
              : 'the server closed or reset the connection as the call came, each time after a long pause',
            evidence: reuseEvidence(tally.dearest),
            because: [
              isGone ? forgotten(subject.name, leastIdle) : keepAlive(subject.name, leastIdle),
              kept(leastIdle),
            ],
            fix: isGone
              ? [...goneFixes(subject.name), raised(subject.name)]
              : [dropped(subject.name), raised(subject.name)],
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

const keepAlive = (server: string, idle: Duration): Setting =>
  wireSetting(
    server,
    'keep-alive timeout',
    `at most ${formatDuration(idle)}`,
    'how long connections had been idle when it closed them',
  );

const forgotten = (server: string, idle: Duration): Setting =>
  wireSetting(
    `what stands before ${server} (firewall, NAT, load balancer), or the server itself`,
    'how long it knows an idle connection',
    `at most ${formatDuration(idle)}`,
    'how long connections had been idle when they were reset',
  );

const kept = (idle: Duration): Setting =>
  wireSetting('client', 'idle timeout of its pool', `longer than ${formatDuration(idle)}`, 'it used them again then');

const dropped = (server: string): Fix =>
  advice(
    'code',
    'let the client drop idle connections sooner than the server closes them (idle timeout of the pool below the server’s keep-alive timeout), or look before it uses one',
    `the client of ${server}`,
    'set the former idle timeout again',
  );

const raised = (server: string): Fix =>
  advice(
    'code',
    'raise the server’s keep-alive timeout above that of every client and load balancer before it (Node.js: server.keepAliveTimeout, 5 s by default)',
    `the workload behind ${server}`,
    'set the former timeout again',
  );

const goneFixes = (server: string): Fix[] => [
  advice(
    'code',
    'let the client drop idle connections sooner, or send TCP keepalive probes within that time (net.ipv4.tcp_keepalive_time is 2 h), so that what stands between remembers them',
    `the client of ${server}`,
    'set the former idle timeout again',
  ),
  advice(
    'infrastructure',
    'raise the idle timeout of what stands between: a firewall or NAT’s conntrack (nf_conntrack_tcp_timeout_established), a load balancer’s (AWS NLB: 350 s, and it resets what comes later)',
    `the path to ${server}`,
    'set the former timeout again',
  ),
];
