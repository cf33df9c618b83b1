import { plural } from '../../../base/text.ts';
import { RR_TYPE, typeName } from '../../../model/lookup.ts';
import type { LossGroup, ServerRecord } from './loss-groups.ts';
import { LIKELY_LOSSES, type Judged } from './loss-verdict.ts';

// RULES: one lost packet is no missing family; three lookups are.
const FAMILY_LOOKUPS = 3;
const FAMILY_TRIES = 6;
/** What is known of a name since one family of it was first missed. */
export interface FamilyName {
  readonly type: number;
  lookups: number;
  /** Queries of that family in those lookups. */
  tries: number;
  answered: number;
}

/** Never answered for any name, or never for this one, over enough lookups. */
export function isFamilyMissing(
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
export const isHalfSeen = ({ family }: LossGroup): boolean => family !== null && family.isHalf;

const missedLookups = (groups: readonly LossGroup[], type: number): number =>
  groups.reduce((sum, group) => (group.family?.type === type ? sum + group.tally.count : sum), 0);

export function familyMissing(group: LossGroup, groups: readonly LossGroup[]): Judged {
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

/** Before three lookups show it, a family that is never answered looks like loss. */
export function familyHint(groups: readonly LossGroup[]): string {
  const types = new Set(groups.filter(({ shape }) => shape !== 'answered').map(({ family }) => family?.type));
  const [type, ...others] = types;
  if (type === undefined || others.length > 0) return '';
  return `; all of one family, ${typeName(type)}, which may be missing altogether: too few lookups to tell`;
}
