import { endpoint } from '../base/addresses.ts';
import { Distribution } from '../base/distribution.ts';
import { OTHERS } from '../base/group-by.ts';
import { at, seconds, toSeconds, type Timestamp } from '../base/time.ts';
import { copyConnection, isOfProgram, isOpened, isUnderWay, type Connection } from '../model/connection.ts';
import { toConnectionRow } from '../model/connection-row.ts';
import type { Diagnosis } from '../model/diagnosis.ts';
import { isRead } from '../model/exchange.ts';
import type { Input } from '../model/input.ts';
import { isBetweenOthers } from '../rules/support/connections/between-others.ts';
import type { Checkers } from '../rules/support/connections/checkers.ts';
import { latencyRow } from './latency-row.ts';
import { createSlowest } from './slowest.ts';

// What one pod speaks to is a few dozen, on a node a few hundred; the rest is counted together.
const MAX_UNREAD = 256;
// The commonest are what a reader looks at.
const MAX_NAMED = 8;
// A SYN is sent again after that long (RFC 6298; Linux, TCP_TIMEOUT_INIT): where the capture ends before,
// nobody knows yet whether its client gets a connection.
const SYN_TIMEOUT = seconds(1);
// More that fail are an incident, whoever else fails beside.
const MAX_KEPT = 1024;

interface Failure extends Pick<Connection, 'input' | 'client' | 'server' | 'startedAt'> {
  /** One SYN that was not answered, which is early to tell where the capture ends. */
  readonly hasBegun: boolean;
}

type Unread = Diagnosis['connections']['unread'][number];

export interface ConnectionStatistics {
  readonly count: number;
  /** How long each connection took to open: TCP and TLS together. */
  readonly opening: Distribution;
  connection(connection: Connection): void;
  row(inputs: readonly Input[]): Diagnosis['connections'];
}

/** Counts all connections: how they opened, their round trips, what could not be read. Bounded. */
export function createConnectionStatistics(checking: Pick<Checkers, 'has'>): ConnectionStatistics {
  const connecting = new Distribution();
  const handshakes = new Distribution();
  const opening = new Distribution();
  const roundTrip = new Distribution();
  const slowest = createSlowest(copyConnection);
  const unread = new Map<string, Unread>();
  let count = 0;
  let opened = 0;
  let failed = 0;
  /** Those that failed, of which not all count: whose they were is known in the end. */
  const failures: Failure[] = [];
  let full = 0;
  let resumed = 0;
  let encrypted = 0;
  let retransmissions = 0;
  let stalled = 0;

  function countUnread(connection: Connection, because: Unread['because']): void {
    const isFull = unread.size >= MAX_UNREAD;
    const server = isFull ? OTHERS : endpoint(connection.server, connection.serverPort);
    const serverName = isFull ? null : (connection.tls?.serverName ?? null);
    const key = `${because}|${server}`;
    const known = unread.get(key);
    if (known === undefined) {
      unread.set(key, { server, serverName, because, connections: 1 });
      return;
    }
    known.connections++;
    // Several names behind one address: none stands for all.
    if (known.serverName !== serverName) known.serverName = null;
  }

  function countOpening({ connectDuration, tls }: Connection): number {
    let took = Number.NaN;
    if (connectDuration >= 0) {
      connecting.add(connectDuration);
      took = connectDuration;
    }
    if (tls !== null && tls.handshakeDuration >= 0) {
      handshakes.add(tls.handshakeDuration);
      took = (took >= 0 ? took : 0) + tls.handshakeDuration;
    }
    return took;
  }

  /** Health checks of pods that come and go, and what a bridge floods, are no failures of anybody's. */
  const counts = (failure: Failure, inputs: readonly Input[]): boolean =>
    !(failure.hasBegun && isEarly(failure.startedAt, inputs[failure.input])) &&
    !checking.has(failure.input, failure.client) &&
    !isBetweenOthers(failure, inputs);

  return {
    opening,
    get count() {
      return count;
    },
    connection(connection) {
      count++;
      if (isOpened(connection)) opened++;
      if (hasFailed(connection)) {
        const { ending, syns, input, client, server, startedAt } = connection;
        const hasBegun = ending === 'captureEnd' && syns.length === 1;
        if (failures.length < MAX_KEPT) failures.push({ input, client, server, startedAt, hasBegun });
        else failed++;
      }
      const took = countOpening(connection) as typeof connection.connectDuration;
      if (took >= 0) opening.add(took);
      slowest.add(connection, took);
      if (connection.roundTrip >= 0) roundTrip.add(connection.roundTrip);
      if (connection.tls !== null) {
        encrypted++;
        if (connection.tls.resumed === true) resumed++;
        else if (connection.tls.resumed === false) full++;
      }
      retransmissions += connection.retransmissions.client + connection.retransmissions.server;
      for (const stall of connection.stalls) if (!isOfProgram(stall) && !isUnderWay(stall)) stalled += stall.duration;
      const because = whyUnread(connection);
      if (because !== null) countUnread(connection, because);
    },
    row: (inputs) => ({
      count,
      opened,
      failed: failed + failures.filter((one) => counts(one, inputs)).length,
      latency: latencyRow(connecting),
      tls: { count: encrypted, full, resumed, latency: latencyRow(handshakes) },
      roundTrip: latencyRow(roundTrip),
      retransmissions,
      stalledSeconds: toSeconds(at(stalled)),
      slowest: slowest.rows().map((connection) => toConnectionRow(connection, inputs)),
      unread: [...unread.values()].toSorted((a, b) => b.connections - a.connections).slice(0, MAX_NAMED),
    }),
  };
}

/** The client wanted a connection and got none. */
const hasFailed = ({ ending, syns, packets, bytes }: Connection): boolean =>
  ending === 'refused' || (syns.length > 0 && packets.server === 0 && bytes.client === 0);

const isEarly = (startedAt: Timestamp, input: Input | undefined): boolean =>
  input !== undefined && input.endsAt - startedAt < SYN_TIMEOUT;

/** Why a connection that carried data shows no exchange; null where it shows some. */
function whyUnread({ exchanges, protocol, bytes, tls }: Connection): Unread['because'] | null {
  // What was taken for calls by whose turn it was is unread all the same.
  if ((exchanges > 0 && isRead(protocol)) || bytes.client + bytes.server === 0) return null;
  return tls !== null && !tls.decrypted ? 'tls' : 'protocol';
}
