import { Distribution } from '../../base/distribution.ts';
import { endpoint } from '../../base/addresses.ts';
import { nanoseconds, type Duration } from '../../base/time.ts';
import { receiverOf } from '../../model/direction.ts';
import { isOwnCall, type Request } from '../../model/request.ts';
import type { PacketId } from '../../model/packet.ts';
import type { MetadataShare } from './credential-waits.ts';
import { requestTally, type RequestTally } from './tally.ts';

// A node has some hundred pods; of more services than these none is told.
const MAX_SERVICES = 256;
// As many callers of a service as tell whether one of them meets the cause again.
const MAX_CONNECTIONS = 1024;

/** What the requests of one service waited for, as one rule counts it. */
export interface ServedRequests {
  readonly input: number;
  /** Address and port, as its callers name it. */
  readonly server: string;
  /** All its requests. */
  readonly latency: Distribution;
  /** Those with the cause. */
  readonly tally: RequestTally;
  /** What of these nothing accounts for. */
  readonly ownTime: Distribution;
  /** Connections of its callers on which a request with the cause came. */
  readonly connections: Set<string>;
  /** Requests with the cause on a connection that had one before. */
  again: number;
}

/** Requests by the address of the service that received them; a client's own calls are not among them. */
export function createServedRequests() {
  const services = new Map<string, ServedRequests>();
  return {
    /** Counts a request. @returns its service; null for what nobody received, and beyond the bound */
    add(request: Request): ServedRequests | null {
      if (isOwnCall(request)) return null;
      const { input, duration, server, serverPort } = request;
      const key = `${input}|${receiverOf(request)}`;
      let service = services.get(key);
      if (service === undefined) {
        if (services.size >= MAX_SERVICES) return null;
        service = {
          input,
          server: endpoint(server, serverPort),
          latency: new Distribution(),
          tally: requestTally(),
          ownTime: new Distribution(),
          connections: new Set(),
          again: 0,
        };
        services.set(key, service);
      }
      service.latency.add(duration);
      return service;
    },
    of: (input: number, address: string): ServedRequests | undefined => services.get(`${input}|${address}`),
    all: (): ServedRequests[] => [...services.values()],
  };
}

/**
 * One occurrence more; a request costs no more than it took.
 * @param refs what it would no longer wait for, where the cost lies in waits
 */
export function tallyRequest(
  service: ServedRequests,
  request: Request,
  cost: number,
  packets: readonly PacketId[],
  refs?: readonly string[],
): void {
  const { client, clientPort, duration } = request;
  const bounded: Duration = nanoseconds(Math.min(cost, duration));
  const connection = endpoint(client, clientPort);
  if (service.connections.has(connection)) service.again++;
  else if (service.connections.size < MAX_CONNECTIONS) service.connections.add(connection);
  service.tally.add(
    request,
    bounded,
    () => [...new Set(packets)].toSorted((a, b) => a - b),
    refs === undefined ? {} : { refs },
  );
}

/** One that waited for a metadata service. */
export function tallyMetadata(
  service: ServedRequests,
  request: Request,
  { time, pauses, refs }: MetadataShare,
  packets: readonly PacketId[],
): void {
  service.ownTime.add(nanoseconds(request.own - pauses));
  tallyRequest(service, request, time, packets, refs);
}

/**
 * What the cause cost at most: a request whose own time is beyond what is usual for them may have
 * spent that for it, too. What the first use of an SDK loads shows in no packet.
 */
export const costAtMost = ({ tally, ownTime }: ServedRequests): Duration =>
  nanoseconds(tally.costs.total + ownTime.beyond(ownTime.quantile(0.5)));
