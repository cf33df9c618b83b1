import { nanoseconds, type Duration, type Timestamp } from '../../base/time.ts';
import { isAddressType, RCODE, RR_TYPE } from '../../model/lookup.ts';
import type { Send } from './sends.ts';

/** One family got no (good) answer at any try, the other did. */
export interface FamilyFault {
  type: number;
  name: string;
  how: 'unanswered' | 'refused';
}

export const isError = (rcode: number): boolean =>
  rcode === RCODE.SERVFAIL || rcode === RCODE.REFUSED || rcode === RCODE.NOTIMP || rcode === RCODE.FORMERR;

/** Looks for a name that has an answer for one family and none, or only errors, for the other. */
export function familyFault(sends: readonly Send[]): FamilyFault | null {
  const faults = new Map<string, { answered: Set<number>; lost: Set<number>; refused: Set<number> }>();
  for (const { attempt, fate } of sends) {
    if (!isAddressType(attempt.type)) continue;
    let fault = faults.get(attempt.name);
    if (fault === undefined) {
      faults.set(attempt.name, (fault = { answered: new Set(), lost: new Set(), refused: new Set() }));
    }
    if (attempt.rcode >= 0) {
      if (isError(attempt.rcode)) fault.refused.add(attempt.type);
      else fault.answered.add(attempt.type);
    } else if (fate === 'lost') fault.lost.add(attempt.type);
    else if (fate === 'unseen') fault.answered.add(attempt.type);
  }
  for (const [name, { answered, lost, refused }] of faults) {
    if (answered.size !== 1) continue;
    const type = answered.has(RR_TYPE.A) ? RR_TYPE.AAAA : RR_TYPE.A;
    if (lost.has(type) && !refused.has(type)) return { type, name, how: 'unanswered' };
    if (refused.has(type)) return { type, name, how: 'refused' };
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
