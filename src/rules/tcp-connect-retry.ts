import { groupBy } from '../base/group-by.ts';
import { Distribution } from '../base/distribution.ts';
import { at, nanoseconds } from '../base/time.ts';
import { copyConnection, type Connection } from '../model/connection.ts';
import { isBetweenOthers } from './support/connections/between-others.ts';
import { checkers } from './support/connections/checkers.ts';
import { commonLosses, isOfCommon, partsByPath } from './support/connections/common-loss.ts';
import { commonFixes, commonSetting, lossWords } from './support/connections/common-loss-words.ts';
import { defineRule } from './support/define-rule.ts';
import { connectionPackets } from './support/evidence.ts';
import { fallbackReports } from './support/connections/fallback-reports.ts';
import { createGivenUpEarly, type GivenUp } from './support/connections/given-up-early.ts';
import { createFallbacks } from './support/connections/other-family.ts';
import { lateOpenings } from './support/connections/late-openings.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { openings } from './support/connections/openings.ts';
import { noteAnswer, silenceKind, silentBackend } from './support/connections/silent-backends.ts';
import { noteRefused, refusedBefore } from './support/connections/ended-behind.ts';
import { explainSilentNode } from './support/manifests/node-ports.ts';
import { explainRefusal } from './support/manifests/refusals.ts';
import { addressAndPort } from './support/connections/refusal-advice.ts';
import { witness } from './support/witness.ts';
import { silentRefusals } from './support/connections/silent-refusals.ts';
import { parts as partsBy, reportedConnections, serversOf } from './support/subjects.ts';
import { addGivenUp, addWaited, createAnswering, synGroupOf, type SynGroup } from './support/connections/syn-groups.ts';
import { firstDataWords, passedOverWords, synEvidence } from './support/connections/syn-evidence.ts';
import { connectTimeout, losesData, noAnswer, SYN_WAIT, synFixes } from './support/connections/syn-advice.ts';
import { isAnswered, patienceOf, SEVERAL, synExtent, synWait, waitedForSyn } from './support/connections/syn-waits.ts';
import { connectionTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';

// Connections that are kept until the end, when the next tries are known, and what was refused meanwhile.
const MAX_WAITING = 1 << 12;
// One SYN-ACK that is sent again may be the path's: the last acknowledgment and the first data lost in a row.
const LEAST_FULL = 2;

const CHECKS = 'nobody’s request waits for a health check: the kubelet’s goes on for seconds when its pod is deleted';
const MAY_BE_CHECKS =
  'a client that checks health tried once or twice, and such a check goes on for seconds when its pod is deleted';

export default defineRule({
  id: 'tcp-connect-retry',
  title: 'Connecting waits for SYNs to be sent again',
  category: 'connection',
  sees: ['tcp'],
  messages: {
    retried:
      '{count} of {total:connection} to {server} opened only after a SYN was sent again, {cost:duration} late{first}',
    unanswered:
      '{count} of {total:connection} to {server} waited {least}{cost:duration} for an answer to their SYN, {unanswered} in vain{why}',
    ended:
      'a back end of {server} refused {refused}, then answered no more: {count} of {total:connection} waited {least}{cost:duration} in vain, as when a pod ends that is still led to',
    full: '{count} of {total:connection} to {server} found its accept queue full: they opened only after a SYN was sent again, {cost:duration} late{first}',
    fellBack:
      '{count} of {total:connection} were tried at {server} first, which answers no SYN, and at {other} {cost:duration} later',
    common:
      '{count} of {total:connection} to {servers} opened only after a SYN was sent again, {cost:duration} late: {why}',
    goneAll:
      '{backend} behind {server} answer no SYN any more: {count} of {total:connection} waited {least}{cost:duration} for them',
    gone: '{backend} behind {server} answers no SYN any more: {count} of {total:connection} waited {least}{cost:duration} for it',
    dead: '{backend} behind {server} answers no SYN: {count} of {total:connection} waited {least}{cost:duration} for it',
    checks:
      'health checks by {client} waited {least}{cost:duration} for an answer to their SYN: {count} of {total:connection}',
    clear: 'no SYN had to be sent again ({total:connection} opened{besides})',
  },
  create({ report, clear, unobservable, fact, inputs, cluster }) {
    const seen = fact(traffic);
    const known = cluster === null ? null : fact(witness);
    const opened = fact(openings);
    const paths = fact(commonLosses);
    const refusals = fact(silentRefusals);
    const checking = fact(checkers);
    const late = fact(lateOpenings);
    const fallbacks = createFallbacks(opened);
    const givenUp = createGivenUpEarly(inputs);
    const waiting: Connection[] = [];
    /** Connections whose SYN came again sooner than a kernel sends it, and those that were refused or are between others. */
    const passedOver = { hasty: 0, elsewhere: 0 };
    const groups = createPeerGroups(seen, connectionTally, createAnswering);

    /** A node's address stands for its kubelet, and for pods in its network: a try or two in vain may be a check's. */
    const mayCheck = ({ input, client, heard, tally }: SynGroup): boolean =>
      heard === 0 &&
      tally.count < SEVERAL &&
      inputs[input]?.vantage.kind === 'node' &&
      checking.checksToo(input, client);

    /** By who checks, and not by pod: pods that come and go are many, and each is asked a last time. */
    function reportChecks(checks: readonly SynGroup[]): void {
      for (const { groups: own, tally, subject, input } of partsBy(checks, ({ client }) => ({
        kind: 'client',
        name: client,
      }))) {
        const of = seen
          .peers()
          .filter((peer) => peer.input === input && peer.client === subject.name)
          .reduce((sum, peer) => sum + peer.opened, 0);
        report({
          message: 'checks',
          data: {
            client: subject.name,
            count: tally.count,
            total: Math.max(of, tally.count),
            cost: tally.costs.quantile(0.5),
            least: own.some(({ atLeast }) => atLeast > 0) ? 'at least ' : '',
          },
          input,
          subject,
          of: Math.max(of, tally.count),
          unit: 'connections',
          cost: tally,
          confidence: 'certain',
          confidenceBecause: 'all that this client asks is health checks, and SYNs of it were sent again',
          evidence: synEvidence(tally.dearest),
          because: [noAnswer(serversOf(own), null, false), SYN_WAIT],
          fix: synFixes(serversOf(own), null, own),
          whatIf: { unknown: 'no request waits for a health check' },
          errors: 0,
          habit: false,
          onlyInfo: CHECKS,
        });
      }
    }

    /** Whatever waited for its SYN, by client and server; and how many are told elsewhere. */
    function waited(): { all: SynGroup[]; elsewhere: number } {
      const withThose = new Map(groups.all().map((group) => [group.peer, synGroupOf(group)]));
      const inVain = groupBy(
        waiting.filter((connection) => !isAnswered(connection)),
        (connection) => seen.peerOf(connection),
      );
      const patience = new Map([...inVain].map(([peer, own]) => [peer, patienceOf(own, opened)]));
      let { elsewhere } = passedOver;
      for (const connection of waiting) {
        // Those are `tcp-connect-refused`.
        const peer = seen.peerOf(connection);
        // Of one pod that ends a bridge floods the last tries; whoever goes on trying is heard of.
        const isFlooded = !isAnswered(connection) && isBetweenOthers(connection, inputs);
        if (refusals.has(connection) || (isFlooded && (inVain.get(peer) ?? []).length < SEVERAL)) {
          elsewhere++;
          continue;
        }
        const group = withThose.get(peer) ?? synGroupOf(groups.of(connection));
        withThose.set(peer, group);
        const wait = synWait(connection, opened, patience.get(peer) ?? nanoseconds(Number.NaN));
        addWaited(group, connection, wait, late.firstWait(connection));
      }
      const others = new Set(fallbacks.found().map(({ connection }) => connection.id));
      const gaveUp = givenUp
        .found()
        .filter(({ connection }) => !refusals.has(connection) && !others.has(connection.id));
      for (const own of groupBy(gaveUp, ({ connection }) => seen.peerOf(connection)).values()) {
        const [{ connection: first }] = own as [GivenUp];
        const group = withThose.get(seen.peerOf(first)) ?? synGroupOf(groups.of(first));
        // Where it answers others, a SYN or its answer may have been lost, once or twice.
        if (group.heard > 0 || own.length < SEVERAL) continue;
        // What answers, refusals too, is not in a capture of one direction.
        if (inputs[first.input]?.vantage.sees.bothDirections === false) continue;
        withThose.set(group.peer, group);
        addGivenUp(group, own);
      }
      return { all: [...withThose.values()], elsewhere };
    }

    return {
      lookup: fallbacks.lookup,
      request: givenUp.request,
      connection(connection) {
        const { syns, ending } = connection;
        // What a reset refused its caller hears of at once.
        if (syns.length > 0 && !isAnswered(connection) && connection.endedBy === null) fallbacks.failed(connection);
        if (ending === 'refused') {
          if (syns.length > 1) passedOver.elsewhere++;
          return noteRefused(groups.of(connection).refusals, connection);
        }
        if (syns.length === 0) {
          if (connection.backend !== null) noteAnswer(groups.of(connection).answers, connection);
          return;
        }
        const group = groups.of(connection);
        if (isAnswered(connection)) group.heard++;
        if (losesData(connection)) group.lossy++;
        noteAnswer(group.answers, connection);
        givenUp.connection(connection);
        if (!waitedForSyn(connection)) {
          if (syns.length > 1) passedOver.hasty++;
          return;
        }
        if (waiting.length < MAX_WAITING) waiting.push(copyConnection(connection));
        else if (isAnswered(connection)) {
          const cost = nanoseconds(connection.connectDuration + late.firstWait(connection));
          group.tally.add(connection, cost, connectionPackets, synExtent(connection, cost));
        }
      },
      finish() {
        const { all, elsewhere } = waited();
        const checks = all.filter(({ input, client, tally }) => tally.count > 0 && checking.has(input, client));
        reportChecks(checks);
        const parts = partsByPath<SynGroup, Connection>(
          all.filter((group) => !checks.includes(group)),
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
          const { address, port } = addressAndPort(subject.name);
          const silentSince = at(
            own.reduce((first, group) => Math.min(first, group.silentSince), Number.POSITIVE_INFINITY),
          );
          // Others are answered still: of one that is gone as a whole, no pod need have ended.
          const refused =
            silent === null && common === null && own.some(({ heard }) => heard > 0)
              ? refusedBefore(
                  own.map(({ refusals: one }) => one),
                  silentSince,
                )
              : 0;
          const gone =
            silent ?? (refused > 0 ? { backend: `a back end of ${subject.name}`, count: 1, isGone: true } : null);
          const explained =
            cluster === null || known === null || gone === null || gone.isGone === false
              ? null
              : explainRefusal(cluster(), known, { address, port, kind: 'ended', isBackendKnown: true });
          const answersNobody = silent === null && common === null && own.every(({ heard }) => heard === 0);
          const silentNode = cluster !== null && answersNobody ? explainSilentNode(cluster(), port) : null;
          // What never opened took its time, too.
          const latency = new Distribution();
          latency.addAll(totals.opening);
          for (const { vain } of own) latency.addAll(vain);
          const waits = new Distribution();
          for (const group of own) waits.addAll(group.waits);
          const isFull = own.reduce((sum, { full }) => sum + full, 0) >= LEAST_FULL;
          const lossy = own.reduce((sum, group) => sum + group.lossy, 0);
          const of = Math.max(totals.opened, tally.count);
          report({
            message:
              common !== null
                ? 'common'
                : silent !== null
                  ? silenceKind(silent)
                  : refused > 0
                    ? 'ended'
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
              first: firstDataWords(waits, tally.costs),
              unanswered,
              refused,
              least: atLeast * 2 >= tally.count ? 'at least ' : '',
              backend: dead ?? subject.name,
              why: silentNode === null ? '' : `: ${silentNode.says}`,
              ...(common === null ? {} : { servers: serversOf(own), why: lossWords(common) }),
            },
            ...reportedConnections({ input, subject, tally }, latency, of),
            confidence: 'certain',
            confidenceBecause: isEarly
              ? 'no SYN was answered, nor sent again a second later: whoever asked had given up by then'
              : 'SYNs of one connection were sent again, a second or more later',
            evidence: synEvidence(tally.dearest),
            because: [
              common === null ? noAnswer(subject.name, gone, isFull, lossy) : commonSetting(common),
              isEarly ? connectTimeout(waits.quantile(0.5)) : SYN_WAIT,
              ...(explained?.because ?? []),
              ...(silentNode?.because ?? []),
            ],
            fix:
              common === null
                ? [...(silentNode?.fix ?? []), ...synFixes(subject.name, gone, own, explained)]
                : commonFixes(common),
            whatIf: { method: 'each affected connection without the wait for its SYN' },
            relieves: ['connect'],
            errors: unanswered,
            habit: false,
            ...(unanswered > 0 && own.every((group) => mayCheck(group)) ? { onlyInfo: MAY_BE_CHECKS } : {}),
          });
        }
        const fallen = fallbackReports(fallbacks.found(), seen);
        for (const one of fallen) report(one);
        if (parts.length > 0 || fallen.length > 0 || checks.length > 0) return;
        const total = seen.peers().reduce((sum, peer) => sum + peer.opened, 0);
        if (total === 0) {
          return unobservable({ why: 'no connection opens within the capture: all were open before', capture: null });
        }
        clear(
          'clear',
          { total, besides: passedOverWords({ ...passedOver, elsewhere }) },
          { count: total, unit: 'connections' },
        );
      },
    };
  },
});
