import { formatDuration } from '../base/text.ts';
import type { Connection } from '../model/connection.ts';
import type { Evidence } from '../model/finding.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf, handshakePackets } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { wireSetting } from './support/settings.ts';
import { isMostly, isSingleUse, sealedCalls } from './support/connections/single-use.ts';
import { isHabit, partsByServer, reportedConnections } from './support/subjects.ts';
import { connectionTally } from './support/tally.ts';
import { traffic } from './support/traffic.ts';

// A few are a pool that grows, or processes that start.
const LEAST_COUNT = 5;
const MOST = 0.5;

export default defineRule({
  id: 'tls-handshake-cost',
  title: 'Full TLS handshakes again and again',
  category: 'connection',
  sees: ['tcp'],
  messages: {
    full: '{count} of {total:connection} to {server} make a full TLS handshake for a single call: {cost:duration} each',
    clear: 'TLS sessions are resumed or used again ({total:handshake})',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const groups = createPeerGroups(seen, connectionTally, () => ({ handshakes: 0, sealedCalls: 0 }));
    let total = 0;
    return {
      connection(connection) {
        const { tls } = connection;
        if (tls === null || !(tls.handshakeDuration >= 0)) return;
        total++;
        const group = groups.of(connection);
        group.handshakes++;
        group.sealedCalls += sealedCalls(connection);
        if (tls.resumed === false && isSingleUse(connection) === true) {
          group.tally.add(connection, tls.handshakeDuration, handshakePackets);
        }
      },
      finish() {
        const costly = groups
          .all()
          .filter(
            ({ tally, handshakes, sealedCalls: sealed }) =>
              tally.count >= LEAST_COUNT && tally.count > MOST * handshakes && isMostly(tally.count, sealed),
          );
        const parts = partsByServer(costly);
        for (const { tally, subject, input } of parts) {
          const { opened, opening } = seen.totals(input, subject);
          report({
            message: 'full',
            data: { count: tally.count, total: opened, server: subject.name, cost: tally.costs.quantile(0.5) },
            ...reportedConnections({ input, subject, tally }, opening, opened),
            confidence: 'certain',
            confidenceBecause: 'each of these handshakes is whole: no session was resumed',
            evidence: handshakeEvidence(tally.dearest),
            because: [
              wireSetting('client', 'connections', 'opened for a single call'),
              wireSetting(
                tally.dearest?.tls?.serverName ?? subject.name,
                'session resumption',
                'not used',
                'the handshakes; RFC 8446 section 2.2',
              ),
            ],
            fix: [
              advice(
                'code',
                'keep connections open and use them again: one client, session or pool for all calls',
                `the client of ${subject.name}`,
                'open a connection for each call again',
              ),
              advice(
                'code',
                'where connections must be new: let the client keep TLS sessions (a shared context with a session cache), and the server give tickets that all its replicas can read',
                `the client of ${subject.name}, and the server`,
                'turn tickets off again',
              ),
            ],
            whatIf: { method: 'each affected connection without its TLS handshake' },
            relieves: ['tls'],
            errors: 0,
            habit: isHabit(tally.count, opened),
          });
        }
        if (parts.length > 0) return;
        if (total === 0) return unobservable({ why: 'no TLS handshake was seen whole', capture: null });
        clear('clear', { total }, { count: total, unit: 'connections' });
      },
    };
  },
});

function handshakeEvidence(example: Connection | undefined): [Evidence, ...Evidence[]] {
  if (example === undefined || example.tls === null) return evidenceOf([], example);
  const { version, handshakeDuration } = example.tls;
  return [
    {
      says: `full TLS ${version ?? ''} handshake, ${formatDuration(handshakeDuration)}`.replace('  ', ' '),
      packets: handshakePackets(example).slice(),
    },
  ];
}
