import { isV6 } from '../../base/addresses.ts';
import { between, milliseconds, seconds, type Duration } from '../../base/time.ts';
import { copyConnection, type Connection } from '../../model/connection.ts';
import type { Lookup } from '../../model/lookup.ts';
import type { Openings } from './openings.ts';

// RFC 8305 section 5 wants 250 ms before the other family is tried, 100 ms at least: curl waits 200 ms, Node.js 250, Go 300.
const LEAST_WAIT = milliseconds(100);
// The kernel's first wait: who has no such timer waits for more than that, and the next SYN tells it.
const MOST_WAIT = seconds(1);
// Connections without an answer that are kept until the end, and addresses of names that have both families.
const MAX_UNANSWERED = 1 << 12;
const MAX_ADDRESSES = 1 << 12;

/** What a name's other family has, for who asked for both; null for the client where several did. */
interface Others {
  client: string | null;
  addresses: ReadonlySet<string>;
}

export interface FallenBack {
  /** The one that never opened. */
  readonly connection: Connection;
  /** Whom its client called instead, and how much later. */
  readonly server: string;
  readonly cost: Duration;
}

const keyOf = (input: number, address: string): string => `${input}|${address}`;

/** Asked of each lookup, of which few have both. */
function hasBoth({ attempts }: Lookup): boolean {
  let six = false;
  let four = false;
  for (const { addresses } of attempts) {
    for (const address of addresses) {
      if (isV6(address)) six = true;
      else four = true;
    }
  }
  return six && four;
}

/** Connections by one IP family that got no answer, after which the same name's other family was tried (Happy Eyeballs). */
export function createFallbacks(opened: Openings) {
  const others = new Map<string, Others>();
  const unanswered: Connection[] = [];

  function remember({ input, client }: Lookup, of: readonly string[], to: readonly string[]): void {
    for (const address of of) {
      const key = keyOf(input, address);
      const known = others.get(key);
      if (known === undefined && others.size >= MAX_ADDRESSES) return;
      const isSame = known === undefined || known.client === client;
      if (isSame && known !== undefined && to.every((other) => known.addresses.has(other))) continue;
      others.set(key, { client: isSame ? client : null, addresses: new Set([...(known?.addresses ?? []), ...to]) });
    }
  }

  return {
    lookup(lookup: Lookup): void {
      if (!hasBoth(lookup)) return;
      const addresses = lookup.attempts.flatMap((attempt) => attempt.addresses);
      const six = addresses.filter(isV6);
      const four = addresses.filter((address) => !isV6(address));
      remember(lookup, six, four);
      remember(lookup, four, six);
    },
    /** A SYN got no answer, or an ICMP error that the caller did not hear of. */
    failed(connection: Connection): void {
      if (unanswered.length < MAX_UNANSWERED) unanswered.push(copyConnection(connection));
    },
    /** Ask in `finish`: connections come when they end. */
    found(): FallenBack[] {
      return unanswered.flatMap((connection) => {
        const { input, server, serverPort, startedAt } = connection;
        const known = others.get(keyOf(input, server));
        // The client's own address of the other family is the one that it asked from; else it is not known.
        if (known === undefined || known.client === null || isV6(known.client) === isV6(server)) return [];
        const client = known.client;
        const next = [...known.addresses]
          .map((address) => ({
            address,
            at: opened.nextFrom({ input, client, server: address, serverPort }, startedAt),
          }))
          .filter(({ at }) => at >= startedAt)
          .toSorted((one, other) => one.at - other.at)[0];
        if (next === undefined) return [];
        const cost = between(startedAt, next.at);
        return cost >= LEAST_WAIT && cost < MOST_WAIT ? [{ connection, server: next.address, cost }] : [];
      });
    },
  };
}
