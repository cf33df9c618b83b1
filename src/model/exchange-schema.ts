import { Type, type Static } from 'typebox';
import { SIDES } from './connection.ts';
import { StallSchema } from './connection-schema.ts';
import { DIRECTIONS, EXCHANGE_OUTCOMES, EXCHANGE_PROTOCOLS, EXCHANGE_SHAPES } from './exchange.ts';
import { METADATA_AGENTS, METADATA_QUESTIONS, METADATA_SERVICES } from './metadata.ts';
import { nullable, oneOf, PacketReferences, ReadUntil } from './schema-parts.ts';

const MetadataSchema = Type.Object({
  service: oneOf(METADATA_SERVICES),
  asks: oneOf(METADATA_QUESTIONS),
  software: nullable(Type.String()),
  agent: nullable(oneOf(METADATA_AGENTS)),
  issuedAt: nullable(Type.Number({ description: 'seconds since 1970, by the provider' })),
  expiresAt: nullable(Type.Number({ description: 'seconds since 1970, by the provider' })),
  remainingSeconds: nullable(Type.Number({ description: 'as the answer says' })),
  session: nullable(Type.String({ description: 'a hash, equal for the same credentials' })),
});

const ExpectationSchema = Type.Object({
  waitedSeconds: nullable(Type.Number({ description: 'so long the body was held back for 100 Continue' })),
  answered: Type.Boolean({ description: '100 Continue came before the body' }),
});

export const ExchangeSchema = Type.Object({
  schema: Type.Optional(Type.String()),
  id: Type.String(),
  input: Type.Integer(),
  protocol: oneOf(EXCHANGE_PROTOCOLS),
  direction: oneOf(DIRECTIONS),
  client: Type.String(),
  server: Type.String(),
  connection: Type.String(),
  method: nullable(Type.String()),
  path: nullable(Type.String()),
  host: nullable(Type.String()),
  status: nullable(Type.Integer()),
  grpcStatus: nullable(Type.Integer()),
  startedAt: nullable(Type.String()),
  startSeconds: Type.Number(),
  firstByteSeconds: nullable(Type.Number({ description: "from its start to the response's first byte" })),
  durationSeconds: Type.Number(),
  requestBytes: Type.Integer(),
  responseBytes: Type.Integer(),
  packets: PacketReferences,
  outcome: oneOf(EXCHANGE_OUTCOMES),
  shape: oneOf(EXCHANGE_SHAPES),
  clientPort: Type.Integer(),
  serverPort: Type.Integer(),
  backend: nullable(Type.String({ description: 'where a DNAT sent it, as seen behind it' })),
  error: nullable(Type.String()),
  endedBy: nullable(oneOf(SIDES)),
  resetCode: nullable(Type.Integer()),
  requestSeconds: nullable(Type.Number({ description: "from its start to the request's last byte" })),
  requestMessages: Type.Integer(),
  responseMessages: Type.Integer(),
  place: Type.Integer(),
  inFlight: Type.Integer(),
  reused: Type.Boolean(),
  idleBeforeSeconds: nullable(Type.Number()),
  /** Rows that were written before it was part of them lack it. */
  openedBeforeSeconds: Type.Optional(nullable(Type.Number())),
  connectSeconds: nullable(Type.Number()),
  tlsSeconds: nullable(Type.Number()),
  roundTripSeconds: nullable(Type.Number()),
  stalls: Type.Array(StallSchema),
  retransmissions: Type.Integer(),
  deadlineSeconds: nullable(Type.Number()),
  previousAttempts: nullable(Type.Integer()),
  retryAfterSeconds: nullable(Type.Number()),
  keepsConnection: Type.Boolean(),
  /** Rows that were written before it was part of them lack it. */
  asksToClose: Type.Optional(Type.Boolean()),
  /** Rows that were written before it was part of them lack it. */
  undeliveredBytes: Type.Optional(
    Type.Integer({ description: 'of a large answer: not acknowledged yet when its last byte came by' }),
  ),
  /** Rows that were written before it was part of them lack it. */
  expectation: Type.Optional(nullable(ExpectationSchema)),
  traceIds: Type.Array(Type.String({ description: 'header and hash of an identifier that travels' })),
  metadata: nullable(MetadataSchema),
  /** Rows that were written before it was part of them lack it. */
  grant: Type.Optional(
    nullable(Type.Object({ expiresInSeconds: nullable(Type.Number({ description: 'as the answer says' })) })),
  ),
  readUntilSeconds: ReadUntil,
});

export type ExchangeRow = Static<typeof ExchangeSchema>;
