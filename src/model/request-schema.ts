import { Type, type Static } from 'typebox';
import { DIRECTIONS, EXCHANGE_OUTCOMES, EXCHANGE_PROTOCOLS } from './exchange.ts';
import { CONFIDENCES } from './lookup.ts';
import { WAIT_REASONS } from './request.ts';
import { nullable, oneOf, PacketReferences, ReadUntil } from './schema-parts.ts';

const WaitSchema = Type.Object({
  reason: oneOf(WAIT_REASONS, {
    description:
      'dns: a lookup; connect, tls: handshakes; upstream: a call; metadata: a call to a metadata or credentials ' +
      "service; stall: the request's own connection stood still; transfer: its own bodies on their way; queue: its turn",
  }),
  to: Type.String(),
  ref: nullable(Type.String({ description: 'the lookup, connection or exchange that was waited for' })),
  what: nullable(Type.String({ description: "what was asked for; stall, transfer: the stall's reason" })),
  startSeconds: Type.Number({ description: "since the input's first packet" }),
  durationSeconds: Type.Number(),
  criticalSeconds: Type.Number({ description: 'what of it no other wait covers that ends later' }),
  confidence: oneOf(CONFIDENCES),
  probability: Type.Number(),
  alternatives: Type.Array(Type.Object({ request: Type.String(), probability: Type.Number() })),
  packets: PacketReferences,
});

export const ShareSchema = Type.Object({
  reason: oneOf([...WAIT_REASONS, 'own']),
  to: nullable(Type.String()),
});

export const RequestSchema = Type.Object({
  schema: Type.Optional(Type.String()),
  id: Type.String(),
  input: Type.Integer(),
  exchange: Type.String(),
  protocol: oneOf(EXCHANGE_PROTOCOLS),
  direction: oneOf(DIRECTIONS),
  client: Type.String(),
  clientPort: Type.Integer(),
  server: Type.String(),
  serverPort: Type.Integer(),
  backend: nullable(Type.String({ description: 'where a DNAT sent it, as seen behind it' })),
  method: nullable(Type.String()),
  path: nullable(Type.String()),
  host: nullable(Type.String()),
  status: nullable(Type.Integer()),
  grpcStatus: nullable(Type.Integer()),
  outcome: oneOf(EXCHANGE_OUTCOMES),
  startedAt: nullable(Type.String()),
  startSeconds: Type.Number(),
  durationSeconds: Type.Number(),
  waits: Type.Array(WaitSchema),
  breakdown: Type.Array(Type.Object({ ...ShareSchema.properties, seconds: Type.Number() }), {
    description: 'sums to durationSeconds',
  }),
  ownSeconds: Type.Number(),
  ambiguous: Type.Boolean({ description: 'some of its waits may belong to another request' }),
  packets: PacketReferences,
  readUntilSeconds: ReadUntil,
});

export type RequestRow = Static<typeof RequestSchema>;
