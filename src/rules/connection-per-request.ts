import { formatDuration } from '../base/text.ts';
import { Distribution } from '../base/distribution.ts';
import { at, endOf, milliseconds, nanoseconds, type Duration } from '../base/time.ts';
import { copyConnection, type Connection, type Side } from '../model/connection.ts';
import { isThroughSidecar } from '../model/direction.ts';
import { isRead } from '../model/exchange.ts';
import type { Evidence, Fix, Setting } from '../model/finding.ts';
import { defineRule } from './support/define-rule.ts';
import { connectionPackets, evidenceOf } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { tlsCost } from './support/connections/handshake-waits.ts';
import { keepAliveFixes, keepAliveSettings, type Closer } from './support/connections/keep-alive.ts';
import { IdleEnds } from './support/connections/idle-ends.ts';
import { createPeerGroups, type PeerGroup } from './support/peer-groups.ts';
import { createSessions, isSignIn, type Session } from './support/connections/sessions.ts';
import { defaultSetting } from './support/settings.ts';
import { isProbe } from '../model/probe.ts';
import { connectCost, isMostly, isSingleUse, sealedCalls, servesOne } from './support/connections/single-use.ts';
import { slowStart } from './support/connections/slow-start.ts';
import { isHabit, partsByServer } from './support/subjects.ts';
import { connectionTally, handshakesOf } from './support/tally.ts';
import { traffic } from './support/traffic.ts';

// A pool grows by its first calls; five in a row that are thrown away are no growth.
const LEAST_COUNT = 5;
// "Every exchange": more than half of the calls open their own.
const MOST = 0.5;
// Connections whose only call was a health check and that have not ended yet.
const MAX_PROBES = 1 << 12;
// A client that never closes what it opens shows in the first few hundred.
const MAX_LEFT_OPEN = 1 << 10;

interface Extra {
  /** Connections that were opened in view, and could be judged. */
  judged: number;
  lastOpenedAt: number;
  byServer: number;
  byLife: number;
  noKeepAlive: number;
  byRequest: number;
  /** Inside TLS, on connections that carried many. */
  sealedCalls: number;
  /** Of databases: connections that are signed in to, and the calls on those that serve one piece of work. */
  signedIn: number;
  sealedSignIns: number;
  signIns: number;
  statements: number;
  watching: number;
  /** Their calls wait longer for the sender to get up to speed than for the handshakes. */
  slowly: number;
  /** Closed by the server when they had been idle for a while. */
  readonly idle: IdleEnds;
  /** Nothing was opened. */
  refused: number;
}

type Group = PeerGroup<Connection> & Extra;
type Counter = Exclude<keyof Extra, 'idle'>;

/** A connection's first call. */
interface Start {
  /** What it waits since the connection is new. */
  readonly start: Duration;
  readonly exchange: string;
  readonly endsAt: number;
}

// Over ways that differ by more (a back end in another region) the median is not what each pays.
const UNEVEN = 4;
// Below that nobody asks which.
const LEAST_UNEVEN = milliseconds(5);
const SOME = 0.1;

const isUneven = (costs: Distribution): boolean =>
  costs.quantile(0.5) >= LEAST_UNEVEN && costs.quantile(0.5) > UNEVEN * costs.quantile(SOME);

const SLOW_START: Setting = defaultSetting(
  'kernel',
  'slow start of a new connection',
  'ten segments, then twice as many with each round trip',
  'RFC 6928; RFC 5681 section 3.1',
);

export default defineRule({
  id: 'connection-per-request',
  title: 'Each call opens its own connection',
  category: 'connection',
  sees: ['tcp'],
  messages: {
    each: '{count} of {total:connection} to {server} serve a single call: {pay} {cost:duration} to connect',
    idle: '{count} of {total:connection} to {server} serve a single call, as it closes what is idle for {kept:duration}: {pay} {cost:duration} to connect',
    slow: '{count} of {total:connection} to {server} serve a single call: {pay} {cost:duration} to connect and to get up to speed',
    session:
      '{count} of {total:connection} to {server} serve one piece of work: each pays {least}{cost:duration} to connect and sign in',
    clear: 'connections are used again ({calls:call} on {total:connection})',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const probes = new Set<string>();
    /** Whose words end the connection with its first call. */
    const toldBy = new Map<string, Side>();
    const starts = new Map<string, Start>();
    const sessions = createSessions();
    const waiting = new Set<string>();
    /** Inside TLS, on which it was the client's turn again. */
    const turned = new Set<string>();
    let leftOpen: Connection[] = [];
    const groups = createPeerGroups(seen, connectionTally, (): Extra => ({
      judged: 0,
      lastOpenedAt: Number.NEGATIVE_INFINITY,
      byServer: 0,
      byLife: 0,
      noKeepAlive: 0,
      byRequest: 0,
      sealedCalls: 0,
      signedIn: 0,
      sealedSignIns: 0,
      signIns: 0,
      statements: 0,
      watching: 0,
      slowly: 0,
      idle: new IdleEnds(),
      refused: 0,
    }));

    /** Answered and idle, yet another was opened rather than this one used. */
    function judgeLeftOpen(): void {
      leftOpen = leftOpen.filter((connection) => {
        const group = groups.of(connection);
        if (connection.startedAt + connection.duration >= group.lastOpenedAt) return true;
        judge(group, connection, true, null, null);
        return false;
      });
    }

    return {
      unusualExchange(exchange) {
        if (isSignIn(exchange)) {
          sessions.add(exchange);
          groups.of(exchange).signIns++;
          return;
        }
        if (exchange.place > 0) return;
        if (starts.size < MAX_PROBES) {
          const start = { start: slowStart(exchange), exchange: exchange.id, endsAt: endOf(exchange) };
          starts.set(exchange.connection, start);
        }
        if (isProbe(exchange) && probes.size < MAX_PROBES) probes.add(exchange.connection);
        else if (toldBy.size < MAX_PROBES) {
          if (exchange.asksToClose) toldBy.set(exchange.connection, 'client');
          else if (!exchange.keepsConnection) toldBy.set(exchange.connection, 'server');
        }
        if (exchange.outcome === 'incomplete' && waiting.size < MAX_PROBES) waiting.add(exchange.connection);
      },
      turn({ place, connection }) {
        if (place > 0 && turned.size < MAX_PROBES) turned.add(connection);
      },
      connection(connection) {
        // What it costs to connect to a sidecar is nothing; what the sidecar opens to others is there, too.
        if (isThroughSidecar(connection)) return;
        const isProbed = probes.delete(connection.id);
        const told = toldBy.get(connection.id) ?? null;
        toldBy.delete(connection.id);
        const start = starts.get(connection.id) ?? null;
        starts.delete(connection.id);
        const isWaiting = waiting.delete(connection.id);
        const isTurned = turned.delete(connection.id);
        const session = sessions.take(connection);
        const group = groups.of(connection);
        group.idle.opened(connection.startedAt);
        group.lastOpenedAt = Math.max(group.lastOpenedAt, connection.startedAt);
        if (connection.ending === 'refused') group.refused++;
        if (session !== null) return addSession(group, connection, session);
        if (isProbed) return;
        group.sealedCalls += sealedCalls(connection);
        const single = isTurned ? false : isSingleUse(connection);
        if (single !== null) judge(group, connection, single, told, start);
        else if (!isWaiting && servesOne(connection) === true && leftOpen.length < MAX_LEFT_OPEN)
          leftOpen.push(copyConnection(connection));
      },
      finish() {
        judgeLeftOpen();
        const wasteful = groups
          .all()
          .filter(
            ({ tally, judged, peer, signedIn, signIns, statements, sealedCalls: sealed }) =>
              tally.count >= LEAST_COUNT &&
              tally.count > MOST * judged &&
              isMostly(tally.count - signedIn + statements, peer.calls.count - signIns + sealed),
          );
        const parts = partsByServer(wasteful);
        for (const { groups: own, tally, subject, input } of parts) {
          const { opened, opening, calls } = seen.totals(input, subject);
          const sum = (field: Counter): number => own.reduce((count, group) => count + group[field], 0);
          const isMost = (field: Counter): boolean => sum(field) > MOST * tally.count;
          const kept = keptOf(own);
          const closer: Closer = isMost('byRequest')
            ? 'request'
            : kept.count > MOST * tally.count
              ? isPassedOver(own, kept.count)
                ? 'unused'
                : 'idle'
              : isMost('byServer') || isMost('noKeepAlive')
                ? 'server'
                : 'client';
          const hidden = isMost('byLife');
          const signsIn = isMost('signedIn');
          report({
            message: signsIn ? 'session' : closer === 'idle' ? 'idle' : isMost('slowly') ? 'slow' : 'each',
            data: {
              count: tally.count,
              total: opened,
              server: subject.name,
              cost: tally.costs.quantile(0.5),
              kept: kept.quantile(0.5),
              pay: isUneven(tally.costs) ? 'half of them pay at least' : 'each pays',
              least: isMost('sealedSignIns') ? 'at least ' : '',
            },
            input,
            subject,
            of: opened,
            unit: 'connections',
            ...(calls.count > 0 ? { latency: calls, latencyUnit: 'exchanges' } : { latency: opening }),
            cost: tally,
            confidence: hidden ? 'likely' : 'certain',
            confidenceBecause: hidden
              ? 'what they carry can’t be read, and each lives as short as one call does'
              : signsIn
                ? 'on each of these connections its client signs in, asks once or twice and closes it'
                : 'one call was read on each of these connections',
            evidence: singleEvidence(tally.dearest),
            because: [
              ...keepAliveSettings(subject.name, closer, kept.quantile(0.5)),
              ...(isMost('slowly') ? [SLOW_START] : []),
            ],
            fix: signsIn ? [pooled(subject.name)] : keepAliveFixes(subject.name, closer),
            whatIf: signsIn
              ? { unknown: 'what signing in takes is a call of its own, and not told apart from others' }
              : isMost('slowly')
                ? {
                    method: 'each affected call without its handshakes, and with a sender that is up to speed',
                    isAtMost: true,
                  }
                : { method: 'each affected call without its handshakes' },
            relieves: ['connect', 'tls', 'upstream', 'metadata'],
            errors: 0,
            habit: isHabit(tally.count, opened - sum('watching') - sum('refused')),
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

function addSession(group: Group, connection: Connection, session: Session): void {
  // Nothing was asked on it: MongoDB's drivers watch their server on connections of their own.
  if (session.statements === 0) {
    group.watching++;
    return;
  }
  group.judged++;
  if (!session.isSingle) return;
  group.signedIn++;
  if (session.isSealed) group.sealedSignIns++;
  group.statements += session.statements;
  group.tally.add(connection, session.cost, connectionPackets, { lasted: session.cost });
}

function judge(group: Group, connection: Connection, isSingle: boolean, told: Side | null, first: Start | null): void {
  group.judged++;
  if (!isSingle) return;
  const handshakes = connectCost(connection) + tlsCost(connection);
  if (first === null || first.start === 0) group.tally.add(connection, nanoseconds(handshakes), connectionPackets);
  else {
    const cost = nanoseconds(handshakes + first.start);
    const lasted = nanoseconds(handshakesOf(connection) + first.start);
    group.tally.add(connection, cost, connectionPackets, { lasted, refs: [first.exchange] });
    if (first.start > handshakes) group.slowly++;
  }
  if (first !== null && told === null && connection.endedBy === 'server') {
    group.idle.add(at(first.endsAt), at(connection.endedAt));
  }
  if (!isRead(connection.protocol)) group.byLife++;
  // A server that closes because its client asked for it would have kept the connection.
  if (told === 'client') group.byRequest++;
  else if (connection.endedBy === 'server') group.byServer++;
  if (told === 'server') group.noKeepAlive++;
}

/** For how long servers kept what they closed for being idle. */
function keptOf(groups: readonly Group[]): Distribution {
  const kept = new Distribution();
  for (const { idle } of groups) kept.addAll(idle.kept);
  return kept;
}

/** Most of what was idle belongs to clients that take none of it. */
const isPassedOver = (groups: readonly Group[], count: number): boolean =>
  groups.reduce((sum, { idle }) => sum + (idle.arePassedOver() ? idle.count : 0), 0) > MOST * count;

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

const pooled = (server: string): Fix =>
  advice(
    'code',
    'one pool of connections for the process (HikariCP, psycopg_pool, pg.Pool, database/sql), kept between requests; or PgBouncer or ProxySQL between, where many processes come and go',
    `the client of ${server}`,
    'open a connection for each request again',
  );
