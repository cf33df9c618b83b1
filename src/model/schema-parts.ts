import { Type, type TEnum } from 'typebox';

/** What schemas are made of. */

// The type is spelt out: inferred, the values would widen to any string or number.
export const oneOf = <const Values extends readonly string[]>(
  values: Values,
  options: { description?: string } = {},
): TEnum<[...Values]> => Type.Enum<[...Values]>([...values], options);

export const nullable = <Schema extends Parameters<typeof Type.Union>[0][number]>(schema: Schema) =>
  Type.Union([schema, Type.Null()]);

export const PacketReference = Type.Union([Type.Integer(), Type.String()]);

export const PacketReferences = Type.Array(PacketReference, {
  description: "frame numbers within the item's own input; '1:413' for packet 413 of input 1",
});

export const ReadUntil = Type.Optional(
  Type.Number({ description: 'in an export: how far its input had been read when it was found' }),
);
