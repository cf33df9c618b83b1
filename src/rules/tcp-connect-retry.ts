import { endpoint } from '../base/addresses.ts';
import { groupBy } from '../base/group-by.ts';
import { formatDuration, plural } from '../base/text.ts';
import { Distribution } from '../base/distribution.ts';
import { between, nanoseconds, type Duration } from '../base/time.ts';
import { copyConnection, type Connection } from '../model/connection.ts';
import type { Evidence, Fix, Setting } from '../model/finding.ts';
import { commonLosses, isOfCommon, partsByPath } from './support/common-loss.ts';
import { commonFixes, commonSetting, lossWords } from './support/common-loss-words.ts';
import { defineRule } from './support/define-rule.ts';
import { connectionPackets, evidenceOf } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { createGivenUpEarly, type GivenUp } from './support/given-up-early.ts';
import { createFallbacks, type FallenBack } from './support/other-family.ts';
import { lateOpenings, wasAskedAgain } from './support/late-openings.ts';
import { createPeerGroups, type PeerGroup } from './support/peer-groups.ts';
import { openings } from './support/openings.ts';
import {
  noteAnswer,
  noteSilence,
  silentBackend,
  type Answers,
  type SilentBackend,
  type Silences,
} from './support/silent-backends.ts';
import { silentRefusals } from './support/silent-refusals.ts';
import { SEEN_ONCE, serversOf } from './support/subjects.ts';
import { isAnswered, patienceOf, synExtent, synWait, waitedForSyn } from './support/syn-waits.ts';
import { connectionTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';

// Connections that are kept until the end, when the next tries are known, and what was refused meanwhile.
const MAX_WAITING = 1 << 12;
// Once or twice a SYN may be lost.
const SEVERAL = 3;
// One SYN-ACK that is sent again may be the path's: the last acknowledgment and the first data lost in a row.
const LEAST_FULL = 2;

interface Backends {
  readonly answers: Answers;
  /** Connections of which a SYN was answered. */
  heard: number;
}

export default defineRule({
  id: 'tcp-connect-retry',
  title: 'Connecting waits for SYNs to be sent again',
  category: 'connection',
  sees: ['tcp'],
  messages: {
    retried: '{count} of {total:connection} to {server} opened only after a SYN was sent again, {cost:duration} late',
    unanswered:
      '{count} of {total:connection} to {server} waited {least}{cost:duration} for an answer to their SYN, {unanswered} in vain',
    full: '{count} of {total:connection} to {server} found its accept queue full: they opened only after a SYN was sent again, {cost:duration} late',
    fellBack:
      '{count} of {total:connection} were tried at {server} first, which answers no SYN, and at {other} {cost:duration} later',
    common:
      '{count} of {total:connection} to {servers} opened only after a SYN was sent again, {cost:duration} late: {why}',
    goneAll:
      '{backend} behind {server} answer no SYN any more: {count} of {total:connection} waited {least}{cost:duration} for them',
    gone: '{backend} behind {server} answers no SYN any more: {count} of {total:connection} waited {least}{cost:duration} for it',
    dead: '{backend} behind {server} answers no SYN: {count} of {total:connection} waited {least}{cost:duration} for it',
    clear: 'no SYN had to be sent again ({total:connection} opened)',
  },
  create({ report, clear, unobservable, fact, inputs }) {
    const seen = fact(traffic);
    const opened = fact(openings);
    const paths = fact(commonLosses);
    const refusals = fact(silentRefusals);
    const late = fact(lateOpenings);
    const fallbacks = createFallbacks(opened);
    const givenUp = createGivenUpEarly(inputs);
    const waiting: Connection[] = [];
    const groups = createPeerGroups(seen, connectionTally, (): Backends => ({ answers: new Map(), heard: 0 }));

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
        for (const { connection, cost } of own) {
          tally.add(connection, cost, connectionPackets, synExtent(connection, cost));
        }
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
      request: givenUp.request,
      connection(connection) {
        const { syns, ending } = connection;
        // What a reset refused its caller hears of at once.
        if (syns.length > 0 && !isAnswered(connection) && connection.endedBy === null) fallbacks.failed(connection);
        if (syns.length === 0 || ending === 'refused') return;
        const group = groups.of(connection);
        if (isAnswered(connection)) group.heard++;
        noteAnswer(group.answers, connection);
        givenUp.connection(connection);
        if (!waitedForSyn(connection)) return;
        if (waiting.length < MAX_WAITING) waiting.push(copyConnection(connection));
        else if (isAnswered(connection)) {
          const cost = nanoseconds(connection.connectDuration + late.firstWait(connection));
          group.tally.add(connection, cost, connectionPackets, synExtent(connection, cost));
        }
      },
      finish() {
        const withThose = new Map(groups.all().map((group) => [group.peer, copyOf(group)]));
        const inVain = groupBy(
          waiting.filter((connection) => !isAnswered(connection)),
          (connection) => seen.peerOf(connection),
        );
        const patience = new Map([...inVain].map(([peer, own]) => [peer, patienceOf(own, opened)]));
        for (const connection of waiting) {
          // Those are `tcp-connect-refused`.
          if (refusals.has(connection)) continue;
          const peer = seen.peerOf(connection);
          const group = withThose.get(peer) ?? copyOf(groups.of(connection));
          withThose.set(peer, group);
          const { wait, isAtLeast } = synWait(connection, opened, patience.get(peer) ?? nanoseconds(Number.NaN));
          const cost = nanoseconds(wait + late.firstWait(connection));
          group.waits.add(wait);
          if (wasAskedAgain(connection)) group.full++;
          group.tally.add(connection, cost, connectionPackets, synExtent(connection, cost));
          if (isAnswered(connection)) continue;
          group.unanswered++;
          if (isAtLeast) group.atLeast++;
          group.vain.add(wait);
          noteSilence(group.silences, connection);
        }
        const others = new Set(fallbacks.found().map(({ connection }) => connection.id));
        const hasty = givenUp
          .found()
          .filter(({ connection }) => !refusals.has(connection) && !others.has(connection.id));
        for (const own of groupBy(hasty, ({ connection }) => seen.peerOf(connection)).values()) {
          const [{ connection: first }] = own as [GivenUp];
          const group = withThose.get(seen.peerOf(first)) ?? copyOf(groups.of(first));
          // Where it answers others, a SYN or its answer may have been lost, once or twice.
          if (group.heard > 0 || own.length < SEVERAL) continue;
          withThose.set(group.peer, group);
          group.early += own.length;
          group.unanswered += own.length;
          for (const { connection, wait } of own) {
            group.tally.add(connection, wait, connectionPackets, synExtent(connection, wait));
            group.vain.add(wait);
            group.waits.add(wait);
          }
        }
        const parts = partsByPath<ReturnType<typeof copyOf>, Connection>(
          [...withThose.values()],
          paths,
          ({ unanswered, tally, peer }, common) => unanswered === 0 && isOfCommon(common, tally.count, peer.opened),
        );
        for (const { groups: own, tally, subject, input, common } of parts) {
          const totals = seen.totals(input, subject);
          const unanswered = own.reduce((sum, group) => sum + group.unanswered, 0);
          const atLeast = own.reduce((sum, group) => sum + group.atLeast, 0);
          const isEarly = own.every(({ early, tally: { count } }) => early === count);
          const silent = silentBackend(own);
          const dead = silent?.backend ?? null;
          // What never opened took its time, too.
          const latency = new Distribution();
          latency.addAll(totals.opening);
          for (const { vain } of own) latency.addAll(vain);
          const waits = new Distribution();
          for (const group of own) waits.addAll(group.waits);
          const isFull = own.reduce((sum, { full }) => sum + full, 0) >= LEAST_FULL;
          const of = Math.max(totals.opened, tally.count);
          report({
            message:
              common !== null
                ? 'common'
                : silent !== null
                  ? messageOf(silent)
                  : unanswered > 0
                    ? 'unanswered'
                    : isFull
                      ? 'full'
                      : 'retried',
            data: {
              count: tally.count,
              total: of,
              server: subject.name,
              cost: waits.quantile(0.5),
              unanswered,
              least: atLeast * 2 >= tally.count ? 'at least ' : '',
              backend: dead ?? subject.name,
              ...(common === null ? {} : { servers: serversOf(own), why: lossWords(common) }),
            },
            input,
            subject,
            of,
            unit: 'connections',
            latency,
            cost: tally,
            confidence: 'certain',
            confidenceBecause: isEarly
              ? 'no SYN was answered, nor sent again a second later: whoever asked had given up by then'
              : 'SYNs of one connection were sent again, a second or more later',
            evidence: synEvidence(tally.dearest),
            because: [
              common === null ? noAnswer(subject.name, silent, isFull) : commonSetting(common),
              isEarly ? connectTimeout(waits.quantile(0.5)) : SYN_WAIT,
            ],
            fix: common === null ? fixes(subject.name, silent, own) : commonFixes(common),
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

const copyOf = (group: PeerGroup<Connection> & Backends) => ({
  ...group,
  tally: group.tally.copy(),
  unanswered: 0,
  atLeast: 0,
  early: 0,
  full: 0,
  /** Until the SYN was answered, without what the first data waited. */
  waits: new Distribution(),
  vain: new Distribution(),
  silences: new Map() as Silences,
});

function synEvidence(example: Connection | undefined): [Evidence, ...Evidence[]] {
  const first = example?.syns[0];
  if (example === undefined || first === undefined) return evidenceOf([], example);
  const { syns, synAcks, stalls } = example;
  const again = syns.slice(1).map(({ at: time }) => `+${formatDuration(between(first.at, time))}`);
  const answer = synAcks[0];
  const waiting = stalls.find(({ reason, resends }) => reason === 'loss' && resends > 0);
  return [
    {
      says: again.length > 0 ? `SYN, sent again at ${again.join(', ')}` : 'SYN, not answered, nor sent again',
      packets: syns.map(({ packet }) => packet),
    },
    ...(answer === undefined
      ? []
      : [{ says: `SYN-ACK after ${formatDuration(between(first.at, answer.at))}`, packets: [answer.packet] }]),
    ...(waiting === undefined
      ? []
      : [
          {
            says: `then data of the ${waiting.from} sent again ${plural(waiting.resends, 'time')} until it got through, ${formatDuration(waiting.duration)} later`,
            packets: [...waiting.packets],
          },
        ]),
  ];
}

const messageOf = ({ isGone, count }: SilentBackend): 'gone' | 'goneAll' | 'dead' => {
  if (!isGone) return 'dead';
  return count === 1 ? 'gone' : 'goneAll';
};

const noAnswer = (server: string, silent: SilentBackend | null, isFull: boolean): Setting =>
  silent === null
    ? {
        component: server,
        setting: 'answer to SYN',
        value: isFull
          ? 'none in time: its accept queue is full, and it sends SYN-ACKs again to clients that have acknowledged them and sent data'
          : 'none in time: lost on the way, or dropped by a full accept queue',
        origin: 'wire',
        source: 'the packets',
      }
    : {
        component: silent.backend,
        setting: 'answer to SYN',
        value: silent.isGone ? 'not any more' : 'never',
        origin: 'wire',
        source: 'the packets',
      };

const SYN_WAIT: Setting = {
  component: 'kernel',
  setting: 'wait before a SYN is sent again',
  value: '1 s, then 1 s four more times from kernel 6.5, else doubling',
  origin: 'default',
  source: 'RFC 6298 section 2.1; net.ipv4.tcp_syn_linear_timeouts',
};

const connectTimeout = (wait: Duration): Setting => ({
  component: 'client',
  setting: 'connect timeout',
  value: formatDuration(wait),
  origin: 'wire',
  source: 'when the requests that waited went on',
});

const fixes = (server: string, silent: SilentBackend | null, groups: readonly Backends[]): Fix[] => {
  if (silent !== null) return [silent.isGone ? withdrawn(server) : removed(silent.backend)];
  const both = [acceptQueue(server), lostSyns(server)];
  // One that answers nobody is more likely gone than busy.
  return groups.every(({ heard }) => heard === 0) ? both.toReversed() : both;
};

const acceptQueue = (server: string): Fix =>
  advice(
    'infrastructure',
    'look at the server’s accept queue: a bigger listen backlog (net.core.somaxconn and the program’s own), or more workers that accept',
    `the workload behind ${server}`,
    'set the former backlog again',
    'ss -ltn; nstat -az TcpExtListenOverflows TcpExtListenDrops',
  );

const lostSyns = (server: string): Fix =>
  advice(
    'infrastructure',
    'look for endpoints that are gone, and for lost SYNs: conntrack insert_failed and drops, SNAT ports, network policies',
    `the path to ${server}`,
    'nothing is changed',
    'kubectl get endpointslices -A -o wide; conntrack -S',
  );

const withdrawn = (server: string): Fix =>
  advice(
    'manifest',
    'let pods end only when nobody is led to them any more: a preStop sleep of 5 to 15 s, and a terminationGracePeriodSeconds that is longer',
    `the workload behind ${server}`,
    'take the preStop hook out again',
    'kubectl get endpointslices -A -o wide',
  );

const removed = (dead: string): Fix =>
  advice(
    'manifest',
    'take the dead endpoint out of the Service: delete the pod, and give its workload a readinessProbe',
    dead,
    'let the pod come back',
    'kubectl get endpointslices -A -o wide',
  );
