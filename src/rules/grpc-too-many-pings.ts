import { formatDuration, plural } from '../base/text.ts';
import { at, between, milliseconds, nanoseconds, type Duration, type Timestamp } from '../base/time.ts';
import type { Connection } from '../model/connection.ts';
import { isHttp2, type Exchange } from '../model/exchange.ts';
import type { Evidence } from '../model/finding.ts';
import { defineRule } from './support/define-rule.ts';
import { connectionPackets, evidenceOf } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { defaultSetting, wireSetting } from './support/settings.ts';
import { partsByServer } from './support/subjects.ts';
import { connectionTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';

/** HTTP/2's error code 11 (RFC 9113 section 7), as gRPC sends it with the words `too_many_pings`. */
const ENHANCE_YOUR_CALM = 11;
// Calls that were cut and whose connection has not ended yet: a server closes soon after GOAWAY.
const MAX_CUT = 1 << 12;
// gRPC's C core answers what it cuts with UNAVAILABLE, in the same breath as the GOAWAY; clients (grpc-js)
// close the connection themselves, with all that is open, as soon as it comes.
const UNAVAILABLE = 14;
const WITH_GOAWAY = milliseconds(10);

interface Cut {
  count: number;
  /** The longest of them: calls that were cut together waited together. */
  longest: Duration;
  from: Timestamp;
  /** When the last of them ended. */
  until: number;
}

export default defineRule({
  id: 'grpc-too-many-pings',
  title: 'The server closes connections because the client pings too often',
  category: 'connection',
  sees: ['tcp', 'http'],
  messages: {
    closed:
      '{server} closed {count} of {total:connection} with too_many_pings: the client pings every {interval:duration}, {cut:call} cut',
    clear: 'no connection was closed for too many pings ({total} HTTP/2 connections)',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const cuts = new Map<string, Cut>();
    const refused = new Map<string, Cut>();
    const groups = createPeerGroups(seen, connectionTally, () => ({ cut: 0, interval: nanoseconds(Number.NaN) }));
    let total = 0;
    return {
      unusualExchange(exchange) {
        if (isCut(exchange)) count(cuts, exchange);
        else if (exchange.grpcStatus === UNAVAILABLE || isClosed(exchange)) {
          const { connection, startedAt, duration } = exchange;
          // Those before were refused for other reasons.
          if (startedAt + duration - (refused.get(connection)?.until ?? 0) > WITH_GOAWAY) refused.delete(connection);
          count(refused, exchange);
        }
      },
      connection(connection) {
        const known = cuts.get(connection.id);
        const last = refused.get(connection.id);
        cuts.delete(connection.id);
        refused.delete(connection.id);
        if (!isHttp2(connection.protocol)) return;
        total++;
        const { goaway, pings } = connection;
        if (goaway?.code !== ENHANCE_YOUR_CALM || goaway.from !== 'server') return;
        // The same code calms down other things, too: then no ping was sent, or other words came.
        if (goaway.debug !== null && goaway.debug !== 'too_many_pings') return;
        if (pings === null || pings.fromClient === 0) return;
        const together = WITH_GOAWAY + Math.max(0, connection.minRoundTrip || 0);
        const cut = known ?? (last !== undefined && Math.abs(last.until - goaway.at) <= together ? last : undefined);
        const lost = cut?.longest ?? nanoseconds(0);
        const from = cut?.from ?? goaway.at;
        const group = groups.add(connection, lost, pingPackets, { from, until: goaway.at, lasted: lost });
        group.cut += cut?.count ?? 0;
        if (Number.isNaN(group.interval)) group.interval = pings.clientInterval;
      },
      finish() {
        const parts = partsByServer(groups.all());
        for (const { groups: own, tally, subject, input } of parts) {
          const cut = own.reduce((sum, group) => sum + group.cut, 0);
          const interval = own.find((group) => group.interval > 0)?.interval ?? nanoseconds(0);
          const { connections, calls } = seen.totals(input, subject);
          report({
            message: 'closed',
            data: { server: subject.name, count: tally.count, total: connections, interval, cut },
            input,
            subject,
            of: connections,
            unit: 'connections',
            latency: calls,
            latencyUnit: 'exchanges',
            cost: tally,
            confidence: 'certain',
            confidenceBecause: 'the server says so in its GOAWAY',
            evidence: pingEvidence(tally.dearest),
            because: [
              wireSetting(
                'gRPC client',
                'keepalive time',
                interval > 0 ? formatDuration(interval) : 'pings sent',
                'the gaps between its PINGs',
              ),
              defaultSetting(
                'gRPC server',
                'least time between pings (grpc-go MinTime, grpc.http2.min_ping_interval_without_data_ms)',
                '5 min',
                'grpc.io, Keepalive; grpc-go keepalive.EnforcementPolicy',
              ),
            ],
            fix: [
              advice(
                'code',
                'ping at most as often as the server permits: keepalive time of 5 min or more, and none without calls',
                'the client',
                'set the former keepalive time again',
              ),
              advice(
                'code',
                'permit it at the server: MinTime below the client’s keepalive time, PermitWithoutStream where it pings idle connections',
                `the workload behind ${subject.name}`,
                'set the former policy again',
              ),
            ],
            whatIf: { unknown: 'how long the calls would have taken that were cut off, the packets do not tell' },
            errors: Math.min(cut, tally.count),
            habit: false,
          });
        }
        if (parts.length > 0) return;
        if (total === 0) return unobservable({ why: 'no HTTP/2 connection was seen', capture: null });
        clear('clear', { total }, { count: total, unit: 'connections' });
      },
    };
  },
});

const pingPackets = (connection: Connection): readonly number[] =>
  [...new Set([...connectionPackets(connection), connection.goaway?.packet ?? connection.firstPacket])].toSorted(
    (a, b) => a - b,
  );

function pingEvidence(example: Connection | undefined): [Evidence, ...Evidence[]] {
  if (example === undefined || example.goaway === null) return evidenceOf([], example);
  const { goaway, pings, startedAt } = example;
  const age = formatDuration(between(startedAt, at(goaway.at)));
  const open = goaway.openStreams > 0 ? `, ${plural(goaway.openStreams, 'call')} open` : '';
  return [
    {
      says: `GOAWAY ENHANCE_YOUR_CALM after ${age} and ${plural(pings?.fromClient ?? 0, 'ping')} of the client${open}`,
      packets: [goaway.packet],
    },
  ];
}

const isCut = ({ protocol, endedBy, outcome }: Exchange): boolean =>
  isHttp2(protocol) && endedBy !== 'client' && outcome !== 'incomplete' && outcome !== 'ok' && outcome !== 'error';

/** The client closed the connection under it, and did not give up this call alone. */
const isClosed = ({ outcome, endedBy, resetCode }: Exchange): boolean =>
  outcome === 'cancelled' && endedBy === 'client' && resetCode < 0;

function count(cuts: Map<string, Cut>, { connection, startedAt, duration }: Exchange): void {
  const until = startedAt + duration;
  const cut = cuts.get(connection) ?? { count: 0, longest: nanoseconds(0), from: startedAt, until };
  if (cuts.size >= MAX_CUT && cut.count === 0) return;
  cut.count++;
  if (duration > cut.longest) cut.longest = duration;
  if (startedAt < cut.from) cut.from = startedAt;
  cut.until = until;
  cuts.set(connection, cut);
}
