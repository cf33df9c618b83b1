import { plural } from '../base/text.ts';
import { copyConnection, type Connection, type Side, type Stall } from '../model/connection.ts';
import { copyExchange, type Exchange } from '../model/exchange.ts';
import type { Evidence, Setting } from '../model/finding.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf } from './support/evidence.ts';
import { LEAST_SIZE, mtuFixes } from './support/connections/mtu-advice.ts';
import { openings } from './support/connections/openings.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { wireSetting } from './support/settings.ts';
import { stuckOf, vanishedInHandshake } from './support/connections/stuck-handshakes.ts';
import { stallPackets, stallsOf, waitedUntil } from './support/exchanges/stalls.ts';
import { partsByServer, reportedExchanges } from './support/subjects.ts';
import { exchangeTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';
import { kindOf } from './support/usual.ts';
import { vanishedTally, type Vanished } from './support/connections/vanished.ts';

// One may be a connection that died.
const LEAST_COUNT = 2;
// Of TLS handshakes nothing smaller has to arrive before: that each loses a full segment for good is no chance.
const LEAST_HANDSHAKES = 3;
// Exchanges whose connection has not ended yet.
const MAX_WAITING = 1 << 12;

interface Extra {
  calls: Vanished[];
  /** The largest segments of each side that arrived on any connection, and the smallest that never did. */
  arrived: Record<Side, number>;
  vanished: Record<Side, number>;
  /** Whose TLS handshake never ended for a segment that vanished. */
  stuck: Connection[];
}

export default defineRule({
  id: 'mtu-blackhole',
  title: 'Large packets vanish on the way',
  category: 'connection',
  sees: ['tcp', 'http'],
  hearsTurns: true,
  messages: {
    vanished:
      '{count} of {total:call} to {server} never got through: segments of {size:byte} of the {side} vanish, those up to {fits} arrive',
    handshakes:
      '{count} of {total:connection} to {server} never ended their TLS handshake: segments of {size:byte} of the {side} vanish',
    clear: 'full-size segments arrive, too (up to {size:byte})',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const opened = fact(openings);
    const waiting = new Map<string, Exchange[]>();
    const groups = createPeerGroups(seen, exchangeTally, (): Extra => ({
      calls: [],
      arrived: { client: 0, server: 0 },
      vanished: { client: Infinity, server: Infinity },
      stuck: [],
    }));
    let held = 0;
    let largest = 0;

    /** @returns whether there were any */
    function reportHandshakes(): boolean {
      const found = groups
        .where(({ stuck }) => stuck.length >= LEAST_HANDSHAKES)
        .map((group) => ({ ...group, ...stuckOf(group.stuck, LEAST_SIZE, opened) }))
        // A path may lose all that a client sends: of what a server sends, other segments show that it answers.
        .filter(({ size, side, arrived }) => size > arrived[side] && (side === 'server' || arrived.client > 0));
      for (const { tally, side, size, peer, input } of found) {
        const subject = { kind: 'server', name: peer.server } as const;
        const of = Math.max(tally.count, seen.totals(input, subject).opened);
        report({
          message: 'handshakes',
          data: { count: tally.count, total: of, server: subject.name, size, side },
          input,
          subject,
          of,
          unit: 'connections',
          cost: tally,
          confidence: 'likely',
          confidenceBecause: `no segment of ${plural(size, 'byte')} ever arrived on any of them, though SYNs and what is smaller did`,
          evidence: evidenceOf([], tally.dearest),
          because: settings(subject.name, size),
          fix: mtuFixes,
          whatIf: { unknown: 'what would follow their handshakes was never sent' },
          errors: tally.count,
          habit: false,
        });
      }
      return found.length > 0;
    }

    return {
      unusualExchange(exchange) {
        if (exchange.stalls.length === 0 || vanishedOf(exchange).length === 0 || held >= MAX_WAITING) return;
        const known = waiting.get(exchange.connection) ?? [];
        known.push(copyExchange(exchange));
        waiting.set(exchange.connection, known);
        held++;
      },
      connection(connection) {
        const exchanges = waiting.get(connection.id) ?? [];
        waiting.delete(connection.id);
        held -= exchanges.length;
        const { client, server } = connection.largestAcknowledged;
        largest = Math.max(largest, client, server);
        const group = groups.of(connection);
        group.arrived.client = Math.max(group.arrived.client, client);
        group.arrived.server = Math.max(group.arrived.server, server);
        if (held < MAX_WAITING && vanishedInHandshake(connection, LEAST_SIZE).length > 0) {
          group.stuck.push(copyConnection(connection));
          held++;
        }
        for (const exchange of exchanges) {
          group.calls.push({ exchange, until: waitedUntil(exchange, connection) });
          for (const { from: side, bytes } of vanishedOf(exchange)) {
            group.vanished[side] = Math.min(group.vanished[side], bytes);
          }
        }
      },
      finish() {
        const tooBig = groups
          .where(isTooBig)
          .map((group) => ({ ...group, tally: vanishedTally(group.calls, opened, vanishedPackets) }));
        const parts = partsByServer(tooBig).filter(({ tally }) => tally.count >= LEAST_COUNT);
        for (const { groups: own, tally, subject, input } of parts) {
          const totals = seen.totals(input, subject).calls;
          const side: Side = own.some(({ vanished }) => vanished.server < Infinity) ? 'server' : 'client';
          const size = Math.min(...own.map(({ vanished }) => vanished[side]));
          const fits = Math.max(...own.map(({ arrived }) => arrived[side]));
          const of = Math.max(totals.count, tally.count);
          report({
            message: 'vanished',
            data: { count: tally.count, total: of, server: subject.name, size, side, fits },
            ...reportedExchanges({ input, subject, tally }, totals, of),
            confidence: 'likely',
            confidenceBecause: `no segment of ${plural(size, 'byte')} ever arrived, however often it was sent, and all up to ${fits} did`,
            evidence: blackholeEvidence(tally.dearest),
            because: settings(subject.name, size),
            fix: mtuFixes,
            whatIf: { method: 'each affected call without the wait' },
            errors: tally.count,
            habit: false,
          });
        }
        const areStuck = reportHandshakes();
        if (parts.length > 0 || areStuck) return;
        if (largest < LEAST_SIZE) {
          return unobservable({ why: 'no large segment was sent, so none could vanish', capture: null });
        }
        clear('clear', { size: largest }, { count: seen.peers().length, unit: 'peers' });
      },
    };
  },
});

const settings = (server: string, size: number): [Setting, Setting] => [
  wireSetting(
    `path to ${server}`,
    'MTU',
    `below what ${plural(size, 'byte')} of payload need`,
    'which segments arrive',
  ),
  wireSetting(
    `path to ${server}`,
    'ICMP "fragmentation needed"',
    'not seen: blocked, or never sent',
    'the packets; RFC 2923 section 2.1',
  ),
];

/** Segments that were lost for good, and could be too big. */
const vanishedOf = (exchange: Exchange): Stall[] =>
  stallsOf(exchange, 'loss').filter(({ repaired, bytes }) => !repaired && bytes >= LEAST_SIZE);

/** None of that size arrived from that side on any connection: random loss would let some through. */
const isTooBig = ({ arrived, vanished }: Extra): boolean =>
  (vanished.server < Infinity && vanished.server > arrived.server && arrived.server > 0) ||
  (vanished.client < Infinity && vanished.client > arrived.client && arrived.client > 0);

const vanishedPackets = (exchange: Exchange): readonly number[] => stallPackets(exchange, vanishedOf(exchange));

function blackholeEvidence(example: Exchange | undefined): [Evidence, ...Evidence[]] {
  const [stall] = example === undefined ? [] : vanishedOf(example);
  if (example === undefined || stall === undefined) return evidenceOf([], example);
  const again = stall.resends > 0 ? `, sent again ${plural(stall.resends, 'time')}` : '';
  return [
    {
      says: `${kindOf(example)}: a segment of ${plural(stall.bytes, 'byte')} of the ${stall.from} never arrives${again}`,
      packets: [...vanishedPackets(example)],
    },
  ];
}
