import { Type, type Static } from 'typebox';

/** A place in a manifest; lines and columns count from 1, the range in UTF-16 units from 0. */
export const PlaceSchema = Type.Object({
  file: Type.String(),
  line: Type.Integer(),
  column: Type.Integer(),
  range: Type.Tuple([Type.Integer(), Type.Integer()]),
  quote: Type.String({ description: 'the line' }),
});

/** A change to an object in the user's files. */
export const EditSchema = Type.Object({
  file: Type.String(),
  object: Type.Object({
    apiVersion: Type.String(),
    kind: Type.String(),
    namespace: Type.String(),
    name: Type.String(),
    offset: Type.Integer(),
    live: Type.Optional(Type.Literal(true, { description: 'read from a cluster: no file that people change' })),
    source: Type.Optional(Type.String({ description: "the chart's file that it was rendered from" })),
  }),
  path: Type.Array(
    Type.Union([
      Type.String(),
      Type.Object({ key: Type.String(), is: Type.String() }),
      Type.Object({ flag: Type.String() }),
    ]),
  ),
  list: Type.Optional(
    Type.Object(
      { key: Type.String(), items: Type.Array(Type.Unknown()) },
      { description: 'what stands in the list already: patches replace it as a whole' },
    ),
  ),
  overlays: Type.Optional(
    Type.Object(
      {
        needed: Type.Array(
          Type.Object({ kustomization: Type.String(), namespace: Type.String(), name: Type.String() }),
        ),
        others: Type.Array(Type.String()),
      },
      { description: 'folders of the kustomizations that need the change, and of others built of the same file' },
    ),
  ),
  value: Type.Optional(Type.Unknown({ description: 'left out: what stands there shall go' })),
});

/** What was read of manifests, where any were given. */
export const ManifestsSchema = Type.Object({
  paths: Type.Array(Type.String()),
  files: Type.Integer(),
  objects: Type.Integer(),
  workloads: Type.Integer(),
  problems: Type.Array(
    Type.Object({ file: Type.String(), line: Type.Integer(), column: Type.Integer(), says: Type.String() }),
    { description: 'what could not be read' },
  ),
  leftOut: Type.Array(Type.String()),
  suppressed: Type.Array(Type.Object({ rule: Type.String(), object: Type.String(), because: Type.String() }), {
    description: 'findings that the user said no to, with the reason',
  }),
  kustomizations: Type.Optional(Type.Array(Type.String(), { description: 'folders whose kustomization was built' })),
  outside: Type.Optional(
    Type.Array(Type.String(), { description: 'folders that were not named, but that kustomizations take in' }),
  ),
  elsewhere: Type.Optional(
    Type.Integer({ description: 'predictions about workloads that the capture holds nothing of' }),
  ),
  names: Type.Optional(
    Type.Array(Type.Object({ address: Type.String(), object: Type.String() }), {
      description: 'whose addresses the answer has: `Service shop/orders`',
    }),
  ),
});

export type ManifestsRow = Static<typeof ManifestsSchema>;
