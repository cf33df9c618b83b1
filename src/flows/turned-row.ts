import { nanoseconds } from '../base/time.ts';
import { otherSide, turnedStall, type PerSide } from '../model/connection.ts';
import type { TrackedConnection } from '../model/tracked-connection.ts';

const UNKNOWN = nanoseconds(Number.NaN);

/** A complete row whose sides were named the wrong way round, set right. */
export function turnRound(row: TrackedConnection): void {
  const { client, clientPort, server, serverPort } = row;
  row.client = server;
  row.clientPort = serverPort;
  row.server = client;
  row.serverPort = clientPort;
  // It was found behind the one who is no server, and measured to it.
  row.backend = null;
  row.roundTrip = UNKNOWN;
  row.minRoundTrip = UNKNOWN;
  for (const counts of [
    row.bytes,
    row.packets,
    row.retransmissions,
    row.spurious,
    row.largestAcknowledged,
    row.keepalives,
    row.zeroWindows,
  ]) {
    turnCounts(counts);
  }
  row.stalls = row.stalls.map(turnedStall);
  row.endedBy = row.endedBy === null ? null : otherSide(row.endedBy);
}

function turnCounts(counts: PerSide): void {
  const { client, server } = counts;
  counts.client = server;
  counts.server = client;
}
