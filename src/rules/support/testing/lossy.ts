import type { Rows } from './run-rule.ts';
import { joined, Traffic } from './traffic.ts';

/** A server, and of how many of its packets so many are lost. */
export interface LossyPath {
  server: string;
  /** As many exchanges wait for them. */
  lost: number;
  /** Of those, lost SYNs. */
  syns?: number;
  client?: string;
}

const CALLS = 40;
const PACKETS = 200;
const LOST = { reason: 'loss', from: 'server', resends: 1 } as const;

/** Forty calls on each path, on connections of which so many were late. */
export const lossyPaths = (paths: readonly LossyPath[]): Rows => joined(...paths.map(onPath));

function onPath({ server, lost, syns = 0, client = '10.0.3.7' }: LossyPath): Rows {
  const traffic = new Traffic({ client, server });
  for (let index = 0; index < syns; index++)
    traffic
      .open({ again: [1000], connect: 1000.4 })
      .call()
      .close();
  traffic
    .open(
      {},
      { packets: { client: PACKETS / 2, server: PACKETS / 2 }, retransmissions: { client: 0, server: lost - syns } },
    )
    .calls(CALLS - lost)
    .calls(lost - syns, { takes: 230, stalls: [{ at: 5, lasts: 220, parts: LOST }] });
  return traffic.rows;
}
