import { plural } from '../../../base/text.ts';
import { isAddressType, RCODE, RR_TYPE, type Attempt, type Lookup } from '../../../model/lookup.ts';

/** Both families were asked for last, and neither has an address: whoever asked has nobody to connect to. */
export function hasNoAddress({ name, attempts }: Lookup): boolean {
  const last = attempts.filter((attempt) => attempt.name === name);
  // Where an answer was too big, and asked for anew, addresses are known all the same.
  if (last.some(({ truncated, addresses }) => truncated || addresses.length > 0)) return false;
  return [RR_TYPE.A, RR_TYPE.AAAA].every((type) =>
    last.some((attempt) => attempt.type === type && isEmptyAnswer(attempt)),
  );
}

export const isEmptyAnswer = ({ type, rcode }: Attempt): boolean => isAddressType(type) && rcode === RCODE.NOERROR;

/** What an alias leads to is no address. */
export const emptyWords = ({ answerCount }: Attempt): string =>
  answerCount > 0 ? `no address (${plural(answerCount, 'other record')}, such as CNAME)` : 'no address';
