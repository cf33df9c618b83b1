import { milliseconds } from '../../base/time.ts';
import { lastSentAt } from '../../model/lookup.ts';
import { IP_PROTOCOL, type Layers } from '../../model/packet.ts';
import type { TransactionRecord } from './transaction-record.ts';

/**
 * Told apart here: the same packet seen once more (`-i any`, both sides of a DNAT), and the same
 * message sent once more.
 */

// The copies that `-i any` and a DNAT make follow each other within the kernel's own work. A
// resend has another IP identification, so the bound only has to exclude that number's return.
export const COPY_WITHIN = milliseconds(100);
// Without an IP identification (IPv6, tcpdump's text, DF with 0) only time tells; no resolver
// resends an unanswered query so soon (the least is c-ares's 250 ms).
const COPY_WITHIN_UNPROVEN = milliseconds(3);

/** The query that came is one that was seen already, and no resend. */
export function isCopy(known: TransactionRecord, layers: Layers): boolean {
  if (known.transport === 'tcp' || known.rcode >= 0) return known.ipId === layers.ipId && layers.ipId > 0;
  const since = layers.time - lastSentAt(known);
  if (known.ipId > 0 && layers.ipId > 0) return known.ipId === layers.ipId && since < COPY_WITHIN;
  return since < COPY_WITHIN_UNPROVEN;
}

/**
 * The same datagram behind a DNAT (another server) or behind a masquerade as well (another
 * client). Its IP identification is kept on the way; musl, which asks all servers at once with
 * one id and port, gives each datagram its own.
 */
export function isOtherFace(known: TransactionRecord, layers: Layers): boolean {
  return (
    known.transport === 'udp' &&
    layers.protocol === IP_PROTOCOL.udp &&
    known.ipId > 0 &&
    known.ipId === layers.ipId &&
    layers.time - lastSentAt(known) < COPY_WITHIN
  );
}

/** An earlier sending's own answer, after that of the resend: one more reply, no copy of one. */
export function isLate(known: TransactionRecord, layers: Layers): boolean {
  if (known.transport === 'tcp') return false;
  const replies = 1 + known.earlierReplies.length + known.lateReplies.length;
  if (replies > known.resends.length) return false;
  const since = layers.time - (known.lateReplies.length > 0 ? known.lateReplyAt : known.repliedAt);
  if (known.replyIpId > 0 && layers.ipId > 0) return known.replyIpId !== layers.ipId || since >= COPY_WITHIN;
  return since >= COPY_WITHIN_UNPROVEN;
}
