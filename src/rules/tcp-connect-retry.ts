import { endpoint } from '../base/addresses.ts';
import { groupBy } from '../base/group-by.ts';
import { formatDuration } from '../base/text.ts';
import { Distribution } from '../base/distribution.ts';
import { at, between, nanoseconds, seconds, type Duration } from '../base/time.ts';
import { copyConnection, type Connection } from '../model/connection.ts';
import type { Evidence, Fix, Setting } from '../model/finding.ts';
import { defineRule } from './support/define-rule.ts';
import { connectionPackets, evidenceOf } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { createFallbacks, type FallenBack } from './support/other-family.ts';
import { openings, type Openings } from './support/openings.ts';
import { partsByServer, SEEN_ONCE } from './support/subjects.ts';
import { connectionTally, type ConnectionTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';

// The kernel's first wait (tcp_syn_retries; RFC 6298 section 2.1), less what a clock may be off: a
// copy of a SYN on another interface comes sooner.
const LEAST_WAIT = seconds(0.9);
// The least that is waited after the last SYN: the next one would follow then.
const NEXT_SYN = seconds(1);
// So many while this caller surely waits are no chance, and no pool that fills: others go on connecting.
const MANY = 5;
// Connections without an answer that are kept until the end, when the next tries are known.
const MAX_UNANSWERED = 1 << 12;
// Once or twice a SYN may be lost.
const SEVERAL = 3;
// A back end that has answered none of so many.
const LEAST_DEAD = 3;

interface Backends {
  unanswered: number;
  answered: Map<string, number>;
  silent: Map<string, number>;
}

export default defineRule({
  id: 'tcp-connect-retry',
  title: 'Connecting waits for SYNs to be sent again',
  category: 'connection',
  sees: ['tcp'],
  messages: {
    retried: '{count} of {total:connection} to {server} opened only after a SYN was sent again, {cost:duration} late',
    unanswered:
      '{count} of {total:connection} to {server} waited {cost:duration} for an answer to their SYN, {unanswered} in vain',
    fellBack:
      '{count} of {total:connection} were tried at {server} first, which answers no SYN, and at {other} {cost:duration} later',
    dead: '{backend} behind {server} answers no SYN: {count} of {total:connection} waited {cost:duration} for it',
    clear: 'no SYN had to be sent again ({total:connection} opened)',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const opened = fact(openings);
    const fallbacks = createFallbacks(opened);
    const inVain: Connection[] = [];
    const groups = createPeerGroups(seen, connectionTally, (): Backends => ({
      unanswered: 0,
      answered: new Map(),
      silent: new Map(),
    }));

    /** @returns whether there were any */
    function reportFallbacks(): boolean {
      const found = groupBy(fallbacks.found(), ({ connection: { input, server, serverPort }, server: other }) =>
        [input, server, serverPort, other].join('|'),
      );
      for (const own of found.values()) {
        const [{ connection: first, server: used }] = own as [FallenBack];
        const server = endpoint(first.server, first.serverPort);
        const other = endpoint(used, first.serverPort);
        const tally = connectionTally();
        for (const { connection, cost } of own) addTo({ tally }, connection, cost);
        const of = Math.max(tally.count, seen.totals(first.input, { kind: 'server', name: other }).opened);
        report({
          message: 'fellBack',
          data: { count: tally.count, total: of, server, other, cost: tally.costs.quantile(0.5) },
          input: first.input,
          subject: { kind: 'server', name: server },
          of,
          unit: 'connections',
          cost: tally,
          confidence: tally.count >= SEVERAL ? 'certain' : 'likely',
          confidenceBecause: 'the name has both addresses, and the second was tried when the first had not answered',
          evidence: evidenceOf(
            [
              {
                says: `SYN without an answer, ${other} tried ${formatDuration(own[0]!.cost)} later`,
                packets: first.syns.map(({ packet }) => packet),
              },
            ],
            tally.dearest,
          ),
          because: [
            { component: server, setting: 'answer to SYN', value: 'none', origin: 'wire', source: 'the packets' },
            {
              component: 'client',
              setting: 'wait before the other family is tried',
              value: `${formatDuration(tally.costs.quantile(0.5))} (curl 200 ms, Node.js 250, Go 300)`,
              origin: 'wire',
              source: 'the packets; RFC 8305 section 5',
            },
          ],
          fix: [
            advice(
              'infrastructure',
              'let that family reach the server (routes, firewall, network policy, the program’s own listen address), or take its address out of DNS (of a Service: ipFamilies)',
              server,
              'undo the change that was made',
            ),
          ],
          whatIf: { unknown: 'the wait lies before the connection that was used' },
          errors: 0,
          habit: false,
          ...(tally.count < SEVERAL ? { onlyInfo: SEEN_ONCE } : {}),
        });
      }
      return found.size > 0;
    }

    return {
      lookup: fallbacks.lookup,
      connection(connection) {
        const { syns, synAcks, ending, backend } = connection;
        // What a reset refused its caller hears of at once.
        if (syns.length > 0 && synAcks.length === 0 && connection.endedBy === null) fallbacks.failed(connection);
        const first = syns[0];
        const last = syns.at(-1);
        if (first === undefined || last === undefined || ending === 'refused') return;
        const isAnswered = synAcks.length > 0;
        const group = groups.of(connection);
        if (backend !== null && isAnswered) group.answered.set(backend, (group.answered.get(backend) ?? 0) + 1);
        if (between(first.at, last.at) < LEAST_WAIT) return;
        if (isAnswered) return addTo(group, connection, connection.connectDuration);
        if (inVain.length < MAX_UNANSWERED) inVain.push(copyConnection(connection));
        if (backend !== null) group.silent.set(backend, (group.silent.get(backend) ?? 0) + 1);
      },
      finish() {
        const withThose = new Map(
          groups.all().map((group) => [group.peer, { ...group, tally: group.tally.copy(), vain: new Distribution() }]),
        );
        for (const connection of inVain) {
          const peer = seen.peerOf(connection);
          const group = withThose.get(peer) ?? {
            ...groups.of(connection),
            tally: connectionTally(),
            unanswered: 0,
            vain: new Distribution(),
          };
          withThose.set(peer, group);
          group.unanswered++;
          const waited = waitedInVain(connection, opened);
          group.vain.add(waited);
          addTo(group, connection, waited);
        }
        const parts = partsByServer([...withThose.values()]);
        for (const { groups: own, tally, subject, input } of parts) {
          const totals = seen.totals(input, subject);
          const unanswered = own.reduce((sum, group) => sum + group.unanswered, 0);
          const dead = deadBackend(own);
          // What never opened took its time, too.
          const latency = new Distribution();
          latency.addAll(totals.opening);
          for (const { vain } of own) latency.addAll(vain);
          const of = Math.max(totals.opened, tally.count);
          report({
            message: dead !== null ? 'dead' : unanswered > 0 ? 'unanswered' : 'retried',
            data: {
              count: tally.count,
              total: of,
              server: subject.name,
              cost: tally.costs.quantile(0.5),
              unanswered,
              backend: dead ?? subject.name,
            },
            input,
            subject,
            of,
            unit: 'connections',
            latency,
            cost: tally,
            confidence: 'certain',
            confidenceBecause: 'SYNs of one connection were sent again, a second or more later',
            evidence: synEvidence(tally.dearest),
            because: settings(subject.name, dead),
            fix: fixes(subject.name, dead),
            whatIf: { method: 'each affected connection without the wait for its SYN' },
            relieves: ['connect'],
            errors: unanswered,
            habit: false,
          });
        }
        const fallen = reportFallbacks();
        if (parts.length > 0 || fallen) return;
        const total = seen.peers().reduce((sum, peer) => sum + peer.opened, 0);
        if (total === 0) {
          return unobservable({ why: 'no connection opens within the capture: all were open before', capture: null });
        }
        clear('clear', { total }, { count: total, unit: 'connections' });
      },
    };
  },
});

function addTo(group: { tally: ConnectionTally }, connection: Connection, cost: Duration): void {
  const from = connection.startedAt;
  group.tally.add(connection, cost, connectionPackets, { from, until: at(from + cost), lasted: cost });
}

/**
 * Nothing marks when the caller gave up; the kernel may send SYNs for long after. Its next try does,
 * unless others open connections all the while; and at the latest the moment when another SYN was due.
 */
function waitedInVain(connection: Connection, opened: Openings): Duration {
  const { syns, startedAt, endedAt } = connection;
  const last = syns.at(-1)?.at ?? startedAt;
  const end = endedAt > last ? endedAt : last + NEXT_SYN;
  const isAmongOthers = opened.countIn(connection, startedAt, startedAt + LEAST_WAIT) >= MANY;
  const next = isAmongOthers ? Number.NaN : opened.nextFrom(connection, startedAt + LEAST_WAIT);
  return nanoseconds((next < end ? next : end) - startedAt);
}

/** The one back end that got SYNs and answered none, where a capture behind the DNAT shows it. */
function deadBackend(groups: readonly Backends[]): string | null {
  const silent = new Map<string, number>();
  for (const group of groups) {
    for (const [backend, count] of group.silent) silent.set(backend, (silent.get(backend) ?? 0) + count);
  }
  const [only, ...others] = [...silent].filter(([, count]) => count >= LEAST_DEAD);
  if (only === undefined || others.length > 0) return null;
  return groups.some(({ answered }) => answered.has(only[0])) ? null : only[0];
}

function synEvidence(example: Connection | undefined): [Evidence, ...Evidence[]] {
  const first = example?.syns[0];
  if (example === undefined || first === undefined) return evidenceOf([], example);
  const { syns, synAcks } = example;
  const again = syns.slice(1).map(({ at: time }) => `+${formatDuration(between(first.at, time))}`);
  const answer = synAcks[0];
  return [
    { says: `SYN, sent again at ${again.join(', ')}`, packets: syns.map(({ packet }) => packet) },
    ...(answer === undefined
      ? []
      : [{ says: `SYN-ACK after ${formatDuration(between(first.at, answer.at))}`, packets: [answer.packet] }]),
  ];
}

const settings = (server: string, dead: string | null): Setting[] => [
  dead === null
    ? {
        component: server,
        setting: 'answer to SYN',
        value: 'none in time: lost on the way, or dropped by a full accept queue',
        origin: 'wire',
        source: 'the packets',
      }
    : { component: dead, setting: 'answer to SYN', value: 'never', origin: 'wire', source: 'the packets' },
  {
    component: 'kernel',
    setting: 'wait before a SYN is sent again',
    value: '1 s, then 1 s four more times from kernel 6.5, else doubling',
    origin: 'default',
    source: 'RFC 6298 section 2.1; net.ipv4.tcp_syn_linear_timeouts',
  },
];

const fixes = (server: string, dead: string | null): Fix[] =>
  dead === null
    ? [
        advice(
          'infrastructure',
          'look at the server’s accept queue: a bigger listen backlog (net.core.somaxconn and the program’s own), or more workers that accept',
          `the workload behind ${server}`,
          'set the former backlog again',
          'ss -ltn; nstat -az TcpExtListenOverflows TcpExtListenDrops',
        ),
        advice(
          'infrastructure',
          'else look for lost SYNs: conntrack insert_failed and drops, SNAT ports, network policies, endpoints that are gone',
          `the path to ${server}`,
          'nothing is changed',
          'conntrack -S; kubectl get endpointslices -A -o wide',
        ),
      ]
    : [
        advice(
          'manifest',
          'take the dead endpoint out of the Service: delete the pod, and give its workload a readinessProbe',
          dead,
          'let the pod come back',
          'kubectl get endpointslices -A -o wide',
        ),
      ];
