import { isLoopback } from '../base/addresses.ts';
import { between, endOf, milliseconds, type Timestamp } from '../base/time.ts';
import { isRedirected, isWithinPod } from '../model/direction.ts';
import { isResponded, type Exchange } from '../model/exchange.ts';

// What a proxy adds: a few milliseconds on a busy node, or this share. More is a wait of its own, which must not be hidden.
const MOST_ADDED = milliseconds(5);
const MOST_ADDED_SHARE = 0.05;

/**
 * Which way an exchange goes, as a pod with a proxy in it sees it:
 * - `toSidecar`: from the program to others, and turned to the proxy on its way (iptables' REDIRECT)
 * - `toProgram`: from the proxy to the program, at the address that others know
 * - `local`: between two programs of the pod that know of each other
 * - `asked`: the same at what others ask the pod for, or where they ask for nothing: through kubectl port-forward, or by
 *   curl in the pod. What a gateway then asks itself is a call of its own
 * - `sent`, `received`: from the pod to others, from others to the pod
 */
export type Hop = 'toSidecar' | 'toProgram' | 'local' | 'asked' | 'sent' | 'received' | 'other';

export function hopOf(exchange: Exchange, isOwn: (address: string) => boolean): Hop {
  const { client, server } = exchange;
  if (!isWithinPod(exchange)) return isOwn(client) ? 'sent' : isOwn(server) ? 'received' : 'other';
  if (isRedirected(exchange)) return 'toSidecar';
  return isLoopback(server) ? 'local' : 'toProgram';
}

/** Which hops of a call may lie within one. */
const WITHIN: Record<Hop, readonly Hop[]> = {
  received: ['toProgram', 'local', 'asked'],
  toSidecar: ['sent'],
  local: ['sent'],
  asked: [],
  toProgram: [],
  sent: [],
  other: [],
};

export const mayHold = (hop: Hop, inner: Hop): boolean => WITHIN[hop].includes(inner);

/** How far two hops are apart in time that say the same, one within the other; NaN where they are not of one call. */
export function apart(outer: Exchange, inner: Exchange): number {
  if (!isSaidAlike(outer, inner) || isOneServer(outer, inner)) return Number.NaN;
  const before = between(outer.startedAt, inner.startedAt);
  const behind = between(answeredAt(inner), answeredAt(outer));
  return before < 0 || behind < 0 ? Number.NaN : before + behind;
}

/** When the answer began; its end where none came. */
export const answeredAt = (exchange: Exchange): Timestamp =>
  isResponded(exchange) ? exchange.firstByteAt : endOf(exchange);

/** A relay hands on to another port: who asks at the same one, by a loopback address, asks the program as others do. */
const isOneServer = (outer: Exchange, inner: Exchange): boolean =>
  isLoopback(inner.client) && isLoopback(inner.server) && inner.serverPort === outer.serverPort;

const isSaidAlike = (one: Exchange, other: Exchange): boolean =>
  isResponded(one) === isResponded(other) &&
  one.method === other.method &&
  one.path === other.path &&
  one.status === other.status;

/**
 * Both hops of a call as one: as it was seen towards others, with what it waited for within the pod; where the proxy
 * itself kept it waiting, as the one who called saw it.
 */
export function asOneCall(outer: Exchange, outerHop: Hop, inner: Exchange): Exchange {
  const opening = Number.isNaN(inner.openedAt) ? 0 : between(inner.openedAt, inner.startedAt);
  const added = outer.duration - inner.duration - opening;
  const isKept = outerHop === 'received' || added > Math.max(MOST_ADDED, outer.duration * MOST_ADDED_SHARE);
  const [whole, other] = isKept ? [outer, inner] : [inner, outer];
  whole.stalls = [...whole.stalls, ...other.stalls].toSorted((one, two) => one.startedAt - two.startedAt);
  whole.retransmissions += other.retransmissions;
  return whole;
}
