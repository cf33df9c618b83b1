import { formatCount } from '../base/text.ts';
import { milliseconds, type Timestamp } from '../base/time.ts';
import type { Setting } from '../model/finding.ts';
import { isAddressType, type Attempt, type Lookup } from '../model/lookup.ts';
import { isBlockListQuery } from './support/lookups/block-lists.ts';
import { browserProbes } from './support/lookups/browser-probes.ts';
import { defineRule } from './support/define-rule.ts';
import {
  errorEvidence,
  errorPackets,
  isError,
  rcodesOf,
  retryCost,
  waitedOut,
} from './support/lookups/error-answers.ts';
import { errorFixes, type Failure } from './support/lookups/error-fixes.ts';
import { createForwarded } from './support/lookups/forwarded.ts';
import { addTo, groupBy } from '../base/group-by.ts';
import { isHalf, type FamilyFault } from './support/lookups/family-fault.ts';
import { hasNoAddress } from './support/lookups/no-address.ts';
import { explainMissing } from './support/manifests/missing-names.ts';
import { losses } from './support/lookups/losses.ts';
import { oneSided } from './support/lookups/one-direction.ts';
import { wireSetting } from './support/settings.ts';
import { parts, type Occurrences } from './support/subjects.ts';
import { lookupTally, type LookupTally } from './support/tally.ts';
import { hasCutNames } from './support/lookups/walk.ts';

// Names that fail are few in an incident; a scan for random names must not eat the memory.
const MAX_GROUPS = 128;
// So many names of one outcome are worth a finding each; more are one finding.
const FEW_NAMES = 3;
// A packet or two any capture may lack.
const SEVERAL_HALVES = 3;
interface ErrorGroup extends Occurrences {
  readonly outcome: Failure;
  readonly name: string;
  /** Lookups for mail, services, texts: a program may well live without them. */
  readonly addresses: boolean;
  readonly tally: LookupTally;
  /** The family whose errors alone made the lookups fail; '' for others. */
  readonly family: string;
  /** Of its lookups the capture lacks the other half. */
  readonly half: boolean;
  /** Lookups of the same name that succeeded later. */
  found: number;
}

// A resolver goes on to the next suffix at once; a throttled pod may need a CFS period (100 ms) and more.
const NEXT_SUFFIX_WITHIN = milliseconds(250);
// A Service has five labels in Kubernetes' default domain: more are mostly a suffix, that of a StatefulSet's pod for once.
const MOST_LABELS = 5;
const CLUSTER_SUFFIX = '.svc.cluster.local';

/** At the capture's very end: what comes next is not in it. */
const isAtEnd = ({ startedAt, duration }: Lookup, endsAt: Timestamp | undefined): boolean =>
  endsAt !== undefined && endsAt - (startedAt + duration) < NEXT_SUFFIX_WITHIN;

/** Asked with a search suffix. */
function mayWalkOn({ name, attempts }: Lookup): boolean {
  if (attempts.every((attempt) => attempt.name !== name)) return true;
  return name.endsWith(CLUSTER_SUFFIX) && name.split('.').length > MOST_LABELS;
}

const familyKey = (input: number, server: string, { type, name }: FamilyFault): string =>
  `${input}|${server}|${type}|${name}`;

export default defineRule({
  id: 'dns-error',
  title: 'Lookups end in an error',
  category: 'dns',
  sees: ['dns'],
  messages: {
    nxdomain: '{count} of {total:lookup} got NXDOMAIN (no such name) for {name}{why}',
    nodata: '{count} of {total:lookup} got no address for {name}: the name is there, and has none{why}',
    servfail: '{count} of {total:lookup} got SERVFAIL for {name}',
    refused: '{count} of {total:lookup} got REFUSED for {name}',
    timeout: '{count} of {total:lookup} got {rcode} for {name} and gave up',
    delayed:
      '{count} of {total:lookup} got {rcode} for {name} at first, and waited {wait:duration} until they asked again',
    clear: 'no lookup ended in an error ({total:lookup})',
    explained: 'no lookup ended in an error of its own ({total:lookup}; {explained} failed for other reasons)',
    open: 'no lookup is known to have ended in an error ({total:lookup}; {open} may go on when the capture ends)',
    others:
      'no lookup of addresses ended in an error ({total:lookup}; {others} of other records, or of one family alone, found none)',
  },
  create({ report, clear, unobservable, fact, inputs, cluster }) {
    const seen = fact(losses);
    const groups = new Map<string, ErrorGroup>();
    const byName = new Map<string, ErrorGroup[]>();
    const forwarded = createForwarded();
    let explained = 0;
    /** Lookups that went on from an error to an answer: the next server's, or the next try's. */
    let recovered = 0;
    /** Lookups with an error at the capture's very end, and those whose errors nobody minds. */
    let open = 0;
    let others = 0;

    const groupOf = (lookup: Lookup, outcome: Failure, addresses: boolean, family: string): ErrorGroup => {
      const half = isHalf(lookup);
      const key = `${lookup.input}|${outcome}|${addresses}|${lookup.name}|${family}|${half}`;
      const known = groups.get(key);
      if (known !== undefined) return known;
      const full = groups.size >= MAX_GROUPS;
      const place = full ? `${lookup.input}|${outcome}|${addresses}|${half}` : key;
      const shared = groups.get(place);
      if (shared !== undefined) return shared;
      const { input, client, server, name } = lookup;
      const group = { input, client, server, outcome, name, addresses, family, half, tally: lookupTally(), found: 0 };
      groups.set(place, group);
      if (!full) addTo(byName, name, group);
      return group;
    };

    const countName = (name: string): void => {
      const failed = byName.get(name);
      if (failed !== undefined) for (const group of failed) group.found++;
    };
    /** With all that it asked for on its way: what another one seems to have ended with is a step of such a walk. */
    const countFound = ({ name, attempts }: Lookup): void => {
      if (byName.size === 0) return;
      countName(name);
      for (let index = 0; index < attempts.length; index++) {
        const { name: asked } = attempts[index] as Attempt;
        if (asked !== name && isFirstOf(attempts, index)) countName(asked);
      }
    };

    return {
      // Both of its queries are for one name, which may be what was asked for with a search suffix.
      ordinary({ name, attempts: [first] }) {
        if (byName.size === 0) return;
        countName(name);
        if (first !== undefined && first.name !== name) countName(first.name);
      },
      unusual(lookup) {
        const { outcome } = lookup;
        forwarded.note(lookup);
        if (outcome === 'incomplete') return;
        const isEmpty = outcome === 'nodata' && hasNoAddress(lookup);
        if (outcome === 'ok' || (outcome === 'nodata' && !isEmpty)) {
          countFound(lookup);
          if (lookup.attempts.some(isError)) recovered++;
          if (!waitedOut(lookup) || forwarded.isForwarded(lookup)) return;
          groupOf(lookup, 'delayed', true, '').tally.add(lookup, retryCost(lookup), errorPackets);
          return;
        }
        // A failure without an error is for want of an answer in time.
        if (seen.explained || (outcome === 'timeout' && !lookup.attempts.some(isError))) {
          explained++;
          return;
        }
        if (forwarded.isForwarded(lookup)) return;
        const addresses =
          !isBlockListQuery(lookup.name) && lookup.attempts.some((attempt) => isAddressType(attempt.type));
        // Reverse names, service texts and the like often do not exist, and nobody minds.
        const isForOthers = !addresses && outcome === 'nxdomain';
        // gRPC asks for a service configuration that hardly anyone has.
        const isForGrpc = lookup.name.startsWith('_grpc_config.');
        // The other half, which may well be found, is not in the capture.
        if (isForOthers || isForGrpc || (outcome === 'nxdomain' && isHalf(lookup))) {
          others++;
          return;
        }
        const goesOn = mayWalkOn(lookup) || (outcome !== 'nxdomain' && recovered > 0);
        if (goesOn && isAtEnd(lookup, inputs[lookup.input]?.endsAt)) {
          open++;
          return;
        }
        const { current } = seen;
        const fault = current?.familyFailed === true ? current.family : null;
        const family = fault === null ? '' : familyKey(lookup.input, lookup.server, fault);
        groupOf(lookup, outcome, addresses, family).tally.add(lookup, retryCost(lookup), errorPackets);
      },
      finish() {
        const verdicts = seen.verdicts();
        const blind = oneSided(verdicts, seen.servers());
        if (blind !== null) return unobservable(blind);
        const missing = new Set(
          verdicts
            .filter(({ cause }) => cause === 'family-missing')
            .flatMap(({ group: { input, server, family } }) =>
              family === null ? [] : [familyKey(input, server, family)],
            ),
        );
        // Of who asks for A, too, the other half of a lookup may well be found.
        const asksForBoth = seen.counts().askedA > 0;
        const failed = [...groups.values()].filter(
          (group) => !missing.has(group.family) && !(asksForBoth && group.half),
        );
        const unexplained = failed.filter(
          ({ input, outcome }) => outcome !== 'nxdomain' || !hasCutNames(inputs[input]),
        );
        const probes = browserProbes(unexplained.filter(({ outcome }) => outcome === 'nxdomain'));
        const kindOf = (group: ErrorGroup): string => `${group.outcome} ${group.addresses} ${probes.has(group)}`;
        for (const sameOutcome of groupBy(unexplained, kindOf).values()) {
          const names = new Set(sameOutcome.map((group) => group.name));
          const isProbed = probes.has(sameOutcome[0] as ErrorGroup);
          const few = names.size <= FEW_NAMES && !isProbed;
          const own = parts(sameOutcome, (group) =>
            few ? { kind: 'name', name: group.name } : { kind: 'capture', name: `${formatCount(names.size)} names` },
          );
          for (const part of own) {
            const first = part.groups[0] as ErrorGroup;
            const { tally, input } = part;
            const example = tally.dearest;
            const found = part.groups.reduce((sum, group) => sum + group.found, 0);
            const onlyInfo = isProbed ? PROBED : harmless(first, found, tally.count);
            const isMissing = first.outcome === 'nxdomain' || first.outcome === 'nodata';
            const reason =
              cluster === null || !isMissing || !few || !first.addresses
                ? null
                : explainMissing(cluster(), namesOf(example, first.name), first.server);
            report({
              message: first.outcome,
              data: {
                why: reason === null ? '' : `: ${reason.says}`,
                count: tally.count,
                total: seen.lookups,
                name: few ? first.name : `${formatCount(names.size)} names, such as ${first.name}`,
                rcode: rcodesOf(example),
                wait: tally.costs.quantile(0.5),
              },
              input,
              subject: part.subject,
              of: seen.lookups,
              unit: 'lookups',
              cost: tally,
              confidence: 'certain',
              confidenceBecause: 'the replies say so',
              evidence: errorEvidence(example),
              because: [answerSetting(first, example), ...(reason?.because ?? [])],
              fix:
                reason !== null && reason.fix.length > 0
                  ? reason.fix
                  : errorFixes(first.outcome, first.name, first.server),
              whatIf:
                first.outcome === 'delayed'
                  ? { method: 'each affected lookup without its wait after the error' }
                  : {
                      unknown: 'whether the name should have an answer, or not be asked for, the packets do not tell',
                    },
              errors: onlyInfo === null && first.outcome !== 'delayed' ? tally.count : 0,
              habit: false,
              ...(onlyInfo === null ? {} : { onlyInfo }),
            });
          }
        }
        if (unexplained.length > 0) return;
        if (failed.length > 0) {
          return unobservable({
            why: 'names do not exist, but others of the same lookups are cut off and may',
            capture: "tcpdump -i any -s 0 -w dns.pcap 'port 53'",
          });
        }
        const ofFamilies = [...groups.values()].reduce((sum, group) => sum + group.tally.count, 0);
        const data = { total: seen.lookups, explained: explained + ofFamilies, open, others };
        const message = open > 0 ? 'open' : data.explained > 0 ? 'explained' : others > 0 ? 'others' : 'clear';
        clear(message, data, { count: seen.lookups, unit: 'lookups' });
      },
    };
  },
});

const PROBED = 'random names, three at once: a browser learns that names which do not exist are not answered';

/** Why an error is no alarm, or null where it is one. */
function harmless(group: ErrorGroup, found: number, count: number): string | null {
  if (!group.addresses) return 'no address was asked for';
  if (group.half && count < SEVERAL_HALVES)
    return 'one family alone, which is rarely asked for: the capture may lack the other';
  if ((group.outcome === 'nxdomain' || group.outcome === 'nodata') && found >= count)
    return 'other lookups of the name find it';
  return null;
}

/** The name as the program has it, and all that was asked for it. */
const namesOf = (example: Lookup | undefined, name: string): string[] => [
  ...new Set([name, ...(example?.attempts ?? []).map((attempt) => attempt.name)]),
];

/** None before it asked for the same name. */
function isFirstOf(attempts: readonly Attempt[], index: number): boolean {
  const { name } = attempts[index] as Attempt;
  for (let before = 0; before < index; before++) if (attempts[before]?.name === name) return false;
  return true;
}

const answerSetting = (group: ErrorGroup, example: Lookup | undefined): Setting =>
  wireSetting(
    group.server,
    `answer for ${group.name}`,
    group.outcome === 'nodata' ? 'no address of either family' : rcodesOf(example),
  );
