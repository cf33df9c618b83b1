import { seconds, type Timestamp } from '../../../base/time.ts';
import type { Connection } from '../../../model/connection.ts';

// Whoever goes on asking meets the next state of a pod that ends; a client that pauses a second between, too.
const SOON = seconds(2);
// From the moment a program stops listening until its pod's network is gone (kubernetes.io, Pod Lifecycle): what goes on
// refusing for longer has another reason, and is met before a lost SYN by chance.
const ENDS_WITHIN = seconds(5);
// Of more than that within seconds, the first and the last tell as much.
const MAX_KEPT = 1 << 8;

/** When a server refused with a reset. */
export interface Refusals {
  count: number;
  first: Timestamp | null;
  last: Timestamp | null;
  readonly kept: Timestamp[];
}

export const noRefusals = (): Refusals => ({ count: 0, first: null, last: null, kept: [] });

export function noteRefused(
  refusals: Refusals,
  { endedBy, startedAt }: Pick<Connection, 'endedBy' | 'startedAt'>,
): void {
  // An ICMP error is nobody's listener that closes.
  if (endedBy === null) return;
  refusals.count++;
  if (refusals.first === null || startedAt < refusals.first) refusals.first = startedAt;
  if (refusals.last === null || startedAt > refusals.last) refusals.last = startedAt;
  if (refusals.kept.length < MAX_KEPT) refusals.kept.push(startedAt);
}

/**
 * How often a server refused for a moment before it began to leave SYNs without an answer, as what stands behind it does
 * when it ends: its program listens no more, then its network is gone. 0 where nothing shows that.
 */
export function refusedBefore(all: readonly Refusals[], silentSince: Timestamp): number {
  let count = 0;
  let isBefore = false;
  let from = Number.POSITIVE_INFINITY;
  let until = Number.NEGATIVE_INFINITY;
  for (const { count: own, first, last, kept } of all) {
    count += own;
    if (first !== null) from = Math.min(from, first);
    if (last !== null) until = Math.max(until, last);
    isBefore ||= kept.some((time) => time <= silentSince && silentSince - time <= SOON);
  }
  return isBefore && until - from <= ENDS_WITHIN ? count : 0;
}
