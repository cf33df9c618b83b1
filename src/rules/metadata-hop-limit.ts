import { formatDuration } from '../base/text.ts';
import { at } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import { credentialClient } from '../knowledge/credential-clients.ts';
import { defineRule } from './support/define-rule.ts';
import { dearestEvidence } from './support/evidence.ts';
import { advice, eitherOf } from './support/fixes.ts';
import { metadataKinds } from './support/credentials/metadata-kinds.ts';
import { createPeerGroups } from './support/peer-groups.ts';
import { defaultSetting, wireSetting } from './support/settings.ts';
import { type OccurrencesOf, partsByClient, reportedExchanges } from './support/subjects.ts';
import { exchangeTally } from './support/tally.ts';
import { TokenLog, type TokenWait } from './support/credentials/token-waits.ts';
import { traffic } from './support/traffic.ts';

interface Found extends OccurrencesOf<Exchange> {
  readonly software: string | null;
  readonly waits: readonly TokenWait[];
}

export default defineRule({
  id: 'metadata-hop-limit',
  title: 'The metadata service’s token never reaches the pod',
  category: 'request',
  sees: ['tcp', 'http'],
  messages: {
    lost: '{count:wait} of {cost:duration} for a token of {server} that never came: {client} went on without',
    clear: 'tokens of the metadata service come, or nobody asks for any ({answered} came)',
    refused:
      'tokens of the metadata service are refused at once, by a proxy or a firewall before it: {refused:time}; SDKs go on without',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(traffic);
    const kinds = fact(metadataKinds);
    const groups = createPeerGroups(seen, exchangeTally, () => ({
      log: new TokenLog(),
      software: null as string | null,
    }));
    const byClient = new Map<string, Set<TokenLog>>();
    const all = new Set<ReturnType<typeof groups.of>>();
    let heard = 0;

    /** A client of the metadata service went on. */
    function noteOther({ input, client, startedAt }: Exchange): void {
      if (byClient.size === 0) return;
      for (const log of byClient.get(`${input}|${client}`) ?? []) log.other(startedAt);
    }

    return {
      ordinaryExchange: noteOther,
      unusualExchange(exchange) {
        if (exchange.shape !== 'call') return;
        heard++;
        const { input, client, metadata } = exchange;
        if (metadata === null) return noteOther(exchange);
        if (metadata.service !== 'ec2') return;
        const key = `${input}|${client}`;
        const group = groups.of(exchange);
        all.add(group);
        byClient.set(key, (byClient.get(key) ?? new Set()).add(group.log));
        group.software ??= metadata.software;
        const asks = kinds.callOf(exchange.id)?.asks;
        if (asks === 'token') return group.log.token(exchange);
        group.log.call(exchange);
        // What an SDK fetches ends with these.
        if (asks === 'credentials') group.log.other(at(exchange.startedAt + exchange.duration));
      },
      finish() {
        const found = [...all].map(({ input, client, server, log, software }): Found => {
          const waits = log.waits();
          const tally = exchangeTally();
          for (const { first, waited, packets, startedAt: from, endedAt: until } of waits) {
            tally.add(first, waited, () => packets, { from, until, lasted: waited });
          }
          return { input, client, server, tally, software, waits };
        });
        const parts = partsByClient<Found, Exchange>(found.filter(({ waits }) => waits.length > 0));
        for (const { groups: own, tally, subject, input } of parts) {
          const { client, server, software, waits } = own[0] as Found;
          const tries = Math.max(...waits.map((wait) => wait.tries));
          report({
            message: 'lost',
            data: { client, server, count: tally.count, cost: tally.costs.quantile(0.5) },
            ...reportedExchanges({ input, subject, tally }, seen.totals(input, subject).calls, tally.count),
            confidence: 'likely',
            confidenceBecause: 'no token ever comes, while other calls to the same service are answered at once',
            evidence: dearestEvidence(
              tally,
              `PUT /latest/api/token, ${tries === 1 ? 'once' : `${tries} times`}: no answer in ${formatDuration(tally.costs.max)}`,
            ),
            because: [
              defaultSetting(
                'EC2 instance',
                'HttpPutResponseHopLimit',
                '1: the answer to the PUT dies at the pod’s hop',
                'docs.aws.amazon.com, Use the Instance Metadata Service',
              ),
              wireSetting(
                credentialClient(software, 'ec2').name,
                'wait for the token',
                formatDuration(tally.costs.quantile(0.5)),
              ),
            ],
            fix: hopLimitFixes(client),
            whatIf: { method: 'each request without its wait for tokens that never come' },
            alone: eitherOf('a hop limit of 2', 'EKS Pod Identity or IRSA'),
            relieves: ['metadata'],
            errors: 0,
            habit: false,
          });
        }
        if (parts.length > 0) return;
        const total = heard + seen.routes.calls;
        if (total === 0) return unobservable({ why: 'no call was seen', capture: null });
        const sum = (of: (log: TokenLog) => number): number => [...all].reduce((count, { log }) => count + of(log), 0);
        const refused = sum((log) => log.refused);
        const examined = { count: total, unit: 'exchanges' };
        if (refused > 0) return clear('refused', { refused }, examined);
        clear('clear', { answered: sum((log) => log.answered) }, examined);
      },
    };
  },
});

const hopLimitFixes = (client: string) => [
  advice(
    'infrastructure',
    'a hop limit of 2 for the instances: the answer then reaches pods',
    'the launch template of the nodes',
    'aws ec2 modify-instance-metadata-options --instance-id <id> --http-put-response-hop-limit 1',
    'aws ec2 modify-instance-metadata-options --instance-id <id> --http-put-response-hop-limit 2',
  ),
  advice(
    'infrastructure',
    'EKS Pod Identity or IRSA: pods get credentials without the instance’s metadata service',
    `the ServiceAccount of ${client}`,
    'take the annotation or the association away again',
  ),
  advice(
    'environment',
    'AWS_EC2_METADATA_DISABLED=true where the pod needs nothing of the instance',
    `env of the workload of ${client}`,
    'take the variable away again',
  ),
];
