import { emptyList } from '../base/lists.ts';
import { nanoseconds, NEVER, type Duration, type Timestamp } from '../base/time.ts';
import type { Confidence, EndReason, EndTimer, Lookup, Outcome, ResolverName } from '../model/lookup.ts';
import type { TrackedAttempt } from '../model/tracked-attempt.ts';
import { chosenWaitOf, type ChosenWait } from './chosen-wait.ts';
import type { Evidence, Verdict } from './evidence.ts';

/** What lookups of one client and kind have in common, and which resolver that makes. */
export interface Profile {
  readonly evidence: Evidence;
  /** One for all kinds of a client's lookups. */
  readonly chosenWait: ChosenWait;
  verdict: Verdict | null;
  /** Number of lookups at which the verdict is worth another look. */
  renewAt: number;
}

/**
 * A lookup while it grows. It is the row itself, too: pooled, filled in at its end, handed to
 * the observers, and used again.
 */
export interface OpenLookup extends Lookup {
  attempts: TrackedAttempt[];
  /** What the caller got of either family; `answers` has both. */
  answersOfOne: readonly string[];
  answersOfOther: readonly string[];
  ordinal: number;
  readonly slot: number;
  clientId: number;
  labelHash: number;
  /** The last query or reply. */
  lastEventAt: Timestamp;
  /** Length of what the names have in common once it walks, -1 before. */
  stem: number;
  /** How many of the attempts have no reply. */
  unanswered: number;
  /** One of the attempts was sent again. */
  resent: boolean;
  /** One family is answered and the other one not seen: it is waited for as for a resend. */
  isHalf: boolean;
  /** How many lookups of its client had asked for both by then. */
  pairsBefore: number;
  /** The capture is known to lack packets. */
  mayLack: boolean;
  state: 'open' | 'closed' | 'free';
  /** What is known of its client's resolver; null before it is closed, and for clients beyond the bound. */
  profile: Profile | null;
  /** Where it is found (candidates.ts): the chains, the one it is in, and its neighbours there. */
  chains: (OpenLookup | null)[] | null;
  chain: number;
  nextInChain: OpenLookup | null;
  previousInChain: OpenLookup | null;
  /** When it ends if nothing more comes; where it waits for that, and until when it was put there. */
  due: Timestamp;
  queued: 'none' | 'brief' | 'soon';
  queuedUntil: Timestamp;
  /** Neighbours in the queue of those that may soon go on (LinkedQueue). */
  earlier: OpenLookup | null;
  later: OpenLookup | null;
  /** Neighbours in order of start, and whether others that began later have been emitted already (HeldLookups). */
  heldBefore: OpenLookup | null;
  heldAfter: OpenLookup | null;
  passedOver: boolean;
}

const NO_ANSWERS: readonly string[] = emptyList();

/** Built with all its fields at once, so that all lookups have one shape. */
export function createOpenLookup(slot: number): OpenLookup {
  return new Grown(slot);
}

class Grown implements OpenLookup {
  input = 0;
  name = '';
  client = '';
  server = '';
  startedAt = NEVER;
  duration = nanoseconds(Number.NaN);
  endBecause: EndReason = 'reply';
  endTimer: EndTimer | null = null;
  durationIsLowerBound = false;
  outcome: Outcome = 'ok';
  resolver: ResolverName = 'unknown';
  resolverDetail: string | null = null;
  resolverConfidence: Confidence = 'possible';
  resolverBecause = '';
  answersOfOne: readonly string[] = NO_ANSWERS;
  answersOfOther: readonly string[] = NO_ANSWERS;
  attempts: TrackedAttempt[] = emptyList();
  ordinal = 0;
  readonly slot: number;
  clientId = 0;
  labelHash = 0;
  lastEventAt = NEVER;
  stem = -1;
  unanswered = 0;
  resent = false;
  isHalf = false;
  pairsBefore = 0;
  mayLack = false;
  state: 'open' | 'closed' | 'free' = 'free';
  profile: Profile | null = null;
  chains: (OpenLookup | null)[] | null = null;
  chain = 0;
  nextInChain: OpenLookup | null = null;
  previousInChain: OpenLookup | null = null;
  due = NEVER;
  queued: 'none' | 'brief' | 'soon' = 'none';
  queuedUntil = NEVER;
  earlier: OpenLookup | null = null;
  later: OpenLookup | null = null;
  heldBefore: OpenLookup | null = null;
  heldAfter: OpenLookup | null = null;
  passedOver = false;

  constructor(slot: number) {
    this.slot = slot;
  }

  /** Made when somebody asks: most lookups are only counted. */
  get id(): string {
    return `${this.input}.l${this.ordinal}`;
  }

  /** The same, and few rules ask. */
  get chosenWait(): Duration | null {
    return this.profile === null ? null : chosenWaitOf(this.profile.chosenWait);
  }

  /** The same. */
  get answers(): readonly string[] {
    const { answersOfOne: one, answersOfOther: other } = this;
    if (other.length === 0) return one;
    return one.length === 0 ? other : [...one, ...other];
  }
}
