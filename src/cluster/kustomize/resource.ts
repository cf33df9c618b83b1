import { child, scalarAt, textAt, type MapNode, type ScalarNode } from '../yaml/node.ts';
import { changedAt, scalarAtPlace } from './tree.ts';

/** What an object is called. */
export interface ObjectId {
  group: string;
  kind: string;
  namespace: string;
  name: string;
}

/** A document that an object was made of: its own, or a patch. */
export interface Layer {
  /** The folder of the kustomization that brought it. */
  folder: string;
  file: string;
  /** Where its document stands in the sheet, from its first to its last character. */
  span: readonly [from: number, to: number];
  /** Where the object begins in it. */
  start: number;
  isPatch: boolean;
}

/** An object as it is after some of the kustomizations that build it. */
export interface Resource {
  node: MapNode;
  /** All that it was called, the last one now: patches above may call it as any. */
  ids: readonly ObjectId[];
  layers: readonly Layer[];
}

export const groupOf = (apiVersion: string): string =>
  apiVersion.includes('/') ? (apiVersion.split('/')[0] as string) : '';

export const idOf = (node: MapNode): ObjectId => ({
  group: groupOf(textAt(node, 'apiVersion') ?? ''),
  kind: textAt(node, 'kind') ?? '',
  namespace: textAt(node, 'metadata', 'namespace') ?? '',
  name: textAt(node, 'metadata', 'name') ?? '',
});

export const currentId = ({ ids }: Resource): ObjectId => ids.at(-1) as ObjectId;

export const nameNodeOf = ({ node }: Resource): ScalarNode | null => scalarAt(child(node, 'metadata'), 'name');

/** With another name or namespace, of which the former is kept. */
export function renamed(resource: Resource, field: 'name' | 'namespace', value: ScalarNode): Resource {
  const node = changedAt(resource.node, ['metadata', field], value, () => value) as MapNode;
  return { ...resource, node, ids: [...resource.ids, idOf(node)] };
}

export const prefixed = (name: ScalarNode, prefix: string, suffix: string): ScalarNode =>
  scalarAtPlace(`${prefix}${name.text}${suffix}`, name);

/** Types of Kubernetes itself: their lists have keys to merge by. */
export const isBuiltIn = ({ group }: ObjectId): boolean => !group.includes('.') || group.endsWith('.k8s.io');
