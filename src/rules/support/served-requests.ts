import { endpoint } from '../../base/addresses.ts';
import { Distribution } from '../../base/distribution.ts';
import type { Observer } from '../../model/observer.ts';
import type { Request } from '../../model/request.ts';
import { defineFact } from './define-rule.ts';

// A node's worth of services; the rest of an input shares one place.
const MAX_SERVICES = 256;
const OTHERS = 'others';

/** One service whose inbound requests were put together with what they waited for. */
export interface Service {
  readonly input: number;
  /** `address:port` */
  readonly server: string;
  /** Without the port. */
  readonly address: string;
  readonly durations: Distribution;
  readonly own: Distribution;
  /** Of which all waits are known to be theirs. */
  sure: number;
  inbound: boolean;
}

export interface ServedRequests extends Observer {
  request(request: Request): void;
  /** Null for a client's own call, which is a request only for want of one that it was made for. */
  serviceOf(request: Request): Service | null;
  services(): Service[];
  /** Ask in `finish`: where some requests came from outside, only those are judged. */
  isJudged(service: Service): boolean;
}

/** At a client each call is its own request, and waits for itself. */
const isOwnCall = ({ waits, exchange }: Request): boolean => waits.some(({ ref }) => ref === exchange);

/** Services and how long their requests took. */
export const servedRequests = defineFact({
  id: 'served-requests',
  create(): ServedRequests {
    const services = new Map<string, Service>();

    function find({ input, server, serverPort }: Request): Service {
      const key = `${input}|${endpoint(server, serverPort)}`;
      const known =
        services.get(key) ?? (services.size >= MAX_SERVICES ? services.get(`${input}|${OTHERS}`) : undefined);
      if (known !== undefined) return known;
      const isFull = services.size >= MAX_SERVICES;
      const name = isFull ? OTHERS : endpoint(server, serverPort);
      const service: Service = {
        input,
        server: name,
        address: isFull ? OTHERS : server,
        durations: new Distribution(),
        own: new Distribution(),
        sure: 0,
        inbound: false,
      };
      services.set(`${input}|${name}`, service);
      return service;
    }

    return {
      request(request) {
        if (isOwnCall(request)) return;
        const service = find(request);
        service.durations.add(request.duration);
        service.own.add(request.own);
        if (!request.ambiguous) service.sure++;
        if (request.direction === 'inbound') service.inbound = true;
      },
      serviceOf: (request) => (isOwnCall(request) ? null : find(request)),
      services: () => [...services.values()],
      isJudged(service) {
        return service.inbound || ![...services.values()].some((one) => one.inbound && one.input === service.input);
      },
    };
  },
});
