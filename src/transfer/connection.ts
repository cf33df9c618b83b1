import { at, nanoseconds } from '../base/time.ts';
import {
  CONNECTION_ENDS,
  SIDES,
  type Connection,
  type GoAway,
  type PerSide,
  type Pings,
  type Side,
  type Sighting,
  type Stall,
  type Tls,
} from '../model/connection.ts';
import type { BatchReader } from './batch-reader.ts';
import type { BatchWriter } from './batch-writer.ts';

export const SIDE_OR_NULL: readonly (Side | null)[] = [null, ...SIDES];
const ROLES_FROM: readonly Connection['rolesFrom'][] = ['handshake', 'ports'];

export function writeConnection(batch: BatchWriter, connection: Connection): void {
  batch.id(connection.id);
  batch.integer(connection.input);
  batch.text(connection.client);
  batch.integer(connection.clientPort);
  batch.text(connection.server);
  batch.integer(connection.serverPort);
  batch.textOrNull(connection.backend);
  batch.one(ROLES_FROM, connection.rolesFrom);
  batch.number(connection.startedAt);
  batch.number(connection.duration);
  writeSightings(batch, connection.syns);
  writeSightings(batch, connection.synAcks);
  batch.number(connection.connectDuration);
  batch.number(connection.roundTrip);
  batch.number(connection.minRoundTrip);
  batch.objectOrNull(connection.tls);
  batch.textOrNull(connection.protocol);
  batch.count(connection.exchanges);
  batch.count(connection.unanswered);
  batch.objectOrNull(connection.goaway);
  batch.objectOrNull(connection.pings);
  writeSides(batch, connection.bytes);
  writeSides(batch, connection.packets);
  writeSides(batch, connection.retransmissions);
  writeSides(batch, connection.spurious);
  writeSides(batch, connection.largestAcknowledged);
  writeSides(batch, connection.keepalives);
  writeSides(batch, connection.zeroWindows);
  batch.count(connection.tooBig);
  batch.rare(connection.stalls);
  batch.count(connection.stallCount);
  batch.number(connection.stallTime);
  batch.one(CONNECTION_ENDS, connection.ending);
  batch.one(SIDE_OR_NULL, connection.endedBy);
  batch.number(connection.endedAt);
  batch.count(connection.endPacket);
  batch.count(connection.firstPacket);
  batch.count(connection.lastPacket);
}

export const readConnection = (batch: BatchReader): Connection => ({
  id: batch.id(),
  input: batch.integer(),
  client: batch.text(),
  clientPort: batch.integer(),
  server: batch.text(),
  serverPort: batch.integer(),
  backend: batch.textOrNull(),
  rolesFrom: batch.one(ROLES_FROM),
  startedAt: at(batch.number()),
  duration: nanoseconds(batch.number()),
  syns: readSightings(batch),
  synAcks: readSightings(batch),
  connectDuration: nanoseconds(batch.number()),
  roundTrip: nanoseconds(batch.number()),
  minRoundTrip: nanoseconds(batch.number()),
  tls: batch.objectOrNull<Tls>(),
  protocol: batch.textOrNull(),
  exchanges: batch.count(),
  unanswered: batch.count(),
  goaway: batch.objectOrNull<GoAway>(),
  pings: batch.objectOrNull<Pings>(),
  bytes: readSides(batch),
  packets: readSides(batch),
  retransmissions: readSides(batch),
  spurious: readSides(batch),
  largestAcknowledged: readSides(batch),
  keepalives: readSides(batch),
  zeroWindows: readSides(batch),
  tooBig: batch.count(),
  stalls: batch.rare<Stall>(),
  stallCount: batch.count(),
  stallTime: nanoseconds(batch.number()),
  ending: batch.one(CONNECTION_ENDS),
  endedBy: batch.one(SIDE_OR_NULL),
  endedAt: at(batch.number()),
  endPacket: batch.count(),
  firstPacket: batch.count(),
  lastPacket: batch.count(),
});

function writeSightings(batch: BatchWriter, sightings: readonly Sighting[]): void {
  batch.integer(sightings.length);
  for (const sighting of sightings) {
    batch.number(sighting.at);
    batch.count(sighting.packet);
  }
}

function readSightings(batch: BatchReader): Sighting[] {
  const sightings: Sighting[] = [];
  for (let left = batch.integer(); left > 0; left--) {
    sightings.push({ at: at(batch.number()), packet: batch.count() });
  }
  return sightings;
}

function writeSides(batch: BatchWriter, { client, server }: PerSide): void {
  batch.count(client);
  batch.count(server);
}

const readSides = (batch: BatchReader): PerSide => ({ client: batch.count(), server: batch.count() });
