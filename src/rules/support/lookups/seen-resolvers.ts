import type { Lookup, ResolverName } from '../../../model/lookup.ts';

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
  resolvers: SeenResolver[],
  { resolver, resolverDetail }: Pick<Lookup, 'resolver' | 'resolverDetail'>,
  count: number,
): void {
  for (let index = 0; index < resolvers.length; index++) {
    const known = resolvers[index] as SeenResolver;
    if (known.resolver !== resolver || known.detail !== resolverDetail) continue;
    known.count += count;
    return;
  }
  if (resolvers.length < MAX_RESOLVERS) resolvers.push({ resolver, detail: resolverDetail, count });
}

/** Who sent the lookups of these groups, commonest first. */
export function resolversOf(groups: readonly { readonly resolvers: readonly SeenResolver[] }[]): SeenResolver[] {
  const all: SeenResolver[] = [];
  for (const { resolvers } of groups) {
    for (const { resolver, detail, count } of resolvers) {
      countResolver(all, { resolver, resolverDetail: detail }, count);
    }
  }
  return all.toSorted((a, b) => b.count - a.count);
}
