import { nanoseconds, type Duration, type Timestamp } from '../../base/time.ts';
import type { Exchange } from '../../model/exchange.ts';
import type { PacketId } from '../../model/packet.ts';
import { Delays } from './delays.ts';
import type { OccurrencesOf } from './subjects.ts';
import { exchangeTally, type ExchangeTally } from './tally.ts';
import type { Peer, Traffic } from './traffic.ts';

// Kinds of calls of one service are dozens; paths whose identifiers stay unknown could be any
// number, and share one place, where nothing stands out.
const MAX_KINDS = 512;
// Groups of slow ones: a few sizes for each kind that is slow at all.
const MAX_BANDS = 512;
// So many of a kind say what is usual; of fewer, the slow one may be the usual one.
const LEAST_KNOWN = 5;
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

interface Kind {
  readonly name: string;
  readonly delays: Delays;
  readonly bands: Map<string, Band>;
}

interface Band {
  readonly peer: Peer;
  readonly tally: ExchangeTally;
  least: Duration;
  lastAt: Timestamp;
}

/** Protocol, method and path template: calls that should take about as long as one another. */
export const kindOf = ({ protocol, method, path }: Exchange): string =>
  path === '' ? `${protocol} ${method}` : `${method} ${path}`;

/**
 * Finds exchanges that take far longer than the others of their kind (server, method and path).
 * What is usual shows only in the end, so slow ones are kept by size until then.
 */
export function createContrast(traffic: Traffic, { least, factor }: ContrastOptions) {
  const kinds = new Map<string, Kind>();
  let bandCount = 0;

  function kindFor(exchange: Exchange, peer: Peer): Kind | null {
    const name = kindOf(exchange);
    const key = `${peer.input}|${peer.server}|${name}`;
    const known = kinds.get(key);
    if (known !== undefined) return known;
    if (kinds.size >= MAX_KINDS) return null;
    const kind = { name, delays: new Delays(), bands: new Map<string, Band>() };
    kinds.set(key, kind);
    return kind;
  }

  function bandOf(kind: Kind, peer: Peer, measure: Duration): Band | null {
    const size = Math.floor(BANDS_PER_OCTAVE * Math.log2(measure / least));
    const key = `${size}|${peer.client}`;
    const known = kind.bands.get(key);
    if (known !== undefined) return known;
    if (bandCount >= MAX_BANDS) return null;
    bandCount++;
    const band: Band = { peer, tally: exchangeTally(), least: measure, lastAt: Number.NEGATIVE_INFINITY as Timestamp };
    kind.bands.set(key, band);
    return band;
  }

  return {
    /** One exchange, with how long it took in the rule's own measure: that and no more is its cost. */
    add(exchange: Exchange, measure: Duration, packets: (exchange: Exchange) => readonly PacketId[]): void {
      const peer = traffic.peerOf(exchange);
      const kind = kindFor(exchange, peer);
      if (kind === null || !(measure >= 0)) return;
      kind.delays.add(measure);
      if (measure < least) return;
      const band = bandOf(kind, peer, measure);
      if (band === null) return;
      band.tally.add(exchange, measure, packets);
      if (measure < band.least) band.least = measure;
      if (exchange.startedAt > band.lastAt) band.lastAt = exchange.startedAt;
    },
    /** How many there are of all kinds. */
    get count(): number {
      return [...kinds.values()].reduce((sum, { delays }) => sum + delays.count, 0);
    },
    /** What stands out so far, one group for each client, server and kind. */
    standingOut(): StandingOut[] {
      const found: StandingOut[] = [];
      for (const { name, delays, bands } of kinds.values()) {
        if (delays.count < LEAST_KNOWN) continue;
        const usual = delays.quantile(0.5);
        const ofKind = new Map<Peer, StandingOut>();
        for (const band of bands.values()) {
          if (band.least < factor * usual) continue;
          const { peer } = band;
          const { input, client, server } = peer;
          const known = ofKind.get(peer);
          const group: StandingOut = known ?? {
            peer,
            input,
            client,
            server,
            kind: name,
            tally: exchangeTally(),
            usual,
            of: delays.count,
            lastAt: band.lastAt,
          };
          group.tally.absorb(band.tally.beyond(usual));
          if (band.lastAt > group.lastAt) group.lastAt = band.lastAt;
          ofKind.set(peer, group);
        }
        found.push(...ofKind.values());
      }
      return found;
    },
    /** What is usual for the exchange's kind, from what was seen so far; null where that is too little. */
    usualOf(exchange: Exchange): Duration | null {
      const peer = traffic.peerOf(exchange);
      const kind = kinds.get(`${peer.input}|${peer.server}|${kindOf(exchange)}`);
      return kind === undefined || kind.delays.count < LEAST_KNOWN ? null : nanoseconds(kind.delays.quantile(0.5));
    },
  };
}

export type Contrast = ReturnType<typeof createContrast>;
