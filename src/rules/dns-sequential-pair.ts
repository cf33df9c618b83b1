import { formatCount, formatDuration, plural } from '../base/text.ts';
import { milliseconds, nanoseconds } from '../base/time.ts';
import type { Evidence } from '../model/finding.ts';
import { isAddressType, type Lookup, typeName } from '../model/lookup.ts';
import type { PacketId } from '../model/packet.ts';
import { createClientGroups } from './support/lookups/client-groups.ts';
import { defineRule } from './support/define-rule.ts';
import { evidenceOf, packetsOf } from './support/evidence.ts';
import { advice } from './support/fixes.ts';
import type { LossAnalysis } from './support/lookups/loss-shape.ts';
import { losses } from './support/lookups/losses.ts';
import { mayAskOneByOne } from './support/lookups/pair.ts';
import { sequentialPairsOf } from './support/lookups/sequential.ts';
import { defaultSetting } from './support/settings.ts';
import { type Occurrences, partsByClient, reportedLookups, SEEN_ONCE, targetOf } from './support/subjects.ts';
import { lookupTally, type LookupTally } from './support/tally.ts';

// Where other lookups of the client ask in parallel, one pair is an accident of scheduling.
const REPEATED = 3;
// So are several on a busy machine. One of five programs in a pod that asks so makes a fifth of its lookups.
const LEAST_PART = 0.2;
// One lookup is no habit, and what it costs below this nobody notices.
const NOTICED = milliseconds(1);
const CERTAIN_PAIRS = 5;
const MAX_LINES = 4;

type ClientKey = Pick<Occurrences, 'input' | 'client'>;
const clientKey = ({ input, client }: ClientKey): string => `${input}|${client}`;

interface PairCounts {
  parallel: number;
  /** Lookups whose second family was asked after an answer slow enough to be sure. */
  sure: LookupTally;
  /** The same, but the answers were so fast that the twin may just have been slower. */
  fast: LookupTally;
  /** Sequential lookups after one of the client's lookups lost an answer, or got an error. */
  afterLoss: LookupTally;
  /** What happened first to one of the client's lookups; null while nothing has. */
  setBack: SetBack | null;
  pairs: number;
  samePort: number;
  /** Lookups with losses that did not begin with both families at once. */
  unjudged: number;
}

export default defineRule({
  id: 'dns-sequential-pair',
  title: 'The second address family is asked only after the first',
  category: 'dns',
  sees: ['dns', 'bothDirections'],
  messages: {
    sequential: '{count} of {total:lookup} asked for AAAA and A one after the other, {cost:duration} more each',
    sticky: '{count} of {total:lookup} asked one family after the other since an answer was {what} (glibc, by thread)',
    clear: 'A and AAAA are asked at once ({parallel:pair}), {sequential} one after the other',
    once: 'one lookup alone asked for A and AAAA one after the other, for less than a millisecond more',
    noPairs: 'no lookup asked for both A and AAAA ({total:lookup})',
  },
  create({ report, clear, unobservable, fact }) {
    const seen = fact(losses);
    const groups = createClientGroups((): PairCounts => ({
      parallel: 0,
      sure: lookupTally(),
      fast: lookupTally(),
      afterLoss: lookupTally(),
      setBack: null,
      pairs: 0,
      samePort: 0,
      unjudged: 0,
    }));
    /** Of these groups' clients, whichever server they asked: it is the client's resolver that asks so. */
    const parallelOf = (own: readonly ClientKey[]): number => {
      const clients = new Set(own.map(clientKey));
      const others = groups.all().filter((group) => clients.has(clientKey(group)));
      return others.reduce((sum, group) => sum + group.parallel, seen.ordinaryOf(own));
    };

    return {
      unusual(lookup) {
        if (lookup.attempts.length < 2) return;
        const pairs = sequentialPairsOf(lookup);
        if (seen.current !== null) {
          if (!seen.disturbed && pairs === null) return;
          const group = groups.of(lookup);
          if (seen.disturbed) group.setBack ??= setBackOf(seen.current);
          // What a lookup does once it lost something proves no mode; that it began with both does.
          if (pairs === null) return;
          if (pairs.sequential === 0) group.parallel++;
          else group.unjudged++;
          return;
        }
        if (pairs === null) return;
        const group = groups.of(lookup);
        if (pairs.sequential === 0) {
          group.parallel += pairs.parallel;
          return;
        }
        group.pairs += pairs.sequential;
        group.samePort += pairs.samePort;
        const tally =
          group.setBack !== null && mayAskOneByOne(lookup.resolver)
            ? group.afterLoss
            : pairs.sure > 0
              ? group.sure
              : group.fast;
        tally.add(lookup, nanoseconds(Math.min(pairs.cost, lookup.duration)), pairPackets);
      },
      finish() {
        const all = groups.all();
        const found: (Occurrences & Pick<PairCounts, 'pairs' | 'samePort' | 'setBack'> & { sticky: boolean })[] = [];
        for (const group of all) {
          const parallel = parallelOf([group]);
          const asksAtOnce = parallel > 0;
          // Asked in parallel before, or never before the loss: the loss is what changed it.
          const sticky = group.setBack !== null && (asksAtOnce || group.sure.count === 0);
          if (sticky && group.afterLoss.count > 0) found.push({ ...group, tally: group.afterLoss, sticky: true });
          const least = Math.max(REPEATED, LEAST_PART * (parallel + group.sure.count));
          if (group.sure.count < (asksAtOnce ? least : 1)) continue;
          const tally = lookupTally();
          tally.absorb(group.sure);
          // Where nothing is parallel the fast ones are sequential too.
          if (!asksAtOnce) tally.absorb(group.fast);
          if (!sticky) tally.absorb(group.afterLoss);
          if (tally.count === 1 && tally.costs.max < NOTICED) continue;
          found.push({ ...group, tally, sticky: false });
        }
        for (const sticky of [false, true]) {
          for (const part of partsByClient(found.filter((group) => group.sticky === sticky))) {
            const { tally, subject, input } = part;
            const of = seen.lookupsOf(input, subject);
            const sum = (count: (group: (typeof found)[number]) => number): number =>
              part.groups.reduce((total, group) => total + count(group), 0);
            const parallel = parallelOf(part.groups);
            const pairs = sum((group) => group.pairs);
            const reopen = sum((group) => group.samePort) === 0;
            const setBack = part.groups[0]?.setBack ?? 'lost';
            const option = reopen ? 'single-request-reopen' : 'single-request';
            report({
              message: sticky ? 'sticky' : 'sequential',
              data: { count: tally.count, total: of, cost: tally.costs.quantile(0.5), what: setBack },
              ...reportedLookups({ input, subject, tally }, of),
              confidence: parallel === 0 && pairs >= CERTAIN_PAIRS ? 'certain' : 'likely',
              confidenceBecause: `${plural(pairs, 'pair')} one after the other, ${formatCount(parallel)} at once`,
              evidence: pairEvidence(tally.dearest as Lookup),
              because: [
                {
                  component: sticky ? 'glibc' : 'resolv.conf',
                  setting: sticky
                    ? setBack === 'lost'
                      ? 'after a lost answer'
                      : 'after an error'
                    : `options ${option}`,
                  value: sticky ? 'one family at a time, for the thread’s life' : 'as it seems from the packets',
                  origin: sticky ? 'default' : 'wire',
                  source: sticky ? 'glibc resolv/res_send.c (from 2.11)' : 'the packets',
                },
                defaultSetting(
                  'kernel',
                  'race of two queries at once',
                  'gone from 5.6: the option is no longer needed there',
                  'Linux 6a757c07e51f',
                ),
              ],
              fix: sticky
                ? [
                    advice(
                      'infrastructure',
                      `cure the ${setBack === 'lost' ? 'loss' : 'errors'}: the sequence is a consequence`,
                      'the cluster DNS',
                      'nothing to undo',
                    ),
                  ]
                : [
                    advice(
                      'manifest',
                      `take ${option} out of dnsConfig.options where nodes run kernel 5.6 or newer`,
                      `dnsConfig of ${targetOf(subject)}`,
                      'put the option back',
                      'kubectl get nodes -o custom-columns=NAME:.metadata.name,KERNEL:.status.nodeInfo.kernelVersion',
                    ),
                  ],
              whatIf: { method: 'each affected lookup without the shorter of its two round trips' },
              errors: 0,
              habit: false,
              ...(sticky
                ? { onlyInfo: 'a consequence of what happened to an answer before, which is a matter of its own' }
                : {}),
              ...(tally.count === 1 && !sticky ? { onlyInfo: SEEN_ONCE } : {}),
            });
          }
        }
        if (found.length > 0) return;
        const parallel = all.reduce((sum, group) => sum + group.parallel, seen.ordinaryOf());
        const sequential = all.reduce((sum, group) => sum + group.pairs, 0);
        const unjudged = all.reduce((sum, group) => sum + group.unjudged, 0);
        if (parallel + sequential === 0 && unjudged > 0) unobservable({ why: DISTURBED, capture: null });
        else if (parallel + sequential === 0)
          clear('noPairs', { total: seen.lookups }, { count: seen.lookups, unit: 'lookups' });
        else if (parallel === 0 && sequential === 1) clear('once', {}, { count: 1, unit: 'pairs' });
        else clear('clear', { parallel, sequential }, { count: parallel + sequential, unit: 'pairs' });
      },
    };
  },
});

type SetBack = 'lost' | 'an error';

const setBackOf = ({ sends }: LossAnalysis): SetBack =>
  sends.some(({ fate }) => fate === 'lost' || fate === 'unreceived') ? 'lost' : 'an error';

const DISTURBED = 'each lookup that asked for both families lost an answer first: what follows is no mode';

const MAX_PACKETS = 24;

const pairPackets = (lookup: Lookup): PacketId[] =>
  lookup.attempts
    .filter((attempt) => isAddressType(attempt.type))
    .flatMap(packetsOf)
    .slice(0, MAX_PACKETS);

function pairEvidence(example: Lookup): [Evidence, ...Evidence[]] {
  const lines = example.attempts
    .filter((attempt) => isAddressType(attempt.type))
    .slice(0, MAX_LINES)
    .map((attempt) => ({
      says: `${typeName(attempt.type)} of ${attempt.name}, port ${attempt.clientPort}: answered after ${formatDuration(attempt.repliedAt - attempt.sentAt)}`,
      packets: packetsOf(attempt),
    }));
  return evidenceOf(lines, example);
}
