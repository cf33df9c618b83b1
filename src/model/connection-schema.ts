import { Type, type Static } from 'typebox';
import { CONNECTION_ENDS, STALL_REASONS } from './connection.ts';
import { nullable, oneOf, PacketReference, PacketReferences } from './schema-parts.ts';

const Side = oneOf(['client', 'server']);
const PerSide = Type.Object({ client: Type.Integer(), server: Type.Integer() });

const Sighting = Type.Object({
  at: nullable(Type.String()),
  atSeconds: Type.Number({ description: "since the input's first packet" }),
  packet: PacketReference,
});

export const StallSchema = Type.Object({
  reason: oneOf(STALL_REASONS),
  from: Side,
  startSeconds: Type.Number(),
  durationSeconds: Type.Number(),
  bytes: Type.Integer(),
  resends: Type.Integer(),
  repaired: Type.Boolean(),
  packets: PacketReferences,
});

export const ConnectionSchema = Type.Object({
  schema: Type.Optional(Type.String()),
  id: Type.String(),
  input: Type.Integer(),
  client: Type.String(),
  clientPort: Type.Integer(),
  server: Type.String(),
  serverPort: Type.Integer(),
  backend: nullable(Type.String({ description: 'where a DNAT sent it, as seen behind it' })),
  rolesFrom: oneOf(['handshake', 'ports']),
  startedAt: nullable(Type.String()),
  startSeconds: Type.Number(),
  durationSeconds: Type.Number(),
  synSent: Type.Array(Sighting),
  synAcks: Type.Array(Sighting),
  connectSeconds: nullable(Type.Number({ description: 'from the first SYN to the SYN-ACK or the refusal' })),
  roundTripSeconds: nullable(Type.Number()),
  minRoundTripSeconds: nullable(Type.Number()),
  tls: nullable(
    Type.Object({
      version: nullable(Type.String()),
      serverName: nullable(Type.String()),
      alpn: nullable(Type.String()),
      startSeconds: Type.Number(),
      handshakeSeconds: nullable(Type.Number()),
      serverSeconds: nullable(Type.Number()),
      resumed: nullable(Type.Boolean()),
      alerts: Type.Array(Type.String()),
      decrypted: Type.Boolean(),
      packets: PacketReferences,
    }),
  ),
  protocol: nullable(Type.String()),
  exchanges: Type.Integer(),
  unanswered: Type.Integer(),
  goaway: nullable(
    Type.Object({
      at: nullable(Type.String()),
      atSeconds: Type.Number(),
      packet: PacketReference,
      from: Side,
      code: Type.Integer(),
      debug: nullable(Type.String()),
      openStreams: Type.Integer(),
    }),
  ),
  pings: nullable(
    Type.Object({
      fromClient: Type.Integer(),
      fromServer: Type.Integer(),
      clientIntervalSeconds: nullable(Type.Number()),
    }),
  ),
  bytes: PerSide,
  segments: PerSide,
  retransmissions: PerSide,
  spurious: PerSide,
  largestAcknowledged: PerSide,
  keepalives: PerSide,
  zeroWindows: PerSide,
  tooBig: Type.Integer(),
  stalls: Type.Array(StallSchema),
  stallCount: Type.Integer(),
  stallSeconds: Type.Number(),
  ending: oneOf(CONNECTION_ENDS),
  endedBy: nullable(Side),
  endSeconds: nullable(Type.Number()),
  packets: PacketReferences,
});

export type ConnectionRow = Static<typeof ConnectionSchema>;
export type StallRow = Static<typeof StallSchema>;
