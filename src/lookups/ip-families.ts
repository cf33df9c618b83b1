import type { AddressId } from '../model/packet.ts';
import type { TrackedAttempt } from '../model/tracked-attempt.ts';

// A pod has one address of each family. Of a node's many pods nothing tells which two are one pod's.
const MOST_CLIENTS = 8;

const NOBODY: readonly AddressId[] = [];

/**
 * Clients by IP family: who has nameservers of both asks each from an address of its own, so that one host's lookup
 * is two clients' queries.
 */
export function createIpFamilies() {
  const overIpv4: AddressId[] = [];
  const overIpv6: AddressId[] = [];
  /** By client; undefined before its first lookup. */
  const isIpv6: (boolean | undefined)[] = [];

  return {
    /** Who may be the same host by its other address; asked for each lookup that begins. */
    othersOf({ clientId, client }: TrackedAttempt): readonly AddressId[] {
      const known = isIpv6[clientId];
      const own = known ?? client.includes(':');
      if (known === undefined) {
        isIpv6[clientId] = own;
        (own ? overIpv6 : overIpv4).push(clientId);
      }
      const others = own ? overIpv4 : overIpv6;
      return others.length > MOST_CLIENTS ? NOBODY : others;
    },
  };
}
