import { OTHERS } from '../../../base/group-by.ts';
import type { Duration } from '../../../base/time.ts';
import type { Lookup } from '../../../model/lookup.ts';
import type { PacketId } from '../../../model/packet.ts';
import { countResolver, type SeenResolver } from './seen-resolvers.ts';
import type { Occurrences } from '../subjects.ts';
import { lookupTally, sharedLookupTally, type LookupTally } from '../tally.ts';

// A node's worth of pods and their name servers; the rest share one place.
const MAX_GROUPS = 256;

export interface ClientGroup extends Occurrences {
  readonly resolvers: SeenResolver[];
}

/**
 * Occurrences by client and server, with whatever else a rule counts of them.
 * @param mostClients those beyond share a group for each server: `FEW_CLIENTS` where with more of them
 *   only servers are spoken of. What comes by the ten thousand takes several times as long in a hundred groups.
 */
export function createClientGroups<Extra extends object>(createExtra: () => Extra, mostClients = MAX_GROUPS) {
  type Group = ClientGroup & Extra;
  // Asked for up to a million lookups a second: strings that are there, and no key made of them.
  const groups = new Map<string, Group[]>();
  const rest = new Map<number, Group>();
  let count = 0;
  let clients = 0;
  let last: Group | null = null;

  function find({ input, server }: Lookup, client: string): Group | null {
    const ofClient = groups.get(client);
    if (ofClient === undefined) return null;
    for (let index = 0; index < ofClient.length; index++) {
      const group = ofClient[index] as Group;
      if (group.server === server && group.input === input) return group;
    }
    return null;
  }

  function start(lookup: Lookup): Group {
    if (count >= MAX_GROUPS) {
      const shared = rest.get(lookup.input) ?? whole(begin(lookup, OTHERS, lookupTally()));
      rest.set(lookup.input, shared);
      return shared;
    }
    const isKnown = groups.get(lookup.client)?.some((group) => group.input === lookup.input) === true;
    if (!isKnown && clients >= mostClients) {
      return find(lookup, OTHERS) ?? open(begin(lookup, OTHERS, sharedLookupTally()));
    }
    if (!isKnown) clients++;
    return open(begin(lookup, lookup.client, lookupTally()));
  }

  // Not spread into a new object: as long as that runs seldom, V8 gives each such object a shape of its own, and whoever
  // reads a group for each lookup has to find its properties by name.
  const whole = (begun: ClientGroup): Group => Object.assign(begun, createExtra());

  function open(begun: ClientGroup): Group {
    count++;
    const group = whole(begun);
    const ofClient = groups.get(group.client);
    if (ofClient === undefined) groups.set(group.client, [group]);
    else ofClient.push(group);
    return group;
  }

  return {
    /** The lookup's group. */
    of(lookup: Lookup): Group {
      if (
        last === null ||
        last.client !== lookup.client ||
        last.server !== lookup.server ||
        last.input !== lookup.input
      ) {
        last = find(lookup, lookup.client) ?? start(lookup);
      }
      return last;
    },
    /** One occurrence more, with the resolver that sent it. */
    add(group: ClientGroup, lookup: Lookup, cost: Duration, packets: (lookup: Lookup) => readonly PacketId[]): void {
      group.tally.add(lookup, cost, packets);
      countResolver(group.resolvers, lookup, 1);
    },
    all: (): Group[] => [...groups.values(), [...rest.values()]].flat(),
  };
}

const begin = ({ input, server }: Lookup, client: string, tally: LookupTally): ClientGroup => ({
  input,
  client,
  server,
  tally,
  resolvers: [],
});
