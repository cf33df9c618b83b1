import { nanoseconds, type Duration } from '../../../base/time.ts';
import type { Input } from '../../../model/input.ts';
import { RCODE, type Attempt, type Lookup } from '../../../model/lookup.ts';
import type { PacketId } from '../../../model/packet.ts';
import { packetsOf } from '../evidence.ts';

/** A lookup that asked for names that do not exist before it asked for the one that does. */
export interface Walk {
  /** Queries for names that do not exist, resends included. */
  dead: number;
  /** Time during which at least one of them was under way, waits for lost answers left out. */
  cost: Duration;
}

/**
 * The walk of a lookup whose name was found as it is, after suffixes; null for all others: a
 * short name that a suffix completes is what the search list is for, and where every name is
 * dead, the answer is an error, not a detour.
 */
export function walkOf(lookup: Lookup): Walk | null {
  const { attempts, name } = lookup;
  if (attempts[0] === undefined || attempts[0].name === name) return null;
  let found = false;
  let dead = 0;
  let cost = 0;
  let coveredUntil = Number.NEGATIVE_INFINITY;
  // Both families ask for a name one after the other.
  let suffixed = '';
  for (let index = 0; index < attempts.length; index++) {
    const attempt = attempts[index] as Attempt;
    if (attempt.name === name) {
      found ||= attempt.rcode === RCODE.NOERROR && attempt.answerCount > 0;
      continue;
    }
    if (!isNegative(attempt)) continue;
    if (attempt.name !== suffixed) {
      if (!isSuffixed(attempt.name, name)) continue;
      suffixed = attempt.name;
    }
    dead += 1 + attempt.resends.length;
    const start = Math.max(lastAskedBefore(attempt), coveredUntil);
    cost += Math.max(0, attempt.repliedAt - start);
    coveredUntil = Math.max(coveredUntil, attempt.repliedAt);
  }
  return found && dead > 0 ? { dead, cost: nanoseconds(Math.min(cost, lookup.duration)) } : null;
}

const isDead = (attempt: Attempt, name: string): boolean => isNegative(attempt) && isSuffixed(attempt.name, name);

const isNegative = (attempt: Attempt): boolean =>
  attempt.rcode === RCODE.NXDOMAIN || (attempt.rcode === RCODE.NOERROR && attempt.answerCount === 0);

const isSuffixed = (asked: string, name: string): boolean =>
  asked.length > name.length && asked.charCodeAt(name.length) === DOT && asked.startsWith(name);

function lastAskedBefore(attempt: Attempt): number {
  let asked: number = attempt.sentAt;
  for (const resend of attempt.resends) if (resend.at < attempt.repliedAt) asked = resend.at;
  return asked;
}

/** Where names are cut off, others of the same walk may have been tried or found. */
export const hasCutNames = (input: Input | undefined): boolean => (input?.damage.cutQuestions ?? 0) > 0;

const DOT = 0x2e;
const MAX_PACKETS = 24;

/** The queries for names that do not exist, with their answers. */
export const walkPackets = (lookup: Lookup): PacketId[] =>
  lookup.attempts
    .filter((attempt) => isDead(attempt, lookup.name))
    .flatMap(packetsOf)
    .slice(0, MAX_PACKETS);

export const deadNames = (lookup: Lookup): string[] => [
  ...new Set(lookup.attempts.filter((attempt) => isDead(attempt, lookup.name)).map((attempt) => attempt.name)),
];

export function dotsOf(name: string): number {
  let dots = 0;
  for (let index = 0; index < name.length; index++) if (name.charCodeAt(index) === DOT) dots++;
  return dots;
}
