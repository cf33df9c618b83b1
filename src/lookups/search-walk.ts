/**
 * How two names asked one after the other hang together: a resolver that walks its search list
 * keeps what the caller asked for (the stem) and changes the suffix (resolv.conf(5), `search`).
 */
export type WalkStep = 'strong' | 'weak' | 'none';

/**
 * `strong` where one of the two names is the other's stem (the name as it is, before or after
 * its suffixes) or the suffix got shorter by whole labels, as Kubernetes' list does
 * (`prod.svc.cluster.local`, `svc.cluster.local`, `cluster.local`). `weak` where only the first
 * labels are the same.
 */
export function walkStep(before: string, next: string): WalkStep {
  if (before === next) return 'none';
  const stem = commonStem(before, next);
  if (stem === 0) return 'none';
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
