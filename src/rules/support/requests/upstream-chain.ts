import { receiverOf } from '../../../model/direction.ts';
import type { Occurrence } from '../../../model/finding.ts';
import type { Traffic } from '../traffic.ts';
import type { Waiting } from './upstream-groups.ts';

// A call explains the request that waited for it where it covers most of what that lost.
const COVERS = 0.8;
// Of a request that is known to wait for it a call is worth its name with a smaller part: what else the request lost
// has another cause, and neither hides the other.
const LARGE = 1 / 3;
// So do calls together for a finding: where most of its requests are explained.
const MOST = 0.8;

const overlap = (a: Occurrence, b: Occurrence): number => Math.min(a.until, b.until) - Math.max(a.from, b.from);

/**
 * What a rule about requests judges, but with inbound requests that waited for a slow call of the
 * same service named as that upstream: both sides of a gateway or of a service in the middle.
 * @param isLinked whether a call with that id is known to be waited for by a request
 */
export function explainedBy(
  groups: readonly Waiting[],
  traffic: Traffic,
  isLinked: (id: string) => boolean,
): Waiting[] {
  const inbound = lastOnHost(groups.filter(({ peer }) => traffic.isJudged(peer)));
  const outbound = groups.filter(({ peer }) => !traffic.isJudged(peer) && traffic.directionOf(peer) === 'outbound');
  if (outbound.length === 0) return inbound;
  const calls = new Map(outbound.map((one) => [one, [...one.tally.occurrences]]));
  const named = new Set<Waiting>();
  const left = inbound.filter(({ input, tally }) => {
    const own = outbound.filter((one) => one.input === input);
    let explained = 0;
    for (const request of tally.occurrences) {
      for (const one of own) {
        if (named.has(one)) continue;
        if (calls.get(one)?.some((call) => isLinked(call.id) && isWaitedFor(request, call, LARGE))) named.add(one);
      }
      const upstream = own.find((one) => calls.get(one)?.some((call) => isWaitedFor(request, call, COVERS)));
      if (upstream === undefined) continue;
      explained++;
      named.add(upstream);
    }
    return explained < MOST * tally.occurrences.size;
  });
  return [...left, ...named];
}

/**
 * Programs of one host that ask one another by its own address, or by a loopback one: whom the others wait for is named.
 * No request can be told of them, since their addresses are the same.
 */
function lastOnHost(groups: readonly Waiting[]): Waiting[] {
  return groups.filter((one) => {
    if (!isOnOneHost(one)) return true;
    const calls = groups
      .filter((other) => other !== one && other.input === one.input && other.peer.client === one.peer.client)
      .filter(isOnOneHost)
      .flatMap(({ tally }) => [...tally.occurrences]);
    const requests = [...one.tally.occurrences];
    const explained = requests.filter((request) =>
      calls.some((call) => call.until <= request.until && isWaitedFor(request, call, COVERS)),
    );
    return explained.length === 0 || explained.length < MOST * requests.length;
  });
}

const isOnOneHost = ({ peer: { client, address, backend } }: Waiting): boolean =>
  client === receiverOf({ server: address, backend });

const isWaitedFor = (request: Occurrence, call: Occurrence, least: number): boolean =>
  call.from >= request.from && overlap(request, call) >= least * request.cost;

/**
 * Calls inside TLS that somebody waits for: requests that are known to, or what comes in inside TLS as well, is as slow,
 * and spends it in them. Nobody can read either, but what is no call is not waited for so.
 * @param isLinked whether a call with that id is known to be waited for by a request
 */
export function unreadWaits(slow: readonly Waiting[], traffic: Traffic, isLinked: (id: string) => boolean): Waiting[] {
  const inbound = slow.filter(({ peer }) => traffic.directionOf(peer) === 'inbound');
  const requests = new Map<number, Occurrence[]>();
  for (const { input, tally } of inbound) requests.set(input, [...(requests.get(input) ?? []), ...tally.occurrences]);
  return slow
    .filter((one) => !inbound.includes(one))
    .map((one) => {
      const own = requests.get(one.input) ?? [];
      const tally = one.tally.only(
        (call) => isLinked(call.id) || own.some((request) => isWaitedFor(request, call, COVERS)),
      );
      const isKnown = [...tally.occurrences].every(({ id }) => isLinked(id));
      return { ...one, tally, ...(isKnown ? {} : { why: 'sealed' as const }) };
    })
    .filter(({ tally }) => tally.count > 0);
}

/**
 * Where most of what is waited for at a server, inside TLS, lies around slow calls of its own, those are named: on a node, who
 * is behind a proxy, and not the proxy.
 * @param slow calls inside TLS, whoever waits for them
 */
export function behindProxies(waits: readonly Waiting[], slow: readonly Waiting[]): Waiting[] {
  return waits.flatMap((one) => {
    const { address, backend } = one.peer;
    const proxy = receiverOf({ server: address, backend });
    const requests = [...one.tally.occurrences];
    const behind = slow
      .filter(({ input, peer }) => input === one.input && peer.client === proxy)
      .map((other): Waiting => {
        const tally = other.tally.only((call) => requests.some((request) => isWaitedFor(request, call, COVERS)));
        return { ...other, tally, why: 'sealed' };
      })
      .filter(({ tally }) => tally.count > 0);
    const calls = behind.flatMap(({ tally }) => [...tally.occurrences]);
    const explained = requests.filter((request) => calls.some((call) => isWaitedFor(request, call, COVERS)));
    return explained.length > 0 && explained.length >= MOST * requests.length ? behind : [one];
  });
}
