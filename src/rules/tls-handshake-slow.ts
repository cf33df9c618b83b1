import { formatDuration } from '../base/text.ts';
import { at, between, milliseconds, nanoseconds, type Duration } from '../base/time.ts';
import type { Connection } from '../model/connection.ts';
import type { Evidence, Fix, Report } from '../model/finding.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf, handshakePackets } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { beyondRoundTrips, LEAST_BEYOND, roundTripOf } from './support/connections/handshake-waits.ts';
import { AT_ONE_MOMENT, extend, isOneMoment, noExtent, type Extent } from './support/one-moment.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { wireSetting } from './support/settings.ts';
import { SEEN_ONCE, partsByServer, reportedConnections } from './support/subjects.ts';
import { connectionTally, type ConnectionTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';
import { helloEvidence, helloFix, helloSettings, isHelloUnanswered } from './support/connections/unanswered-hellos.ts';

// What is lost before it comes by the capture shows as silence until it is sent again, which Linux does 200 ms later at
// the soonest (TCP_RTO_MIN, and a round trip); a handshake's flight is often one segment, so that nothing stands behind
// the hole. Losses are some; what a server waits for itself holds up most of its handshakes.
const RESENT_AFTER = milliseconds(200);
const RESENT_BY = milliseconds(300);
const TIMEOUTS = [1, 2, 4];
const MOST = 0.5;

export default defineRule({
  id: 'tls-handshake-slow',
  title: 'TLS handshakes take far longer than their round trips',
  category: 'connection',
  sees: ['tcp'],
  messages: {
    slow: '{count} of {total:TLS handshake} with {server} waited {cost:duration} for the {side}',
    late: '{count} of {total:TLS handshake} with {server} came {cost:duration} late: as where a segment is lost before this place, or the {side} took so long',
    hung: '{count} of {total:connection} to {server} got no answer to their ClientHello: their clients gave up after {cost:duration}',
    clear: 'no TLS handshake took longer than its round trips ({total:handshake}, slowest {slowest:duration})',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const groups = createPeerGroups(seen, connectionTally, () => ({
      handshakes: 0,
      byServer: 0,
      asResent: 0,
      ...noExtent(),
    }));
    const hung = createPeerGroups(seen, connectionTally, () => ({}));

    /** @returns whether there were any */
    function reportHung(): boolean {
      const parts = partsByServer(hung.all());
      for (const { tally, subject, input } of parts) {
        const totals = seen.totals(input, subject);
        const of = Math.max(tally.count, totals.opened);
        const cost = tally.costs.quantile(0.5);
        report({
          message: 'hung',
          data: { count: tally.count, total: of, server: subject.name, cost },
          ...reportedConnections({ input, subject, tally }, totals.opening, of),
          confidence: 'certain',
          confidenceBecause: 'it was acknowledged, and nothing came until the client closed the connection',
          evidence: helloEvidence(tally.dearest),
          because: helloSettings(subject.name, formatDuration(cost)),
          fix: [helloFix(subject.name)],
          whatIf: { unknown: 'what the server would have taken to answer is not seen' },
          errors: tally.count,
          habit: false,
          ...(tally.count === 1 ? { onlyInfo: SEEN_ONCE } : {}),
        });
      }
      return parts.length > 0;
    }

    let total = 0;
    let slowest = nanoseconds(0);
    return {
      connection(connection) {
        const { tls } = connection;
        if (tls !== null && isHelloUnanswered(connection)) {
          const [from, until] = [tls.startedAt, connection.endedAt];
          const cost = between(from, until);
          hung.add(connection, cost, handshakePackets, { from, until, lasted: cost });
        }
        if (tls === null || !(tls.handshakeDuration >= 0)) return;
        total++;
        if (tls.handshakeDuration > slowest) slowest = tls.handshakeDuration;
        const group = groups.of(connection);
        group.handshakes++;
        const beyond = beyondRoundTrips(connection);
        if (beyond < LEAST_BEYOND) return;
        const from = tls.startedAt;
        const until = at(from + tls.handshakeDuration);
        group.tally.add(connection, beyond, handshakePackets, { from, until });
        extend(group, from, until);
        if (tls.serverDuration > beyond / 2) group.byServer++;
        if (isAsResent(beyond)) group.asResent++;
      },
      finish() {
        const parts = partsByServer(groups.all());
        for (const { groups: own, tally, subject, input } of parts) {
          const handshakes = own.reduce((sum, group) => sum + group.handshakes, 0);
          const byServer = own.reduce((sum, group) => sum + group.byServer, 0);
          const side = byServer * 2 >= tally.count ? 'server' : 'client';
          const { opening } = seen.totals(input, subject);
          const asResent = own.reduce((sum, group) => sum + group.asResent, 0);
          const mayBeLost = tally.count < handshakes * MOST && asResent === tally.count;
          report({
            message: mayBeLost ? 'late' : 'slow',
            data: {
              count: tally.count,
              total: handshakes,
              server: subject.name,
              cost: tally.costs.quantile(0.5),
              side,
            },
            ...reportedConnections({ input, subject, tally }, opening, handshakes),
            ...(mayBeLost ? MAY_BE_LOST : certaintyOf(tally.costs.quantile(0.5), tally.count / handshakes)),
            evidence: slowEvidence(tally.dearest),
            because: [
              wireSetting(
                side === 'server' ? subject.name : 'client',
                'its part of the TLS handshake',
                formatDuration(tally.costs.quantile(0.5)),
              ),
              wireSetting(subject.name, 'round trip', formatDuration(roundTripOf(tally.dearest)), 'its TCP handshake'),
            ],
            fix: [
              ...(mayBeLost ? [whereSegmentsGo(subject.name)] : []),
              advice(
                'code',
                side === 'server'
                  ? 'look at what the server does before it answers: CPU limit, OCSP or certificate lookups, client certificate checks against a slow service; an ECDSA key instead of RSA'
                  : 'look at what the client does before it goes on: certificate checks (OCSP, CRL), its CPU limit',
                side === 'server' ? `the workload behind ${subject.name}` : `the client of ${subject.name}`,
                'nothing is changed',
              ),
              advice(
                'code',
                'make fewer of them: keep connections open, resume sessions',
                `the client of ${subject.name}`,
                'open a connection for each call again',
              ),
            ],
            whatIf: { method: 'each affected handshake as long as its round trips' },
            relieves: ['tls'],
            errors: 0,
            habit: false,
            ...onlyInfo(own, tally),
          });
        }
        const areHung = reportHung();
        if (parts.length > 0 || areHung) return;
        if (total === 0) return unobservable({ why: 'no TLS handshake was seen whole', capture: null });
        clear('clear', { total, slowest }, { count: total, unit: 'connections' });
      },
    };
  },
});

function onlyInfo(groups: readonly Extent[], { count, costs }: ConnectionTally): { onlyInfo?: string } {
  if (count === 1) return { onlyInfo: SEEN_ONCE };
  return isOneMoment(groups, costs.max) ? { onlyInfo: AT_ONE_MOMENT } : {};
}

const MAY_BE_LOST = {
  confidence: 'possible',
  confidenceBecause:
    'the round trips are far shorter, and no loss is seen; but a segment that is lost before it comes here is sent again after 200 ms, which looks the same: a capture at the other end would tell',
} as const;

/** What is sent once more comes after one timeout; what is lost again after twice and four times as long. */
const isAsResent = (beyond: Duration): boolean =>
  TIMEOUTS.some((times) => beyond >= RESENT_AFTER * times && beyond <= RESENT_BY * times);

const whereSegmentsGo = (server: string): Fix =>
  advice(
    'infrastructure',
    'see first whether segments are lost: capture at the server as well, and look at drops of interfaces and queues on the way',
    `the path to ${server}`,
    'nothing is changed',
    'ip -s link; nstat -az TcpRetransSegs TcpExtTCPTimeouts',
  );

const certaintyOf = (cost: Duration, share: number): Pick<Report, 'confidence' | 'confidenceBecause'> =>
  share < MOST && cost >= RESENT_AFTER && cost <= RESENT_BY
    ? MAY_BE_LOST
    : { confidence: 'certain', confidenceBecause: 'nothing was lost meanwhile, and the round trips are far shorter' };

function slowEvidence(example: Connection | undefined): [Evidence, ...Evidence[]] {
  if (example === undefined || example.tls === null) return evidenceOf([], example);
  const { handshakeDuration, serverDuration } = example.tls;
  const server = serverDuration >= 0 ? `, ${formatDuration(serverDuration)} of it until the server's first byte` : '';
  return [
    {
      says: `TLS handshake of ${formatDuration(handshakeDuration)}${server}; round trip ${formatDuration(roundTripOf(example))}`,
      packets: [...handshakePackets(example)],
    },
  ];
}
