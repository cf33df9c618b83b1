import type { Setting } from '../model/finding.ts';
import { areServers, upstreamFix } from './support/lookups/asking-servers.ts';
import { defineRule } from './support/define-rule.ts';
import { ENDED_SERVER } from './support/lookups/ended-server.ts';
import { advice, dnsOption, honours, settingsOfAll, shorterWaits } from './support/fixes.ts';
import type { BackendRecord, LossGroup, ServerRecord } from './support/lookups/loss-groups.ts';
import { chosenWait, lossReport, waitOf, waitSettings } from './support/lookups/loss-report.ts';
import type { Verdict } from './support/lookups/loss-verdict.ts';
import { losses } from './support/lookups/losses.ts';
import { oneSided } from './support/lookups/one-direction.ts';
import { resolversOf } from './support/lookups/seen-resolvers.ts';
import { partsByServer, targetOf } from './support/subjects.ts';

export default defineRule({
  id: 'dns-dead-server',
  title: 'A DNS server, or one of those behind its address, never answers',
  category: 'dns',
  sees: ['dns', 'bothDirections'],
  messages: {
    dead: '{server} never answers ({queries:query}): {count} of {total:lookup} waited {least}{wait:duration} for it',
    unheard:
      '{server} never answers, unless the capture has one direction only: {count} of {total:lookup} waited {least}{wait:duration} for it ({queries:query})',
    noneHeard:
      'no server answers ({all}), unless the capture has one direction only: {count} of {total:lookup} waited {least}{wait:duration} for them',
    asked:
      '{server} never answers ({queries:query} of {count:lookup}); nobody waits for it: others are asked at the same time',
    backend: 'one server behind {server} never answers: {count} of {total:lookup} waited {least}{wait:duration}',
    seenBackend:
      '{server}, one of {backends} behind {service}, never answers ({queries:query}): {count} of {total:lookup} waited {least}{wait:duration}',
    closed: 'nobody listens at {server}: ICMP said so in {count} of {total:lookup}',
    clear: 'every server that was asked answers ({servers:server}, {answered} of {queries:query} answered)',
    few: 'of {servers:server} {silent} did not answer, but was asked too little to tell ({answered} of {queries:query} answered)',
  },
  create({ report, clear, unobservable, fact, inputs }) {
    const seen = fact(losses);
    return {
      finish() {
        const verdicts = seen.verdicts();
        const blind = oneSided(verdicts, seen.servers());
        if (blind !== null) return unobservable(blind);
        const dead = verdicts.filter(({ cause }) => cause === 'dead-server');
        // Where a node's capture shows which one behind the address is dead, it is the subject.
        const named = dead.map((verdict) => ({
          ...verdict.group,
          server: verdict.backend?.address ?? verdict.group.server,
          verdict,
        }));
        const many = askingMany(dead);
        for (const part of partsByServer(named)) {
          const own = part.groups.map(({ verdict }) => verdict);
          const common = lossReport(part, own, seen, inputs);
          const resolvers = settingsOfAll(resolversOf(part.groups));
          const target = targetOf(part.subject);
          const { record, backend } = own[0] as Verdict;
          const closed = own.every(({ group }) => group.shape === 'unreachable');
          const waited = own.some(({ group }) => group.shape !== 'unheard');
          const others = seen.servers().filter((other) => other.input === part.input && other !== record);
          const other = others.some((server) => server.answered > 0);
          const of = backend === null ? common.of : seen.lookupsOf(part.input, { kind: 'server', name: record.server });
          report({
            ...common,
            of,
            message: messageOf(own, closed, waited, others.length > 0),
            data: {
              count: part.tally.count,
              total: of,
              server: part.subject.name,
              all: [record, ...others]
                .map(({ server }) => server)
                .toSorted()
                .join(', '),
              service: record.server,
              backends: record.backends.size,
              ...waitOf(part),
              queries: queriesOf(own),
            },
            because: [silence(record, backend), ...othersSilent(others), ...waitSettings(part.groups)],
            fix: areServers(part.groups, seen)
              ? [upstreamFix(record.server)]
              : [
                  // It answered others: one of the pods behind its address ended.
                  ...(closed && record.answered > 0 ? [ENDED_SERVER] : []),
                  record.answered > 0 || closed
                    ? advice(
                        'infrastructure',
                        'take the dead server out of the Service: its pod is not ready, or a policy drops its traffic',
                        `the endpoints behind ${record.server}`,
                        'scale back what was scaled',
                        'kubectl -n kube-system get endpointslices,pods -l k8s-app=kube-dns -o wide',
                      )
                    : advice(
                        'infrastructure',
                        'repair the server, or remove it from the resolv.conf that pods and nodes get',
                        `the nameserver ${record.server}`,
                        'put the address back',
                        'kubectl -n kube-system get service,endpointslices -l k8s-app=kube-dns -o wide',
                      ),
                  ...shorterWaits(resolvers, target, chosenWait(part.groups)),
                  ...(other && record.answered === 0 && resolvers.some((settings) => honours(settings, 'rotate'))
                    ? [
                        dnsOption('rotate: only every other lookup begins with the dead server', target, {
                          name: 'rotate',
                        }),
                      ]
                    : []),
                ],
            whatIf: { method: 'each affected lookup without its waits for the server that never answers' },
            ...(waited ? {} : { onlyInfo: 'asked beside others, whose answers come: nobody waits for it' }),
            ...(own.every(({ group }) => many.has(clientOf(group))) ? ASKS_MANY : {}),
          });
        }
        if (dead.length > 0) return;
        const servers = seen.servers();
        const queries = servers.reduce((sum, server) => sum + server.queries, 0);
        const answered = servers.reduce((sum, server) => sum + server.answered, 0);
        const silent = servers.filter((server) => server.answered === 0).length;
        const data = { servers: servers.length, silent, answered, queries };
        clear(silent === 0 ? 'clear' : 'few', data, { count: queries, unit: 'queries' });
      },
    };
  },
});

function messageOf(verdicts: readonly Verdict[], closed: boolean, waited: boolean, hasOthers: boolean) {
  if (closed) return 'closed';
  if (!waited) return 'asked';
  if (verdicts.some(({ dead }) => dead === 'address')) return 'dead';
  // Then nothing else was heard, either.
  if (verdicts.some(({ dead }) => dead === 'unheard')) return hasOthers ? 'noneHeard' : 'unheard';
  return verdicts.some(({ backend }) => backend !== null) ? 'seenBackend' : 'backend';
}

// resolv.conf(5) holds three, and systemd-resolved some of each link.
const MOST_NAMESERVERS = 12;

const ASKS_MANY = {
  onlyInfo: 'its client asks more servers than a stub resolver has: a scan, or a server that looks names up itself',
};

const clientOf = ({ input, client }: LossGroup): string => `${input}|${client}`;

/** Clients that get no answer from so many servers that those are no nameservers of theirs. */
function askingMany(dead: readonly Verdict[]): ReadonlySet<string> {
  const servers = new Map<string, Set<string>>();
  for (const { group } of dead) {
    const own = servers.get(clientOf(group)) ?? new Set();
    servers.set(clientOf(group), own.add(group.server));
  }
  return new Set([...servers].filter(([, own]) => own.size > MOST_NAMESERVERS).map(([client]) => client));
}

const queriesOf = (verdicts: readonly Verdict[]): number =>
  [...new Set(verdicts.map(({ record, backend }) => backend ?? record))].reduce((sum, { queries }) => sum + queries, 0);

// As many as RULES takes for more than chance.
const SILENT_QUERIES = 5;

/** A lookup that waits for several dead servers counts once, for the one that cost most. */
const othersSilent = (others: readonly ServerRecord[]): Setting[] =>
  others
    .filter(({ answered, queries }) => answered === 0 && queries >= SILENT_QUERIES)
    .map((other) => silence(other, null));

function silence({ server, answered, queries }: ServerRecord, backend: BackendRecord | null): Setting {
  const wire = { setting: 'queries answered', origin: 'wire', source: 'the packets' } as const;
  if (backend !== null) return { ...wire, component: backend.address, value: `0 of ${backend.queries}` };
  if (answered === 0) return { ...wire, component: server, value: `0 of ${queries}` };
  return { ...wire, component: `one server behind ${server}`, value: 'none on the ports that it was drawn for' };
}
