import { DNAT_RACE } from '../knowledge/cluster-defaults.ts';
import { defineRule } from './support/define-rule.ts';
import { pairSetting, raceFixes, settingsOfAll } from './support/fixes.ts';
import { oneSided } from './support/loss-evidence.ts';
import { lossReport, waitSettings } from './support/loss-report.ts';
import { lostOf, pairsOf } from './support/loss-counts.ts';
import { losses } from './support/losses.ts';
import { resolversOf } from './support/seen-resolvers.ts';
import { partsByClient, targetOf } from './support/subjects.ts';

export default defineRule({
  id: 'dns-race',
  title: 'One of two queries from one port is lost at the DNAT',
  category: 'dns',
  sees: ['dns', 'bothDirections'],
  messages: {
    lost: '{count} of {total:lookup} waited {wait:duration} for an answer that never came: of two queries sent at once from one port, the second was lost',
    clear:
      'no lookup lost only the second of two queries sent at once ({pairs:pair} from one port, {lost:query} unanswered)',
    noPairs: 'no lookup sent A and AAAA at once from one port ({total:lookup})',
  },
  create({ report, clear, unobservable, fact, inputs }) {
    const seen = fact(losses);
    return {
      finish() {
        const verdicts = seen.verdicts();
        const blind = oneSided(verdicts);
        if (blind !== null) return unobservable(blind);
        const races = verdicts.filter(({ cause }) => cause === 'race');
        for (const part of partsByClient(races.map(({ group }) => group))) {
          const common = lossReport(part, races, seen, inputs);
          const resolvers = settingsOfAll(resolversOf(part.groups));
          report({
            ...common,
            message: 'lost',
            data: { count: part.tally.count, total: common.of, wait: part.tally.costs.quantile(0.5) },
            because: [...resolvers.map(pairSetting), ...waitSettings(part.groups), { ...DNAT_RACE, origin: 'default' }],
            fix: raceFixes(resolvers, targetOf(part.subject)),
            whatIfMethod: 'each affected lookup without its wait for the lost answer',
          });
        }
        if (races.length > 0) return;
        const counts = seen.counts();
        const pairs = pairsOf(counts);
        if (pairs === 0) clear('noPairs', { total: seen.lookups }, { count: seen.lookups, unit: 'lookups' });
        else clear('clear', { pairs, lost: lostOf(counts) }, { count: pairs, unit: 'pairs' });
      },
    };
  },
});
