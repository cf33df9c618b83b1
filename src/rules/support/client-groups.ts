import type { Duration } from '../../base/time.ts';
import type { Lookup } from '../../model/lookup.ts';
import type { PacketId } from '../../model/packet.ts';
import { OTHERS } from './loss-groups.ts';
import { countResolver, type SeenResolver } from './seen-resolvers.ts';
import type { Occurrences } from './subjects.ts';
import { Tally } from './tally.ts';

// A node's worth of pods and their name servers; the rest share one place.
const MAX_GROUPS = 256;

export interface ClientGroup extends Occurrences {
  readonly resolvers: Map<string, SeenResolver>;
}

/** Occurrences by client and server, with whatever else a rule counts of them. */
export function createClientGroups<Extra extends object>(createExtra: () => Extra) {
  const groups = new Map<string, ClientGroup & Extra>();
  // Lookups of one client come in runs: most need no key.
  let last: (ClientGroup & Extra) | null = null;
  return {
    /** The lookup's group. */
    of(lookup: Lookup): ClientGroup & Extra {
      if (
        last !== null &&
        last.client === lookup.client &&
        last.server === lookup.server &&
        last.input === lookup.input
      ) {
        return last;
      }
      const key = `${lookup.input}|${lookup.client}|${lookup.server}`;
      let group = groups.get(key);
      if (group === undefined) {
        const full = groups.size >= MAX_GROUPS;
        const place = full ? `${lookup.input}|${OTHERS}` : key;
        group = groups.get(place);
        if (group === undefined) {
          const name = full ? OTHERS : lookup.client;
          group = { ...begin(lookup, name), ...createExtra() };
          groups.set(place, group);
        }
      }
      last = group;
      return group;
    },
    /** One occurrence more, with the resolver that sent it. */
    add(group: ClientGroup, lookup: Lookup, cost: Duration, packets: (lookup: Lookup) => readonly PacketId[]): void {
      group.tally.add(lookup, cost, packets);
      countResolver(group.resolvers, lookup, 1);
    },
    all: (): (ClientGroup & Extra)[] => [...groups.values()],
  };
}

const begin = ({ input, server }: Lookup, client: string): ClientGroup => ({
  input,
  client,
  server,
  tally: new Tally(),
  resolvers: new Map(),
});
