import { milliseconds, type Timestamp } from '../../base/time.ts';
import { isResponded, type Exchange } from '../../model/exchange.ts';
import { Delays } from './delays.ts';
import { exchangeTally } from './tally.ts';
import type { Peer } from './traffic.ts';
import { waitingOf, type Waiting } from './upstream-groups.ts';
import { upstreamWait } from './upstream-wait.ts';

// RULES, How slow is slow: without contrast, one upstream is at least that share of the requests'
// time and its median wait at least this.
const LEAST_SHARE = 0.8;
const LEAST_WAIT = milliseconds(100);
// Of fewer requests, the share may be chance.
const LEAST_REQUESTS = 20;
// And as many as calls are kept of a peer show it.
const MAX_REQUESTS = 256;

/** One peer and the first of its calls, in order of their start. */
export interface PeerCalls {
  readonly peer: Peer;
  readonly calls: readonly Exchange[];
}

const endOf = ({ startedAt, duration }: Exchange): number => startedAt + duration;

const addressOf = ({ backend, address }: Peer): string => backend?.replace(/:\d+$/, '') ?? address;

/**
 * Upstreams that a service's requests spend most of their time at, however steadily. Which call
 * belongs to which request shows only where the service has one request at a time: others are left
 * out, for want of tracing.
 */
export function dominantUpstreams(all: readonly PeerCalls[]): Waiting[] {
  const found: Waiting[] = [];
  const served = new Map<string, Exchange[]>();
  for (const { peer, calls } of all) {
    const delays = new Delays();
    for (const call of calls) delays.add(upstreamWait(call).firstByte);
    if (delays.quantile(0.5) < LEAST_WAIT) continue;
    const { client, input } = peer;
    const key = `${input}|${client}`;
    const requests =
      served.get(key) ?? alone(all.filter((one) => one.peer.input === input && addressOf(one.peer) === client));
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
        const { firstByte } = upstreamWait(call);
        waited += firstByte;
        lastAt = call.startedAt;
        tally.add(call, firstByte, ({ packets }) => packets);
      }
    }
    if (waited < LEAST_SHARE * spent) continue;
    found.push(waitingOf(peer, 'share', '', tally, delays.quantile(0.5), lastAt));
  }
  return found;
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
