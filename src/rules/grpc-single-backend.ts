import { formatDuration, plural } from '../base/text.ts';
import { at, type Duration } from '../base/time.ts';
import { copyExchange, isHttp2, type Exchange } from '../model/exchange.ts';
import type { Evidence } from '../model/finding.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf, ownPackets } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { queueOf, type Queue } from './support/exchanges/queueing.ts';
import type { Route } from './support/routes.ts';
import { defaultSetting, wireSetting } from './support/settings.ts';
import { partsByServer, reportedExchanges } from './support/subjects.ts';
import { exchangeTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';

// Calls of one client at one server that are looked at; the first thousand show the pattern.
const MAX_CALLS = 1024;
// Waits are a third of all time where they matter (`queueOf`): so at least so many calls overlap others.
const SHARED = 3;
// A call that waited a tenth of what it takes itself has waited; less is scheduling.
const WAITED = 0.1;
// On a busy machine some are late besides; a few would hide turns that are alike to a hundredth.
const LATE = 0.1;

/** One call: whole only where it began beside others, since no other waited its turn. */
interface Call extends Pick<Exchange, 'startedAt' | 'duration' | 'connection'> {
  readonly exchange: Exchange | null;
}

interface Kept {
  calls: Call[];
}

export default defineRule({
  id: 'grpc-single-backend',
  title: 'One HTTP/2 connection carries all calls to one back end, and they wait for one another',
  category: 'connection',
  sees: ['tcp', 'http'],
  messages: {
    pinned:
      '{count} of {total:call} to {server} waited their turn, {cost:duration} each: one connection carries all, and its back end serves {slots} at a time',
    clear: 'no calls wait for one another on one HTTP/2 connection ({total:call})',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const groups = createPeerGroups(seen, exchangeTally, (): Kept => ({ calls: [] }));
    const kept = new Set<ReturnType<typeof groups.of>>();
    let heard = 0;

    function keep(group: ReturnType<typeof groups.of>, exchange: Exchange): void {
      kept.add(group);
      const { startedAt, duration, connection, inFlight } = exchange;
      group.calls.push({ startedAt, duration, connection, exchange: inFlight > 0 ? copyExchange(exchange) : null });
    }

    return {
      ordinaryExchange(exchange) {
        const { peer, protocol } = seen.routes.current as Route;
        if (!isHttp2(protocol)) return;
        const group = groups.ofPeer(peer);
        if (group.calls.length < MAX_CALLS) keep(group, exchange);
      },
      unusualExchange(exchange) {
        const { protocol, shape, outcome } = exchange;
        if (!isHttp2(protocol) || shape !== 'call') return;
        heard++;
        if (outcome !== 'ok') return;
        const group = groups.of(exchange);
        if (group.calls.length < MAX_CALLS) keep(group, exchange);
      },
      finish() {
        const queued: (ReturnType<typeof groups.of> & { queue: Queue })[] = [];
        for (const group of kept) {
          // Several at once are balanced over back ends already; one after another are one at a time.
          if (!seen.isJudged(group.peer) || !isShared(group.calls) || carriedAtOnce(group.calls) > 1) continue;
          const calls = group.calls.toSorted((a, b) => a.startedAt - b.startedAt);
          const queue = queueOf(
            calls.map(({ startedAt, duration }) => ({ from: startedAt, until: at(startedAt + duration) })),
            LATE,
          );
          if (queue === null) continue;
          const tally = exchangeTally();
          for (const [index, { exchange }] of calls.entries()) {
            const wait = queue.waits[index] as Duration;
            if (exchange !== null && wait > WAITED * queue.service) tally.add(exchange, wait, ownPackets);
          }
          if (tally.count > 0) queued.push({ ...group, tally, queue });
        }
        const parts = partsByServer<(typeof queued)[number], Exchange>(queued);
        for (const { groups: own, tally, subject, input } of parts) {
          const totals = seen.totals(input, subject).calls;
          const { queue, peer } = own[0] as (typeof own)[number];
          report({
            message: 'pinned',
            data: {
              count: tally.count,
              total: totals.count,
              server: subject.name,
              cost: tally.costs.quantile(0.5),
              slots: queue.slots,
            },
            ...reportedExchanges({ input, subject, tally }, totals),
            confidence: peer.backend === null ? 'likely' : 'certain',
            confidenceBecause:
              peer.backend === null
                ? `calls end as if ${queue.slots} were served at a time, and share one connection; that the server is a Service with more back ends does not show from here`
                : `calls end as if ${queue.slots} were served at a time, and the one connection leads to ${peer.backend}`,
            evidence: queueEvidence(tally.dearest, queue),
            because: [
              defaultSetting(
                'kube-proxy',
                'balancing',
                'of connections, not of calls',
                'kubernetes.io, Virtual IPs and Service Proxies',
              ),
              defaultSetting(
                'gRPC client',
                'load balancing policy',
                'pick_first: one connection carries all calls',
                'grpc.io, Custom Load Balancing Policies',
              ),
              wireSetting(
                peer.backend ?? subject.name,
                'calls served at a time',
                `${queue.slots}, ${formatDuration(queue.service)} each`,
                'when calls begin and end',
              ),
            ],
            fix: [
              advice(
                'manifest',
                'make the Service headless (clusterIP: None) and let the client balance: target dns:///NAME, service config {"loadBalancingConfig":[{"round_robin":{}}]}',
                `the Service at ${subject.name} and its clients`,
                'set the former Service and target again',
              ),
              advice(
                'infrastructure',
                'balance calls in a proxy that speaks HTTP/2 (service mesh, Gateway API GRPCRoute)',
                'the cluster',
                'take the proxy out again',
              ),
              advice(
                'code',
                'with one back end only: let it serve more calls at a time',
                `the workload behind ${subject.name}`,
                'set the former limit again',
              ),
            ],
            whatIf: { method: 'each call without the wait for its turn, as with back ends enough' },
            errors: 0,
            habit: false,
          });
        }
        if (parts.length > 0) return;
        const total = heard + seen.routes.callsBy('grpc', 'http/2');
        if (total === 0) return unobservable({ why: 'no call over HTTP/2 was seen', capture: null });
        clear('clear', { total }, { count: total, unit: 'exchanges' });
      },
    };
  },
});

/** Enough calls began while others were open: of the rest, none can have waited for another. */
const isShared = (calls: readonly Call[]): boolean =>
  calls.filter(({ exchange }) => exchange !== null).length * SHARED >= calls.length;

/** How many connections carried calls at the same time. */
function carriedAtOnce(calls: readonly Call[]): number {
  const spans = new Map<string, { from: number; until: number }>();
  for (const { connection, startedAt, duration } of calls) {
    const span = spans.get(connection);
    if (span === undefined) spans.set(connection, { from: startedAt, until: startedAt + duration });
    else {
      span.from = Math.min(span.from, startedAt);
      span.until = Math.max(span.until, startedAt + duration);
    }
  }
  const all = [...spans.values()];
  return Math.max(0, ...all.map(({ from }) => all.filter((other) => other.from <= from && from < other.until).length));
}

function queueEvidence(example: Exchange | undefined, queue: Queue): [Evidence, ...Evidence[]] {
  if (example === undefined) return evidenceOf([], example);
  const { path, duration, inFlight } = example;
  return [
    {
      says: `${path}: ${formatDuration(duration)} with ${plural(inFlight, 'other')} open, ${formatDuration(queue.service)} once its turn came`,
      packets: [...example.packets],
    },
  ];
}
