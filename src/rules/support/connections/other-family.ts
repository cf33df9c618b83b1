import { isV6 } from '../../../base/addresses.ts';
import { between, milliseconds, seconds, type Duration, type Timestamp } from '../../../base/time.ts';
import { copyConnection, type Connection } from '../../../model/connection.ts';
import type { Lookup } from '../../../model/lookup.ts';
import type { Openings } from './openings.ts';

// RFC 8305 section 5 wants 250 ms before the other family is tried, 100 ms at least: curl waits 200 ms, Node.js 250, Go 300.
const LEAST_WAIT = milliseconds(100);
// The kernel's first wait: who has no such timer waits for more than that, and the next SYN tells it.
const MOST_WAIT = seconds(1);
// Connections without an answer that are kept until the end, and addresses of names that have both families.
const MAX_UNANSWERED = 1 << 12;
const MAX_ADDRESSES = 1 << 12;
// Of several clients, lookups that are kept in all: what belongs together shows in the first of each.
const MAX_ASKED = 1 << 14;
// Who has its answer connects at once; a busy program may need a moment.
const AT_ONCE = milliseconds(50);
// By chance another pod asks as late before some connections of one, and not before most.
const MOST = 0.5;

/** What a name's other family has, and who asked for both: when each of them got its answer. */
interface Others {
  readonly answered: Map<string, Timestamp[]>;
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

  let asked = 0;

  function remember(
    { input, client, startedAt, duration }: Lookup,
    of: readonly string[],
    to: readonly string[],
  ): void {
    for (const address of of) {
      const key = keyOf(input, address);
      let known = others.get(key);
      if (known === undefined) {
        if (others.size >= MAX_ADDRESSES) return;
        known = { answered: new Map(), addresses: new Set() };
        others.set(key, known);
      }
      if (!to.every((other) => known.addresses.has(other))) known.addresses = new Set([...known.addresses, ...to]);
      if (asked >= MAX_ASKED) continue;
      asked++;
      const at = (startedAt + duration) as Timestamp;
      const ends = known.answered.get(client);
      if (ends === undefined) known.answered.set(client, [at]);
      else ends.push(at);
    }
  }

  /** Clients of the other family that had the name's addresses just before the connection was tried. */
  const justAnswered = ({ input, server, startedAt }: Connection): string[] =>
    [...(others.get(keyOf(input, server))?.answered ?? [])]
      .filter(([client]) => isV6(client) !== isV6(server))
      .filter(([, ends]) => ends.some((end) => end <= startedAt && startedAt - end <= AT_ONCE))
      .map(([client]) => client);

  /** Of several, the address of the other family that belongs to whom tried: the one that asked before most of its tries. */
  function otherAddresses(): (connection: Connection) => string | null {
    const tries = new Map<string, { count: number; before: Map<string, number> }>();
    for (const connection of unanswered) {
      const key = keyOf(connection.input, connection.client);
      const own = tries.get(key) ?? { count: 0, before: new Map<string, number>() };
      tries.set(key, own);
      own.count++;
      for (const client of justAnswered(connection)) own.before.set(client, (own.before.get(client) ?? 0) + 1);
    }
    return ({ input, client }) => {
      const own = tries.get(keyOf(input, client));
      const [first, second] = [...(own?.before ?? [])].toSorted(([, one], [, other]) => other - one);
      if (own === undefined || first === undefined || first[1] <= MOST * own.count) return null;
      return second !== undefined && second[1] === first[1] ? null : first[0];
    };
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
      const otherOf = otherAddresses();
      return unanswered.flatMap((connection) => {
        const { input, server, serverPort, startedAt } = connection;
        const known = others.get(keyOf(input, server));
        if (known === undefined) return [];
        const [only, ...more] = known.answered.keys();
        // The client's own address of the other family is the one that it asked from; else it is not known.
        const client = more.length > 0 ? otherOf(connection) : (only ?? null);
        if (client === null || isV6(client) === isV6(server)) return [];
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
