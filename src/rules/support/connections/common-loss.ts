import { addressOf } from '../../../base/addresses.ts';
import { plural } from '../../../base/text.ts';
import type { Connection } from '../../../model/connection.ts';
import type { Subject } from '../../../model/finding.ts';
import type { Observer } from '../../../model/observer.ts';
import { chanceOfAtLeast } from '../binomial.ts';
import { defineFact } from '../define-rule.ts';
import { parts, type OccurrencesOf, type Part } from '../subjects.ts';
import { isAnswered } from './syn-waits.ts';
import type { AnyRow } from '../tally.ts';

/** Packets are lost on all paths of one host alike, or on all paths of a capture: what these have in common loses them. */
export interface CommonLoss {
  /** Null where it is all of the capture’s paths, and they have no end in common. */
  readonly host: string | null;
  /** Only the first packets of connections are, and not those of open ones. */
  readonly onlyFirst: boolean;
  readonly paths: number;
  /** Of those, the ones that lost any. */
  readonly lossy: number;
  readonly lost: number;
  /** Of so many packets, or of so many connections where it is only first ones. */
  readonly of: number;
}

export interface CommonLosses extends Observer {
  connection(connection: Connection): void;
  /** What loses this host's packets; null where that is one path or another, or too little to tell. Ask in `finish`. */
  of(input: number, host: string): CommonLoss | null;
}

// Hosts of a node and what they speak to; what is beyond is not judged.
const MAX_PATHS = 1 << 12;
// With two, it may be those two.
const LEAST_LOSSY = 3;
// Losses come in bursts: a path with so many losses of its own is no path that lost one burst.
const OWN_LOSSES = 3;
// A path on which fewer are to be expected may have none by chance, and says nothing.
const LEAST_EXPECTED = 3;
// Bursts make counts spread wider than chance would; three times as many as on the others are the path's own.
const FACTOR = 3;
const BY_CHANCE = 0.001;
// What is asked and answered takes one there and one back.
const PACKETS_PER_TRY = 2;

interface Count {
  lost: number;
  of: number;
}

interface Path {
  readonly client: string;
  readonly server: string;
  /** Packets, and those that were lost once the connection was open. */
  readonly packets: Count;
  /** Connections, and those that opened only after a SYN was sent again. */
  readonly openings: Count;
}

/** What was lost between whom, and what of that has one cause. */
export const commonLosses = defineFact({
  id: 'common-losses',
  create(): CommonLosses {
    /** By input, by each of both ends. */
    const inputs: Map<string, Map<string, Path>>[] = [];
    let count = 0;

    function pathOf({ input, client, server }: Connection): Path | null {
      const hosts = (inputs[input] ??= new Map<string, Map<string, Path>>());
      const known = hosts.get(client)?.get(server);
      if (known !== undefined) return known;
      if (count >= MAX_PATHS) return null;
      count++;
      const path = { client, server, packets: { lost: 0, of: 0 }, openings: { lost: 0, of: 0 } };
      remember(hosts, client, server, path);
      remember(hosts, server, client, path);
      return path;
    }

    return {
      connection(connection) {
        const path = pathOf(connection);
        if (path === null) return;
        const { packets, retransmissions, spurious, syns } = connection;
        path.packets.of += packets.client + packets.server;
        path.packets.lost += retransmissions.client + retransmissions.server - spurious.client - spurious.server;
        // One that nobody answers ever may be a host that is gone.
        if (syns.length === 0 || !isAnswered(connection)) return;
        path.openings.of++;
        if (syns.length > 1) path.openings.lost++;
      },
      of(input, host) {
        const hosts = inputs[input];
        if (hosts === undefined) return null;
        const own = [...(hosts.get(host)?.values() ?? [])];
        const all = [...new Set([...hosts.values()].flatMap((peers) => [...peers.values()]))];
        for (const kind of ['packets', 'openings'] as const) {
          const found = (isOneHosts(all, kind) ? null : judged(null, all, kind)) ?? judged(host, own, kind);
          if (found !== null) return found;
        }
        return null;
      },
    };
  },
});

function remember(hosts: Map<string, Map<string, Path>>, host: string, peer: string, path: Path): void {
  const peers = hosts.get(host) ?? new Map<string, Path>();
  peers.set(peer, path);
  hosts.set(host, peers);
}

/** All that lost something have an end in common. */
function isOneHosts(paths: readonly Path[], kind: 'packets' | 'openings'): boolean {
  const [first, ...others] = paths.filter((path) => path[kind].lost > 0);
  const isEnd = (host: string): boolean => others.every(({ client, server }) => client === host || server === host);
  return first === undefined || isEnd(first.client) || isEnd(first.server);
}

function judged(host: string | null, paths: readonly Path[], kind: 'packets' | 'openings'): CommonLoss | null {
  const counts = paths.map((path) => path[kind]);
  if (counts.filter(({ lost }) => lost >= OWN_LOSSES).length < LEAST_LOSSY) return null;
  const sum = sumOf(counts);
  if (!counts.every((count) => isAlike(count, sum))) return null;
  const isFirst = kind === 'openings';
  const open = sumOf(paths.map(({ packets }) => packets));
  if (isFirst && FACTOR * PACKETS_PER_TRY * open.lost * sum.of > sum.lost * open.of) return null;
  const lossy = counts.filter(({ lost }) => lost > 0).length;
  return { host, onlyFirst: isFirst, paths: paths.length, lossy, ...sum };
}

const sumOf = (counts: readonly Count[]): Count => ({
  lost: counts.reduce((sum, { lost }) => sum + lost, 0),
  of: counts.reduce((sum, { of }) => sum + of, 0),
});

/** The path loses neither more nor less than all of them together. */
function isAlike({ lost, of }: Count, all: Count): boolean {
  const share = all.lost / all.of;
  const expected = share * of;
  if (lost > FACTOR * expected) return chanceOfAtLeast(lost, of, share) >= BY_CHANCE;
  if (expected < LEAST_EXPECTED || lost * FACTOR >= expected) return true;
  return 1 - chanceOfAtLeast(lost + 1, of, share) >= BY_CHANCE;
}

/** So many of so many questions and answers are as many as such losses make; more have a cause of their own. */
export function isOfCommon({ lost, of, onlyFirst }: CommonLoss, failed: number, tries: number): boolean {
  const share = (onlyFirst ? 1 : PACKETS_PER_TRY) * (lost / of);
  return chanceOfAtLeast(failed, tries, Math.min(1, share)) >= BY_CHANCE;
}

/**
 * A finding for each server, but one of a client, or of the capture, whose paths all lose alike, where several
 * of its servers are met.
 * @param mayBe what else must be true of those
 */
export function partsByPath<Group extends OccurrencesOf<Row>, Row extends AnyRow>(
  groups: readonly Group[],
  losses: CommonLosses,
  mayBe: (group: Group, common: CommonLoss) => boolean = () => true,
): (Part<Group, Row> & { common: CommonLoss | null })[] {
  const found = groups.map((group) => {
    const own = losses.of(group.input, group.client) ?? losses.of(group.input, addressOf(group.server));
    return { group, common: own !== null && mayBe(group, own) ? own : null };
  });
  const commonOf = (group: Group): CommonLoss | null => found.find((one) => one.group === group)?.common ?? null;
  const subjectOf = (group: Group): Subject => {
    const common = commonOf(group);
    const isBeside = ({ group: other, common: theirs }: (typeof found)[number]): boolean =>
      theirs !== null && theirs.host === common?.host && other.input === group.input && other.server !== group.server;
    const isServers = common === null || common.host === addressOf(group.server) || !found.some(isBeside);
    if (isServers) return { kind: 'server', name: group.server };
    return common.host === null
      ? { kind: 'capture', name: plural(common.paths, 'path') }
      : { kind: 'client', name: common.host };
  };
  return parts<Group, Row>(groups, subjectOf).map((part) => {
    const commons = part.groups.map(commonOf);
    return { ...part, common: commons.includes(null) ? null : (commons[0] ?? null) };
  });
}
