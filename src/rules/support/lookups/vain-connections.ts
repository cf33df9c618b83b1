import { nanoseconds, type Duration } from '../../../base/time.ts';
import { plural } from '../../../base/text.ts';
import type { Connection } from '../../../model/connection.ts';
import type { Evidence, Setting } from '../../../model/finding.ts';
import { wireSetting } from '../settings.ts';

/** Connections to a DNS server that were asked for and never opened. */
export interface Vain {
  readonly isRefused: boolean;
  readonly data: { readonly server: string; readonly waited: Duration };
  readonly setting: Setting;
  readonly evidence: Evidence;
}

interface Tries {
  opened: number;
  refused: number;
  unheard: number;
  longest: Duration;
  evidence: Evidence | null;
}

// Name servers of a node's pods; what more there are come to nothing here.
const MAX_SERVERS = 256;
// One SYN alone may be the capture's last packet.
const SYNS_IN_VAIN = 2;

/** What became of connections to DNS servers, for those lookups that had to go on over TCP. */
export function createVainConnections() {
  const servers = new Map<string, Tries>();

  function add(connection: Connection): void {
    const { server, syns, synAcks, ending } = connection;
    const tries = servers.get(server) ?? { opened: 0, refused: 0, unheard: 0, longest: nanoseconds(0), evidence: null };
    if (!servers.has(server)) {
      if (servers.size >= MAX_SERVERS) return;
      servers.set(server, tries);
    }
    const first = syns[0];
    if (first === undefined || synAcks.length > 0) {
      tries.opened++;
      return;
    }
    if (ending === 'refused') tries.refused++;
    else if (syns.length >= SYNS_IN_VAIN) tries.unheard++;
    else return;
    const waited = nanoseconds((syns.at(-1) ?? first).at - first.at);
    if (waited > tries.longest) tries.longest = waited;
    tries.evidence ??= {
      says: ending === 'refused' ? 'connection over TCP refused' : `SYN sent ${plural(syns.length, 'time')}, no answer`,
      packets: [...syns.map(({ packet }) => packet), ...(ending === 'refused' ? [connection.lastPacket] : [])],
    };
  }

  /** Null where one of them opened, or none was tried. */
  function of(names: readonly string[]): Vain | null {
    for (const server of names) {
      const tries = servers.get(server);
      if (tries === undefined || tries.evidence === null || tries.opened > 0) continue;
      const isRefused = tries.refused > 0;
      return {
        isRefused,
        data: { server, waited: tries.longest },
        setting: wireSetting(server, 'TCP on port 53', isRefused ? 'refused' : 'no answer'),
        evidence: tries.evidence,
      };
    }
    return null;
  }

  return { add, of };
}
