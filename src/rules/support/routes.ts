import type { Distribution } from '../../base/distribution.ts';
import { emptyList } from '../../base/lists.ts';
import { NEVER, type Timestamp } from '../../base/time.ts';
import type { Exchange, ExchangeProtocol } from '../../model/exchange.ts';
import { Delays } from './delays.ts';
import { isProbe } from '../../model/probe.ts';
import type { Peer } from './traffic-peer.ts';

// What a node's pods call is some thousand methods and paths; calls of a route that is not among them are told
// as unusual ones are, each for itself.
const MAX_ROUTES = 1 << 12;
// Those of one peer and path are searched one by one: a few methods, hosts and back ends.
const MAX_ALIKE = 32;

/** Ordinary calls that are alike: of one client, server, back end, host, method and path template. */
export class Route {
  /** The how-manieth of all routes. */
  readonly place: number;
  readonly peer: Peer;
  readonly backend: string | null;
  readonly protocol: ExchangeProtocol;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly isProbe: boolean;
  /** How long calls of the peer and the protocol took, these and others. */
  readonly calls: Distribution;
  count = 0;
  /** How long they waited for their first byte… */
  readonly firstBytes = new Delays();
  /** …and when the latest of these came. */
  answeredAt: Timestamp = NEVER;

  constructor(place: number, peer: Peer, exchange: Exchange) {
    this.place = place;
    this.peer = peer;
    this.backend = exchange.backend;
    this.protocol = exchange.protocol;
    this.method = exchange.method;
    this.path = exchange.path;
    this.host = exchange.host;
    this.isProbe = isProbe(exchange);
    this.calls = peer.callsOf(exchange.protocol);
  }
}

/** Finds the route of each ordinary call, and counts there what several rules want to know. */
export class Routes {
  readonly all: Route[] = [];
  /** All calls that were counted. */
  calls = 0;
  /** Of the exchange in hand; null where it is told as an unusual one. */
  current: Route | null = null;
  readonly #peerOf: (exchange: Exchange) => Peer;
  /** By the peer's place, then by path. */
  readonly #byPeer: (Map<string, Route[]> | undefined)[] = [];
  /** The exchange in hand. */
  #counted = '';

  constructor(peerOf: (exchange: Exchange) => Peer) {
    this.#peerOf = peerOf;
  }

  /**
   * Counts an ordinary call, which becomes the one in hand.
   * @returns false for the first of its route, of which rules make what they keep of any kind of call, and where
   * routes are too many
   */
  add(exchange: Exchange): boolean {
    const peer = this.#peerOf(exchange);
    const route = this.#find(peer, exchange);
    if (route === undefined) {
      this.#start(peer, exchange);
      return false;
    }
    const { requestedAt, firstByteAt } = exchange;
    this.calls++;
    route.count++;
    route.firstBytes.add(firstByteAt - requestedAt);
    if (!(route.answeredAt >= firstByteAt)) route.answeredAt = firstByteAt;
    this.current = route;
    this.#counted = exchange.id;
    return true;
  }

  /** Of an exchange that has just been in hand; null for all others. */
  of(exchange: string): Route | null {
    return this.current !== null && this.#counted === exchange ? this.current : null;
  }

  /** How many calls of these protocols were counted. */
  callsBy(...protocols: readonly ExchangeProtocol[]): number {
    return this.all.reduce((sum, { protocol, count }) => sum + (protocols.includes(protocol) ? count : 0), 0);
  }

  #find(peer: Peer, { method, path, host, backend, protocol }: Exchange): Route | undefined {
    const alike = this.#byPeer[peer.place]?.get(path);
    if (alike === undefined) return undefined;
    for (let index = 0; index < alike.length; index++) {
      const route = alike[index] as Route;
      if (route.method === method && route.host === host && route.backend === backend && route.protocol === protocol) {
        return route;
      }
    }
    return undefined;
  }

  #start(peer: Peer, exchange: Exchange): void {
    if (this.all.length >= MAX_ROUTES || peer.isRest) return;
    const { path } = exchange;
    const ofPeer = (this.#byPeer[peer.place] ??= new Map<string, Route[]>());
    const alike = ofPeer.get(path) ?? emptyList<Route>();
    if (alike.length >= MAX_ALIKE) return;
    const route = new Route(this.all.length, peer, exchange);
    this.all.push(route);
    alike.push(route);
    ofPeer.set(path, alike);
  }
}
