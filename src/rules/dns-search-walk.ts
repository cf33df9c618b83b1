import { formatCount } from '../base/text.ts';
import { NDOTS } from '../knowledge/cluster-defaults.ts';
import type { Evidence } from '../model/finding.ts';
import type { Attempt, Lookup } from '../model/lookup.ts';
import { createClientGroups } from './support/lookups/client-groups.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf, packetsOf } from './support/evidence.ts';
import { eitherOf, settingsOfAll, walkFixes } from './support/fixes.ts';
import { losses } from './support/lookups/losses.ts';
import { oneSided } from './support/lookups/one-direction.ts';
import { resolversOf } from './support/lookups/seen-resolvers.ts';
import { wireSetting } from './support/settings.ts';
import { FEW_CLIENTS, isHabit, partsByClient, reportedLookups, SEEN_ONCE, targetOf } from './support/subjects.ts';
import { deadNames, dotsOf, hasCutNames, walkOf, walkPackets } from './support/lookups/walk.ts';

const MAX_LINES = 4;
const EXISTS = 'the names with a suffix were answered and do not exist; the name as it is does';
// Suffixes make names long: those are cut first.
const CUT_NAMES = {
  why: 'the longest names are cut off, which those with a search suffix are',
  capture: "tcpdump -i any -s 0 -w dns.pcap 'port 53'",
};

export default defineRule({
  id: 'dns-search-walk',
  title: 'Names are tried with every search suffix first',
  category: 'dns',
  sees: ['dns'],
  messages: {
    walked:
      '{count} of {total:lookup} tried names that cannot exist ({dead:query}, {cost:duration} each) before {name}',
    clear: 'no lookup walked the search list to a name that exists as it is ({total:lookup})',
  },
  create({ report, clear, unobservable, fact, inputs }) {
    const seen = fact(losses);
    const groups = createClientGroups(
      () => ({ dead: 0, dots: Number.POSITIVE_INFINITY, names: new Set<string>() }),
      FEW_CLIENTS,
    );
    return {
      unusual(lookup) {
        const walk = walkOf(lookup);
        if (walk === null) return;
        const group = groups.of(lookup);
        groups.add(group, lookup, walk.cost, walkPackets);
        group.dead += walk.dead;
        group.dots = Math.min(group.dots, dotsOf(lookup.name));
        // Two tell one name from several; more are not told.
        if (group.names.size < 2) group.names.add(lookup.name);
      },
      finish() {
        const blind = oneSided(seen.verdicts(), seen.servers());
        if (blind !== null) return unobservable(blind);
        const parts = partsByClient(groups.all());
        for (const part of parts) {
          const { tally, subject, input } = part;
          const of = seen.lookupsOf(input, subject);
          const example = tally.dearest as Lookup;
          const names = new Set(part.groups.flatMap((group) => [...group.names]));
          const dots = Math.min(...part.groups.map((group) => group.dots));
          const dead = part.groups.reduce((sum, group) => sum + group.dead, 0);
          report({
            message: 'walked',
            data: {
              count: tally.count,
              total: of,
              dead,
              name: names.size === 1 ? example.name : `${example.name} and others`,
              cost: tally.costs.quantile(0.5),
            },
            ...reportedLookups({ input, subject, tally }, of),
            ...(hasCutNames(inputs[input])
              ? { confidence: 'likely', confidenceBecause: `${EXISTS}; names that are cut off are not counted` }
              : { confidence: 'certain', confidenceBecause: EXISTS }),
            evidence: walkEvidence(example),
            because: [
              { ...NDOTS, origin: 'default' },
              wireSetting(
                'the name',
                `dots in ${example.name}`,
                `${formatCount(dotsOf(example.name))}, no trailing dot`,
              ),
            ],
            fix: walkFixes(settingsOfAll(resolversOf(part.groups)), targetOf(subject), dots, example.name),
            whatIf: { method: 'each affected lookup without the time of its queries for names that do not exist' },
            alone: eitherOf('a lower ndots', 'a trailing dot in the name'),
            errors: 0,
            habit: isHabit(tally.count, of),
            ...(tally.count === 1 ? { onlyInfo: SEEN_ONCE } : {}),
          });
        }
        if (parts.length > 0) return;
        if (inputs.some(hasCutNames)) unobservable(CUT_NAMES);
        else clear('clear', { total: seen.lookups }, { count: seen.lookups, unit: 'lookups' });
      },
    };
  },
});

function walkEvidence(example: Lookup): [Evidence, ...Evidence[]] {
  const named = (name: string): Attempt[] => example.attempts.filter((attempt) => attempt.name === name);
  const dead = deadNames(example)
    .slice(0, MAX_LINES)
    .map((name) => ({ says: `${name} does not exist`, packets: named(name).flatMap(packetsOf) }));
  const wanted = named(example.name).filter((attempt) => attempt.answerCount > 0);
  const found = { says: `${example.name} as it is: found`, packets: wanted.flatMap(packetsOf) };
  return evidenceOf([...dead, found], example);
}
