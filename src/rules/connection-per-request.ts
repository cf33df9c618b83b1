import { formatDuration } from '../base/text.ts';
import { nanoseconds } from '../base/time.ts';
import type { Connection } from '../model/connection.ts';
import type { Evidence, Fix, Setting } from '../model/finding.ts';
import { defineRule } from './support/define-rule.ts';
import { connectionPackets, evidenceOf } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { tlsCost } from './support/handshake-waits.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { connectCost, isProbe, isSingleUse } from './support/single-use.ts';
import { isHabit, partsByServer } from './support/subjects.ts';
import { connectionTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';

// A pool grows by its first calls; five in a row that are thrown away are no growth.
const LEAST_COUNT = 5;
// "Every exchange": more than half of the calls open their own.
const MOST = 0.5;
// Connections whose only call was a health check and that have not ended yet.
const MAX_PROBES = 1 << 12;

interface Extra {
  /** Connections that were opened in view, and could be judged. */
  judged: number;
  byServer: number;
  byLife: number;
  noKeepAlive: number;
}

export default defineRule({
  id: 'connection-per-request',
  title: 'Each call opens its own connection',
  category: 'connection',
  sees: ['tcp'],
  messages: {
    each: '{count} of {total:connection} to {server} serve a single call: each pays {cost:duration} to connect',
    clear: 'connections are used again ({calls:call} on {total:connection})',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const probes = new Set<string>();
    const closing = new Set<string>();
    const groups = createPeerGroups(seen, connectionTally, (): Extra => ({
      judged: 0,
      byServer: 0,
      byLife: 0,
      noKeepAlive: 0,
    }));
    return {
      unusualExchange(exchange) {
        if (exchange.place > 0) return;
        if (isProbe(exchange) && probes.size < MAX_PROBES) probes.add(exchange.connection);
        else if (!exchange.keepsConnection && closing.size < MAX_PROBES) closing.add(exchange.connection);
      },
      connection(connection) {
        const isProbed = probes.delete(connection.id);
        const isClosing = closing.delete(connection.id);
        const single = isProbed ? null : isSingleUse(connection);
        if (single === null) return;
        const group = groups.of(connection);
        group.judged++;
        if (!single) return;
        const cost = nanoseconds(connectCost(connection) + tlsCost(connection));
        group.tally.add(connection, cost, connectionPackets);
        if (connection.endedBy === 'server') group.byServer++;
        if (connection.protocol === 'tls') group.byLife++;
        if (isClosing) group.noKeepAlive++;
      },
      finish() {
        const wasteful = groups
          .all()
          .filter(
            ({ tally, judged, peer }) =>
              tally.count >= LEAST_COUNT && tally.count > MOST * judged && isMost(tally.count, peer.calls.count),
          );
        const parts = partsByServer(wasteful);
        for (const { groups: own, tally, subject, input } of parts) {
          const { opened, opening, calls } = seen.totals(input, subject);
          const sum = (field: keyof Extra): number => own.reduce((count, group) => count + group[field], 0);
          const hidden = sum('byLife') > MOST * tally.count;
          const closes = sum('byServer') > MOST * tally.count || sum('noKeepAlive') > MOST * tally.count;
          report({
            message: 'each',
            data: { count: tally.count, total: opened, server: subject.name, cost: tally.costs.quantile(0.5) },
            input,
            subject,
            of: opened,
            unit: 'connections',
            latency: calls.count > 0 ? calls : opening,
            cost: tally,
            confidence: hidden ? 'likely' : 'certain',
            confidenceBecause: hidden
              ? 'what they carry is inside TLS, and each lives as short as one call does'
              : 'one call was read on each of these connections',
            evidence: singleEvidence(tally.dearest),
            because: settings(subject.name, closes),
            fix: fixes(subject.name, closes),
            whatIf: { method: 'each affected call without its handshakes' },
            errors: 0,
            habit: isHabit(tally.count, opened),
          });
        }
        if (parts.length > 0) return;
        const peers = seen.peers();
        const total = peers.reduce((count, peer) => count + peer.opened, 0);
        const calls = peers.reduce((count, peer) => count + peer.calls.count, 0);
        if (total === 0) {
          return unobservable({ why: 'no connection opens within the capture: all were open before', capture: null });
        }
        clear('clear', { calls, total }, { count: total, unit: 'connections' });
      },
    };
  },
});

/** Of the calls that were read, too: a pool that grows serves many more. */
const isMost = (single: number, calls: number): boolean => calls === 0 || single > MOST * calls;

function singleEvidence(example: Connection | undefined): [Evidence, ...Evidence[]] {
  if (example === undefined) return evidenceOf([], example);
  const { duration, tls } = example;
  const withTls = tls === null ? '' : ', TLS included';
  return [
    {
      says: `opened for one call${withTls}, closed after ${formatDuration(duration)}`,
      packets: connectionPackets(example),
    },
  ];
}

const settings = (server: string, closes: boolean): Setting[] => [
  {
    component: closes ? server : 'client',
    setting: 'keep-alive',
    value: closes ? 'off: it closes after each answer' : 'not used: the connection is closed after each answer',
    origin: 'wire',
    source: 'who closes first, and what the headers say',
  },
  {
    component: 'client',
    setting: 'connection pool',
    value: 'none that is used again',
    origin: 'wire',
    source: 'the packets',
  },
];

const fixes = (server: string, closes: boolean): Fix[] =>
  closes
    ? [
        advice(
          'code',
          'let the server keep connections open (HTTP/1.1 keep-alive; NGINX: keepalive in the upstream block, proxy_http_version 1.1, an empty Connection header)',
          `the workload behind ${server}`,
          'turn keep-alive off again',
        ),
      ]
    : [
        advice(
          'code',
          'use one client for all calls and read each answer to its end: requests.Session, one http.Client or Transport, an agent with keepAlive',
          `the client of ${server}`,
          'make a client for each call again',
        ),
      ];
