import { LinkedQueue } from '../base/linked-queue.ts';
import { between, seconds } from '../base/time.ts';
import type { Layers } from '../model/packet.ts';
import type { Connection } from './tcp-table.ts';

// At once, or when neighbours were asked three times, a second apart, who has the address (Linux, `mcast_solicit`).
const SAID_WITHIN = seconds(4);
// A flood of SYNs must not make each error look at all of it: where more may fit, which one it is can't be told.
const MAX_LOOKED_AT = 256;

/**
 * The attempt to connect that an ICMP error is about, whose quote a short snap length cut before the ports:
 * 96 bytes leave of an IPv6 header that an error quotes the source and the protocol. Null unless one alone fits.
 */
export function onlyAttemptOf(quote: Layers, open: LinkedQueue<Connection>): Connection | null {
  let found: Connection | null = null;
  let looked = 0;
  for (let connection = open.last; connection !== null; connection = connection.earlier) {
    if (between(connection.lastPacketAt, quote.time) > SAID_WITHIN) break;
    if (++looked > MAX_LOOKED_AT) return null;
    if (connection.client !== quote.source || !connection.watch.isUnanswered) continue;
    if (quote.destination !== 0 && quote.destination !== connection.watch.row.serverId) continue;
    if (found !== null) return null;
    found = connection;
  }
  return found;
}
