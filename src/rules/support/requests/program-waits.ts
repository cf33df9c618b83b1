import { at, milliseconds, nanoseconds, type Duration, type Timestamp } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';
import { receiverOf } from '../../../model/direction.ts';
import type { Input } from '../../../model/input.ts';
import type { Observer } from '../../../model/observer.ts';
import type { Request } from '../../../model/request.ts';
import { createContrast } from '../exchanges/contrast.ts';
import { defineFact } from '../define-rule.ts';
import { dominantUpstreams } from './dominant-upstream.ts';
import { ownPackets } from '../evidence.ts';
import { fullLinks } from '../exchanges/full-links.ts';
import { ownTimes } from './own-times.ts';
import { createPeerGroups } from '../peer-groups.ts';
import { stallPackets, stallsOf } from '../exchanges/stalls.ts';
import { exchangeTally, type ExchangeTally } from '../tally.ts';
import { traffic } from '../traffic.ts';
import type { Peer } from '../traffic-peer.ts';
import { behindProxies, explainedBy, unreadWaits } from './upstream-chain.ts';
import { createPatterns, LEAST_WAIT, waitingOf, type Waiting } from './upstream-groups.ts';
import { createUpstreamShares } from './upstream-shares.ts';
import { closedAfter, unstalled, upstreamWait } from './upstream-wait.ts';

// Times of one kind of call differ by two or three on a busy machine; four is another cause.
const FACTOR = 4;
// Pauses that are less than a quarter of an exchange are not what it waits for; more can't be asked
// for where the capture lost packets, since a pause beside lost bytes can't be told.
const MUCH = 0.25;
// Behind a full way the queue is most of the wait, whatever the server takes besides.
const MOST_OF_IT = 0.5;
// As many slow calls as two findings keep.
const MAX_WAITED = 1 << 13;

export interface ProgramWaits extends Observer {
  input(input: Input): void;
  ordinaryExchange(exchange: Exchange): void;
  unusualExchange(exchange: Exchange): void;
  turn(exchange: Exchange): void;
  request(request: Request): void;
  /** Unusual calls. */
  readonly heard: number;
  /** What was taken for calls inside TLS. */
  readonly unread: number;
  /** What of the time of its client's requests goes to the peer's server, from 0 to 1; 0 where that is not known. */
  shareOf(peer: Peer): number;
  /** Who is waited for: upstreams that others call, and services whose requests spend the time in themselves. */
  found(): { readonly upstreams: Waiting[]; readonly services: Waiting[] };
}

// What is lost at the end of what is sent is sent again 200 ms later (Linux: TCP_RTO_MIN, and a round trip).
const RESENT_BY = milliseconds(300);

/**
 * Its answer may have been lost: where something else shows the hole before the sender's timer runs
 * out, a PING or another call, the resend follows at once, and at its receiver no stall is seen.
 */
const isRepaired = ({ retransmissions }: Exchange, firstByte: Duration): boolean =>
  retransmissions > 0 && firstByte < RESENT_BY;

/** Exchanges that waited for the program behind a server's address. */
export const programWaits = defineFact({
  id: 'program-waits',
  create(fact): ProgramWaits {
    const seen = fact(traffic);
    const own = fact(ownTimes);
    const contrast = createContrast(seen, { least: LEAST_WAIT, factor: FACTOR });
    const paused = createPeerGroups(seen, exchangeTally, () => ({ lastAt: 0 as Timestamp }));
    const links = fact(fullLinks);
    const patterns = createPatterns(seen);
    const turns = createPatterns(seen);
    const unread = createContrast(seen, { least: LEAST_WAIT, factor: FACTOR });
    const waitedFor = new Set<string>();
    const shares = createUpstreamShares();
    const inputs = new Map<number, Input>();
    let heard = 0;
    let unreadTurns = 0;

    /** Of a service whose calls are seen as well, what it spent itself; what its requests waited for has another name. */
    function ownPart(waiting: Waiting): Waiting {
      let lastAt = waiting.peer.startsAt;
      const tally = waiting.tally.only(({ id, cost, from }) => {
        const isOwn = own.isOwn(id, cost);
        if (isOwn && from > lastAt) lastAt = from;
        return isOwn;
      });
      return { ...waiting, tally, lastAt };
    }

    /** Of first bytes those that did not stand in the queue of a full way. */
    function unqueued(tally: ExchangeTally, input: number): ExchangeTally {
      const mine = tally.only(
        ({ client, from, cost }) => links.shareOf(input, client, from, at(from + cost)) < MOST_OF_IT,
      );
      return mine.count === tally.occurrences.size ? tally : mine;
    }

    const isSeenThrough = ({ input, address, backend }: Peer): boolean => {
      const receiver = receiverOf({ server: address, backend });
      return own.isKnown(input, receiver) && !own.isVeiled(input, receiver);
    };

    /** Of who gets no answers: they would be in the capture, and nobody else is known to let that server wait. */
    const isSeenToHang = ({ why, input, peer: { address, backend } }: Waiting): boolean => {
      if (why !== 'unanswered') return true;
      const receiver = receiverOf({ server: address, backend });
      const asksOthers = seen.peers().some((other) => other.input === input && other.client === receiver);
      return inputs.get(input)?.vantage.sees.bothDirections !== false && !asksOthers;
    };

    return {
      get heard() {
        return heard;
      },
      get unread() {
        return unreadTurns;
      },
      input: (input) => void inputs.set(input.input, input),
      ordinaryExchange: patterns.addOrdinary,
      unusualExchange(exchange) {
        if (exchange.shape !== 'call') return;
        heard++;
        const closed = closedAfter(exchange);
        if (closed >= 0) {
          contrast.add(exchange, closed, ownPackets);
          return;
        }
        const { firstByte, pauses } = upstreamWait(exchange);
        if (!(firstByte >= 0) || isRepaired(exchange, firstByte)) return;
        if (pauses >= LEAST_WAIT && pauses >= MUCH * exchange.duration) {
          contrast.usual.add(exchange, firstByte);
          const group = paused.add(exchange, pauses, pausePackets);
          if (exchange.startedAt > group.lastAt) group.lastAt = exchange.startedAt;
          return;
        }
        contrast.add(exchange, firstByte, ownPackets);
        patterns.add(exchange);
      },
      // What is inside TLS is slow where somebody is seen to wait for it.
      turn(exchange) {
        unreadTurns++;
        turns.add(exchange);
        unread.add(exchange, unstalled(exchange), ownPackets);
      },
      request(request) {
        shares.add(request);
        for (const { reason, ref, duration } of request.waits) {
          if (reason === 'upstream' && duration >= LEAST_WAIT && waitedFor.size < MAX_WAITED) waitedFor.add(ref);
        }
      },
      shareOf: shares.shareOf,
      found() {
        const groups: Waiting[] = [
          ...contrast
            .standingOut()
            .map((one) => ({ ...one, tally: unqueued(one.tally, one.peer.input) }))
            .filter(({ tally }) => tally.count > 0)
            .map(({ peer, kind, tally, usual, lastAt }) => waitingOf(peer, 'contrast', kind, tally, usual, lastAt)),
          ...paused
            .all()
            .map(({ peer, tally, lastAt }) => waitingOf(peer, 'pauses', '', tally, nanoseconds(Number.NaN), lastAt)),
        ];
        const sealed = unread.standingOut().map(({ peer, tally, usual, of, lastAt }) => ({
          ...waitingOf(peer, 'contrast', '', tally, usual, lastAt),
          of,
        }));
        const waits = behindProxies(
          unreadWaits(sealed, seen, (id) => waitedFor.has(id)),
          sealed,
        );
        groups.push(...waits);
        const known = new Set<Peer>(groups.map(({ peer }) => peer));
        groups.push(...patterns.found((peer) => known.has(peer)).filter(isSeenToHang));
        // What a gateway's callers wait for is its own upstream where that explains it.
        const named = explainedBy(groups, seen, (id) => waitedFor.has(id));
        const isNamed = (peer: Peer): boolean => named.some((one) => one.peer === peer);
        const all = [...patterns.all(), ...turns.all()];
        return {
          upstreams: [
            ...named.filter(({ peer }) => !isSeenThrough(peer)).map(patterns.withQuickBefore),
            ...dominantUpstreams(all, shares, contrast.long).filter(({ peer }) => !isNamed(peer)),
          ],
          services: named
            .filter(({ peer }) => isSeenThrough(peer))
            .map(ownPart)
            .filter(({ tally }) => tally.count > 0)
            .map(patterns.withQuickBefore),
        };
      },
    };
  },
});

const pausePackets = (exchange: Exchange): readonly number[] =>
  stallPackets(exchange, stallsOf(exchange, 'sender-idle', 'written'));
