import { Type, type Static } from 'typebox';
import { CONFIDENCES, END_REASONS, OUTCOMES, RESOLVERS } from './lookup.ts';
import { nullable, oneOf, PacketReference, ReadUntil } from './schema-parts.ts';

const OtherReplySchema = Type.Object({
  at: nullable(Type.String()),
  atSeconds: Type.Number(),
  packet: PacketReference,
  rcode: Type.String(),
});

export const AttemptSchema = Type.Object({
  name: Type.String(),
  type: Type.String(),
  transactionId: Type.Integer(),
  clientPort: Type.Integer(),
  server: Type.String(),
  serverPort: Type.Integer(),
  transport: oneOf(['udp', 'tcp']),
  sent: Type.Array(
    Type.Object({
      at: nullable(Type.String()),
      atSeconds: Type.Number({ description: "since the input's first packet" }),
      packet: PacketReference,
      behindDnat: nullable(oneOf(['before', 'both'])),
    }),
    { minItems: 1 },
  ),
  reply: nullable(
    Type.Object({
      at: nullable(Type.String()),
      atSeconds: Type.Number(),
      packet: PacketReference,
      rcode: Type.String(),
      truncated: Type.Boolean(),
      answers: Type.Integer(),
      addresses: Type.Array(Type.String()),
      ttlSeconds: nullable(Type.Number()),
    }),
  ),
  earlierReplies: Type.Array(OtherReplySchema, {
    description: 'replies that the client did not leave it at: it asked again afterwards',
  }),
  lateReplies: Type.Array(OtherReplySchema, {
    description: "answers to earlier sendings that came after the resend's own",
  }),
  unreachableSeconds: nullable(Type.Number({ description: 'when ICMP said that nobody listens there' })),
  backend: nullable(Type.String({ description: 'where a DNAT sent the query, as seen behind it' })),
});

export const LookupSchema = Type.Object({
  schema: Type.Optional(Type.String()),
  id: Type.String(),
  input: Type.Integer(),
  name: Type.String(),
  startedAt: nullable(Type.String()),
  startSeconds: Type.Number(),
  durationSeconds: Type.Number(),
  durationIsLowerBound: Type.Boolean(),
  endBecause: oneOf(END_REASONS),
  endTimer: nullable(Type.Object({ seconds: Type.Number(), source: Type.String() })),
  outcome: oneOf(OUTCOMES),
  resolver: oneOf(RESOLVERS),
  resolverDetail: nullable(Type.String()),
  resolverConfidence: oneOf(CONFIDENCES),
  resolverBecause: Type.String(),
  chosenWaitSeconds: Type.Optional(
    nullable(Type.Number({ description: 'after how long its client asks again, by most of its lookups that did' })),
  ),
  client: Type.String(),
  server: Type.String(),
  answers: Type.Array(Type.String()),
  attempts: Type.Array(AttemptSchema),
  readUntilSeconds: ReadUntil,
});

export type LookupRow = Static<typeof LookupSchema>;
export type AttemptRow = Static<typeof AttemptSchema>;
