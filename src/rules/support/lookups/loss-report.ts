import { formatDuration } from '../../../base/text.ts';
import type { Duration } from '../../../base/time.ts';
import { settingsOf } from '../../../knowledge/resolver-settings.ts';
import { TIMER_LATE, timersOf } from '../../../knowledge/resolver-timers.ts';
import type { Report, Setting } from '../../../model/finding.ts';
import type { Input } from '../../../model/input.ts';
import { lossEvidence } from './loss-evidence.ts';
import type { Verdict } from './loss-verdict.ts';
import type { LossGroup } from './loss-groups.ts';
import type { Losses } from './losses.ts';
import { resolversOf } from './seen-resolvers.ts';
import { tempered, weakest, type Part } from '../subjects.ts';

/** What the findings of all rules that read the losses share. */
export type LossReport = Omit<Report, 'message' | 'data' | 'because' | 'fix' | 'whatIf'>;

/** @param own the verdicts that make the part */
export function lossReport(
  part: Part<LossGroup>,
  own: readonly Pick<Verdict, 'cause' | 'confidence' | 'because'>[],
  seen: Losses,
  inputs: readonly Input[],
): LossReport {
  const example = part.tally.dearest;
  return {
    input: part.input,
    subject: part.subject,
    of: seen.lookupsOf(part.input, part.subject),
    unit: 'lookups',
    cost: part.tally,
    ...tempered(
      weakest(own.map(({ confidence }) => confidence)),
      [...new Set(own.map(({ because }) => because))].join('; '),
      inputs[part.input],
    ),
    evidence: lossEvidence(example, example === undefined ? null : seen.analyse(example)),
    errors: part.groups.reduce((sum, group) => sum + group.errors, 0),
    habit: false,
    ...(isUnproven(part, own, seen, inputs)
      ? { onlyInfo: UNPROVEN }
      : isOneUnseen(part)
        ? { onlyInfo: ONE_UNSEEN }
        : {}),
  };
}

const UNPROVEN = 'nobody asks again while the capture lasts: the capture itself may lack the answer';

/**
 * One packet that the capture missed looks like one that was lost, until its sender asks again. So
 * do many at the capture's end, where the answers may still come.
 */
function isUnproven(
  { groups, tally }: Part<LossGroup>,
  own: readonly Pick<Verdict, 'cause'>[],
  seen: Losses,
  inputs: readonly Input[],
): boolean {
  if (own.every(({ cause }) => IN_PART.has(cause)) && areLacking({ groups, tally }, seen, inputs)) return true;
  if (groups.some(({ missed, shape }) => missed > 0 || shape === 'unreachable')) return false;
  const told = groups.reduce((sum, group) => sum - group.pending, tally.count);
  if (tally.count === 1 || told === 0) return true;
  // Answers that came to the same client since speak against an outage; packets lost at random are asked for again.
  const goesOn = groups.every((group) => seen.fineAt(group) > group.firstAt);
  // Of many halves that the capture left over two make up a lookup by chance, which proves nothing of the others.
  if (!goesOn) return false;
  // Which packets a capture lacks is chance, and so is what gets lost; a race takes seconds only.
  const isChance = own.every(({ cause }) => cause === 'loss');
  const isOpen = groups.every(({ openEnded, tally: { count } }) => openEnded === count);
  if (tally.count < FEW) return isChance || isOpen;
  return told === 1 || (isOpen && groups.every((group) => lacksAnswers(group, seen)));
}

// What a capture lacks is chance: of one kind some more than of another.
const TIMES_AS_MANY = 3;
/** Causes that take some packets and not others. */
const IN_PART: ReadonlySet<Verdict['cause']> = new Set<Verdict['cause']>(['loss', 'race']);
// What is asked again is missed for certain, but for two calls of which a packet each is lacking; real loss is mostly asked again.
const ASKED_AGAIN = 0.25;

/**
 * Of packets that the capture must lack there are hardly fewer than of these answers, which nobody asks for again:
 * questions that were answered, and answers that would have been asked for again had they not come.
 */
function areLacking(
  { groups, tally }: Pick<Part<LossGroup>, 'groups' | 'tally'>,
  seen: Losses,
  inputs: readonly Input[],
): boolean {
  const missed = groups.reduce((sum, group) => sum + group.missed, 0);
  if (missed > ASKED_AGAIN * tally.count) return false;
  const own = new Set(groups.map(({ input }) => input));
  const questions = [...own].reduce((sum, input) => sum + (inputs[input]?.damage.unseenQuestions ?? 0), 0);
  const answers = seen
    .servers()
    .reduce((sum, { input, server, unseen }) => sum + (isOf(groups, input, server) ? unseen : 0), 0);
  return tally.count <= TIMES_AS_MANY * (questions + answers);
}

const isOf = (groups: readonly LossGroup[], input: number, server: string): boolean =>
  groups.some((group) => group.input === input && group.server === server);

/** Of its server's questions more were not asked again although it was time to than were: the capture lacks answers. */
const lacksAnswers = ({ input, server }: LossGroup, seen: Losses): boolean =>
  seen
    .servers()
    .some((record) => record.input === input && record.server === server && record.unseen > record.askedAgain);

// RULES: likely from five. Some resolvers give a lost family up without asking again (c-ares from 1.20).
const FEW = 5;

const ONE_UNSEEN = 'one lookup, and the capture lacks its lost query: halves of two lookups may look so';

/** Halves of two lookups of one name, of which the capture lacks a packet each, look like one that was asked again. */
const isOneUnseen = ({ groups, tally }: Part<LossGroup>): boolean =>
  tally.count === 1 && groups.every(({ counts }) => counts.unseenLost > 0);

/** One finding's worth of what has one cause. */
export interface CausePart {
  part: Part<LossGroup>;
  own: readonly Verdict[];
  common: LossReport;
}

/** What has this cause, divided by client or by server. */
export function partsOfCause(
  verdicts: readonly Verdict[],
  cause: Verdict['cause'],
  divide: (groups: readonly LossGroup[]) => Part<LossGroup>[],
  seen: Losses,
  inputs: readonly Input[],
): CausePart[] {
  const caused = verdicts.filter((verdict) => verdict.cause === cause);
  return divide(caused.map(({ group }) => group)).map((part) => {
    const own = caused.filter(({ group }) => part.groups.includes(group));
    return { part, own, common: lossReport(part, own, seen, inputs) };
  });
}

/** All queries that were seen, and those of them that got no answer, for want of it or of anybody who waited. */
export function totalsOf(seen: Losses): { sent: number; lost: number } {
  const servers = seen.servers();
  const sent = servers.reduce((sum, server) => sum + server.queries, 0);
  return { sent, lost: servers.reduce((sum, server) => sum - server.answered, sent) };
}

/** The usual wait, and a word where the capture does not show how long some waited on. */
export const waitOf = ({ groups, tally }: Part<LossGroup>): { wait: number; least: string } => ({
  wait: tally.costs.quantile(0.5),
  least: groups.some(({ openEnded }) => openEnded > 0) ? 'at least ' : '',
});

/** The resolvers' own timers, which turn a lost packet into seconds. */
export function waitSettings(groups: readonly LossGroup[]): Setting[] {
  const settings = new Map<string, Setting>();
  const chosen = chosenWait(groups);
  for (const { resolver, detail } of resolversOf(groups)) {
    const timers = timersOf(resolver, detail);
    const { name } = settingsOf(resolver, detail);
    if (timers === null || settings.has(name)) continue;
    settings.set(name, {
      component: name,
      setting: 'wait before asking again',
      ...(chosen === null
        ? { value: formatDuration(timers.firstWait), origin: 'default', source: timers.source }
        : { value: formatDuration(chosen), origin: 'wire', source: 'how long it was until the same was asked again' }),
    });
  }
  return [...settings.values()];
}

/** The wait that an option sets (`timeout:`), where the one resolver seen has one that is always alike, and not the default. */
export function chosenWait(groups: readonly LossGroup[]): Duration | null {
  const [one, ...others] = resolversOf(groups);
  const isAlone = one !== undefined && others.every(({ resolver }) => resolver === one.resolver);
  const timers = isAlone ? timersOf(one.resolver, one.detail) : null;
  const [chosen, ...more] = new Set(groups.flatMap((group) => group.chosenWait ?? []));
  if (timers?.growth !== 'constant' || chosen === undefined || more.length > 0) return null;
  return Math.abs(chosen - timers.firstWait) <= TIMER_LATE ? null : chosen;
}
