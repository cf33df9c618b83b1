import type { Setting } from '../model/finding.ts';
import { defineRule } from './support/define-rule.ts';
import { advice, dnsOption, honours, settingsOfAll, shorterWaits } from './support/fixes.ts';
import { oneSided } from './support/loss-evidence.ts';
import { lossReport, waitSettings } from './support/loss-report.ts';
import type { Verdict } from './support/loss-verdict.ts';
import { losses } from './support/losses.ts';
import { resolversOf } from './support/seen-resolvers.ts';
import { partsByServer, targetOf } from './support/subjects.ts';

export default defineRule({
  id: 'dns-dead-server',
  title: 'A DNS server, or one of those behind its address, never answers',
  category: 'dns',
  sees: ['dns', 'bothDirections'],
  messages: {
    dead: '{server} never answers: {count} of {total:lookup} that asked it waited {wait:duration}, none of its {queries:query} got an answer',
    backend:
      'one of the servers behind {server} never answers: {count} of {total:lookup} waited {wait:duration}, their ports lost every query until another server was drawn',
    closed: 'nobody listens at {server}: ICMP told so {count} of {total:lookup}',
    clear: 'every server that was asked answers ({servers:server}, {answered} of {queries:query} answered)',
  },
  create({ report, clear, unobservable, fact, inputs }) {
    const seen = fact(losses);
    return {
      finish() {
        const verdicts = seen.verdicts();
        const blind = oneSided(verdicts);
        if (blind !== null) return unobservable(blind);
        const dead = verdicts.filter(({ cause }) => cause === 'dead-server');
        for (const part of partsByServer(dead.map(({ group }) => group))) {
          const common = lossReport(part, dead, seen, inputs);
          const own = dead.filter(({ group }) => part.groups.includes(group));
          const resolvers = settingsOfAll(resolversOf(part.groups));
          const target = targetOf(part.subject);
          const { record } = own[0] as Verdict;
          const closed = own.every(({ group }) => group.shape === 'unreachable');
          const other = seen.servers().some((server) => server.input === part.input && server.answered > 0);
          report({
            ...common,
            message: closed ? 'closed' : record.answered === 0 ? 'dead' : 'backend',
            data: {
              count: part.tally.count,
              total: common.of,
              server: part.subject.name,
              wait: part.tally.costs.quantile(0.5),
              queries: record.queries,
            },
            because: [silence(record.server, record.answered, record.queries), ...waitSettings(part.groups)],
            fix: [
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
              ...shorterWaits(resolvers, target),
              ...(other && record.answered === 0 && resolvers.some((settings) => honours(settings, 'rotate'))
                ? [dnsOption('rotate: only every other lookup begins with the dead server', target, { name: 'rotate' })]
                : []),
            ],
            whatIfMethod: 'each affected lookup without its waits for the server that never answers',
          });
        }
        if (dead.length > 0) return;
        const servers = seen.servers();
        const queries = servers.reduce((sum, server) => sum + server.queries, 0);
        const answered = servers.reduce((sum, server) => sum + server.answered, 0);
        clear('clear', { servers: servers.length, answered, queries }, { count: queries, unit: 'queries' });
      },
    };
  },
});

const silence = (server: string, answered: number, queries: number): Setting => ({
  component: answered > 0 ? `one server behind ${server}` : server,
  setting: 'queries answered',
  value: answered > 0 ? 'none on the ports that it was drawn for' : `0 of ${queries}`,
  origin: 'wire',
  source: 'the packets',
});
