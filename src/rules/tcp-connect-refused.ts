import { isV6 } from '../base/addresses.ts';
import { formatDuration, plural } from '../base/text.ts';
import { endOf, nanoseconds } from '../base/time.ts';
import type { Connection } from '../model/connection.ts';
import type { Evidence } from '../model/finding.ts';
import { checkers } from './support/connections/checkers.ts';
import { defineRule } from './support/define-rule.ts';
import { connectionPackets, evidenceOf } from './support/evidence.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { Recent } from '../base/recent.ts';
import { LEAST_SLOW } from './support/exchanges/ordinary-exchanges.ts';
import { silentRefusals } from './support/connections/silent-refusals.ts';
import {
  addressAndPort,
  findEndpoints,
  findSender,
  NO_ENDPOINTS,
  NO_PRE_STOP,
  NO_PROBE,
  refusalFixes,
} from './support/connections/refusal-advice.ts';
import { explainRefusal } from './support/manifests/refusals.ts';
import { wireSetting } from './support/settings.ts';
import {
  noteAnswer,
  noteSilence,
  silentBackend,
  type Answers,
  type Silences,
} from './support/connections/silent-backends.ts';
import { witness } from './support/witness.ts';
import {
  parts,
  partsByServer,
  reportedConnections,
  SEEN_ONCE,
  serversOf,
  type OccurrencesOf,
} from './support/subjects.ts';
import { isAnswered, synExtent } from './support/connections/syn-waits.ts';
import { connectionTally } from './support/tally.ts';
import { traffic, type Traffic } from './support/traffic.ts';

// A Service has a few back ends; of more, naming none says as much.
const MAX_BACKENDS = 4;
const UNNOTICED = 'each request that met one went on with another server at once, and was answered';
// Requests are told within a second or so after what they are made of.
const MAX_REFUSED = 1 << 12;
const CHECKS = 'only health checks were refused, as while a container starts or ends';

export default defineRule({
  id: 'tcp-connect-refused',
  title: 'Connections are refused: nobody listens there',
  category: 'connection',
  sees: ['tcp'],
  messages: {
    refused: '{server} refused {count} of {total:connection}{why}',
    unreachable: '{server} can’t be reached: {answered} {count} of {total:connection}{why}',
    gone: '{backend} behind {server} can’t be reached: {answered} {count} of {total:connection}',
    behind: '{backend} behind {server} refused {count} of {total:connection}{why}',
    ended: '{backend} behind {server} answers nobody any more: refused {count} of {total:connection}',
    endedAll: '{backend} behind {server} answer nobody any more: refused {count} of {total:connection}',
    checks: 'health checks by {client} found nobody listening: {count} of {total:connection}',
    clear: 'no connection was refused ({total} opened)',
  },
  create({ report, clear, unobservable, fact, cluster }) {
    const seen = fact(traffic);
    const known = cluster === null ? null : fact(witness);
    const silent = fact(silentRefusals);
    const checking = fact(checkers);
    const groups = createPeerGroups(seen, connectionTally, () => ({
      backends: new Set<string>(),
      byReset: 0,
      unnoticed: 0,
      answers: new Map() as Answers,
      silences: new Map() as Silences,
    }));
    /** What was refused until the request is told that it was meant for. */
    const refusedNow = new Recent<string, { unnoticed: number }>(MAX_REFUSED);

    /** By who checks, and not by pod: pods come and go, and each is asked before it listens and after it has ended. */
    function reportChecks(checks: readonly OccurrencesOf<Connection>[]): void {
      const byClient = parts(checks, ({ client }) => ({ kind: 'client', name: client }));
      for (const { groups: own, tally, subject, input } of byClient) {
        const opened = seen
          .peers()
          .filter((peer) => peer.input === input && peer.client === subject.name)
          .reduce((sum, peer) => sum + peer.opened, 0);
        const total = Math.max(opened, tally.count);
        report({
          message: 'checks',
          data: { client: subject.name, count: tally.count, total },
          input,
          subject,
          of: total,
          unit: 'connections',
          cost: tally,
          confidence: 'certain',
          confidenceBecause: 'all that this client asks is health checks, and SYNs of it were answered with an error',
          evidence: refusalEvidence(tally.dearest),
          because: [wireSetting(serversOf(own), 'listener', 'none when it was asked')],
          fix: [findSender(serversOf(own))],
          whatIf: { unknown: 'no request waits for a health check' },
          errors: 0,
          habit: false,
          onlyInfo: CHECKS,
        });
      }
    }

    return {
      connection(connection) {
        if (connection.ending !== 'refused') {
          if (connection.backend !== null) noteAnswer(groups.of(connection).answers, connection);
          return;
        }
        // What the refused try took; a program that waits before the next one waits by its own will.
        const cost = nanoseconds(connection.connectDuration >= 0 ? connection.connectDuration : 0);
        const group = groups.add(connection, cost, connectionPackets);
        if (connection.endedBy !== null) group.byReset++;
        noteSilence(group.silences, connection);
        refusedNow.set(connection.id, group);
        const { backends } = group;
        if (connection.backend !== null && backends.size < MAX_BACKENDS) backends.add(connection.backend);
      },
      // Who is refused and asks another one at once has lost nothing.
      request({ outcome, waits }) {
        if (outcome !== 'ok') return;
        for (const [index, wait] of waits.entries()) {
          const group = wait.reason === 'connect' ? refusedNow.get(wait.ref) : undefined;
          const next = waits[index + 1];
          if (group !== undefined && next !== undefined && next.startedAt - endOf(wait) < LEAST_SLOW) group.unnoticed++;
        }
      },
      finish() {
        const withSilent = new Map(
          groups.all().map((group) => [group.peer, { ...group, tally: group.tally.copy(), silent: 0, unanswered: 0 }]),
        );
        for (const { connection, wait } of silent.all()) {
          const group = withSilent.get(seen.peerOf(connection));
          if (group === undefined) continue;
          group.tally.add(connection, wait, connectionPackets, synExtent(connection, wait));
          group.silent++;
          if (!isAnswered(connection)) group.unanswered++;
        }
        const all = [...withSilent.values()];
        const checks = all.filter(({ input, client }) => checking.has(input, client));
        reportChecks(checks);
        const byServer = partsByServer(all.filter((group) => !checks.includes(group)));
        for (const { groups: own, tally, subject, input } of byServer) {
          const { opened, opening } = seen.totals(input, subject);
          const [backend, ...others] = new Set(own.flatMap(({ backends }) => [...backends]));
          const resets = own.reduce((sum, { byReset }) => sum + byReset, 0);
          const silentOnes = own.reduce((sum, group) => sum + group.silent, 0);
          const refused = tally.count - silentOnes;
          const by = resets === refused ? 'a reset' : resets === 0 ? 'an ICMP error' : 'a reset or an ICMP error';
          const where = backend !== undefined && others.length === 0 ? backend : subject.name;
          // Before a back end was chosen: one that is gone is unreachable, too.
          const isRejected = resets === 0 && where === subject.name;
          const silentOne = silentBackend(own);
          const gone = silentOne?.isGone === true && resets > 0 ? silentOne : null;
          const ended = gone?.backend ?? null;
          const kind = isRejected ? 'rejected' : ended !== null ? 'ended' : tally.count === opened ? 'never' : 'some';
          const refusal = { ...addressAndPort(subject.name), kind, isBackendKnown: backend !== undefined } as const;
          const explained = cluster === null || known === null ? null : explainRefusal(cluster(), known, refusal);
          report({
            message:
              gone !== null
                ? gone.count > 1
                  ? 'endedAll'
                  : 'ended'
                : isRejected
                  ? 'unreachable'
                  : resets === 0
                    ? 'gone'
                    : where === subject.name
                      ? 'refused'
                      : 'behind',
            data: {
              server: subject.name,
              backend: ended ?? where,
              why: explained === null || explained.says === '' ? '' : `: ${explained.says}`,
              count: tally.count,
              total: opened,
              answered:
                silentOnes === 0 ? 'an ICMP error answered' : 'an ICMP error, or none that came through, answered',
            },
            ...reportedConnections({ input, subject, tally }, opening, opened),
            confidence: 'certain',
            confidenceBecause:
              silentOnes === 0
                ? `each SYN was answered with ${by}`
                : `${plural(refused, 'SYN')} got ${by}, and ${silentOnes} at that time no answer at all: a host sends few such errors`,
            evidence: refusalEvidence(tally.dearest),
            because: [
              wireSetting(
                ended ?? where,
                resets === 0 ? 'route or endpoint' : 'listener',
                `none, a SYN is answered with ${by}`,
              ),
              ...(isRejected
                ? [NO_ENDPOINTS]
                : resets === 0 || explained !== null
                  ? []
                  : [ended === null ? NO_PROBE : NO_PRE_STOP]),
              ...(explained?.because ?? []),
            ],
            fix: [
              ...(explained?.fix ?? []),
              ...(isRejected
                ? [findEndpoints(subject.name)]
                : resets === 0
                  ? [findSender(subject.name)]
                  : refusalFixes(refusal, subject.name, explained)),
            ],
            ...(silentOnes === 0
              ? { whatIf: { unknown: 'what goes is the error, and hardly any time' } }
              : { whatIf: { method: 'each affected connection without the wait for its SYN' }, relieves: ['connect'] }),
            errors: refused + own.reduce((sum, { unanswered }) => sum + unanswered, 0),
            habit: false,
            ...(own.every(({ unnoticed, tally: { count } }) => unnoticed >= count)
              ? { onlyInfo: UNNOTICED }
              : onlyInfo(tally.count, own, seen)),
          });
        }
        if (byServer.length > 0 || checks.length > 0) return;
        const opened = seen.peers().reduce((sum, peer) => sum + peer.opened, 0);
        if (opened === 0) {
          return unobservable({ why: 'no connection opens within the capture: all were open before', capture: null });
        }
        clear('clear', { total: opened }, { count: opened, unit: 'connections' });
      },
    };
  },
});

function onlyInfo(
  count: number,
  groups: readonly { readonly peer: { client: string; address: string; port: number; input: number } }[],
  seen: Traffic,
): { onlyInfo?: string } {
  if (count === 1) return { onlyInfo: SEEN_ONCE };
  // `localhost` and dual-stack names: the program tries both families, and goes on with the other at once.
  const hasOther = groups.every(({ peer }) =>
    seen
      .peers()
      .some(
        ({ client, address, port, input, calls }) =>
          input === peer.input &&
          port === peer.port &&
          calls.count > 0 &&
          isV6(address) !== isV6(peer.address) &&
          isV6(client) !== isV6(peer.client),
      ),
  );
  return hasOther ? { onlyInfo: 'the other address family of the same port answers' } : {};
}

function refusalEvidence(example: Connection | undefined): [Evidence, ...Evidence[]] {
  if (example === undefined) return evidenceOf([], example);
  if (example.ending !== 'refused') {
    return [
      {
        says: 'SYN, sent again without an answer while others were refused with an ICMP error',
        packets: connectionPackets(example),
      },
    ];
  }
  const took = formatDuration(Math.max(0, example.connectDuration));
  const by = example.endedBy === null ? 'an ICMP error' : 'a reset';
  return [{ says: `SYN, refused with ${by} after ${took}`, packets: connectionPackets(example) }];
}
