import { microseconds, milliseconds } from '../../base/time.ts';
import type { Attempt, ResolverName } from '../../model/lookup.ts';
import { isAddressType } from './sends.ts';

/**
 * Two queries of one pair follow each other within this. RULES: "about a millisecond"; glibc and
 * musl take 31 µs, 230 µs at the 99th percentile (facts §1), and 2.2 ms were measured on a busy
 * node. Before the first answer nobody but a parallel resolver asks for the other family.
 */
const PAIR_GAP = milliseconds(5);

// An answer may be there before the twin leaves (RULES: below 2 ms), and the pair is parallel
// all the same, if the resolver knows no other way…
const ANSWERED_PAIR_GAP = milliseconds(1);
// …or if it came as soon as glibc's twins do; asking one by one takes at least a round trip.
const TWIN_GAP = microseconds(250);

// These ask for both families at once, whatever happened before (facts §2 and §4).
const ALWAYS_PARALLEL: ReadonlySet<ResolverName> = new Set(['musl', 'c-ares', 'node']);

/** Who sent the pair, and whether that client's glibc may have turned to asking one by one. */
export interface PairContext {
  resolver: ResolverName;
  /** A lookup of the client lost something before: glibc then asks one family after the other. */
  lostBefore: boolean;
}

/** A and AAAA of one name from one port, sent at once. The first was sent first. */
export function isPair(first: Attempt, second: Attempt, context: PairContext): boolean {
  if (first.clientPort !== second.clientPort || first.server !== second.server) return false;
  if (first.type === second.type || !isAddressType(first.type) || !isAddressType(second.type)) return false;
  const gap = second.sentAt - first.sentAt;
  if (gap > PAIR_GAP || first.name !== second.name) return false;
  const answer = first.earlierReplies[0]?.at ?? first.repliedAt;
  if (!(answer <= second.sentAt)) return true;
  // A resolver that keeps its port for life (Netty) has its connection tracked long before.
  if (context.resolver === 'netty') return false;
  if (ALWAYS_PARALLEL.has(context.resolver)) return gap <= ANSWERED_PAIR_GAP;
  return gap <= TWIN_GAP && !context.lostBefore;
}
