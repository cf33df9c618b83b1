import { addTo } from '../../src/base/group-by.ts';
import type { Exchange } from '../../src/model/exchange.ts';
import type { Input } from '../../src/model/input.ts';
import type { Observer } from '../../src/model/observer.ts';
import { packetNumber } from '../../src/model/packet.ts';
import type { Request } from '../../src/model/request.ts';
import { NANOSECONDS_PER_SECOND, toSeconds, type Timestamp } from '../../src/base/time.ts';
import type { TrueExchange, TrueLinks } from './true-links.ts';

/** How many requests have exactly the calls that they made, and how many links called certain are right. */
export interface Links {
  requests: number;
  right: number;
  certain: number;
  certainRight: number;
}

// A program's clock is its own: what it logs as begun may be on the wire a moment before.
const CLOCK_SLACK = 0.001;

interface Seen {
  calls: { exchange: string; certain: boolean }[];
}

/** Listens for requests, then holds them against a truth. */
export function createTraced() {
  /** By each frame that is known of them: a truth names the last of a request's packets where it has several. */
  const byFrame = new Map<number, string>();
  const byPort = new Map<number, { id: string; startedAt: Timestamp; isTurn: boolean }[]>();
  const seen = new Map<string, Seen>();
  let input: Input | null = null;
  const observer: Observer = {
    input: (first) => void (input ??= first),
    exchange({ id, shape, clientPort, startedAt, packets }: Exchange) {
      addTo(byPort, clientPort, { id, startedAt, isTurn: shape === 'turn' });
      for (const packet of packets) byFrame.set(packetNumber(packet), id);
    },
    request({ exchange, waits }: Request) {
      const calls = waits
        .filter(({ reason }) => reason === 'upstream' || reason === 'metadata')
        .map(({ ref, confidence }) => ({ exchange: ref, certain: confidence === 'certain' }));
      seen.set(exchange, { calls });
    },
  };

  function exchangeOf(place: TrueExchange): string | undefined {
    if (typeof place === 'number') return byFrame.get(place);
    const own = byPort.get(place.port) ?? [];
    if ('nth' in place) return own.toSorted((a, b) => a.startedAt - b.startedAt)[place.nth - 1]?.id;
    const origin = Number(input?.firstPacketAt ?? 0n) / NANOSECONDS_PER_SECOND;
    const isWithin = (time: number): boolean => time >= place.from - CLOCK_SLACK && time <= place.until;
    return own.find(({ startedAt, isTurn }) => isTurn && isWithin(origin + toSeconds(startedAt)))?.id;
  }

  function links(truth: readonly TrueLinks[]): Links {
    const result: Links = { requests: truth.length, right: 0, certain: 0, certainRight: 0 };
    for (const { request, calls } of truth) {
      const own = seen.get(exchangeOf(request) ?? '')?.calls ?? [];
      const wanted = new Set(calls.map(exchangeOf));
      if (own.length === wanted.size && own.every(({ exchange }) => wanted.has(exchange))) result.right++;
      for (const call of own) {
        if (!call.certain) continue;
        result.certain++;
        if (wanted.has(call.exchange)) result.certainRight++;
      }
    }
    return result;
  }

  return { observer, links };
}

export const sumOfLinks = (all: readonly Links[]): Links => ({
  requests: all.reduce((sum, { requests }) => sum + requests, 0),
  right: all.reduce((sum, { right }) => sum + right, 0),
  certain: all.reduce((sum, { certain }) => sum + certain, 0),
  certainRight: all.reduce((sum, { certainRight }) => sum + certainRight, 0),
});

const share = (part: number, of: number): string => `${((100 * part) / of).toFixed(2)} %`;

/** Nothing where no truth says. */
export function linkWords({ requests, right, certain, certainRight }: Links): string[] {
  if (requests === 0) return [];
  const sure = certain === 0 ? '' : `; of ${certain} links called certain ${share(certainRight, certain)} are right`;
  return [`${right} of ${requests} requests have exactly their own calls (${share(right, requests)})${sure}`];
}
