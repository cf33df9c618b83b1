import { addTo } from '../base/group-by.ts';
import { partitionPoint } from '../base/sorted.ts';
import { at, between, milliseconds, type Timestamp } from '../base/time.ts';
import { GO_ON_WITHIN } from '../model/lookup.ts';
import type { KeptLookup } from './kept-lookup.ts';

/** Something that opened a connection. */
export interface Opener {
  readonly client: string;
  readonly server: string;
  /** When it began to. */
  readonly openedAt: Timestamp;
}

// A program connects as soon as it has the address: the pause between is its own scheduling.
const CONNECTS_WITHIN = milliseconds(100);
// A resolver's answer may be seen a little after the SYN where a capture holds several interfaces.
const OUT_OF_ORDER = milliseconds(1);
// Lookups of one name at once: of more, the last ones.
const MOST_TRIED = 64;

const endOf = ({ startedAt, duration }: KeptLookup): Timestamp => at(startedAt + duration);

/**
 * Which lookup led to which connection: one that brought its address and ended right before. Where several were at it
 * at once, they went on in the order in which they had their answers.
 */
export function lookupsThatLedTo<One extends Opener>(
  openers: readonly One[],
  lookups: readonly KeptLookup[],
): Map<One, KeptLookup> {
  const byAnswer = new Map<string, KeptLookup[]>();
  for (const lookup of lookups.toSorted((a, b) => a.startedAt - b.startedAt)) {
    for (const answer of lookup.answers) addTo(byAnswer, `${lookup.client} ${answer}`, lookup);
  }
  const taken = new Set<KeptLookup>();
  const pairs = new Map<string, { opener: One; lookup: KeptLookup }[]>();
  for (const opener of openers.toSorted((a, b) => a.openedAt - b.openedAt)) {
    const way = `${opener.client} ${opener.server}`;
    const lookup = lastBefore(opener.openedAt, byAnswer.get(way) ?? [], taken);
    if (lookup === null) continue;
    taken.add(lookup);
    addTo(pairs, way, { opener, lookup });
  }
  const ledTo = new Map<One, KeptLookup>();
  for (const paired of pairs.values()) {
    const inOrder = paired.map(({ lookup }) => lookup).toSorted((a, b) => endOf(a) - endOf(b));
    for (const [index, { opener }] of paired.entries()) ledTo.set(opener, inOrder[index] as KeptLookup);
  }
  return ledTo;
}

/**
 * Lookups that others waited for as well, and opened their connections with the first (single flight: Go).
 * @param ledTo as {@link lookupsThatLedTo} told
 */
export function sharedLookups<One extends Opener>(
  openers: readonly One[],
  ledTo: ReadonlyMap<One, KeptLookup>,
): Map<One, KeptLookup> {
  const shared = new Map<One, KeptLookup>();
  /** By way: the lookup that led there last. */
  const last = new Map<string, KeptLookup>();
  for (const opener of openers.toSorted((a, b) => a.openedAt - b.openedAt)) {
    const way = `${opener.client} ${opener.server}`;
    const own = ledTo.get(opener);
    if (own !== undefined) {
      last.set(way, own);
      continue;
    }
    const lookup = last.get(way);
    if (lookup !== undefined && between(endOf(lookup), opener.openedAt) <= GO_ON_WITHIN) shared.set(opener, lookup);
  }
  return shared;
}

/** The one that ended last before then; a moment after, where none did. */
function lastBefore(
  opened: Timestamp,
  known: readonly KeptLookup[],
  taken: ReadonlySet<KeptLookup>,
): KeptLookup | null {
  const begun = partitionPoint(known.length, (index) => (known[index] as KeptLookup).startedAt <= opened);
  let best: KeptLookup | null = null;
  let bestGap = Infinity;
  for (let index = begun - 1; index >= Math.max(0, begun - MOST_TRIED); index--) {
    const lookup = known[index] as KeptLookup;
    const gap = between(endOf(lookup), opened);
    if (taken.has(lookup) || gap < -OUT_OF_ORDER || gap > CONNECTS_WITHIN) continue;
    // Behind all that ended before.
    const distance = gap >= 0 ? gap : CONNECTS_WITHIN - gap;
    if (distance >= bestGap) continue;
    best = lookup;
    bestGap = distance;
  }
  return best;
}
