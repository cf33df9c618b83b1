import { at, milliseconds, nanoseconds, type Duration, type Timestamp } from '../../../base/time.ts';
import { copyExchange, isResponded, type Exchange } from '../../../model/exchange.ts';
import { Delays } from '../delays.ts';
import { ownPackets } from '../evidence.ts';
import { queueOf } from '../exchanges/queueing.ts';
import type { Route } from '../routes.ts';
import type { OccurrencesOf } from '../subjects.ts';
import { exchangeTally } from '../tally.ts';
import type { Traffic } from '../traffic.ts';
import type { Peer } from '../traffic-peer.ts';
import { answeredAt, isGivenUpUnanswered } from './upstream-wait.ts';
import { kindOf } from '../usual.ts';

/** What makes a wait stand out. */
export type Why = 'contrast' | 'pauses' | 'queue' | 'kind' | 'unanswered' | 'share' | 'few' | 'sealed';

/** Exchanges of one client and server that waited for the server's program. */
export interface Waiting extends OccurrencesOf<Exchange> {
  readonly peer: Peer;
  readonly why: Why;
  /** `GET /api/items`; '' for several. */
  readonly kind: string;
  /** What such a call takes otherwise; NaN where nothing says so. */
  readonly usual: Duration;
  readonly lastAt: Timestamp;
  /** Calls of the same kind that were answered at once before the last of them began, as far as they are kept. */
  readonly quickBefore?: number;
  /** How many there are of them, where they are none of the calls that are read. */
  readonly of?: number;
}

// Calls of one client at one server that are looked at whole: the first hundreds show a pattern.
const MAX_CALLS = 256;
// RULES, How slow is slow: a median wait of 100 ms.
export const LEAST_WAIT = milliseconds(100);
// A call that waited its turn for half of what it takes itself has waited.
const WAITED = 0.5;
// And a queue stands out where its calls take four times what one does alone: three wait ahead.
const QUEUED = 3;
// Calls sent this close to one another may be taken in any order.
const AT_ONCE = milliseconds(5);
// A kind of call that is always slow stands out only where a person waits for it…
const LEAST_KIND = milliseconds(500);
// …and everything else of its server takes a fiftieth…
const KIND_FACTOR = 50;
// Once or twice somebody may have closed a page. Of others that are answered the quick ones say what is usual.
const LEAST_UNANSWERED = 3;
const MOST = 0.5;
// …with enough of both.
const LEAST_OF_KIND = 5;
const LEAST_OTHERS = 20;

/** One peer and the first of its calls. */
export interface PeerCalls {
  readonly peer: Peer;
  readonly calls: Exchange[];
}

/** Keeps some calls of each peer whole, for patterns that show only in several. */
export function createPatterns(traffic: Traffic) {
  const peers: PeerCalls[] = [];
  const byPlace: (PeerCalls | undefined)[] = [];

  function keep(peer: Peer, exchange: Exchange): void {
    const kept = byPlace[peer.place];
    if (kept === undefined) {
      const first = { peer, calls: [copyExchange(exchange)] };
      byPlace[peer.place] = first;
      peers.push(first);
    } else if (kept.calls.length < MAX_CALLS) kept.calls.push(copyExchange(exchange));
  }

  return {
    add: (exchange: Exchange): void => keep(traffic.peerOf(exchange), exchange),
    addOrdinary: (exchange: Exchange): void => keep((traffic.routes.current as Route).peer, exchange),
    /** The first calls of each peer, in order of their start. */
    all: (): PeerCalls[] =>
      peers.map(({ peer, calls }) => ({ peer, calls: calls.toSorted((a, b) => a.startedAt - b.startedAt) })),
    /** With what is known of calls of the same kind before. */
    withQuickBefore(waiting: Waiting): Waiting {
      const { peer, kind, lastAt } = waiting;
      const calls = byPlace[peer.place]?.calls ?? [];
      const quick = calls.filter(
        (call) => answeredAt(call) < lastAt && waitOf(call) < LEAST_WAIT && (kind === '' || kindOf(call) === kind),
      );
      return { ...waiting, quickBefore: quick.length };
    },
    /** Of peers for which nothing else stands out. */
    found(isKnown: (peer: Peer) => boolean): Waiting[] {
      return peers.flatMap(({ peer, calls }) => {
        // None waited as long as what is looked for takes at least: nearly all peers.
        if (isKnown(peer) || !calls.some((call) => answeredAt(call) - call.startedAt >= LEAST_WAIT)) return [];
        const sorted = calls.filter(isResponded).toSorted((a, b) => a.startedAt - b.startedAt);
        const queued = queueIn(peer, sorted);
        if (queued !== null) return [queued];
        const unanswered = unansweredIn(peer, calls);
        return unanswered === null ? slowKinds(peer, sorted) : [unanswered];
      });
    },
  };
}

/** Most calls are given up without an answer: whoever is asked there takes them, and hangs. */
function unansweredIn(peer: Peer, calls: readonly Exchange[]): Waiting | null {
  const own = calls.filter((call) => isGivenUpUnanswered(call) && waitOf(call) >= LEAST_KIND);
  if (own.length < LEAST_UNANSWERED || own.length < MOST * calls.length) return null;
  const tally = exchangeTally();
  for (const call of own) tally.add(call, nanoseconds(waitOf(call)), ownPackets);
  const lastAt = at(Math.max(...own.map(({ startedAt }) => startedAt)));
  return waitingOf(peer, 'unanswered', '', tally, nanoseconds(Number.NaN), lastAt);
}

/** In the order in which a server may have taken them: the one answered first, of those sent at once. */
function asTaken(calls: readonly Exchange[]): Exchange[] {
  const ordered: Exchange[] = [];
  let burst: Exchange[] = [];
  const take = (): void => void ordered.push(...burst.toSorted((a, b) => answeredAt(a) - answeredAt(b)));
  for (const call of calls) {
    if (burst.length > 0 && call.startedAt - (burst[0] as Exchange).startedAt > AT_ONCE) {
      take();
      burst = [];
    }
    burst.push(call);
  }
  take();
  return ordered;
}

/** Calls that are served so many at a time, while the others wait their turn. */
function queueIn(peer: Peer, inOrder: readonly Exchange[]): Waiting | null {
  const calls = asTaken(inOrder);
  const queue = queueOf(calls.map((call) => ({ from: call.startedAt, until: at(answeredAt(call)) })));
  if (queue === null) return null;
  const tally = exchangeTally();
  let lastAt = peer.startsAt;
  for (const [index, call] of calls.entries()) {
    const wait = queue.waits[index] as Duration;
    if (wait < WAITED * queue.service) continue;
    tally.add(call, wait, ownPackets);
    lastAt = call.startedAt;
  }
  if (tally.costs.quantile(0.5) < Math.max(LEAST_WAIT, QUEUED * queue.service)) return null;
  return waitingOf(peer, 'queue', '', tally, queue.service, lastAt);
}

/**
 * Kinds of which all calls are slow, among others that are quick, with the client waiting for each:
 * a long poll is asked beside other calls, and holds none of them up.
 */
function slowKinds(peer: Peer, calls: readonly Exchange[]): Waiting[] {
  const kinds = new Map<string, Exchange[]>();
  for (const call of calls) {
    const kind = kindOf(call);
    const own = kinds.get(kind) ?? [];
    own.push(call);
    kinds.set(kind, own);
  }
  const found: Waiting[] = [];
  for (const [kind, own] of kinds) {
    const others = calls.filter((call) => kindOf(call) !== kind);
    if (own.length < LEAST_OF_KIND || others.length < LEAST_OTHERS) continue;
    const usual = medianWait(others);
    const least = nanoseconds(Math.min(...own.map(waitOf)));
    if (least < LEAST_KIND || least < KIND_FACTOR * usual) continue;
    if (own.some((call) => others.some((other) => isBeside(call, other)))) continue;
    const tally = exchangeTally();
    for (const call of own) tally.add(call, nanoseconds(waitOf(call) - usual), ownPackets);
    found.push(waitingOf(peer, 'kind', kind, tally, usual, (own.at(-1) as Exchange).startedAt));
  }
  return found;
}

const waitOf = (call: Exchange): number => answeredAt(call) - call.requestedAt;

const isBeside = (call: Exchange, other: Exchange): boolean =>
  other.startedAt > call.startedAt && other.startedAt < answeredAt(call);

function medianWait(calls: readonly Exchange[]): Duration {
  const delays = new Delays();
  for (const call of calls) delays.add(waitOf(call));
  return delays.quantile(0.5);
}

export const waitingOf = (
  peer: Peer,
  why: Why,
  kind: string,
  tally: Waiting['tally'],
  usual: Duration,
  lastAt: Timestamp,
): Waiting => ({ peer, input: peer.input, client: peer.client, server: peer.server, why, kind, tally, usual, lastAt });
