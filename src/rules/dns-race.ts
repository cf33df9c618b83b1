import { DNAT_RACE } from '../knowledge/cluster-defaults.ts';
import { defineRule } from './support/define-rule.ts';
import { pairSetting, raceFixes, settingsOfAll } from './support/fixes.ts';
import { partsOfCause, totalsOf, waitOf, waitSettings } from './support/lookups/loss-report.ts';
import { pairsOf } from './support/lookups/loss-counts.ts';
import { losses } from './support/lookups/losses.ts';
import { nodeCache } from './support/lookups/node-cache.ts';
import { oneSided } from './support/lookups/one-direction.ts';
import { resolversOf } from './support/lookups/seen-resolvers.ts';
import { partsByClient, targetOf } from './support/subjects.ts';

export default defineRule({
  id: 'dns-race',
  title: 'One of two queries from one port is lost at the DNAT',
  category: 'dns',
  sees: ['dns', 'bothDirections'],
  messages: {
    lost: '{count} of {total:lookup} waited {least}{wait:duration} for a lost answer: the second of two queries from one port',
    clear:
      'no second query of a pair from one port is lost by itself ({pairs:pair}, {lost} of {sent:query} unanswered)',
    noPairs: 'no lookup sent A and AAAA at once from one port ({total:lookup})',
  },
  create({ report, clear, unobservable, fact, inputs }) {
    const seen = fact(losses);
    const cache = fact(nodeCache);
    return {
      finish() {
        const verdicts = seen.verdicts();
        const blind = oneSided(verdicts, seen.servers());
        if (blind !== null) return unobservable(blind);
        const races = partsOfCause(verdicts, 'race', partsByClient, seen, inputs);
        for (const { part, common } of races) {
          const resolvers = settingsOfAll(resolversOf(part.groups));
          report({
            ...common,
            message: 'lost',
            data: { count: part.tally.count, total: common.of, ...waitOf(part) },
            because: [...resolvers.map(pairSetting), ...waitSettings(part.groups), { ...DNAT_RACE, origin: 'default' }],
            fix: raceFixes(resolvers, targetOf(part.subject), cache.isIn(part.input)),
            whatIf: { method: 'each affected lookup without its wait for the lost answer' },
          });
        }
        if (races.length > 0) return;
        const counts = seen.counts();
        const pairs = pairsOf(counts);
        if (pairs === 0) clear('noPairs', { total: seen.lookups }, { count: seen.lookups, unit: 'lookups' });
        else clear('clear', { pairs, ...totalsOf(seen) }, { count: pairs, unit: 'pairs' });
      },
    };
  },
});
