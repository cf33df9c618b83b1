import { formatCount, plural } from '../../../base/text.ts';
import type { Unobservable } from '../../../model/finding.ts';
import { isAddressType, RR_TYPE, type Lookup } from '../../../model/lookup.ts';

/** How a client asked for the two address families. */
export interface Halves {
  /** Lookups that asked for one of them, for any of their names. */
  halves: number;
  /** Lookups that asked for both. */
  pairs: number;
}

export function countHalf(client: Halves, { attempts }: Lookup): void {
  let a = 0;
  let aaaa = 0;
  for (const { type } of attempts) {
    if (!isAddressType(type)) continue;
    if (type === RR_TYPE.A) a++;
    else aaaa++;
  }
  if (a > 0 && aaaa > 0) client.pairs++;
  else if (a + aaaa > 0) client.halves++;
}

// A packet or two any capture may lack.
const SEVERAL = 3;
// Who asks for one family alone as often as for both does so as it is told to.
const PAIRS_FOR_ONE = 2;
const MOST_NAMED = 3;

/**
 * c-ares from 1.20 leaves it at one family when the other one is lost: behind the place of the loss nothing but
 * the one family shows it.
 */
export function unseenHalves(clients: readonly (Halves & { readonly client: string })[]): Unobservable | null {
  const told = clients.filter(({ halves, pairs }) => halves >= SEVERAL && pairs >= PAIRS_FOR_ONE * halves);
  if (told.length === 0) return null;
  const names = told.map(({ client }) => client);
  const whose = names.length > MOST_NAMED ? `${formatCount(names.length)} clients` : names.join(', ');
  const halves = told.reduce((sum, client) => sum + client.halves, 0);
  const all = told.reduce((sum, client) => sum + client.halves + client.pairs, 0);
  return {
    why: `${formatCount(halves)} of ${plural(all, 'lookup')} of ${whose} asked for one address family, the others for both: queries may have been lost before they came by, which a capture at the client shows`,
    capture: "tcpdump -i any -s 0 -w dns.pcap 'port 53'",
  };
}
