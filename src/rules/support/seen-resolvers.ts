import type { Lookup, ResolverName } from '../../model/lookup.ts';

/** A resolver as lookups name it. */
export interface SeenResolver {
  readonly resolver: ResolverName;
  readonly detail: string | null;
  count: number;
}

// Versions told from the wire are few; a forged export could name any number.
const MAX_RESOLVERS = 16;

/** One more lookup by its resolver. */
export function countResolver(
  resolvers: Map<string, SeenResolver>,
  { resolver, resolverDetail }: Pick<Lookup, 'resolver' | 'resolverDetail'>,
  count: number,
): void {
  const key = resolverDetail === null ? resolver : `${resolver} ${resolverDetail}`;
  const known = resolvers.get(key);
  if (known !== undefined) known.count += count;
  else if (resolvers.size < MAX_RESOLVERS) resolvers.set(key, { resolver, detail: resolverDetail, count });
}

/** Who sent the lookups of these groups, commonest first. */
export function resolversOf(
  groups: readonly { readonly resolvers: ReadonlyMap<string, SeenResolver> }[],
): SeenResolver[] {
  const all = new Map<string, SeenResolver>();
  for (const { resolvers } of groups) {
    for (const { resolver, detail, count } of resolvers.values()) {
      countResolver(all, { resolver, resolverDetail: detail }, count);
    }
  }
  return [...all.values()].toSorted((a, b) => b.count - a.count);
}
