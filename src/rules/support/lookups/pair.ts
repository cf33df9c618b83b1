import { milliseconds } from '../../../base/time.ts';
import { type Attempt, isAddressType, type ResolverName } from '../../../model/lookup.ts';

/**
 * Two queries of one pair follow each other within this, as long as the first has no answer yet:
 * nobody but a parallel resolver asks for the other family then. RULES: "about a millisecond";
 * glibc and musl take 31 µs, 230 µs at the 99th percentile (facts §1), and up to 11.5 ms were
 * measured where all processors were busy.
 */
export const PAIR_GAP = milliseconds(25);

/**
 * An answer may be there before the twin leaves (RULES: below 2 ms). Whether the resolver meant
 * to wait for it can't be told then, and need not: what counts is which place on the port loses.
 * musl never waits (src/network/res_msend.c sends all first): the twin was only held up.
 */
const ANSWERED_PAIR_GAP = milliseconds(2);

/**
 * After an answer that was lost or an error glibc asks one by one (facts: res_send.c, `RES_SNGLKUP`); others ask
 * as they did before. Who is not told may be glibc.
 */
export const mayAskOneByOne = (resolver: ResolverName): boolean => resolver === 'glibc' || resolver === 'unknown';

/**
 * A and AAAA of one name from one port, one right after the other. The first was sent first, and
 * nothing between them on their port.
 */
export function isPair(first: Attempt, second: Attempt, resolver: ResolverName): boolean {
  if (first.clientPort !== second.clientPort || first.server !== second.server) return false;
  if (first.type === second.type || !isAddressType(first.type) || !isAddressType(second.type)) return false;
  const gap = second.sentAt - first.sentAt;
  if (gap > PAIR_GAP || first.name !== second.name) return false;
  const answer = first.earlierReplies[0]?.at ?? first.repliedAt;
  if (!(answer <= second.sentAt) || resolver === 'musl') return true;
  // A resolver that keeps its port for life (Netty) has its connection tracked long before.
  return resolver !== 'netty' && gap <= ANSWERED_PAIR_GAP;
}
