import { formatCount, plural } from '../../../base/text.ts';
import { groupBy } from '../../../base/group-by.ts';
import {
  deadBackend,
  ONE_SIDED,
  pinned,
  refusedPort,
  seenDead,
  silentServer,
  type BlindSpots,
} from './dead-server-verdict.ts';
import { addLossCounts, createLossCounts, lostOf, sentOf, type LossCounts } from './loss-counts.ts';
import { stillOpen, type LossGroup, type ServerRecord } from './loss-groups.ts';
import type { LossShape } from './loss-shape.ts';
import { LIKELY_LOSSES, type Judged, type Verdict } from './loss-verdict.ts';
import { familyHint, familyMissing, isFamilyMissing, isHalfSeen, type FamilyName } from './missing-family-verdict.ts';
import { beforeCapture, raceOf } from './race-verdict.ts';
import { areMissed, isMissed } from './silence.ts';

// One dead server of up to four takes so many of the ports, and few paths lose as much: where each port asks once,
// the two look the same, and neither is likely. Above {@link deadBackendSign}'s third it is the server.
const AS_ONE_OF_FOUR = 0.25;

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

const lateAnswers = (group: LossGroup): Judged => ({
  cause: 'slow-server',
  confidence: 'likely',
  because: `the answers came, after the question had been asked again (${plural(group.tally.count, 'lookup')})`,
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
