/**
 * One step to a value in an object: a key, the item of a list whose `key` is `is` (containers and
 * options are told by their names), or a flag among a program's words (`--session-duration`).
 */
export type PathStep = string | { key: string; is: string } | { flag: string };

/** An object as a kustomization builds it. */
export interface BuiltObject {
  kustomization: string;
  namespace: string;
  name: string;
}

/** A change to an object in the user's own files. */
export interface Edit {
  file: string;
  /** Which object of the file; `offset` tells apart those of one name, `source` is the chart's file, `live` one that was read from a cluster. */
  object: {
    apiVersion: string;
    kind: string;
    namespace: string;
    name: string;
    offset: number;
    source?: string;
    live?: true;
  };
  path: readonly PathStep[];
  /**
   * What stands already in the list that is changed, and its key: patches of Kubernetes replace
   * options of `dnsConfig` and words of a container as a whole.
   */
  list?: { key: string; items: readonly (string | object)[] };
  /**
   * Of an object that kustomizations build, named as it is then: the folders of those that need the
   * change, and of others that are built of the same file. Where to write it, `fix` finds out.
   */
  overlays?: { needed: readonly BuiltObject[]; others: readonly string[] };
  /** What shall stand there; undefined where it shall go. */
  value?: string | number | boolean | object;
}
