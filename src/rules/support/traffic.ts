import { endpoint } from '../../base/addresses.ts';
import { Distribution } from '../../base/distribution.ts';
import type { Timestamp } from '../../base/time.ts';
import { isOpened, type Connection } from '../../model/connection.ts';
import { directionOf } from '../../model/direction.ts';
import type { Exchange, ExchangeDirection, ExchangeProtocol } from '../../model/exchange.ts';
import type { Subject } from '../../model/finding.ts';
import type { Input } from '../../model/input.ts';
import type { Observer } from '../../model/observer.ts';
import { defineFact } from './define-rule.ts';
import { OTHERS } from './loss-groups.ts';
import { handshakesOf } from './tally.ts';

// A node's worth of pods and what they call; the rest of an input shares one place.
const MAX_PEERS = 256;

export interface CallsBy {
  readonly protocol: ExchangeProtocol;
  readonly calls: Distribution;
}

/** One client and one server of it, in one input. A class: V8 keeps a literal with a getter as a hash table. */
export class Peer {
  /** The how-manieth of all peers. */
  readonly place: number;
  readonly input: number;
  readonly client: string;
  /** `address:port`, as the client names it. */
  readonly server: string;
  readonly address: string;
  readonly port: number;
  /** Where a DNAT sent one of their connections. */
  backend: string | null;
  /** Exchanges that are no streams, and how long each took, by their protocol: nearly always one. */
  readonly callsBy: CallsBy[] = [];
  streams = 0;
  connections = 0;
  /** Of these, the ones whose handshake the capture shows, and how long their handshakes took. */
  opened = 0;
  readonly opening = new Distribution();
  /** The first thing that was seen of them. */
  startsAt: Timestamp;

  /** @param isRest it stands for all that are beyond counting */
  constructor(place: number, { input, client, server, serverPort, backend, startedAt }: Ends, isRest: boolean) {
    this.place = place;
    this.input = input;
    this.client = isRest ? OTHERS : client;
    this.server = isRest ? OTHERS : endpoint(server, serverPort);
    this.address = isRest ? OTHERS : server;
    this.port = isRest ? 0 : serverPort;
    this.backend = backend;
    this.startsAt = startedAt;
  }

  /** All of `callsBy`. */
  get calls(): Distribution {
    const [first, ...others] = this.callsBy;
    return first !== undefined && others.length === 0 ? first.calls : sumOf(this.callsBy);
  }
}

/** What all peers of a subject did. */
export interface PeerTotals {
  calls: Distribution;
  opening: Distribution;
  connections: number;
  opened: number;
}

type Ends = Pick<Exchange, 'input' | 'client' | 'server' | 'serverPort' | 'backend' | 'startedAt'>;

export interface Traffic extends Observer {
  input(input: Input): void;
  connection(connection: Connection): void;
  exchange(exchange: Exchange): void;
  /** Who speaks to whom in a row. */
  peerOf(row: Ends): Peer;
  /** It stands for all that are beyond counting. */
  isRest(peer: Peer): boolean;
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
  /** Of all peers that a rule about requests judges. */
  judgedTotals(): PeerTotals;
}

/** Who speaks to whom, how much, and in which direction. */
export const traffic = defineFact({
  id: 'traffic',
  create(): Traffic {
    const inputs = new Map<number, Input>();
    const peers = new Map<string, Peer[]>();
    let count = 0;
    let last: Peer | null = null;

    function find({ input, client, server, serverPort }: Ends): Peer | undefined {
      return peers
        .get(client)
        ?.find((peer) => peer.address === server && peer.port === serverPort && peer.input === input);
    }

    function start(row: Ends): Peer {
      const isFull = count >= MAX_PEERS;
      const client = isFull ? OTHERS : row.client;
      const ofClient = peers.get(client) ?? [];
      const shared = isFull ? ofClient.find((peer) => peer.input === row.input) : undefined;
      if (shared !== undefined) return shared;
      const peer = new Peer(count++, row, isFull);
      ofClient.push(peer);
      peers.set(client, ofClient);
      return peer;
    }

    function peerOf(row: Ends): Peer {
      const isLast =
        last !== null &&
        last.client === row.client &&
        last.address === row.server &&
        last.port === row.serverPort &&
        last.input === row.input;
      const peer = isLast ? (last as Peer) : (find(row) ?? start(row));
      last = peer;
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
      if (vantage === undefined || peer.client === OTHERS) return 'unknown';
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
        if (exchange.shape === 'call') callsOf(peer, exchange.protocol).add(exchange.duration);
        else peer.streams++;
      },
      peerOf,
      isRest: ({ client }) => client === OTHERS,
      peers: all,
      directionOf: direction,
      isJudged: (peer) => isJudged(peer),
      totals: (input, subject) => totalsOf(all().filter((peer) => peer.input === input && belongs(peer, subject))),
      judgedTotals() {
        const judged = judgedDirections();
        return totalsOf(all().filter((peer) => isJudged(peer, judged)));
      },
    };
  },
});

function callsOf({ callsBy }: Peer, protocol: ExchangeProtocol): Distribution {
  for (const known of callsBy) if (known.protocol === protocol) return known.calls;
  const calls = new Distribution();
  callsBy.push({ protocol, calls });
  return calls;
}

function sumOf(parts: readonly CallsBy[]): Distribution {
  const sum = new Distribution();
  for (const { calls } of parts) sum.addAll(calls);
  return sum;
}

function belongs(peer: Peer, { kind, name }: Subject): boolean {
  if (kind === 'client') return peer.client === name;
  return kind === 'server' ? peer.server === name : true;
}

function totalsOf(peers: readonly Peer[]): PeerTotals {
  const totals = { calls: new Distribution(), opening: new Distribution(), connections: 0, opened: 0 };
  for (const peer of peers) {
    totals.calls.addAll(peer.calls);
    totals.opening.addAll(peer.opening);
    totals.connections += peer.connections;
    totals.opened += peer.opened;
  }
  return totals;
}
