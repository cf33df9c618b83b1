import { addressOf } from '../../base/addresses.ts';
import { formatCount, plural } from '../../base/text.ts';
import type { Connection } from '../../model/connection.ts';
import type { Fix, Setting, Subject } from '../../model/finding.ts';
import type { Observer } from '../../model/observer.ts';
import { chanceOfAtLeast } from './binomial.ts';
import { defineFact } from './define-rule.ts';
import { advice } from './fixes.ts';
import { parts, type OccurrencesOf, type Part } from './subjects.ts';
import type { AnyRow } from './tally.ts';

/** Packets are lost on all paths of one host alike, or on all paths of a capture: what these have in common loses them. */
export interface CommonLoss {
  /** Null where it is all of the capture’s paths, and they have no end in common. */
  readonly host: string | null;
  readonly paths: number;
  /** Of those, the ones that lost any. */
  readonly lossy: number;
  readonly lost: number;
  readonly packets: number;
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

interface Path {
  readonly client: string;
  readonly server: string;
  packets: number;
  lost: number;
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
      const path = { client, server, packets: 0, lost: 0 };
      remember(hosts, client, server, path);
      remember(hosts, server, client, path);
      return path;
    }

    return {
      connection(connection) {
        const path = pathOf(connection);
        if (path === null) return;
        const { packets, retransmissions, spurious, syns } = connection;
        path.packets += packets.client + packets.server;
        const resent = retransmissions.client + retransmissions.server - spurious.client - spurious.server;
        path.lost += resent + Math.max(0, syns.length - 1);
      },
      of(input, host) {
        const hosts = inputs[input];
        if (hosts === undefined) return null;
        const all = [...new Set([...hosts.values()].flatMap((peers) => [...peers.values()]))];
        const lossy = all.filter(({ lost }) => lost > 0);
        const isOneHosts = [...hosts].some(([end]) =>
          lossy.every(({ client, server }) => client === end || server === end),
        );
        return (isOneHosts ? null : judged(null, all)) ?? judged(host, [...(hosts.get(host)?.values() ?? [])]);
      },
    };
  },
});

function remember(hosts: Map<string, Map<string, Path>>, host: string, peer: string, path: Path): void {
  const peers = hosts.get(host) ?? new Map<string, Path>();
  peers.set(peer, path);
  hosts.set(host, peers);
}

function judged(host: string | null, paths: readonly Path[]): CommonLoss | null {
  if (paths.filter((path) => path.lost >= OWN_LOSSES).length < LEAST_LOSSY) return null;
  const lost = paths.reduce((sum, path) => sum + path.lost, 0);
  const packets = paths.reduce((sum, path) => sum + path.packets, 0);
  if (!paths.every((path) => isAlike(path, lost, packets))) return null;
  return { host, paths: paths.length, lossy: paths.filter((path) => path.lost > 0).length, lost, packets };
}

/** The path loses neither more nor less than all of them together. */
function isAlike(path: Path, lost: number, packets: number): boolean {
  const expected = (lost * path.packets) / packets;
  if (path.lost > FACTOR * expected) return chanceOfAtLeast(path.lost, path.packets, lost / packets) >= BY_CHANCE;
  if (expected < LEAST_EXPECTED || path.lost * FACTOR >= expected) return true;
  return 1 - chanceOfAtLeast(path.lost + 1, path.packets, lost / packets) >= BY_CHANCE;
}

// One there and one back.
const PACKETS_PER_TRY = 2;

/** So many of so many questions and answers are as many as such losses make; more have a cause of their own. */
export const isOfCommon = ({ lost, packets }: CommonLoss, failed: number, tries: number): boolean =>
  chanceOfAtLeast(failed, tries, Math.min(1, (PACKETS_PER_TRY * lost) / packets)) >= BY_CHANCE;

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

/** Where packets are lost, in words. */
export function whereOf({ host, paths, lossy }: CommonLoss): string {
  const of = (kind: string): string =>
    lossy === paths ? `all ${plural(paths, kind)}` : `${formatCount(lossy)} of ${plural(paths, kind)}`;
  return host === null ? `on ${of('path')} of the capture` : `between ${host} and ${of('host')}`;
}

export const commonSetting = (common: CommonLoss): Setting => ({
  component: common.host === null ? 'the network' : `path of ${common.host}`,
  setting: 'packets of TCP that were sent again',
  value: `${formatCount(common.lost)} of ${formatCount(common.packets)}, ${whereOf(common)} alike`,
  origin: 'wire',
  source: 'the packets',
});

export const commonFix = ({ host }: CommonLoss): Fix =>
  advice(
    'infrastructure',
    'look at what all of them pass: the node’s interface and queues, what the machine is allowed (bandwidth, packets, connections), a limit on the pod’s bandwidth, a full connection table',
    host === null ? 'the node' : `the node of ${host}`,
    'nothing is changed',
    "ip -s link; tc -s qdisc; ethtool -S eth0 | grep -E 'drop|allowance_exceeded'; conntrack -S",
  );
