import { nanoseconds, type Duration, type Timestamp } from '../../../base/time.ts';
import { isAddressType, RR_TYPE, type Lookup } from '../../../model/lookup.ts';
import { isError, type Send } from './sends.ts';

/** One family got no (good) answer at any try, the other did. */
export interface FamilyFault {
  type: number;
  name: string;
  how: 'unanswered' | 'refused';
  /** The other one is not in the capture. */
  isHalf: boolean;
}

/** What became of one name's queries, by type. */
type Fates = Record<'answered' | 'unseen' | 'lost' | 'refused', Set<number>>;

/** Nobody asks for AAAA alone, and who asks for it again has an answer to A. */
export const isHalf = ({ attempts }: Lookup): boolean => attempts.every(({ type }) => type === RR_TYPE.AAAA);

/** Looks for a name that has an answer for one family (or nothing is seen of that), and none, or only errors, for the other. */
export function familyFault(lookup: Lookup, sends: readonly Send[]): FamilyFault | null {
  const half = isHalf(lookup);
  const faults = new Map<string, Fates>();
  for (const { attempt, fate } of sends) {
    if (!isAddressType(attempt.type)) continue;
    let fault = faults.get(attempt.name);
    if (fault === undefined) {
      fault = { answered: new Set(), unseen: new Set(), lost: new Set(), refused: new Set() };
      faults.set(attempt.name, fault);
    }
    if (attempt.rcode >= 0) {
      if (isError(attempt.rcode)) fault.refused.add(attempt.type);
      else fault.answered.add(attempt.type);
    } else if (fate === 'lost') fault.lost.add(attempt.type);
    else if (fate === 'unseen') fault.unseen.add(attempt.type);
  }
  for (const [name, { answered, unseen, lost, refused }] of faults) {
    // Who asked in vain before may have done so once more.
    for (const type of unseen) if (!lost.has(type)) answered.add(type);
    if (answered.size !== (half ? 0 : 1)) continue;
    const type = half || answered.has(RR_TYPE.A) ? RR_TYPE.AAAA : RR_TYPE.A;
    if (lost.has(type) && !refused.has(type)) return { type, name, how: 'unanswered', isHalf: half };
    if (refused.has(type)) return { type, name, how: 'refused', isHalf: half };
  }
  return null;
}

/** From the last good answer on the caller waits for the refused family alone. */
export function refusedTime(sends: readonly Send[], family: FamilyFault | null, end: Timestamp): Duration {
  if (family === null || family.how !== 'refused') return nanoseconds(0);
  let since = Number.NaN;
  let asked = Number.POSITIVE_INFINITY;
  for (const send of sends) {
    const { attempt } = send;
    if (attempt.type === family.type && attempt.name === family.name) asked = Math.min(asked, send.at);
    else if (send.fate === 'answered' && !(send.answeredAt <= since)) since = send.answeredAt;
  }
  return nanoseconds(Math.max(0, end - (since > asked ? since : asked)));
}
