import type { Duration } from '../../base/time.ts';
import type { Connection } from '../../model/connection.ts';
import type { Exchange } from '../../model/exchange.ts';
import type { PacketId } from '../../model/packet.ts';
import type { OccurrencesOf } from './subjects.ts';
import type { Extent, Tally } from './tally.ts';
import type { Traffic } from './traffic.ts';
import type { Peer } from './traffic-peer.ts';

/** What a rule counts of one client at one server. */
export interface PeerGroup<Row extends Exchange | Connection> extends OccurrencesOf<Row> {
  readonly peer: Peer;
}

/**
 * Occurrences by client and server, with whatever else a rule counts of them. As many as there
 * are peers, which are bounded.
 * @param createTally `exchangeTally` or `connectionTally`
 */
export function createPeerGroups<Row extends Exchange | Connection, Extra extends object>(
  traffic: Traffic,
  createTally: () => Tally<Row>,
  createExtra: () => Extra,
) {
  type Group = PeerGroup<Row> & Extra;
  const groups: Group[] = [];
  const byPlace: (Group | undefined)[] = [];

  return {
    /** The group of a row, of whatever kind. */
    of(row: Parameters<Traffic['peerOf']>[0]): Group {
      return this.ofPeer(traffic.peerOf(row));
    },
    ofPeer(peer: Peer): Group {
      const known = byPlace[peer.place];
      if (known !== undefined) return known;
      const { input, client, server } = peer;
      const group = { peer, input, client, server, tally: createTally(), ...createExtra() };
      byPlace[peer.place] = group;
      groups.push(group);
      return group;
    },
    /** One occurrence more. @returns its group */
    add(row: Row, cost: Duration, packets: (row: Row) => readonly PacketId[], extent?: Extent): Group {
      const group = this.of(row);
      group.tally.add(row, cost, packets, extent);
      return group;
    },
    /** Those with occurrences. */
    all: (): Group[] => groups.filter(({ tally }) => tally.count > 0),
    /** Those that a rule chooses by what it counted, where what they cost is known at the end only. */
    where: (isWanted: (group: Group) => boolean): Group[] => groups.filter(isWanted),
    /** Of those, what a rule about requests judges; ask in `finish`. */
    judged(): Group[] {
      return this.all().filter(({ peer }) => traffic.isJudged(peer));
    },
    /** Besides, what a service in the capture calls itself. */
    judgedWithUpstreams(): Group[] {
      return this.all().filter(({ peer }) => traffic.isJudged(peer) || traffic.directionOf(peer) === 'outbound');
    },
  };
}
