import type { Exchange } from '../../model/exchange.ts';
import type { Lookup } from '../../model/lookup.ts';
import type { Observer } from '../../model/observer.ts';
import { defineFact } from './define-rule.ts';
import { countResolver, type SeenResolver } from './lookups/seen-resolvers.ts';

// A node's worth of pods and all that they call; who comes later stays unnamed.
const MAX_ADDRESSES = 4_096;
// What tells one program from another stands among the first of its names.
const MAX_NAMES = 64;

/** What a capture tells of an address beside what it did: by what names it calls and is called. */
export interface Seen {
  /** Names that it looked up. */
  readonly asked: Set<string>;
  /** Names that led to it: lookups of them were answered with it. */
  readonly names: Set<string>;
  /** Hosts that requests to it named. */
  readonly hosts: Set<string>;
  /** The resolvers of its lookups. */
  readonly resolvers: SeenResolver[];
}

export interface Witness extends Observer {
  of(address: string): Seen | null;
  addresses(): string[];
}

/** Who is who: what joins the addresses of a capture to the objects of manifests. */
export const witness = defineFact<Witness>({
  id: 'witness',
  create() {
    const seen = new Map<string, Seen>();
    const at = (address: string): Seen | null => {
      const known = seen.get(address);
      if (known !== undefined) return known;
      if (seen.size >= MAX_ADDRESSES) return null;
      const fresh: Seen = { asked: new Set(), names: new Set(), hosts: new Set(), resolvers: [] };
      seen.set(address, fresh);
      return fresh;
    };
    return {
      lookup(lookup: Lookup) {
        for (const address of lookup.answers) {
          const led = at(address);
          if (led !== null) add(led.names, lookup.name);
        }
        const client = at(lookup.client);
        if (client === null) return;
        add(client.asked, lookup.name);
        countResolver(client.resolvers, lookup, 1);
      },
      exchange(exchange: Exchange) {
        const server = at(exchange.server);
        if (server !== null) add(server.hosts, exchange.host);
      },
      of: (address) => seen.get(address) ?? null,
      addresses: () => [...seen.keys()],
    };
  },
});

/** The resolver of most lookups, null where none was recognised. */
export function mainResolver(resolvers: readonly SeenResolver[]): SeenResolver | null {
  const known = resolvers.filter(({ resolver }) => resolver !== 'unknown');
  return known.toSorted((a, b) => b.count - a.count)[0] ?? null;
}

function add(names: Set<string>, name: string): void {
  if (name !== '' && names.size < MAX_NAMES) names.add(name);
}
