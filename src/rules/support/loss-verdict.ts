import { formatCount, plural } from '../../base/text.ts';
import { RR_TYPE, typeName, type Confidence } from '../../model/lookup.ts';
import { chanceOfAtLeast, UNLIKELY } from './binomial.ts';
import { groupBy } from '../../base/group-by.ts';
import { deadBackendSign, pinnedSign } from './dead-backend.ts';
import {
  addLossCounts,
  createLossCounts,
  lostOf,
  secondsLostOf,
  secondsOf,
  sentOf,
  sparedLostOf,
  sparedOf,
  straysOf,
  type LossCounts,
} from './loss-counts.ts';
import { stillOpen, type BackendRecord, type LossGroup, type ServerRecord } from './loss-groups.ts';
import type { LossShape } from './loss-shape.ts';
import { areMissed, isMissed } from './silence.ts';

/** `one-sided`: the capture has no answers of the server or to the client, and hardly anybody missed one. */
export type Cause = 'race' | 'loss' | 'dead-server' | 'slow-server' | 'family-missing' | 'one-sided' | 'none';

/** Why the lookups of one group waited, from the evidence of the whole capture. */
export interface Verdict {
  readonly cause: Cause;
  readonly group: LossGroup;
  readonly record: ServerRecord;
  /** What happened to all queries to that server, without families that are missing. */
  readonly counts: LossCounts;
  /**
   * The whole address is dead (`unheard`: of one lookup, and whether the capture has answers at all nothing shows),
   * or one of several that share it: seen there, or told from the ports.
   */
  readonly dead: 'address' | 'unheard' | 'backend' | null;
  /** The one behind the address that never answers, where a node's capture shows it. */
  readonly backend: BackendRecord | null;
  readonly confidence: Confidence;
  readonly because: string;
}

// RULES: one lost packet is no missing family; three lookups are.
const FAMILY_LOOKUPS = 3;
const FAMILY_TRIES = 6;
// RULES: `possible` from a loss or two, `likely` from five, which is 1 in 32 by chance.
const LIKELY_LOSSES = 5;
// Ten queries without an answer, while another server answers, leave no doubt that it is this one.
const CERTAIN_LOSSES = 10;
// Where other queries were lost as well, plain loss is the first explanation: in a lossy capture
// seconds stand out so far by chance once in five hundred, or, where next to nothing else was lost
// (any path loses a packet now and then), once in a hundred.
const MIXED_CHANCE = 1 / 500;
const STRAY_CHANCE = 1 / 100;
const STRAYS = 1;
// One dead server of up to four takes so many of the ports, and few paths lose as much: where each port asks once,
// the two look the same, and neither is likely. Above {@link deadBackendSign}'s third it is the server.
const AS_ONE_OF_FOUR = 0.25;
// Beyond this a chance is told as "less than one in a million".
const SMALLEST_CHANCE = 1e-6;

interface Judged
  extends Pick<Verdict, 'cause' | 'confidence' | 'because'>, Partial<Pick<Verdict, 'dead' | 'backend'>> {}

/** What is known of a name since one family of it was first missed. */
export interface FamilyName {
  readonly type: number;
  lookups: number;
  /** Queries of that family in those lookups. */
  tries: number;
  answered: number;
}

/** Where the capture lacks answers. */
interface BlindSpots {
  /** What else there is shows that an input has one direction only. */
  isOneSided(input: number): boolean;
  /** What else there is shows that it has both. */
  isTwoSided(input: number): boolean;
  /** No answer to the group's client was seen, from any server, and it did not miss them. */
  isUnheard(group: LossGroup): boolean;
}

/** Finds the cause of each group. Nothing is kept: more rows may follow. */
export function judgeLosses(
  groups: readonly LossGroup[],
  records: readonly ServerRecord[],
  recordOf: (input: number, server: string) => ServerRecord,
  familyNames: ReadonlyMap<string, FamilyName>,
  blind: BlindSpots,
): Verdict[] {
  const heard = new Set(records.filter((record) => record.answered > 0).map((record) => record.input));
  return [...groupBy(groups, (group) => `${group.input}|${group.server}`).values()].flatMap((ofServer) => {
    const first = ofServer[0] as LossGroup;
    const { input } = first;
    const record = recordOf(input, first.server);
    return judgeServer(ofServer, record, familyNames, heard.has(input), blind);
  });
}

function judgeServer(
  groups: readonly LossGroup[],
  record: ServerRecord,
  familyNames: ReadonlyMap<string, FamilyName>,
  othersAnswer: boolean,
  blind: BlindSpots,
): Verdict[] {
  const isMissing = (group: LossGroup): boolean => isFamilyMissing(group, groups, record, familyNames);
  const counts = createLossCounts();
  addLossCounts(counts, record.counts);
  for (const group of groups) if (!isMissing(group)) addLossCounts(counts, group.counts);
  const silent = silentServer(record, isMissed(record) || areMissed(record, groups), othersAnswer, blind);
  const backend = deadBackend(record, counts) ?? pinned(record);
  const race = raceOf(groups, counts);
  const judge = (group: LossGroup): Judged | null => {
    if (silent?.cause === 'one-sided') return silent;
    if (silent === null && blind.isUnheard(group)) return ONE_SIDED;
    if (isMissing(group) && (silent === null || groups.every(isHalfSeen))) return familyMissing(group, groups);
    if (group.shape === 'answered') return NOTHING;
    if (group.shape === 'unheard') return silent !== null && record.queries >= LIKELY_LOSSES ? silent : NOTHING;
    if (group.shape === 'late') return lateAnswers(group);
    if (group.shape === 'unreachable') return refusedPort(group);
    if (group.shape === 'unreceived') return lostBehind(groups);
    if (silent !== null) return silent;
    const seen = seenDead(record, group);
    if (seen !== null) return seen;
    if (backend !== null && FITS_DEAD_BACKEND.has(group.shape)) return backend;
    return race !== null && group.shape === 'second' ? race : null;
  };
  const judged = groups.map((group): [LossGroup, Judged | null] => [group, judge(group)]);
  // What nothing else explains is loss; the rest is no evidence for it.
  const lossy = judged.filter(([, other]) => other === null).map(([group]) => group);
  const lossCounts = createLossCounts();
  addLossCounts(lossCounts, record.counts);
  for (const group of lossy) addLossCounts(lossCounts, group.counts);
  const loss = lossOf(lossCounts, lossy);
  return judged.map(([group, other]): Verdict => ({
    dead: null,
    backend: null,
    ...(other ?? loss),
    group,
    record,
    counts: other === null ? lossCounts : counts,
  }));
}

const NOTHING: Judged = { cause: 'none', confidence: 'certain', because: '' };

const FITS_DEAD_BACKEND: ReadonlySet<LossShape> = new Set<LossShape>(['silent', 'flows', 'prefix']);

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
  if (name === undefined || name.type !== family.type || name.answered > 0) return false;
  // Whether the name was answered before is not known: a few lost packets in a row must not do.
  return name.lookups >= FAMILY_LOOKUPS && (family.how === 'refused' || name.tries >= FAMILY_TRIES);
}

/** Where all are so, nothing shows that the server is dead: what is asked again is one family alone. */
const isHalfSeen = ({ family }: LossGroup): boolean => family !== null && family.isHalf;

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
        : `in ${plural(lookups, 'lookup')} no query of one family was ever answered, ` +
          (groups.every(isHalfSeen) ? 'and only that one was asked again' : 'those of the other were'),
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

/** Whatever was lost on its way there as well. */
function lostBehind(groups: readonly LossGroup[]): Judged {
  const answers = groups.reduce((sum, { counts }) => sum + counts.unreceived, 0);
  const lookups = groups.reduce((sum, { shape, tally }) => sum + (shape === 'unreceived' ? tally.count : 0), 0);
  return {
    cause: 'loss',
    confidence: lookups >= LIKELY_LOSSES ? 'likely' : 'possible',
    because:
      `${plural(answers, 'answer')} came by, and the same query was sent again at the resolver's timer all the same ` +
      `(${plural(lookups, 'lookup')}): lost between here and the client, or dropped there`,
  };
}

const ONE_SIDED: Judged = { cause: 'one-sided', confidence: 'possible', because: 'no reply is in the capture' };

/** An address that never answered anything. */
function silentServer(record: ServerRecord, asked: boolean, othersAnswer: boolean, blind: BlindSpots): Judged | null {
  const { queries, unseen, input } = record;
  if (record.answered > 0) return null;
  // Asked for the same once more a second later may be the next lookup, so connections tell more.
  const missed = asked && !blind.isOneSided(input);
  if (!missed && record.unreachable === 0 && (!othersAnswer || unseen > 0)) return ONE_SIDED;
  // A single lookup asks again for one lost packet, too.
  const isAlone = record.lookups === 1 && !othersAnswer && record.unreachable === 0 && !blind.isTwoSided(input);
  if (isAlone) {
    return {
      cause: 'dead-server',
      dead: 'unheard',
      confidence: 'possible',
      because: `not one of ${plural(queries, 'query', 'queries')} has an answer in the capture, nor has anything else: it may have one direction only`,
    };
  }
  const certain = record.unreachable > 0 || (othersAnswer && queries >= CERTAIN_LOSSES);
  return {
    cause: 'dead-server',
    dead: 'address',
    confidence: certain ? 'certain' : queries >= LIKELY_LOSSES ? 'likely' : 'possible',
    because: `not one of ${plural(queries, 'query', 'queries')} was answered${othersAnswer ? ', while another server answers' : ''}`,
  };
}

/** A node's capture shows where queries go behind the address: one never answers, others do. */
function seenDead(record: ServerRecord, group: LossGroup): Judged | null {
  if (group.backend === null) return null;
  const backend = record.backends.get(group.backend);
  if (backend === undefined || backend.answered > 0) return null;
  const others = [...record.backends.values()].filter((other) => other.answered > 0);
  if (others.length === 0) return null;
  const answered = others.reduce((sum, other) => sum + other.answered, 0);
  const asked = others.reduce((sum, other) => sum + other.queries, 0);
  // As many lost in a row at the others' rate of loss, by chance?
  const byChance = ((asked - answered + 1) / (asked + 2)) ** backend.queries;
  if (byChance > UNLIKELY) return null;
  return {
    cause: 'dead-server',
    dead: 'backend',
    backend,
    confidence: backend.queries >= CERTAIN_LOSSES ? 'certain' : 'likely',
    because:
      `seen behind the DNAT: ${plural(backend.queries, 'query', 'queries')} went to ${backend.address}, none was answered; ` +
      `${formatCount(answered)} of ${formatCount(asked)} to the others were`,
  };
}

function deadBackend(record: ServerRecord, counts: LossCounts): Judged | null {
  const sign = deadBackendSign(counts, record.alternations);
  if (sign === null) return null;
  const dead = formatCount(counts.flowsDead);
  const flows = formatCount(counts.flowsDead + counts.flowsFine + counts.flowsMixed);
  return {
    cause: 'dead-server',
    dead: 'backend',
    confidence: sign === 'rate' ? 'possible' : 'likely',
    because:
      sign === 'ports'
        ? `ports get either a server that answers or one that does not: ${dead} of ${flows} lost every query, the others none`
        : sign === 'redraw'
          ? `whatever follows an answered query on the same port is answered too (${formatCount(counts.followingSent)} of ` +
            `${formatCount(counts.followingSent)}), yet ${formatCount(counts.freshLost)} of ${formatCount(counts.freshSent)} ` +
            'queries before a first answer are lost: ports get either a server that answers or one that does not'
          : `${dead} of ${flows} ports got no answer: more than a path loses on which anything works; ` +
            'but each port asked once, so loss at random would look the same',
  };
}

/** A resolver that keeps its one port keeps the back end that it was given, too (c-ares's channel, Netty). */
function pinned(record: ServerRecord): Judged | null {
  const sign = pinnedSign(record);
  if (sign === null) return null;
  return {
    cause: 'dead-server',
    dead: 'backend',
    confidence: 'possible',
    because:
      `all ${plural(record.deadPortQueries, 'query', 'queries')} without an answer left from one port, ${record.deadPort}, which never got one: ` +
      `it was given a server that does not answer${sign === 'beside' ? '; others were answered meanwhile' : ', or all servers died when it began to ask'}`,
  };
}

/**
 * The race spares firsts, lone queries and resends, and takes the second of a pair. Loss at
 * random takes each query at the same rate: so of all that was lost seconds are as large a part
 * as of all that was sent.
 */
function raceOf(groups: readonly LossGroup[], counts: LossCounts): Judged | null {
  const seconds = groups.filter((group) => group.shape === 'second');
  const secondLost = secondsLostOf(counts);
  if (seconds.length === 0 || secondLost === 0) return null;
  if (secondLost < LIKELY_LOSSES && answersLate(groups)) return null;
  // Answers are lost on the way back: one that was may look like a second query that the capture lacks (glibc, one by one).
  if (counts.unreceived > 0 && counts.unseenLost >= secondLost) return null;
  const sparedLost = sparedLostOf(counts);
  const share = secondsOf(counts) / (secondsOf(counts) + sparedOf(counts));
  const isStray = sparedLost <= STRAYS && straysOf(counts) >= sparedLost && secondLost >= LIKELY_LOSSES;
  const byChance = chanceOfAtLeast(secondLost, secondLost + (isStray ? 0 : sparedLost), share);
  if (sparedLost > 0 && !isStray) {
    // A burst hits pairs rather than lone queries, and their firsts as often as their seconds.
    const firsts = Math.min(sparedLost, counts.firstLost + counts.bothLost);
    const byBurst = chanceOfAtLeast(secondLost, secondLost + firsts, 0.5);
    const most = sparedLost <= STRAYS ? STRAY_CHANCE : MIXED_CHANCE;
    if (secondLost < LIKELY_LOSSES || byChance > most || byBurst > UNLIKELY) return null;
  }
  const whole = `${plural(counts.pairsFine, 'pair')} came through whole`;
  const lost = seconds.reduce((sum, group) => sum + group.lost, 0);
  const beforeDnat = seconds.reduce((sum, group) => sum + group.lostBeforeDnat, 0);
  if (beforeDnat >= lost && counts.pairsFine > 0) {
    return {
      cause: 'race',
      // At the DNAT a rule may drop packets as well.
      confidence: secondLost >= LIKELY_LOSSES ? 'certain' : 'likely',
      because: `seen before the DNAT and never behind it: ${formatCount(beforeDnat)} of ${plural(lost, 'lost query', 'lost queries')}, each the second of its pair; ${whole}`,
    };
  }
  const spared = `${formatCount(sparedLost)} of ${plural(sparedOf(counts), 'other query', 'other queries')}`;
  if (secondLost >= LIKELY_LOSSES) {
    const lacking = sparedLost > 0 && isStray ? ', of which the capture may lack a packet' : '';
    return {
      cause: 'race',
      confidence: lacking === '' ? 'likely' : 'possible',
      because:
        `${formatCount(secondLost)} of ${formatCount(secondsOf(counts))} second queries of a pair are lost, and ${spared}${lacking} ` +
        `(by chance ${chance(byChance)})${beforeCapture(counts)}`,
    };
  }
  return {
    cause: 'race',
    confidence: 'possible',
    because:
      (secondLost === 1
        ? 'one lost query, the second of its pair: any lost packet may look so'
        : `${formatCount(secondLost)} lost queries, each the second of its pair: by chance ${chance(byChance)}`) +
      `; ${whole}${beforeCapture(counts)}`,
  };
}

/** What the capture could not see. */
const beforeCapture = ({ unseenLost }: LossCounts): string =>
  unseenLost === 0
    ? ''
    : `; ${plural(unseenLost, 'lost query is', 'lost queries are')} not in the capture: lost before it, and asked again at the resolver's timer`;

// Three late answers are no coincidence of one packet on its way.
const SEVERAL_LATE = 3;

/** The server answers after the question is asked again: a few answers that are not seen may be later still. */
export const answersLate = (groups: readonly LossGroup[]): boolean =>
  groups.reduce((sum, { shape, tally }) => sum + (shape === 'late' ? tally.count : 0), 0) >= SEVERAL_LATE;

/** Before three lookups show it, a family that is never answered looks like loss. */
function familyHint(groups: readonly LossGroup[]): string {
  const types = new Set(groups.filter(({ shape }) => shape !== 'answered').map(({ family }) => family?.type));
  const [type, ...others] = types;
  if (type === undefined || others.length > 0) return '';
  return `; all of one family, ${typeName(type)}, which may be missing altogether: too few lookups to tell`;
}

function lossOf(counts: LossCounts, groups: readonly LossGroup[]): Judged {
  const lost = lostOf(counts);
  // Ports that lost something lost everything: nothing tells a dead back end from loss.
  const alike =
    counts.flowsMixed === 0 && counts.flowsDead > 0 ? '; one dead server behind the address would look the same' : '';
  // Where they asked more than once each, chance hardly lets none of them through.
  const isWhole = alike !== '' && lost > counts.flowsDead;
  const isDoubtful = alike !== '' && counts.flowsDead >= AS_ONE_OF_FOUR * (counts.flowsDead + counts.flowsFine);
  const parts = [
    counts.firstLost > 0 ? `${formatCount(counts.firstLost)} first of a pair` : '',
    counts.secondLost > 0 ? `${formatCount(counts.secondLost)} second of a pair` : '',
    counts.bothLost > 0 ? `${plural(counts.bothLost, 'whole pair')}` : '',
    counts.loneLost > 0 ? `${plural(counts.loneLost, 'lone query', 'lone queries')}` : '',
  ].filter((part) => part !== '');
  return {
    cause: 'loss',
    confidence: lost - stillOpen(groups) >= LIKELY_LOSSES && !isWhole && !isDoubtful ? 'likely' : 'possible',
    because: `${formatCount(lost)} of ${plural(sentOf(counts), 'query', 'queries')} unanswered: ${parts.join(', ')}${familyHint(groups)}${alike}${beforeCapture(counts)}`,
  };
}

function chance(value: number): string {
  if (value < SMALLEST_CHANCE) return 'less than one in a million';
  return `1 in ${formatCount(Math.round(1 / value))}`;
}
