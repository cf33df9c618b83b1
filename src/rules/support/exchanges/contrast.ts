import type { Duration, Timestamp } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';
import type { PacketId } from '../../../model/packet.ts';
import { apart, type Beside } from '../apart.ts';
import type { OccurrencesOf } from '../subjects.ts';
import type { Delays } from '../delays.ts';
import { exchangeTally, type ExchangeTally } from '../tally.ts';
import type { Traffic } from '../traffic.ts';
import type { Peer } from '../traffic-peer.ts';
import { createUsual, usualOf, type Kind } from '../usual.ts';

// Groups of slow ones: a few sizes for each kind that is slow at all.
const MAX_BANDS = 512;
// A band spans a factor of 1.4: fine enough to divide what stands out from what does not.
const BANDS_PER_OCTAVE = 2;

export interface ContrastOptions {
  /** Below this nothing stands out, however quick the others are. */
  least: Duration;
  /** How many times the usual one of its kind a slow one takes. */
  factor: number;
}

/** Exchanges of one client, server and kind that stand out. */
export interface StandingOut extends OccurrencesOf<Exchange> {
  readonly peer: Peer;
  /** `GET /api/items`. */
  readonly kind: string;
  /** Costs are what they took beyond the usual. */
  readonly tally: ExchangeTally;
  /** The median of the kind… */
  usual: Duration;
  /** …and how many there are of it. */
  of: number;
  /** When the last of them began. */
  lastAt: Timestamp;
}

interface Band {
  readonly size: number;
  readonly peer: Peer;
  readonly tally: ExchangeTally;
  least: Duration;
  lastAt: Timestamp;
}

/**
 * Finds exchanges that take far longer than the others of their kind (server, method and path).
 * What is usual shows only in the end, so slow ones are kept by size until then. Of ordinary ones
 * `traffic` knows how long they waited for their first byte, the measure of rules that use this. Who
 * only wants to know what is usual takes `createUsual`.
 */
export function createContrast(traffic: Traffic, { least, factor }: ContrastOptions) {
  const usual = createUsual(traffic);
  const bands = new Map<Kind, Map<string, Band>>();
  let count = 0;

  function bandOf(kind: Kind, peer: Peer, measure: Duration): Band | null {
    const size = Math.floor(BANDS_PER_OCTAVE * Math.log2(measure / least));
    const key = `${size}|${peer.client}`;
    const ofKind = bands.get(kind) ?? new Map<string, Band>();
    const known = ofKind.get(key);
    if (known !== undefined) return known;
    if (count >= MAX_BANDS) return null;
    count++;
    const lastAt = Number.NEGATIVE_INFINITY as Timestamp;
    const band: Band = { size, peer, tally: exchangeTally(), least: measure, lastAt };
    bands.set(kind, ofKind.set(key, band));
    return band;
  }

  return {
    /** One that is not ordinary, with how long it took in the rule's own measure: that and no more is its cost. */
    add(exchange: Exchange, measure: Duration, packets: (exchange: Exchange) => readonly PacketId[]): void {
      if (!(measure >= 0)) return;
      const kind = usual.add(exchange, measure);
      if (kind === null || measure < least) return;
      const band = bandOf(kind, traffic.peerOf(exchange), measure);
      if (band === null) return;
      band.tally.add(exchange, measure, packets);
      if (measure < band.least) band.least = measure;
      if (exchange.startedAt > band.lastAt) band.lastAt = exchange.startedAt;
    },
    usual,
    /** All of a peer that took so long at least, whatever is usual; their cost is all that they took. */
    long(peer: Peer, atLeast: Duration): { tally: ExchangeTally; kinds: readonly string[] } {
      const tally = exchangeTally();
      const kinds: string[] = [];
      for (const [{ name }, ofKind] of bands) {
        const own = [...ofKind.values()].filter((band) => band.peer === peer && band.least >= atLeast);
        for (const band of own) tally.absorb(band.tally);
        if (own.length > 0) kinds.push(name);
      }
      return { tally, kinds };
    },
    /** What stands out so far, one group for each client, server and kind. */
    standingOut(): StandingOut[] {
      const found: StandingOut[] = [];
      if (bands.size === 0) return found;
      const whole = usual.withOrdinary();
      for (const [kind, ofKind] of bands) {
        const delays = whole.get(kind) ?? kind.delays;
        const median = usualOf(delays);
        if (median === null) continue;
        const far = [...ofKind.values()].filter((band) => band.least >= factor * median);
        const groups = new Map<Peer, StandingOut>();
        for (const { peer, tally, lastAt } of apart(far, (longest) => beside(longest, delays))) {
          const group = groups.get(peer) ?? createGroup(peer, kind, median, delays.count);
          group.tally.absorb(tally.beyond(median));
          if (lastAt > group.lastAt) group.lastAt = lastAt;
          groups.set(peer, group);
        }
        found.push(...groups.values());
      }
      return found;
    },
  };
}

function beside(longest: readonly Band[], delays: Delays): Beside {
  const count = longest.reduce((sum, { tally }) => sum + tally.count, 0);
  const shortest = Math.min(...longest.map(({ least }) => least));
  return { count, near: delays.between(shortest / 2, Number.POSITIVE_INFINITY) - count };
}

const createGroup = (peer: Peer, { name }: Kind, usual: Duration, of: number): StandingOut => ({
  peer,
  input: peer.input,
  client: peer.client,
  server: peer.server,
  kind: name,
  tally: exchangeTally(),
  usual,
  of,
  lastAt: Number.NEGATIVE_INFINITY as Timestamp,
});
