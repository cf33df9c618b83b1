import { Type, type Static } from 'typebox';
import { CONNECTION_ENDS, SIDES, STALL_REASONS } from './connection.ts';
import { nullable, oneOf, PacketReference, PacketReferences, ReadUntil } from './schema-parts.ts';

const Side = oneOf(SIDES);
const PerSide = Type.Object(
  { client: Type.Integer(), server: Type.Integer() },
  { description: 'of what each side sent' },
);

const Sighting = Type.Object({
  at: nullable(Type.String()),
  atSeconds: Type.Number({ description: "since the input's first packet" }),
  packet: PacketReference,
});

export const StallSchema = Type.Object({
  reason: oneOf(STALL_REASONS, {
    description:
      "loss: a segment was resent; zero-window: the reader's window was closed; delayed-ack: a small segment waited for " +
      'an acknowledgement; sender-idle: the sender paused in the midst; flow-control: an HTTP/2 window was used up; ' +
      'path: data passed all the while, as fast as the path took it; round-trips: likewise, over in a few round trips; ' +
      'window: one receive window for each round trip',
  }),
  from: Side,
  startSeconds: Type.Number(),
  durationSeconds: Type.Number(),
  bytes: Type.Integer({
    description: 'of the segment that waited; path, round-trips: of all of it; window, flow-control: the window',
  }),
  resends: Type.Integer(),
  repaired: Type.Boolean(),
  packets: PacketReferences,
});

export const ConnectionSchema = Type.Object({
  schema: Type.Optional(Type.String()),
  id: Type.String(),
  input: Type.Integer(),
  client: Type.String(),
  server: Type.String({ description: 'as the client names it: before a DNAT' }),
  startedAt: nullable(Type.String()),
  startSeconds: Type.Number(),
  durationSeconds: Type.Number({ description: 'first to last packet' }),
  connectSeconds: nullable(Type.Number({ description: 'from the first SYN to the SYN-ACK or the refusal' })),
  synSent: Type.Array(Sighting, { description: "sendings of the client's SYN" }),
  roundTripSeconds: nullable(Type.Number({ description: 'smoothed, between the capture and the server' })),
  tls: nullable(
    Type.Object({
      version: nullable(Type.String()),
      serverName: nullable(Type.String()),
      alpn: nullable(Type.String()),
      startSeconds: nullable(Type.Number()),
      handshakeSeconds: nullable(Type.Number()),
      serverSeconds: nullable(Type.Number()),
      resumed: nullable(Type.Boolean()),
      retried: Type.Boolean({ description: 'by a HelloRetryRequest: one round trip more' }),
      clientCertificate: nullable(Type.Boolean({ description: 'the server asked for one' })),
      alerts: Type.Array(Type.String()),
      decrypted: Type.Boolean(),
      unread: Type.Integer({ description: 'records that could not be read although their keys are known' }),
      packets: PacketReferences,
    }),
  ),
  exchanges: Type.Integer({ description: 'that were read on it' }),
  retransmissions: Type.Integer({ description: 'segments that carried only data sent before' }),
  stalls: Type.Array(StallSchema, { description: 'the first so many; stallCount has all' }),
  resets: Type.Integer({ description: '1 where it was reset or refused' }),
  endedBy: nullable(Side),
  packets: PacketReferences,
  clientPort: Type.Integer(),
  serverPort: Type.Integer(),
  backend: nullable(Type.String({ description: 'where a DNAT sent it, as seen behind it' })),
  rolesFrom: oneOf(['handshake', 'ports']),
  synAcks: Type.Array(Sighting),
  minRoundTripSeconds: nullable(Type.Number()),
  protocol: nullable(Type.String()),
  unanswered: Type.Integer({ description: 'of its exchanges' }),
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
  retransmitted: PerSide,
  spurious: PerSide,
  largestAcknowledged: PerSide,
  keepalives: PerSide,
  zeroWindows: PerSide,
  tooBig: Type.Integer({ description: "ICMP's fragmentation needed or packet too big that quoted a packet of it" }),
  stallCount: Type.Integer(),
  stallSeconds: Type.Number(),
  ending: oneOf(CONNECTION_ENDS),
  endSeconds: nullable(Type.Number({ description: 'of the first FIN or the reset' })),
  endPacket: nullable(PacketReference),
  readUntilSeconds: ReadUntil,
});

export type ConnectionRow = Static<typeof ConnectionSchema>;
export type StallRow = Static<typeof StallSchema>;
