import { endOf, nanoseconds, type Duration } from '../base/time.ts';
import { UDP_SIZE } from '../knowledge/cluster-defaults.ts';
import type { Evidence, Fix } from '../model/finding.ts';
import { typeName, type Attempt, type Lookup } from '../model/lookup.ts';
import type { PacketId } from '../model/packet.ts';
import { createClientGroups } from './support/lookups/client-groups.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf, packetsOf } from './support/evidence.ts';
import { advice, dnsOption, honours, pairSetting, settingsOfAll } from './support/fixes.ts';
import { Intervals } from './support/intervals.ts';
import { losses } from './support/lookups/losses.ts';
import { resolversOf } from './support/lookups/seen-resolvers.ts';
import { isHabit, partsByClient, reportedLookups, targetOf } from './support/subjects.ts';
import { createVainConnections, type Vain } from './support/lookups/vain-connections.ts';

export default defineRule({
  id: 'dns-truncation',
  title: 'Answers do not fit into UDP and are asked for again over TCP',
  category: 'dns',
  sees: ['dns'],
  messages: {
    truncated: '{count} of {total:lookup} got an answer too big for UDP and asked again over TCP, {cost:duration} more',
    refused:
      '{count} of {total:lookup} got an answer too big for UDP, and {server} refuses the connection to ask again over TCP',
    unheard:
      '{count} of {total:lookup} got an answer too big for UDP, and {server} does not answer over TCP: {waited:duration} and more for each try',
    kept: '{count} of {total:lookup} got an answer too big for UDP and did not ask over TCP: records are missing',
    clear: 'no answer was truncated ({answers:answer})',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(losses);
    const groups = createClientGroups(() => ({ overTcp: 0 }));
    const inVain = createVainConnections();
    return {
      dnsConnection: inVain.add,
      unusual(lookup) {
        if (!lookup.attempts.some(isTruncated)) return;
        const cost = tcpTime(lookup);
        const group = groups.of(lookup);
        groups.add(group, lookup, cost, truncationPackets);
        if (cost > 0) group.overTcp++;
      },
      finish() {
        const parts = partsByClient(groups.all());
        for (const part of parts) {
          const { tally, subject, input } = part;
          const of = seen.lookupsOf(input, subject);
          const resolvers = settingsOfAll(resolversOf(part.groups));
          const target = targetOf(subject);
          const overTcp = part.groups.some((group) => group.overTcp > 0);
          const vain = overTcp ? null : inVain.of(part.groups.map(({ server }) => server));
          report({
            message: overTcp ? 'truncated' : vain === null ? 'kept' : vain.isRefused ? 'refused' : 'unheard',
            data: { count: tally.count, total: of, cost: tally.costs.quantile(0.5), ...vain?.data },
            ...reportedLookups({ input, subject, tally }, of),
            confidence: 'certain',
            confidenceBecause: 'the answers carry the TC bit',
            evidence: truncationEvidence(tally.dearest as Lookup, vain),
            because: [
              { ...UDP_SIZE, origin: 'default' },
              ...(vain === null ? resolvers.map(pairSetting).slice(0, 1) : [vain.setting]),
            ],
            fix: [
              ...(vain === null ? [] : [letTcpThrough(vain.data.server)]),
              ...fixes(
                resolvers.some((settings) => honours(settings, 'edns0')),
                target,
              ),
            ],
            whatIf: overTcp
              ? { method: 'each affected lookup without its part over TCP' }
              : {
                  unknown:
                    vain === null
                      ? 'what the answers over UDP leave out, nobody waits for'
                      : 'without the answer over TCP the lookup has nothing to go on with',
                },
            errors: vain === null ? 0 : tally.count,
            habit: isHabit(tally.count, of),
          });
        }
        if (parts.length > 0) return;
        const answers = seen.servers().reduce((sum, server) => sum + server.answered, 0);
        if (answers === 0) return unobservable({ why: 'no query got an answer, whole or truncated', capture: null });
        clear('clear', { answers }, { count: answers, unit: 'answers' });
      },
    };
  },
});

const isTruncated = (attempt: Attempt): boolean => attempt.truncated && attempt.transport === 'udp';

/** The first: glibc may ask all over again, and then gets the next truncated answer. */
const overTcp = (lookup: Lookup, attempt: Attempt): Attempt[] =>
  lookup.attempts
    .filter(
      (other) =>
        other.transport === 'tcp' &&
        other.type === attempt.type &&
        other.name === attempt.name &&
        other.sentAt >= attempt.repliedAt,
    )
    .slice(0, 1);

/** glibc asks for both families on that connection, also for the one whose answer did fit (res_send.c). */
const twinsOf = ({ attempts }: Lookup, { name, type, clientPort }: Attempt): Attempt[] =>
  attempts.filter(
    (other) =>
      other.transport === 'tcp' && other.clientPort === clientPort && other.name === name && other.type !== type,
  );

/** From the truncated answer, connecting included, to the answer over TCP. */
function tcpTime(lookup: Lookup): Duration {
  const intervals = new Intervals();
  // Of an answer over TCP that is not there when the capture ends, nobody knows what it takes: it may be the capture's own.
  const isOpen = lookup.endBecause === 'captureEnd';
  for (const attempt of lookup.attempts) {
    if (!isTruncated(attempt)) continue;
    for (const again of overTcp(lookup, attempt).flatMap((first) => [first, ...twinsOf(lookup, first)])) {
      intervals.add(attempt.repliedAt, again.rcode >= 0 ? again.repliedAt : isOpen ? again.sentAt : endOf(lookup));
    }
  }
  return nanoseconds(Math.min(intervals.length(), lookup.duration));
}

const truncationPackets = (lookup: Lookup): PacketId[] =>
  lookup.attempts
    .filter(isTruncated)
    .flatMap((attempt) => [attempt, ...overTcp(lookup, attempt)])
    .flatMap(packetsOf);

function truncationEvidence(example: Lookup, vain: Vain | null): [Evidence, ...Evidence[]] {
  const lines = example.attempts.filter(isTruncated).flatMap((attempt): Evidence[] => [
    { says: `${typeName(attempt.type)} of ${attempt.name}: answer truncated (TC)`, packets: packetsOf(attempt) },
    ...overTcp(example, attempt).map((again) => ({
      says: `${typeName(again.type)} asked again over TCP`,
      packets: packetsOf(again),
    })),
  ]);
  return evidenceOf(vain === null ? lines : [...lines, vain.evidence], example);
}

const letTcpThrough = (server: string): Fix =>
  advice(
    'infrastructure',
    'let TCP through to port 53: network policies and firewalls often name UDP alone, and a Service needs both protocols',
    server,
    'undo the change that was made',
    'kubectl get networkpolicies -A; kubectl -n kube-system get service kube-dns -o yaml',
  );

const fixes = (edns: boolean, target: string): Fix[] => [
  ...(edns
    ? [
        dnsOption('edns0: answers up to 1,200 bytes fit into UDP (glibc)', target, {
          name: 'edns0',
        }),
      ]
    : []),
  advice(
    'infrastructure',
    'make the answer smaller: fewer records behind the name, a Service with a cluster IP where a headless one lists every pod',
    'the name',
    'undo the change that was made',
  ),
];
