import { at, between, seconds, type Timestamp } from '../../../base/time.ts';
import type { Connection, Side, Stall } from '../../../model/connection.ts';
import { connectionPackets } from '../evidence.ts';
import { wasAskedAgain } from './late-openings.ts';
import type { Openings } from './openings.ts';
import { connectionTally, type ConnectionTally } from '../tally.ts';

// A lost segment has been sent again by then, twice (200 ms, and 400 ms later).
const LEAST_LASTS = seconds(1);

/** What is told of the connections of one peer whose TLS handshake never ended. */
export interface Stuck {
  readonly side: Side;
  /** The smallest segment that vanished. */
  readonly size: number;
  readonly tally: ConnectionTally;
}

/** What was lost for good of a TLS handshake that never ended; none where it ended, or nobody accepted the connection. */
export function vanishedInHandshake(connection: Connection, least: number): Stall[] {
  const { tls, exchanges, stalls } = connection;
  if (tls === null || exchanges > 0 || !Number.isNaN(tls.handshakeDuration) || wasAskedAgain(connection)) return [];
  return stalls.filter(
    ({ reason, repaired, bytes, duration }) =>
      reason === 'loss' && !repaired && bytes >= least && duration >= LEAST_LASTS,
  );
}

/** Each waited until its caller gave up: its FIN, or its next connection. Ask in `finish`. */
export function stuckOf(connections: readonly Connection[], least: number, opened: Openings): Stuck {
  const lost = connections.flatMap((connection) => vanishedInHandshake(connection, least));
  const tally = connectionTally();
  for (const connection of connections) {
    const from = at(Math.max(connection.startedAt, connection.tls?.startedAt ?? 0));
    const until = givenUpAt(connection, opened);
    const cost = between(from, until);
    tally.add(connection, cost, packetsOf, { from, until, lasted: cost });
  }
  const side = lost.some(({ from }) => from === 'server') ? 'server' : 'client';
  const own = lost.filter(({ from }) => from === side);
  return { side, size: Math.min(...own.map(({ bytes }) => bytes)), tally };
}

const packetsOf = (connection: Connection): number[] =>
  [...new Set([...connectionPackets(connection), ...connection.stalls.flatMap(({ packets }) => packets)])].toSorted(
    (a, b) => a - b,
  );

function givenUpAt(connection: Connection, opened: Openings): Timestamp {
  const { startedAt, duration, endedAt, endedBy } = connection;
  const end = endedBy === 'client' && endedAt > startedAt ? endedAt : at(startedAt + duration);
  const next = opened.nextFrom(connection, startedAt + LEAST_LASTS);
  return next < end ? at(next) : end;
}
