import { Distribution } from '../../../base/distribution.ts';
import { endpoint } from '../../../base/addresses.ts';
import { nanoseconds, type Duration } from '../../../base/time.ts';
import type { Report } from '../../../model/finding.ts';
import type { Request } from '../../../model/request.ts';
import type { PacketId } from '../../../model/packet.ts';
import type { MetadataShare } from '../credentials/credential-waits.ts';
import type { Services } from './observed-services.ts';
import { requestTally, type RequestTally } from '../tally.ts';

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

/** What one rule counts of the requests of each service; a client's own calls are not among them. */
export function createServedRequests(services: Services) {
  const byPlace: (ServedRequests | undefined)[] = [];
  return {
    /** The service of the request at hand; null beyond the bound. */
    current(): ServedRequests | null {
      const service = services.current();
      if (service === null) return null;
      const known = byPlace[service.place];
      if (known !== undefined) return known;
      const { input, server, latency } = service;
      const added: ServedRequests = {
        input,
        server,
        latency,
        tally: requestTally(),
        ownTime: new Distribution(),
        connections: new Set(),
        again: 0,
      };
      byPlace[service.place] = added;
      return added;
    },
    of(input: number, address: string): ServedRequests | undefined {
      const service = services.of(input, address);
      return service === undefined ? undefined : byPlace[service.place];
    },
    all: (): ServedRequests[] => byPlace.filter((service) => service !== undefined),
    /** Of all services together. */
    count: (): number => byPlace.reduce((sum, service) => sum + (service?.latency.count ?? 0), 0),
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

/** Where they make for it what they need each time, any of their own time may go to that. */
export const costWithOwnTime = ({ tally, ownTime }: ServedRequests): Duration =>
  nanoseconds(tally.costs.total + ownTime.total);

/** What each report says of the requests of one service. */
export const reportedRequests = (
  { input, server, latency }: Pick<ServedRequests, 'input' | 'server' | 'latency'>,
  tally: RequestTally,
): Pick<Report, 'input' | 'subject' | 'of' | 'unit' | 'latency' | 'cost'> => ({
  input,
  subject: { kind: 'server', name: server },
  of: latency.count,
  unit: 'requests',
  latency,
  cost: tally,
});
