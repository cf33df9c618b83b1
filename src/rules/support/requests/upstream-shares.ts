import { endpoint } from '../../../base/addresses.ts';
import { Distribution } from '../../../base/distribution.ts';
import { milliseconds, nanoseconds, type Duration, type Timestamp } from '../../../base/time.ts';
import { receiverOf } from '../../../model/direction.ts';
import type { Request } from '../../../model/request.ts';
import type { Peer } from '../traffic-peer.ts';

// RULES, How slow is slow: without contrast, one upstream is at least that share of the requests'
// time and its median wait at least this.
export const LEAST_SHARE = 0.8;
export const LEAST_WAIT = milliseconds(100);
// Of fewer requests, the share may be chance…
export const LEAST_REQUESTS = 20;
// …unless it is that of each that was slow, which was so long that a person waits for it: who looks into a slow request
// asks for it a few times and captures that.
const FEW_REQUESTS = 3;
const FEW_WAIT = milliseconds(500);
// A node's pods, and what they call.
const MAX_SERVICES = 256;
const MAX_UPSTREAMS = 16;
// More calls than that in a request are many calls (`serial-calls`), and no one slow one…
const MOST_CALLS = 2;
// …unless one of them is most of what it waits for: BEGIN, while a pooler has no connection free, before quick statements.
const MOST = 0.5;

interface Upstream {
  waited: number;
  /** Of that the longest call of each request. */
  longest: number;
  calls: number;
  requests: number;
  /** Requests that waited nearly all of their time for it. */
  nearlyAll: number;
  readonly waits: Distribution;
  lastAt: Timestamp;
}

const newUpstream = (lastAt: Timestamp): Upstream => ({
  waited: 0,
  longest: 0,
  calls: 0,
  requests: 0,
  nearlyAll: 0,
  waits: new Distribution(),
  lastAt,
});

/** Whether a part of a request is nearly all of its time, and long. */
export const isNearlyAll = (part: number, { duration }: Pick<Request, 'duration'>): boolean =>
  duration >= FEW_WAIT && part >= LEAST_SHARE * duration;

/** Whether that goes for each of a few slow requests. @param long those that took as long as anybody calls slow */
export const isEachOfFew = (nearlyAll: number, long: number): boolean =>
  nearlyAll >= FEW_REQUESTS && nearlyAll === long;

interface Service {
  requests: number;
  /** Of these, as long as anybody calls slow. */
  long: number;
  spent: number;
  readonly upstreams: Map<string, Upstream>;
}

export interface UpstreamShare {
  /** What a request waits for it. */
  readonly median: Duration;
  /** Of many calls in a request one is most of it: those wait at least so long; 0 where all of them count. */
  readonly least: Duration;
  /** Told of a few requests, each of which waited for it. */
  readonly ofFew: boolean;
  lastAt: Timestamp;
}

/** What of a service's requests goes to each of its upstreams, on their critical paths. */
export function createUpstreamShares() {
  const services = new Map<string, Service>();

  function add(request: Request): void {
    const { input, duration, startedAt, waits } = request;
    const key = `${input}|${receiverOf(request)}`;
    let service = services.get(key);
    if (service === undefined) {
      if (services.size >= MAX_SERVICES) return;
      service = { requests: 0, long: 0, spent: 0, upstreams: new Map() };
      services.set(key, service);
    }
    service.requests++;
    if (duration >= LEAST_WAIT) service.long++;
    service.spent += duration;
    if (waits.length === 0) return;
    const waited = new Map<string, { critical: number; longest: number; calls: number }>();
    for (const { reason, to, critical } of waits) {
      if (reason !== 'upstream') continue;
      const known = waited.get(to) ?? { critical: 0, longest: 0, calls: 0 };
      const longest = Math.max(known.longest, critical);
      waited.set(to, { critical: known.critical + critical, longest, calls: known.calls + 1 });
    }
    for (const [to, { critical, longest, calls }] of waited) {
      let upstream = service.upstreams.get(to);
      if (upstream === undefined) {
        if (service.upstreams.size >= MAX_UPSTREAMS) continue;
        upstream = newUpstream(startedAt);
        service.upstreams.set(to, upstream);
      }
      upstream.waited += critical;
      upstream.longest += longest;
      upstream.calls += calls;
      upstream.requests++;
      if (isNearlyAll(critical, request)) upstream.nearlyAll++;
      upstream.waits.add(nanoseconds(critical));
      upstream.lastAt = startedAt;
    }
  }

  const serviceOf = ({ input, client }: Peer): Service | undefined => services.get(`${input}|${client}`);

  return {
    add,
    /** The peer's client is a service whose requests are put together. */
    isKnown: (peer: Peer): boolean => (serviceOf(peer)?.requests ?? 0) > 0,
    /** What of the time of its client's requests goes to the peer's server, from 0 to 1; 0 where that is not known. */
    shareOf(peer: Peer): number {
      const service = serviceOf(peer);
      const upstream = service?.upstreams.get(endpoint(peer.address, peer.port));
      return service === undefined || upstream === undefined ? 0 : upstream.waited / service.spent;
    },
    /** Null where the peer's server is no more than a part of the requests' time. */
    of(peer: Peer): UpstreamShare | null {
      const service = serviceOf(peer);
      const upstream = service?.upstreams.get(endpoint(peer.address, peer.port));
      if (service === undefined || upstream === undefined) return null;
      const median = upstream.waits.quantile(0.5);
      const isMost = upstream.waited >= LEAST_SHARE * service.spent;
      const isFew = upstream.calls <= MOST_CALLS * upstream.requests;
      const isOne = upstream.longest >= MOST * upstream.waited;
      if (!isMost || !(isFew || isOne) || median < LEAST_WAIT) return null;
      const ofFew = upstream.requests < LEAST_REQUESTS;
      if (ofFew && !isEachOfFew(upstream.nearlyAll, service.long)) return null;
      // Of two calls in a request one may be quick: it let nobody wait.
      const isLopsided = upstream.calls > upstream.requests && upstream.longest >= LEAST_SHARE * upstream.waited;
      const least = nanoseconds(isFew && !isLopsided ? 0 : MOST * median);
      return { median, least, ofFew, lastAt: upstream.lastAt };
    },
  };
}

export type UpstreamShares = ReturnType<typeof createUpstreamShares>;
