import { groupBy } from '../../base/group-by.ts';
import type { Duration } from '../../base/time.ts';
import { isRead, unreadCall, type Exchange, type ExchangeProtocol } from '../../model/exchange.ts';
import { Delays } from './delays.ts';
import type { Route } from './routes.ts';
import type { Traffic } from './traffic.ts';
import type { Peer } from './traffic-peer.ts';

// Kinds of calls of one service are dozens; paths whose identifiers stay unknown could be any
// number, and are not told apart beyond this: of them nothing is usual.
const MAX_KINDS = 512;
// So many of a kind say what is usual; of fewer, the slow one may be the usual one.
const LEAST_KNOWN = 5;

/** Calls that should take about as long as one another: of one server, method and path template. */
export interface Kind {
  /** `GET /api/items`. */
  readonly name: string;
  readonly delays: Delays;
}

/** Method and path template; a database's protocol and kind of request. */
export function kindOf({ protocol, method, path }: Pick<Exchange, 'protocol' | 'method' | 'path'>): string {
  if (path !== '') return `${method} ${path}`;
  return isRead(protocol) ? `${protocol} ${method}` : unreadCall(protocol);
}

/** The median of a kind, from what was seen so far; null where that is too little. */
export const usualOf = (delays: Delays): Duration | null => (delays.count < LEAST_KNOWN ? null : delays.quantile(0.5));

const keyOf = ({ input, server }: Peer, name: string): string => `${input}|${server}|${name}`;

/** A kind as one peer asked for it; paths are told apart first, then what is left of `kindOf`. */
interface Asked {
  readonly method: string;
  readonly protocol: ExchangeProtocol;
  readonly kind: Kind;
}

/** How long calls of each kind usually take, in whatever measure a rule adds. */
export function createUsual(traffic: Traffic) {
  const kinds = new Map<string, Kind>();
  // The same kinds again by the peer's place, found without making a text for each exchange. As many as there are peers and kinds.
  const asked: (Map<string, Asked[]> | undefined)[] = [];
  const byRoute: (Kind | null | undefined)[] = [];

  function known(peer: Peer, { method, path, protocol }: Exchange): Kind | undefined {
    const ofPath = asked[peer.place]?.get(path);
    if (ofPath === undefined) return undefined;
    for (const one of ofPath) if (one.method === method && (path !== '' || one.protocol === protocol)) return one.kind;
    return undefined;
  }

  function remember(peer: Peer, { method, path, protocol }: Exchange, kind: Kind): void {
    const ofPeer = asked[peer.place] ?? new Map<string, Asked[]>();
    const ofPath = ofPeer.get(path) ?? [];
    ofPath.push({ method, protocol, kind });
    asked[peer.place] = ofPeer.set(path, ofPath);
  }

  function start(peer: Peer, exchange: Exchange): Kind | null {
    const name = kindOf(exchange);
    const key = keyOf(peer, name);
    let kind = kinds.get(key);
    if (kind === undefined) {
      if (kinds.size >= MAX_KINDS) return null;
      kind = { name, delays: new Delays() };
      kinds.set(key, kind);
    }
    remember(peer, exchange, kind);
    return kind;
  }

  return {
    /** Counts one; null where there are too many kinds to tell. */
    add(exchange: Exchange, measure: Duration): Kind | null {
      const peer = traffic.peerOf(exchange);
      const kind = known(peer, exchange) ?? start(peer, exchange);
      kind?.delays.add(measure);
      return kind;
    },
    /** Counts an ordinary one. */
    addOrdinary(route: Route, exchange: Exchange, measure: Duration): void {
      const kind = byRoute[route.place];
      if (kind === undefined) byRoute[route.place] = this.add(exchange, measure);
      else kind?.delays.add(measure);
    },
    /** All kinds, with what ordinary calls of them waited for their first byte: for who added only what the others did. */
    withOrdinary(): Map<Kind, Delays> {
      const ordinary = groupBy(traffic.routes.all, (route) => keyOf(route.peer, kindOf(route)));
      const whole = new Map<Kind, Delays>();
      for (const [key, kind] of kinds) {
        const own = ordinary.get(key) ?? [];
        whole.set(kind, own.length === 0 ? kind.delays : kind.delays.with(own.map(({ firstBytes }) => firstBytes)));
      }
      return whole;
    },
    /** What is usual for the exchange's kind, from what was seen so far; null where that is too little. */
    of(exchange: Exchange): Duration | null {
      const kind = kinds.get(keyOf(traffic.peerOf(exchange), kindOf(exchange)));
      return kind === undefined ? null : usualOf(kind.delays);
    },
    /** How many there are of all kinds. */
    count: (): number => [...kinds.values()].reduce((sum, { delays }) => sum + delays.count, 0),
  };
}
