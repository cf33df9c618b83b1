import { emptySlots } from '../base/lists.ts';

/**
 * How two names asked one after the other hang together: a resolver that walks its search list
 * keeps what the caller asked for (the stem) and changes the suffix (resolv.conf(5), `search`).
 */
export type WalkStep = 'strong' | 'weak' | 'none';

/** How two names hang together. */
export interface Walk {
  readonly step: WalkStep;
  /** Length of the leading labels that they share. */
  readonly stem: number;
}

/** What two names are told by: equal names have equal hashes. */
export interface HashedName {
  readonly name: string;
  readonly nameHash: number;
}

// The same programs walk the same lists all day, some thousand pairs of names on a node; two in one slot push
// each other out, and of so many slots few are shared.
const KEPT_WALKS = 1 << 13;

/** Compares names, and remembers how the last ones compared. Of fixed size. */
export function createWalks() {
  // All places from the start: one that was written far behind the others made a hash table of them.
  const kept = emptySlots<Walk & { readonly before: string; readonly next: string }>(KEPT_WALKS);

  /** @param before asked before `next` */
  function between(before: HashedName, next: HashedName): Walk {
    const mixed = Math.imul(before.nameHash, 0x9e3779b1) ^ next.nameHash;
    const slot = (mixed ^ (mixed >>> 15)) & (KEPT_WALKS - 1);
    const known = kept[slot];
    if (known?.before === before.name && known.next === next.name) return known;
    const stem = commonStem(before.name, next.name);
    const walk = { before: before.name, next: next.name, step: stepOf(before.name, next.name, stem), stem };
    kept[slot] = walk;
    return walk;
  }

  return { between };
}

export type Walks = ReturnType<typeof createWalks>;

/**
 * `strong` where one of the two names is the other's stem (the name as it is, before or after
 * its suffixes) or the suffix got shorter by whole labels, as Kubernetes' list does
 * (`prod.svc.cluster.local`, `svc.cluster.local`, `cluster.local`). `weak` where only the first
 * labels are the same.
 */
export function stepOf(before: string, next: string, stem: number): WalkStep {
  if (before === next || stem === 0) return 'none';
  if (stem === next.length || stem === before.length) return 'strong';
  return before.endsWith(next.slice(stem)) ? 'strong' : 'weak';
}

/** Length of the leading whole labels that two names share, without the dot behind them. */
export function commonStem(one: string, other: string): number {
  const shorter = Math.min(one.length, other.length);
  let boundary = 0;
  let index = 0;
  while (index < shorter && one.charCodeAt(index) === other.charCodeAt(index)) {
    if (one.charCodeAt(index) === 0x2e) boundary = index;
    index++;
  }
  if (index === shorter && endsLabel(one, index) && endsLabel(other, index)) return index;
  return boundary;
}

const endsLabel = (name: string, index: number): boolean => index === name.length || name.charCodeAt(index) === 0x2e;
