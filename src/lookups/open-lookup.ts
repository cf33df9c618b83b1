import { nanoseconds, type Duration, type Timestamp } from '../base/time.ts';
import type { Confidence, EndReason, EndTimer, Lookup, Outcome, ResolverName } from '../model/lookup.ts';
import { NEVER, type TrackedAttempt } from '../model/tracked-attempt.ts';

/**
 * A lookup while it grows. It is the row itself, too: pooled, filled in at its end, handed to
 * the observers, and used again.
 */
export interface OpenLookup extends Lookup {
  attempts: TrackedAttempt[];
  answers: readonly string[];
  ordinal: number;
  slot: number;
  clientId: number;
  labelHash: number;
  /** The last query or reply. */
  lastEventAt: Timestamp;
  /** Length of what the names have in common once it walks, -1 before. */
  stem: number;
  state: 'open' | 'closed' | 'free';
  /** In the chain of those that share client and first label. */
  nextInChain: OpenLookup | null;
  chained: boolean;
  /** Neighbours in order of start. */
  earlier: OpenLookup | null;
  later: OpenLookup | null;
  timer: Timer;
}

/** A lookup's place in one of the queues that end waits; its own list, as the lookup is in another one. */
export interface Timer {
  readonly lookup: OpenLookup;
  due: Timestamp;
  queue: 'soon' | 'long' | 'none';
  earlier: Timer | null;
  later: Timer | null;
}

export function createOpenLookup(slot: number): OpenLookup {
  const lookup: OpenLookup = {
    id: '',
    input: 0,
    name: '',
    client: '',
    server: '',
    startedAt: NEVER,
    duration: nanoseconds(0) as Duration,
    endBecause: 'reply' as EndReason,
    endTimer: null as EndTimer | null,
    durationIsLowerBound: false,
    outcome: 'ok' as Outcome,
    resolver: 'unknown' as ResolverName,
    resolverDetail: null as string | null,
    resolverConfidence: 'possible' as Confidence,
    resolverBecause: '',
    answers: [],
    attempts: [],
    ordinal: 0,
    slot,
    clientId: 0,
    labelHash: 0,
    lastEventAt: NEVER,
    stem: -1,
    state: 'free',
    nextInChain: null,
    chained: false,
    earlier: null,
    later: null,
    timer: null as unknown as Timer,
  };
  lookup.timer = { lookup, due: NEVER, queue: 'none', earlier: null, later: null };
  return lookup;
}

/** The last attempt of a type, or null. */
export function lastOfType(lookup: OpenLookup, type: number): TrackedAttempt | null {
  const attempts = lookup.attempts;
  for (let index = attempts.length - 1; index >= 0; index--) {
    const attempt = attempts[index] as TrackedAttempt;
    if (attempt.type === type) return attempt;
  }
  return null;
}
