import { formatCount, plural } from '../../base/text.ts';
import { RR_TYPE, typeName, type Confidence } from '../../model/lookup.ts';
import { chanceOfAtLeast, UNLIKELY } from './binomial.ts';
import { groupBy } from './group-by.ts';
import { addLossCounts, createLossCounts, lostOf, pairsOf, sentOf, type LossCounts } from './loss-counts.ts';
import type { LossGroup, ServerRecord } from './loss-groups.ts';

/** `one-sided`: the capture shows no replies at all, and nobody missed one. */
export type Cause = 'race' | 'loss' | 'dead-server' | 'slow-server' | 'family-missing' | 'one-sided' | 'none';

/** Why the lookups of one group waited, from the evidence of the whole capture. */
export interface Verdict {
  readonly cause: Cause;
  readonly group: LossGroup;
  readonly record: ServerRecord;
  /** What happened to all queries to that server, without families that are missing. */
  readonly counts: LossCounts;
  /** The whole address is dead, or one of several that share it. */
  readonly dead: 'address' | 'backend' | null;
  readonly confidence: Confidence;
  readonly because: string;
}

// RULES: one lost packet is no missing family; three lookups are.
const FAMILY_LOOKUPS = 3;
// RULES: `possible` from a loss or two, `likely` from five, which is 1 in 32 by chance.
const LIKELY_LOSSES = 5;
// Ten queries without an answer, while another server answers, leave no doubt that it is this one.
const CERTAIN_LOSSES = 10;
// Lossy and whole lookups take turns at least so often, or all losses lie in one stretch of time:
// an outage, which says nothing about one back end among others.
const TURNS = 3;
const DEAD_FLOWS = 3;
const LONG_DEAD_FLOWS = 2;
// Beyond this a chance is told as "less than one in a million".
const SMALLEST_CHANCE = 1e-6;

interface Judged {
  cause: Cause;
  confidence: Confidence;
  because: string;
}

interface FamilyName {
  type: number;
  lookups: number;
  answered: number;
}

/** Finds the cause of each group. Nothing is kept: more rows may follow. */
export function judgeLosses(
  groups: readonly LossGroup[],
  records: readonly ServerRecord[],
  recordOf: (input: number, server: string) => ServerRecord,
  familyNames: ReadonlyMap<string, FamilyName>,
): Verdict[] {
  const heard = new Set(records.filter((record) => record.answered > 0).map((record) => record.input));
  return [...groupBy(groups, (group) => `${group.input}|${group.server}`).values()].flatMap((ofServer) => {
    const first = ofServer[0] as LossGroup;
    return judgeServer(ofServer, recordOf(first.input, first.server), familyNames, heard.has(first.input));
  });
}

function judgeServer(
  groups: readonly LossGroup[],
  record: ServerRecord,
  familyNames: ReadonlyMap<string, FamilyName>,
  othersAnswer: boolean,
): Verdict[] {
  const isMissing = (group: LossGroup): boolean => isFamilyMissing(group, groups, record, familyNames);
  const counts = createLossCounts();
  addLossCounts(counts, record.counts);
  for (const group of groups) if (!isMissing(group)) addLossCounts(counts, group.counts);
  const dead = deadServer(record, counts, othersAnswer);
  const race = raceOf(groups, counts);
  const loss = lossOf(counts, groups);
  return groups.map((group) => {
    const judged = ((): Judged => {
      if (dead?.cause === 'one-sided') return dead;
      if (isMissing(group)) return familyMissing(group, groups);
      if (group.shape === 'answered') return { cause: 'none', confidence: 'certain', because: '' };
      if (group.shape === 'late') return lateAnswers(group);
      if (group.shape === 'unreachable') return refusedPort(group);
      if (dead !== null && (dead.dead === 'address' || FITS_DEAD_BACKEND.has(group.shape))) return dead;
      if (race !== null && group.shape === 'second') return race;
      return loss;
    })();
    const { cause, confidence, because } = judged;
    return {
      cause,
      confidence,
      because,
      group,
      record,
      counts,
      dead: cause === 'dead-server' ? deadKind(record) : null,
    };
  });
}

const deadKind = (record: ServerRecord): 'address' | 'backend' => (record.answered === 0 ? 'address' : 'backend');

const FITS_DEAD_BACKEND: ReadonlySet<string> = new Set(['silent', 'prefix', 'first']);

/** Never answered for any name, or never for this one, over enough lookups. */
function isFamilyMissing(
  group: LossGroup,
  groups: readonly LossGroup[],
  record: ServerRecord,
  familyNames: ReadonlyMap<string, FamilyName>,
): boolean {
  const { family } = group;
  if (family === null) return false;
  const answered = family.type === RR_TYPE.A ? record.answeredA : record.answeredAaaa;
  if (answered === 0 && missedLookups(groups, family.type) >= FAMILY_LOOKUPS) return true;
  const name = familyNames.get(family.name);
  return name !== undefined && name.type === family.type && name.answered === 0 && name.lookups >= FAMILY_LOOKUPS;
}

const missedLookups = (groups: readonly LossGroup[], type: number): number =>
  groups.reduce((sum, group) => (group.family?.type === type ? sum + group.tally.count : sum), 0);

function familyMissing(group: LossGroup, groups: readonly LossGroup[]): Judged {
  const lookups = missedLookups(groups, group.family?.type ?? 0);
  return {
    cause: 'family-missing',
    confidence: group.family?.how === 'refused' ? 'certain' : lookups >= LIKELY_LOSSES ? 'likely' : 'possible',
    because:
      group.family?.how === 'refused'
        ? `${plural(lookups, 'lookup')} got an error for one family and an answer for the other`
        : `in ${plural(lookups, 'lookup')} no query of one family was ever answered, those of the other were`,
  };
}

const lateAnswers = (group: LossGroup): Judged => ({
  cause: 'slow-server',
  confidence: 'likely',
  because: `the answers came, after the question had been asked again (${plural(group.tally.count, 'lookup')})`,
});

const refusedPort = (group: LossGroup): Judged => ({
  cause: 'dead-server',
  confidence: 'certain',
  because: `ICMP says that nobody listens there (${plural(group.tally.count, 'lookup')})`,
});

function deadServer(
  record: ServerRecord,
  counts: LossCounts,
  othersAnswer: boolean,
): (Judged & { dead: 'address' | 'backend' }) | null {
  const { queries } = record;
  if (record.answered === 0) {
    // Who gets his answer does not ask again: so without resends it is the capture that has no replies.
    if (record.askedAgain === 0 && record.unreachable === 0 && !othersAnswer) {
      return { cause: 'one-sided', confidence: 'possible', because: 'no reply is in the capture', dead: 'address' };
    }
    const certain = record.unreachable > 0 || (othersAnswer && queries >= CERTAIN_LOSSES);
    return {
      cause: 'dead-server',
      dead: 'address',
      confidence: certain ? 'certain' : queries >= LIKELY_LOSSES ? 'likely' : 'possible',
      because: `not one of ${plural(queries, 'query', 'queries')} was answered${othersAnswer ? ', while another server answers' : ''}`,
    };
  }
  return isDeadBackend(record, counts)
    ? {
        cause: 'dead-server',
        dead: 'backend',
        confidence: 'likely',
        because:
          `whatever follows an answered query on the same port is answered too (${formatCount(counts.followingSent)} of ` +
          `${formatCount(counts.followingSent)}), yet ${formatCount(counts.freshLost)} of ${formatCount(counts.freshSent)} ` +
          'queries before a first answer are lost: ports get either a server that answers or one that does not',
      }
    : null;
}

/**
 * One dead back end behind a shared address takes whole flows: nothing is lost on a flow that was
 * answered once, while loss at random would hit those queries as often as the others.
 */
function isDeadBackend(record: ServerRecord, counts: LossCounts): boolean {
  if (counts.followingLost > 0 || counts.followingSent === 0 || record.alternations < TURNS) return false;
  const rate = counts.freshLost / counts.freshSent;
  if ((1 - rate) ** counts.followingSent > UNLIKELY) return false;
  if (counts.firstLost === 0 && counts.recoveredFlows === 0) {
    return counts.longDeadFlows >= LONG_DEAD_FLOWS || counts.deadFlows >= DEAD_FLOWS;
  }
  // A query that a node's rules drop leaves no connection-tracking entry, so the next one of the
  // flow draws its back end anew: then the first alone is lost as often as both.
  const single = counts.firstLost;
  const whole = counts.bothLost + counts.deadFlows;
  return single > 0 && whole > 0 && single + whole >= LIKELY_LOSSES;
}

/**
 * The race spares firsts, lone queries and resends, and takes the second of a pair. Loss at
 * random takes first and second alike, and the others at the same rate.
 */
function raceOf(groups: readonly LossGroup[], counts: LossCounts): Judged | null {
  const seconds = groups.filter((group) => group.shape === 'second');
  if (seconds.length === 0) return null;
  const { secondLost, firstLost, bothLost, loneLost } = counts;
  const whole = `${plural(counts.pairsFine, 'pair')} came through whole`;
  const otherLost = firstLost + bothLost + loneLost;
  const bySecond = chanceOfAtLeast(secondLost, secondLost + firstLost, 0.5);
  if (otherLost > 0) {
    const rate = (otherLost + 1) / (pairsOf(counts) + counts.loneSent + 2);
    const byRate = chanceOfAtLeast(secondLost, secondLost + counts.pairsFine, rate);
    if (secondLost < LIKELY_LOSSES || bySecond > UNLIKELY || byRate > UNLIKELY) return null;
  }
  const beforeDnat = seconds.reduce((sum, group) => sum + group.lostBeforeDnat, 0);
  const lookups = seconds.reduce((sum, group) => sum + group.tally.count, 0);
  if (beforeDnat >= lookups) {
    return {
      cause: 'race',
      confidence: 'certain',
      because: `the lost queries were seen before the DNAT and never behind it (${formatCount(beforeDnat)} of ${formatCount(beforeDnat)}); ${whole}`,
    };
  }
  if (secondLost >= LIKELY_LOSSES) {
    return {
      cause: 'race',
      confidence: 'likely',
      because:
        `${formatCount(secondLost)} of ${formatCount(secondLost + firstLost)} queries lost from a pair were its second ` +
        `(by chance ${chance(bySecond)}); ${whole}`,
    };
  }
  return {
    cause: 'race',
    confidence: 'possible',
    because:
      (secondLost === 1
        ? 'one lost query, the second of its pair: any lost packet may look so'
        : `${formatCount(secondLost)} lost queries, each the second of its pair: by chance ${chance(bySecond)}`) +
      `; ${whole}`,
  };
}

/** Before three lookups show it, a family that is never answered looks like loss. */
function familyHint(groups: readonly LossGroup[]): string {
  const types = new Set(groups.filter(({ shape }) => shape !== 'answered').map(({ family }) => family?.type));
  const [type, ...others] = types;
  if (type === undefined || others.length > 0) return '';
  return `; all of one family, ${typeName(type)}, which may be missing altogether: too few lookups to tell`;
}

function lossOf(counts: LossCounts, groups: readonly LossGroup[]): Judged {
  const lost = lostOf(counts);
  const parts = [
    counts.firstLost > 0 ? `${formatCount(counts.firstLost)} first of a pair` : '',
    counts.secondLost > 0 ? `${formatCount(counts.secondLost)} second of a pair` : '',
    counts.bothLost > 0 ? `${plural(counts.bothLost, 'whole pair')}` : '',
    counts.loneLost > 0 ? `${plural(counts.loneLost, 'lone query', 'lone queries')}` : '',
  ].filter((part) => part !== '');
  return {
    cause: 'loss',
    confidence: lost >= LIKELY_LOSSES ? 'likely' : 'possible',
    because: `${formatCount(lost)} of ${plural(sentOf(counts), 'query', 'queries')} unanswered: ${parts.join(', ')}${familyHint(groups)}`,
  };
}

function chance(value: number): string {
  if (value < SMALLEST_CHANCE) return 'less than one in a million';
  return `1 in ${formatCount(Math.round(1 / value))}`;
}
