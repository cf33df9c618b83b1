import type { ClusterObject, Located } from '../../model/workload.ts';
import type { Lines } from '../yaml/lines.ts';
import { at, child, textAt, type Node, type ScalarNode } from '../yaml/node.ts';

/** What extracting an object needs besides its node. */
export interface ExtractContext {
  readonly lines: Lines;
  readonly source: string | null;
  readonly kustomization: ClusterObject['kustomization'];
}

export const placed = ({ lines }: ExtractContext, node: ScalarNode): Located<string> => ({
  value: node.text,
  place: lines.place(node.start, node.end),
});

/** A text at a path of keys, null where there is none. */
export function locatedText(context: ExtractContext, node: Node | null, ...keys: string[]): Located<string> | null {
  const found = at(node, ...keys);
  return found?.type === 'scalar' && found.value !== null ? placed(context, found) : null;
}

/** A value at a path of keys as `read` understands it; null where it does not. */
export function locatedAs<Value>(
  context: ExtractContext,
  read: (text: string) => Value | null,
  node: Node | null,
  ...keys: string[]
): Located<Value> | null {
  const text = locatedText(context, node, ...keys);
  const value = text === null ? null : read(text.value);
  return text === null || value === null ? null : { value, place: text.place };
}

export const readNumber = (text: string): number | null => (/^\d+(?:\.\d+)?$/.test(text) ? Number(text) : null);

// What any object of use has; more is a mistake or an attack.
const MAX_ENTRIES = 2_000;

export function texts(node: Node | null): Map<string, string> {
  const found = new Map<string, string>();
  if (node?.type !== 'map') return found;
  for (const { key, value } of node.pairs.slice(0, MAX_ENTRIES)) {
    if (value?.type === 'scalar') found.set(key.text, value.text);
  }
  return found;
}

export function locatedTexts(
  context: ExtractContext,
  node: Node | null,
  most = MAX_ENTRIES,
): Map<string, Located<string>> {
  const found = new Map<string, Located<string>>();
  if (node?.type !== 'map') return found;
  for (const { key, value } of node.pairs.slice(0, most)) {
    // `kubectl apply` keeps the whole object there: it is no setting.
    if (value?.type === 'scalar' && key.text !== LAST_APPLIED) found.set(key.text, placed(context, value));
  }
  return found;
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** What all objects have; null where the node is none. */
export function objectHead(context: ExtractContext, node: Node | null): ClusterObject | null {
  const apiVersion = textAt(node, 'apiVersion');
  const kind = textAt(node, 'kind');
  if (node?.type !== 'map' || apiVersion === null || kind === null) return null;
  const metadata = child(node, 'metadata');
  const name = locatedText(context, metadata, 'name') ?? locatedText(context, metadata, 'generateName');
  const whole = context.lines.place(node.start, node.end);
  return {
    apiVersion,
    kind,
    namespace: textAt(metadata, 'namespace') ?? '',
    name: name?.value ?? '',
    place: name?.place ?? whole,
    range: whole.range,
    live: textAt(metadata, 'uid') !== null,
    source: context.source,
    kustomization: context.kustomization,
    labels: texts(child(metadata, 'labels')),
    annotations: locatedTexts(context, child(metadata, 'annotations')),
  };
}
