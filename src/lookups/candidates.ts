import { emptySlots } from '../base/lists.ts';
import { milliseconds } from '../base/time.ts';
import { lastSentAt } from '../model/lookup.ts';
import type { AddressId } from '../model/packet.ts';
import { isSameName, type TrackedAttempt } from '../model/tracked-attempt.ts';
import { holdsTwinOf, JOIN, joinStrength } from './join.ts';
import { mayAskAnew } from './larger-buffer.ts';
import type { OpenLookup } from './open-lookup.ts';
import type { Walks } from './search-walk.ts';

// A power of two; a busy node has some hundred lookups open, and what they spread over stays in the processor's cache.
const CHAINS = 1 << 11;
// More lookups of one client and first label at once than this: the newest are looked at.
const MAX_CANDIDATES = 48;
// One call sends less: glibc at three servers, twice, for both families and seven names 84. What goes on is a flood.
const MAX_ATTEMPTS = 256;
// c-ares's least wait is 250 ms.
const SOONEST_RETRY = milliseconds(240);

/**
 * The open lookups that a query may belong to. Those still waiting are found by client and first
 * label, which all names of a walk share; those that have all they want, and linger only because
 * c-ares or glibc may go on from the same socket, by client and port: of these there may be
 * hundreds with one name.
 */
export function createCandidates(walks: Walks) {
  const byLabel = emptySlots<OpenLookup>(CHAINS);
  const byPort = emptySlots<OpenLookup>(CHAINS);

  return {
    /** The lookup waits for answers, or for its next step. */
    waiting(lookup: OpenLookup): void {
      if (lookup.chains === byLabel) return;
      remove(lookup);
      insert(byLabel, keyOf(lookup.clientId, lookup.labelHash), lookup);
    },
    /** The lookup has all its answers. */
    lingering(lookup: OpenLookup): void {
      if (lookup.chains === byPort || mayAskAnew(lookup)) return;
      remove(lookup);
      if (hasAll(lookup)) return;
      insert(byPort, keyOf(lookup.clientId, (lookup.attempts[0] as TrackedAttempt).clientPort), lookup);
    },
    remove,
    /** The lookup that a query, not seen before, belongs to; null where it begins one. */
    find(attempt: TrackedAttempt): OpenLookup | null {
      let best: OpenLookup | null = null;
      let strongest: number = JOIN.none;
      let nearest = Number.POSITIVE_INFINITY;
      let candidates = 0;
      const label = keyOf(attempt.clientId, attempt.labelHash);
      for (let lookup = byLabel[label] as OpenLookup | null; lookup !== null; lookup = lookup.nextInChain) {
        if (lookup.clientId !== attempt.clientId || lookup.labelHash !== attempt.labelHash) continue;
        if (++candidates > MAX_CANDIDATES) break;
        if (lookup.attempts.length >= MAX_ATTEMPTS) continue;
        const strength = joinStrength(lookup, attempt, walks, candidates - 1);
        if (strength < strongest || strength === JOIN.none) continue;
        // Of calls for one name side by side that one goes on whose answer, or whose query, came just now.
        const lag = attempt.sentAt - lookup.lastEventAt;
        if (strength === strongest && !(isTold(strength) && lag < nearest)) continue;
        strongest = strength;
        nearest = lag;
        best = lookup;
        if (strength === JOIN.sameId) return best;
      }
      const port = keyOf(attempt.clientId, attempt.clientPort);
      for (let lookup = byPort[port] as OpenLookup | null; lookup !== null; lookup = lookup.nextInChain) {
        if (lookup.clientId !== attempt.clientId || lookup.labelHash !== attempt.labelHash) continue;
        if (++candidates > MAX_CANDIDATES) break;
        if (lookup.attempts.length >= MAX_ATTEMPTS) continue;
        const strength = joinStrength(lookup, attempt, walks, candidates - 1);
        if (strength <= strongest || (strength !== JOIN.sameId && strength !== JOIN.samePortWalk)) continue;
        strongest = strength;
        best = lookup;
      }
      return best;
    },
    /**
     * The lookup of another client that this query, which begins none of its own client's, goes on with: asked in
     * vain, and again at a resolver's timer (or all at once) from the host's address of the other IP family.
     */
    findOfOther(attempt: TrackedAttempt, clients: readonly AddressId[]): OpenLookup | null {
      for (const client of clients) {
        const label = keyOf(client, attempt.labelHash);
        let candidates = 0;
        for (let lookup = byLabel[label] as OpenLookup | null; lookup !== null; lookup = lookup.nextInChain) {
          if (lookup.clientId !== client || lookup.labelHash !== attempt.labelHash) continue;
          if (++candidates > MAX_CANDIDATES) break;
          if (lookup.attempts.length < MAX_ATTEMPTS && isAskedAgain(lookup, attempt, walks, candidates - 1))
            return lookup;
        }
      }
      return null;
    },
    /** The lookup whose newest query is the twin of this one, which begins a lookup; null where none is. */
    holderOfTwin(attempt: TrackedAttempt): OpenLookup | null {
      let candidates = 0;
      const label = keyOf(attempt.clientId, attempt.labelHash);
      for (let lookup = byLabel[label] as OpenLookup | null; lookup !== null; lookup = lookup.nextInChain) {
        if (lookup.clientId !== attempt.clientId || lookup.labelHash !== attempt.labelHash) continue;
        if (++candidates > MAX_CANDIDATES) break;
        if (holdsTwinOf(lookup, attempt)) return lookup;
      }
      return null;
    },
  };
}

/** musl asks all servers at once, from one socket for both. A forwarder may keep the id, but not the port, and waits for nothing. */
function isAskedAgain(lookup: OpenLookup, attempt: TrackedAttempt, walks: Walks, newer: number): boolean {
  const earlier = lookup.attempts.find((other) => other.type === attempt.type && isSameName(other, attempt));
  if (earlier === undefined) return false;
  if (earlier.transactionId === attempt.transactionId && earlier.clientPort === attempt.clientPort) return true;
  if (earlier.rcode >= 0 || attempt.sentAt - lastSentAt(earlier) < SOONEST_RETRY) return false;
  const strength = joinStrength(lookup, attempt, walks, newer);
  return strength === JOIN.sameId || strength === JOIN.timedRetry;
}

/** Steps that follow what came before at once, from a new port: nothing but the time tells whose they are. */
const isTold = (strength: number): boolean => strength === JOIN.otherPortPair || strength === JOIN.walk;

/** Both families were found at the first asking: nobody goes on from there. */
function hasAll(lookup: OpenLookup): boolean {
  if (lookup.attempts.length !== 2) return false;
  for (const attempt of lookup.attempts) if (attempt.addresses.length === 0 || attempt.resends.length > 0) return false;
  return true;
}

function keyOf(clientId: number, other: number): number {
  const mixed = Math.imul(clientId, 0x9e3779b1) ^ Math.imul(other, 0x85ebca6b);
  return (mixed ^ (mixed >>> 13)) & (CHAINS - 1);
}

function insert(chains: (OpenLookup | null)[], key: number, lookup: OpenLookup): void {
  const next = chains[key] as OpenLookup | null;
  lookup.chains = chains;
  lookup.chain = key;
  lookup.previousInChain = null;
  lookup.nextInChain = next;
  if (next !== null) next.previousInChain = lookup;
  chains[key] = lookup;
}

function remove(lookup: OpenLookup): void {
  const { chains, nextInChain: next, previousInChain: previous } = lookup;
  if (chains === null) return;
  if (previous === null) chains[lookup.chain] = next;
  else previous.nextInChain = next;
  if (next !== null) next.previousInChain = previous;
  lookup.chains = null;
  lookup.nextInChain = null;
  lookup.previousInChain = null;
}
