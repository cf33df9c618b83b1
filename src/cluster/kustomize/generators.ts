import { child, itemsAt, scalarAt, textAt, type Node, type ScalarNode } from '../yaml/node.ts';
import { currentId, idOf, type Layer, type Resource } from './resource.ts';
import { type At, mapAtPlace, scalarAtPlace, withValue } from './tree.ts';

/** What generators need of their kustomization. */
export interface GeneratorContext {
  layer: Layer;
  /** A file below the kustomization as one text; null where it is not there, which then was said. */
  file(entry: ScalarNode): ScalarNode | null;
}

/**
 * ConfigMaps and Secrets that a kustomization makes, with what was there before them. Their names are
 * without the hash that kustomize puts behind them: it changes nothing that is judged. What is in
 * Secrets is not read.
 */
export function withGenerated(
  resources: readonly Resource[],
  kustomization: Node,
  context: GeneratorContext,
): Resource[] {
  return ['configMapGenerator', 'secretGenerator'].reduce<Resource[]>(
    (all, list) =>
      itemsAt(kustomization, list).reduce<Resource[]>((now, entry) => generated(now, list, entry, context), all),
    [...resources],
  );
}

function generated(
  resources: readonly Resource[],
  list: string,
  entry: Node | null,
  context: GeneratorContext,
): Resource[] {
  const name = scalarAt(entry, 'name');
  if (name === null) return [...resources];
  const kind = list === 'configMapGenerator' ? 'ConfigMap' : 'Secret';
  const namespace = scalarAt(entry, 'namespace');
  const data = kind === 'Secret' ? null : mapAtPlace(dataOf(entry, context), name);
  const node = mapAtPlace(
    [
      ['apiVersion', scalarAtPlace('v1', name)],
      ['kind', scalarAtPlace(kind, name)],
      [
        'metadata',
        mapAtPlace([['name', name], ...(namespace === null ? [] : [['namespace', namespace] as const])], name),
      ],
      ...(data === null || data.pairs.length === 0 ? [] : [['data', data] as const]),
    ],
    name,
  );
  const own: Resource = { node, ids: [idOf(node)], layers: [context.layer] };
  const behavior = textAt(entry, 'behavior');
  if (behavior !== 'merge' && behavior !== 'replace') return [...resources, own];
  const index = resources.findIndex(
    (one) => currentId(one).kind === kind && one.ids.some((id) => id.name === name.text),
  );
  const before = resources[index];
  if (before === undefined) return [...resources, own];
  const former = child(before.node, 'data');
  const merged =
    behavior === 'merge' && former?.type === 'map' && data !== null
      ? data.pairs.reduce((all, { key, value }) => withValue(all, key.text, value), former)
      : data;
  const changed = {
    ...before,
    node: withValue(before.node, 'data', merged),
    layers: [...before.layers, context.layer],
  };
  return resources.with(index, changed);
}

// A ConfigMap holds a mebibyte at most; more entries than this none that people write.
const MAX_ENTRIES = 2_000;

function dataOf(entry: Node | null, { file }: GeneratorContext): [key: string, value: Node][] {
  const found: [string, Node][] = [];
  const scalars = (key: string): ScalarNode[] => itemsAt(entry, key).filter((item) => item?.type === 'scalar');
  for (const one of scalars('files')) {
    const [, key = '', path = ''] = /^(?:([^=]+)=)?(.*)$/s.exec(one.text) ?? [];
    const whole = file({ ...one, text: path });
    if (whole !== null) found.push([key === '' ? path.slice(path.lastIndexOf('/') + 1) : key, whole]);
  }
  const env = scalarAt(entry, 'env');
  for (const one of [...scalars('envs'), ...(env === null ? [] : [env])]) {
    const whole = file(one);
    if (whole !== null) found.push(...linesOf(whole));
  }
  for (const one of scalars('literals')) {
    const [, key, value = ''] = /^([^=]+)=(.*)$/s.exec(one.text) ?? [];
    if (key === undefined) continue;
    const bare = value.replace(/^(["'])(.*)\1$/s, '$2');
    // Written as it is, it can be changed there.
    const exact = one.style === 'plain' && bare === value && one.end - one.start === one.text.length;
    found.push([
      key,
      exact ? text(value, { start: one.end - value.length, end: one.end }, false) : text(bare, one, true),
    ]);
  }
  return found.slice(0, MAX_ENTRIES);
}

const text = (value: string, at: At, shared: boolean): ScalarNode => ({
  ...scalarAtPlace(value, at),
  style: 'double',
  shared,
});

/** `KEY=value` lines of a file, each value where it stands. */
function linesOf(whole: ScalarNode): [key: string, value: Node][] {
  return [...whole.text.matchAll(/^[ \t]*([^#=\s][^=\n]*)=(.*?)\r?$/gm)].map((line) => {
    const [all, key = '', value = ''] = line;
    const end = whole.start + line.index + all.trimEnd().length;
    return [key, text(value, { start: end - value.length, end }, false)];
  });
}
