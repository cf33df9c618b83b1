import { endpoint } from '../../../base/addresses.ts';
import type { Exchange } from '../../../model/exchange.ts';

/** A server as exchanges name it. */
interface Place<Server> {
  readonly input: number;
  /** 0 for a back end, whose name has it. */
  readonly port: number;
  readonly server: Server;
}

/**
 * What is kept of each server: of the back end where a DNAT sent the exchange, else of the address
 * and port that its client names. Found without making a text for each exchange.
 * @param most servers; beyond, none is told
 */
export function createServerPlaces<Server>(most: number, create: (input: number, name: string) => Server) {
  // The same server by several names: a back end's own address, and where it was sent to by a DNAT.
  const servers = new Map<string, Server>();
  const places = new Map<string, Place<Server>[]>();

  function start(input: number, name: string): Server | null {
    const key = `${input}|${name}`;
    const known = servers.get(key);
    if (known !== undefined) return known;
    if (servers.size >= most) return null;
    const added = create(input, name);
    servers.set(key, added);
    return added;
  }

  return {
    of({ input, server, serverPort, backend }: Exchange): Server | null {
      const address = backend ?? server;
      const port = backend === null ? serverPort : 0;
      const known = places.get(address);
      if (known !== undefined) {
        for (const one of known) if (one.port === port && one.input === input) return one.server;
      }
      const found = start(input, backend ?? endpoint(server, serverPort));
      if (found === null) return null;
      const place: Place<Server> = { input, port, server: found };
      if (known === undefined) places.set(address, [place]);
      else known.push(place);
      return found;
    },
    all: (): Server[] => [...servers.values()],
  };
}
