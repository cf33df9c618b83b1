import { endpoint } from '../../../base/addresses.ts';
import { Distribution } from '../../../base/distribution.ts';
import { receiverOf } from '../../../model/direction.ts';
import type { Observer } from '../../../model/observer.ts';
import type { Request } from '../../../model/request.ts';
import { defineFact } from '../define-rule.ts';

// A node has some hundred pods; of more services than these none is told.
const MAX_SERVICES = 256;

/** Who received requests. */
export interface Service {
  /** The how-manieth of all. */
  readonly place: number;
  readonly input: number;
  /** Address and port, as its callers name it. */
  readonly server: string;
  /** All its requests. */
  readonly latency: Distribution;
}

export interface Services extends Observer {
  request(request: Request): void;
  /** Of the request at hand; null beyond the bound. */
  current(): Service | null;
  of(input: number, address: string): Service | undefined;
}

/** Requests by the address of the service that received them, counted once for all rules. */
export const observedServices = defineFact({
  id: 'observed-services',
  create(): Services {
    const known = new Map<string, Service>();
    let current: Service | null = null;

    function serviceOf(request: Request): Service | null {
      const { input, server, serverPort } = request;
      const key = `${input}|${receiverOf(request)}`;
      const service = known.get(key);
      if (service !== undefined) return service;
      if (known.size >= MAX_SERVICES) return null;
      const added = { place: known.size, input, server: endpoint(server, serverPort), latency: new Distribution() };
      known.set(key, added);
      return added;
    }

    return {
      request(request) {
        current = serviceOf(request);
        current?.latency.add(request.duration);
      },
      current: () => current,
      of: (input, address) => known.get(`${input}|${address}`),
    };
  },
});
