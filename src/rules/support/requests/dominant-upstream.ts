import { endOf, type Duration, type Timestamp } from '../../../base/time.ts';
import { receiverOf } from '../../../model/direction.ts';
import { isResponded, type Exchange } from '../../../model/exchange.ts';
import { Delays } from '../delays.ts';
import { ownPackets } from '../evidence.ts';
import { exchangeTally } from '../tally.ts';
import { LEAST_REQUESTS, LEAST_SHARE, LEAST_WAIT, type UpstreamShare, type UpstreamShares } from './upstream-shares.ts';
import type { Peer } from '../traffic-peer.ts';
import { waitingOf, type PeerCalls, type Waiting } from './upstream-groups.ts';
import { firstByteWait } from './upstream-wait.ts';

// As many requests as calls are kept of a peer show it.
const MAX_REQUESTS = 256;

/** A peer's calls that waited so long at least, of what kinds they are. */
type LongOf = (peer: Peer, least: Duration) => Pick<Waiting, 'tally'> & { readonly kinds: readonly string[] };

const receiverOfPeer = ({ address, backend }: Peer): string => receiverOf({ server: address, backend });

/**
 * Upstreams that a service's requests spend most of their time at, however steadily. Which call
 * belongs to which request is told by `shares` where requests are put together; else it shows only
 * where the service has one request at a time, and others are left out. Of a chain of them, the last.
 */
export function dominantUpstreams(all: readonly PeerCalls[], shares: UpstreamShares, longOf: LongOf): Waiting[] {
  const found: Waiting[] = [];
  const served = new Map<string, Exchange[]>();
  for (const { peer, calls } of all) {
    if (shares.isKnown(peer)) {
      const share = shares.of(peer);
      const one = share === null ? null : share.least > 0 ? longOnes(peer, share, longOf) : traced(peer, calls, share);
      if (one !== null && one.tally.count > 0) found.push(one);
      continue;
    }
    const delays = new Delays();
    for (const call of calls) delays.add(firstByteWait(call));
    if (delays.quantile(0.5) < LEAST_WAIT) continue;
    const { client, input } = peer;
    const key = `${input}|${client}`;
    const requests =
      served.get(key) ?? alone(all.filter((one) => one.peer.input === input && receiverOfPeer(one.peer) === client));
    served.set(key, requests);
    if (requests.length < LEAST_REQUESTS) continue;
    const tally = exchangeTally();
    let lastAt: Timestamp = peer.startsAt;
    let spent = 0;
    let waited = 0;
    for (const request of requests) {
      spent += request.duration;
      for (const call of calls) {
        if (call.startedAt < request.startedAt || endOf(call) > endOf(request)) continue;
        const firstByte = firstByteWait(call);
        waited += firstByte;
        lastAt = call.startedAt;
        tally.add(call, firstByte, ownPackets);
      }
    }
    if (waited < LEAST_SHARE * spent) continue;
    found.push(waitingOf(peer, 'share', '', tally, delays.quantile(0.5), lastAt));
  }
  return found.filter((one) => !found.some((other) => leadsOn(one, other)));
}

/** In a chain of services, whose calls a node sees, each waits for the next: the last is who lets them all wait. */
const leadsOn = ({ peer, usual }: Waiting, next: Waiting): boolean =>
  next.input === peer.input && next.client === receiverOfPeer(peer) && next.usual <= usual;

/** As many of its calls as are kept; all waited alike. */
function traced(peer: Peer, calls: readonly Exchange[], { median, ofFew, lastAt }: UpstreamShare): Waiting {
  const tally = exchangeTally();
  for (const call of calls) {
    const firstByte = firstByteWait(call);
    if (firstByte >= 0) tally.add(call, firstByte, ownPackets);
  }
  return waitingOf(peer, ofFew ? 'few' : 'share', '', tally, median, lastAt);
}

/** Those of its calls that are most of what requests wait for it. */
function longOnes(peer: Peer, { median, least, ofFew, lastAt }: UpstreamShare, longOf: LongOf): Waiting {
  const { tally, kinds } = longOf(peer, least);
  const [kind = '', ...others] = kinds;
  return waitingOf(peer, ofFew ? 'few' : 'share', others.length > 0 ? '' : kind, tally, median, lastAt);
}

/** Requests to one service that no other request to it overlaps. */
function alone(peers: readonly PeerCalls[]): Exchange[] {
  const calls = peers
    .flatMap((one) => one.calls)
    .filter(isResponded)
    .toSorted((a, b) => a.startedAt - b.startedAt);
  let until = Number.NEGATIVE_INFINITY;
  const free = calls.filter((call, index) => {
    const isFree = call.startedAt >= until;
    until = Math.max(until, endOf(call));
    const next = calls[index + 1];
    return isFree && (next === undefined || next.startedAt >= endOf(call));
  });
  return free.slice(0, MAX_REQUESTS);
}
