import { Distribution } from '../../base/distribution.ts';
import { OTHERS } from '../../base/group-by.ts';
import { isOpened, type Connection } from '../../model/connection.ts';
import { directionOf } from '../../model/direction.ts';
import type { Exchange, ExchangeDirection } from '../../model/exchange.ts';
import type { Subject } from '../../model/finding.ts';
import type { Input } from '../../model/input.ts';
import type { Observer } from '../../model/observer.ts';
import { defineFact } from './define-rule.ts';
import { Routes, type Route } from './routes.ts';
import { handshakesOf } from './tally.ts';
import { Peer, type Ends } from './traffic-peer.ts';

// A node's worth of pods and what they call; the rest of an input shares one place.
const MAX_PEERS = 256;
// Peers that are found without looking for them; a power of two.
const SLOTS = 1 << 8;

/** What all peers of a subject did. */
export interface PeerTotals {
  calls: Distribution;
  /** What is taken for calls inside TLS. */
  turns: Distribution;
  streams: number;
  opening: Distribution;
  connections: number;
  opened: number;
}

export interface Traffic extends Observer {
  input(input: Input): void;
  connection(connection: Connection): void;
  exchange(exchange: Exchange): void;
  ordinaryExchange(exchange: Exchange): void;
  /** Ordinary calls by what makes them alike. */
  readonly routes: Routes;
  /** Who speaks to whom in a row. */
  peerOf(row: Ends): Peer;
  peers(): Peer[];
  /** Ask in `finish`: where a capture was taken shows only as it goes on. */
  directionOf(peer: Peer): ExchangeDirection;
  /**
   * A rule about requests judges inbound requests of the observed service; where only outbound
   * exchanges are seen (a capture at a client), it judges those, and where none can be told, all.
   */
  isJudged(peer: Peer): boolean;
  /** Of the subject's client, of its server, or for other subjects of the input. */
  totals(input: number, subject: Subject): PeerTotals;
}

/** Who speaks to whom, how much, and in which direction. */
export const traffic = defineFact({
  id: 'traffic',
  create(): Traffic {
    const inputs = new Map<number, Input>();
    const peers = new Map<string, Peer[]>();
    /** By the client's port: each connection's has mostly a slot to itself. */
    const recent: (Peer | undefined)[] = Array.from({ length: SLOTS });
    /** All but those that stand for others, by client and by server. */
    const known = new Map<string, Map<string, Peer[]>>();
    let count = 0;

    const find = (row: Ends): Peer | undefined =>
      known
        .get(row.client)
        ?.get(row.server)
        ?.find((peer) => isBetween(peer, row));

    function start(row: Ends): Peer {
      const isFull = count >= MAX_PEERS;
      const client = isFull ? OTHERS : row.client;
      const ofClient = peers.get(client) ?? [];
      const shared = isFull ? ofClient.find((peer) => peer.input === row.input) : undefined;
      if (shared !== undefined) return shared;
      const peer = new Peer(count++, row, isFull);
      ofClient.push(peer);
      peers.set(client, ofClient);
      if (!isFull) remember(peer);
      return peer;
    }

    function remember(peer: Peer): void {
      const servers = known.get(peer.client) ?? new Map<string, Peer[]>();
      known.set(peer.client, servers);
      const ofServer = servers.get(peer.address) ?? [];
      servers.set(peer.address, ofServer);
      ofServer.push(peer);
    }

    function peerOf(row: Ends): Peer {
      const slot = row.clientPort & (SLOTS - 1);
      const last = recent[slot];
      if (last !== undefined && last.client === row.client && isBetween(last, row)) return last;
      const peer = find(row) ?? start(row);
      recent[slot] = peer;
      return peer;
    }

    function touch(row: Ends): Peer {
      const peer = peerOf(row);
      peer.backend ??= row.backend;
      if (row.startedAt < peer.startsAt) peer.startsAt = row.startedAt;
      return peer;
    }

    const all = (): Peer[] => [...peers.values()].flat();

    function direction(peer: Peer): ExchangeDirection {
      const vantage = inputs.get(peer.input)?.vantage;
      if (vantage === undefined || peer.isRest) return 'unknown';
      return directionOf(vantage, peer.client, peer.address, peer.backend);
    }

    /** By input: what a rule about requests judges there, null for all. */
    function judgedDirections(): Map<number, ExchangeDirection | null> {
      const judged = new Map<number, ExchangeDirection | null>();
      for (const peer of all()) {
        if (peer.calls.count === 0) continue;
        const way = direction(peer);
        if (way === 'inbound') judged.set(peer.input, way);
        else if (way === 'outbound' && judged.get(peer.input) !== 'inbound') judged.set(peer.input, way);
      }
      return judged;
    }

    function isJudged(peer: Peer, judged = judgedDirections()): boolean {
      const wanted = judged.get(peer.input) ?? null;
      return wanted === null || direction(peer) === wanted;
    }

    const routes = new Routes(peerOf);

    return {
      input(input) {
        inputs.set(input.input, input);
      },
      connection(connection) {
        const peer = touch(connection);
        peer.connections++;
        if (!isOpened(connection)) return;
        peer.opened++;
        if (connection.connectDuration >= 0) peer.opening.add(handshakesOf(connection));
      },
      exchange(exchange) {
        const peer = touch(exchange);
        if (exchange.shape === 'call') peer.callsOf(exchange.protocol).add(exchange.duration);
        else peer.streams++;
      },
      turn: (exchange) => touch(exchange).turns.add(exchange.duration),
      ordinaryExchange({ startedAt, duration }) {
        const { peer, calls } = routes.current as Route;
        if (startedAt < peer.startsAt) peer.startsAt = startedAt;
        calls.add(duration);
      },
      routes,
      peerOf,
      peers: all,
      directionOf: direction,
      isJudged: (peer) => isJudged(peer),
      totals: (input, subject) => totalsOf(all().filter((peer) => peer.input === input && belongs(peer, subject))),
    };
  },
});

/** The peer's client being the row's. */
const isBetween = (peer: Peer, { input, server, serverPort }: Ends): boolean =>
  peer.address === server && peer.port === serverPort && peer.input === input;

function belongs(peer: Peer, { kind, name }: Subject): boolean {
  if (kind === 'client') return peer.client === name;
  return kind === 'server' ? peer.server === name : true;
}

function totalsOf(peers: readonly Peer[]): PeerTotals {
  const totals = {
    calls: new Distribution(),
    turns: new Distribution(),
    opening: new Distribution(),
    streams: 0,
    connections: 0,
    opened: 0,
  };
  for (const peer of peers) {
    totals.calls.addAll(peer.calls);
    totals.turns.addAll(peer.turns);
    totals.opening.addAll(peer.opening);
    totals.streams += peer.streams;
    totals.connections += peer.connections;
    totals.opened += peer.opened;
  }
  return totals;
}
