import { milliseconds, nanoseconds, type Duration } from '../../../base/time.ts';
import { type Attempt, isAddressType, type Lookup, RCODE, type ResolverName, RR_TYPE } from '../../../model/lookup.ts';

// RULES: an answer sooner than this may arrive before the twin of a parallel pair leaves.
const SURE_ANSWER = milliseconds(2);

/** How a lookup asked for its two families. */
export interface SequentialPairs {
  parallel: number;
  sequential: number;
  sure: number;
  samePort: number;
  cost: Duration;
}

/**
 * They ask at once and know no option against it (musl src/network/res_msend.c, c-ares ares_getaddrinfo.c, Netty
 * DnsResolveContext.internalResolve and UnixResolverDnsServerAddressStreamProvider.parseResolverOptions): an answer that was there before the twin was only quicker than the process.
 */
const ALWAYS_PARALLEL: ReadonlySet<ResolverName> = new Set<ResolverName>(['musl', 'c-ares', 'netty']);

// Nearly all lookups: no object for each.
const PARALLEL: Readonly<SequentialPairs> = { parallel: 1, sequential: 0, sure: 0, samePort: 0, cost: nanoseconds(0) };

/** A and AAAA of each name of the lookup, or null where it asked for one family. */
export function sequentialPairsOf(lookup: Lookup): Readonly<SequentialPairs> | null {
  const { attempts } = lookup;
  if (attempts.length < 2) return null;
  if (ALWAYS_PARALLEL.has(lookup.resolver)) return asksForBoth(attempts) ? PARALLEL : null;
  const [one, other] = attempts as [Attempt, Attempt];
  if (attempts.length === 2 && isTwin(one, other) && !isSequential(one, other)) return PARALLEL;
  let pairs: SequentialPairs | null = null;
  for (let index = 1; index < attempts.length; index++) {
    const second = attempts[index] as Attempt;
    const first = twinBefore(attempts, index);
    if (first === null) continue;
    if (!isSequential(first, second)) {
      // c-ares walks the search list for each family by itself: only the first pair tells.
      if (pairs === null || pairs.sequential === 0) return PARALLEL;
      pairs.parallel++;
      continue;
    }
    pairs ??= { parallel: 0, sequential: 0, sure: 0, samePort: 0, cost: nanoseconds(0) };
    // The other family because the first has no addresses: a choice, not a mode.
    if (first.rcode === RCODE.NOERROR && first.answerCount === 0) continue;
    pairs.sequential++;
    if (first.repliedAt - first.sentAt >= SURE_ANSWER) pairs.sure++;
    if (first.clientPort === second.clientPort) pairs.samePort++;
    // At once, a pair takes as long as its slower half.
    const saved = Math.min(first.repliedAt - first.sentAt, second.repliedAt - second.sentAt);
    pairs.cost = nanoseconds(pairs.cost + saved);
  }
  return pairs;
}

const asksForBoth = (attempts: readonly Attempt[]): boolean =>
  attempts.some(({ type }) => type === RR_TYPE.A) && attempts.some(({ type }) => type === RR_TYPE.AAAA);

// Who waits for the first answer asks for the second in the same turn of its loop, or after a throttled pod's stop.
const FOLLOWS_ANSWER = milliseconds(250);

/** One that comes a resolver's timer later was sent at once as well, and lost before the capture. */
function isSequential(first: Attempt, second: Attempt): boolean {
  const waited = second.sentAt - (first.earlierReplies[0]?.at ?? first.repliedAt);
  return waited >= 0 && waited <= FOLLOWS_ANSWER;
}

// The families' walks of c-ares drift apart by a suffix or two.
const TWIN_DISTANCE = 8;

function twinBefore(attempts: readonly Attempt[], index: number): Attempt | null {
  const second = attempts[index] as Attempt;
  if (!isAddressType(second.type)) return null;
  for (let earlier = index - 1; earlier >= 0 && earlier >= index - TWIN_DISTANCE; earlier--) {
    const first = attempts[earlier] as Attempt;
    if (!isSameName(first, second)) continue;
    return isTwin(first, second) ? first : null;
  }
  return null;
}

const isSameName = (first: Attempt, second: Attempt): boolean =>
  first.name === second.name && first.transport === second.transport && first.server === second.server;

const isTwin = (first: Attempt, second: Attempt): boolean =>
  first.type !== second.type && isAddressType(first.type) && isAddressType(second.type) && isSameName(first, second);
