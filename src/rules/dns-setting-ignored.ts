import { settingsOf } from '../knowledge/resolver-settings.ts';
import { seconds } from '../base/time.ts';
import type { Lookup } from '../model/lookup.ts';
import type { DnsOption, Workload } from '../model/workload.ts';
import { createClientGroups } from './support/lookups/client-groups.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf, lookupPackets } from './support/evidence.ts';
import { pairSetting, raceFixes } from './support/fixes.ts';
import { AGAINST_WAITS, ignores } from './support/manifests/heeds.ts';
import { identify } from './support/manifests/identify.ts';
import { objectWords, settingAt } from './support/manifests/objects.ts';
import { mainResolver, witness } from './support/witness.ts';

export default defineRule({
  id: 'dns-setting-ignored',
  title: 'A DNS option that the resolver in use does not heed',
  category: 'dns',
  sees: ['dns'],
  needsManifests: true,
  messages: {
    ignored:
      '{workload} sets {option}, but its lookups are those of {resolver}, which ignores it ({count} of {total:lookup})',
    clear: 'no option in these manifests is one that the resolvers seen here ignore ({total:lookup})',
  },
  create({ report, clear, unobservable, fact, cluster, inputs }) {
    const seen = fact(witness);
    const groups = createClientGroups(() => ({}));
    return {
      lookup(lookup) {
        if (cluster !== null) groups.add(groups.of(lookup), lookup, NO_COST, lookupPackets);
      },
      finish() {
        if (cluster === null) {
          return unobservable({
            why: 'which options pods set stands in their manifests: kubelag … -m k8s/',
            capture: null,
          });
        }
        const identities = identify(cluster(), seen, inputs);
        const all = groups.all();
        let known = 0;
        let reported = 0;
        for (const group of all) {
          const identity = identities.of(group.client);
          const resolver = mainResolver(group.resolvers);
          if (identity === null || resolver === null) continue;
          known += group.tally.count;
          const option = identity.workload.pod.dnsOptions.find(({ name }) => ignores(resolver.resolver, name.value));
          if (option === undefined) continue;
          reported++;
          const settings = settingsOf(resolver.resolver, resolver.detail);
          report({
            message: 'ignored',
            data: {
              workload: objectWords(identity.workload),
              option: option.name.value,
              resolver: settings.name,
              count: group.tally.count,
              total: group.tally.count,
            },
            input: group.input,
            subject: { kind: 'client', name: group.client },
            of: group.tally.count,
            unit: 'lookups',
            cost: group.tally,
            confidence: identity.confidence,
            confidenceBecause: `${identity.because}; its lookups look like those of ${settings.name}`,
            evidence: evidenceOf([lookupLine(group.tally.dearest as Lookup, settings.name)], group.tally.dearest),
            because: [optionSetting(identity.workload, option), pairSetting(settings)],
            fix: raceFixes([settings], objectWords(identity.workload)),
            whatIf: { unknown: 'what is saved is told where the waits are found' },
            errors: 0,
            // What was set against waits and is not heeded is worth more than a word.
            habit: AGAINST_WAITS.has(option.name.value),
          });
        }
        if (reported > 0) return;
        if (known === 0)
          return unobservable({
            why: 'none of those who look names up could be told among the manifests',
            capture: null,
          });
        clear('clear', { total: known }, { count: known, unit: 'lookups' });
      },
    };
  },
});

// An option that is not heeded costs nothing by itself.
const NO_COST = seconds(0);

const lookupLine = (lookup: Lookup, resolver: string) => ({
  says: `the lookup of ${lookup.name} as ${resolver} sends it`,
  packets: lookupPackets(lookup),
});

const optionSetting = (workload: Workload, { name, value }: DnsOption) =>
  settingAt(objectWords(workload), `dnsConfig option ${name.value}`, value?.value ?? 'on', name.place);
