import type { Input } from '../../../model/input.ts';
import type { Lookup } from '../../../model/lookup.ts';
import type { Observer } from '../../../model/observer.ts';
import { defineFact } from '../define-rule.ts';
import { losses } from './losses.ts';

// Two pods that ask over TCP by `use-vc` ask the same server as the others; a cache asks another one, for many names.
const SEVERAL_NAMES = 3;
// Caches and pods that ask over TCP, on one node.
const MAX_ASKERS = 64;
const MAX_NAMES = 16;

/**
 * NodeLocal DNSCache listens at a link-local address (169.254.20.10; kubespray: 169.254.25.10), which no router forwards
 * (RFC 3927 section 2.7): who answers there is on the node. Clouds have theirs, their resolvers too, in 169.254.169.0/24
 * and 169.254.170.0/24 (AWS: Route 53 Resolver at 169.254.169.253, ECS at 169.254.170.2; Google: 169.254.169.254).
 */
export const isOnNode = (address: string): boolean =>
  address.startsWith('169.254.') && !address.startsWith('169.254.169.') && !address.startsWith('169.254.170.');

interface Asker {
  readonly input: number;
  readonly client: string;
  readonly servers: Set<string>;
  readonly names: Set<string>;
}

export interface NodeCache extends Observer {
  input(input: Input): void;
  unusual(lookup: Lookup): void;
  /** Whether pods of the input ask a cache on their node. Ask in `finish`. */
  isIn(input: number): boolean;
}

/** A DNS cache on the node, which takes the pods' questions without DNAT and asks the cluster's DNS over TCP. */
export const nodeCache = defineFact({
  id: 'node-cache',
  create(fact): NodeCache {
    const seen = fact(losses);
    const inputs = new Map<number, Input>();
    const askers = new Map<string, Asker>();

    /** Elsewhere than on a node a missing DNAT proves nothing. */
    const asksForOthers = ({ input, client, servers, names }: Asker): boolean =>
      inputs.get(input)?.vantage.kind === 'node' &&
      names.size >= SEVERAL_NAMES &&
      seen
        .servers()
        .some(
          (other) =>
            other.input === input &&
            other.answered > 0 &&
            other.backends.size === 0 &&
            other.server !== client &&
            !servers.has(other.server),
        );

    return {
      input(input) {
        inputs.set(input.input, input);
      },
      unusual({ input, client, attempts }) {
        for (const { transport, server, name } of attempts) {
          if (transport !== 'tcp') continue;
          const key = `${input}|${client}`;
          let asker = askers.get(key);
          if (asker === undefined) {
            if (askers.size >= MAX_ASKERS) return;
            asker = { input, client, servers: new Set(), names: new Set() };
            askers.set(key, asker);
          }
          if (asker.servers.size < MAX_NAMES) asker.servers.add(server);
          if (asker.names.size < MAX_NAMES) asker.names.add(name);
        }
      },
      isIn: (input) =>
        seen.servers().some((record) => record.input === input && record.answered > 0 && isOnNode(record.server)) ||
        [...askers.values()].some((asker) => asker.input === input && asksForOthers(asker)),
    };
  },
});
