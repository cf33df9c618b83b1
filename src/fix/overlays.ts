import { buildKustomization, type Build } from '../cluster/kustomize/build.ts';
import { createFolders, isWithin, type Folders } from '../cluster/kustomize/folders.ts';
import { currentId, groupOf, type Layer, type Resource } from '../cluster/kustomize/resource.ts';
import { createSheet, type Sheet } from '../cluster/kustomize/sheet.ts';
import type { Yaml } from '../cluster/yaml/full.ts';
import { child, itemsAt, toJson, type Node } from '../cluster/yaml/node.ts';
import type { BuiltObject, Edit, PathStep } from '../model/edit.ts';
import { applyWithin, objectsOf, readDocument, setInJson, sorted, type Applied } from './apply.ts';
import { mergePatch } from './merge-patch.ts';
import { blockLines, scalarLike, type Value } from './render.ts';

/** Texts of files as they are now; null where there is none that could be read. */
export type Texts = (file: string) => string | null;

/** Files that a change rewrites, and what to say of where it stands; or why it cannot be made. */
export type Overlaid =
  | { texts: ReadonlyMap<string, string>; where: { file: string; says: string }[] }
  | { refused: string };

/**
 * A change to an object that kustomizations build, written where whoever keeps them would write it:
 * where the value stands, if no other overlay is built of that file; else as a patch of each overlay that
 * needs it, as a base's change would reach those that do not. What is built afterwards is compared with
 * what was meant, of all overlays: nothing else may change.
 */
export function applyToOverlays(yaml: Yaml, edit: Edit, texts: Texts): Overlaid {
  const { needed, others } = edit.overlays ?? { needed: [], others: [] };
  const changed = new Map<string, string>();
  const where: { file: string; says: string }[] = [];
  for (const built of needed) {
    const now: Texts = (file) => changed.get(file) ?? texts(file);
    const overlay = openOverlay(yaml, edit, built, now);
    if (overlay === null)
      return { refused: `${built.kustomization} does not build the object any more; read it again` };
    if (overlay.isAsMeant) continue;
    const kept = others.map((folder) => ({ folder, before: buildOf(yaml, folder, now) }));
    const made = firstThatHolds(overlay, kept, (text, file) => {
      const after: Texts = (one) => (one === file ? text : now(one));
      return (
        openOverlay(yaml, edit, built, after)?.all === overlay.meant &&
        kept.every(({ folder, before }) => allOf(buildOf(yaml, folder, after).build) === allOf(before.build))
      );
    });
    if ('refused' in made) return made;
    changed.set(made.file, made.text);
    where.push({ file: made.file, says: made.where });
  }
  return { texts: changed, where };
}

interface Overlay {
  yaml: Yaml;
  edit: Edit;
  folder: string;
  sheet: Sheet;
  disk: Folders;
  resource: Resource;
  texts: Texts;
  /** All that it builds, as text, and as it shall be. */
  all: string;
  meant: string;
  isAsMeant: boolean;
}

function buildOf(yaml: Yaml, folder: string, texts: Texts): { build: Build; sheet: Sheet; disk: Folders } {
  const sheet = createSheet(yaml, texts);
  const disk = createFolders();
  return { build: buildKustomization(folder, sheet, disk, () => {}), sheet, disk };
}

function openOverlay(yaml: Yaml, edit: Edit, built: BuiltObject, texts: Texts): Overlay | null {
  const { kustomization: folder, namespace, name } = built;
  const { build, sheet, disk } = buildOf(yaml, folder, texts);
  const { kind, apiVersion } = edit.object;
  const index = build.resources.findIndex((one) => {
    const id = currentId(one);
    return id.kind === kind && id.name === name && id.namespace === namespace && id.group === groupOf(apiVersion);
  });
  const resource = build.resources[index];
  if (resource === undefined) return null;
  const object = structuredClone(toJson(resource.node));
  setInJson(object, edit.path, edit.value as Value);
  const all = allOf(build);
  const meant = textOf(build.resources.map((one, at) => (at === index ? object : toJson(one.node))));
  return { yaml, edit, folder, sheet, disk, resource, texts, all, meant, isAsMeant: all === meant };
}

const allOf = ({ resources }: Build): string => textOf(resources.map(({ node }) => toJson(node)));

const textOf = (objects: readonly unknown[]): string => JSON.stringify(objects.map((object) => sorted(byName(object))));

/** Lists whose items have names, by those: a patch puts its own first. */
function byName(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(byName) as { name?: unknown }[];
    const haveNames = items.every((item) => typeof item === 'object' && item !== null && typeof item.name === 'string');
    return haveNames ? items.toSorted((a, b) => (String(a.name) < String(b.name) ? -1 : 1)) : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, byName(one)]));
}

type Written = { file: string; text: string; where: string } | { refused: string };

/** The first place where the change can be written, and does what is meant and nothing else. */
function firstThatHolds(
  overlay: Overlay,
  kept: readonly { folder: string; before: { build: Build } }[],
  holds: (text: string, file: string) => boolean,
): Written {
  const { resource, folder } = overlay;
  const own = holderOf(overlay);
  const shared = own === null ? null : sharedWith(overlay, own.layer.file, kept);
  const patch = resource.layers.findLast((layer) => layer.isPatch && layer.folder === folder);
  const attempts: (() => Written | null)[] = [
    ...(own === null || shared !== null ? [] : [() => inScalar(overlay, own), () => inLayer(overlay, own.layer)]),
    ...(patch === undefined ? [] : [() => inLayer(overlay, patch)]),
    () => asNewPatch(overlay, shared === null ? '' : `: a change of ${own?.layer.file ?? ''} would reach ${shared}`),
  ];
  let refused = 'kustomize would not build what is meant: make the change by hand';
  for (const attempt of attempts) {
    const written = attempt();
    if (written === null) continue;
    if ('refused' in written) refused = written.refused;
    else if (holds(written.text, written.file)) return written;
  }
  return { refused };
}

/** Who else a change of a file would reach, in words; null where none. */
function sharedWith(
  { edit, folder }: Overlay,
  file: string,
  kept: readonly { folder: string; before: { build: Build } }[],
): string | null {
  const others = kept.filter(({ before }) => before.build.files.has(file)).map((one) => one.folder);
  if (others.length > 0) return `${others.join(', ')} too`;
  // Of one overlay alone nobody knows who else takes in the same base.
  const isAlone = edit.overlays?.needed.length === 1 && !isWithin(folder, file);
  return isAlone ? 'all overlays of it' : null;
}

/** Where the value stands, or the deepest of what leads to it, and the document that has it. */
function holderOf({ edit, resource, sheet }: Overlay): { node: Node; layer: Layer } | null {
  const node = deepest(resource.node, edit.path);
  const { file } = sheet.place(node.start, node.start);
  const layer = resource.layers.findLast(
    (one) => one.file === file && one.span[0] <= node.start && node.start <= one.span[1],
  );
  return layer === undefined ? null : { node, layer };
}

function deepest(node: Node, path: readonly PathStep[]): Node {
  const [step, ...rest] = path;
  if (step === undefined) return node;
  if (typeof step !== 'string' && 'flag' in step) return flagNode(node, step.flag) ?? node;
  const next =
    typeof step === 'string'
      ? child(node, step)
      : (itemsOf(node).find((item) => scalarText(child(item, step.key)) === step.is) ?? null);
  return next === null ? node : deepest(next, rest);
}

const itemsOf = (node: Node): readonly (Node | null)[] => (node.type === 'sequence' ? node.items : []);
const scalarText = (node: Node | null): string | null => (node?.type === 'scalar' ? node.text : null);

/** The word of a flag that has its value; the list where it is not set. */
function flagNode(container: Node, flag: string): Node | null {
  for (const key of ['args', 'command']) {
    const items = itemsAt(container, key);
    const index = items.findIndex(
      (item) => scalarText(item) === flag || scalarText(item)?.startsWith(`${flag}=`) === true,
    );
    if (index >= 0) return (scalarText(items[index] ?? null) === flag ? items[index + 1] : items[index]) ?? null;
  }
  return child(container, 'args') ?? child(container, 'command');
}

/** A value that stands there already, wherever: in a base, a patch, a JSON patch, a line of variables. */
function inScalar({ edit, sheet, texts }: Overlay, { node }: { node: Node }): Written | null {
  const last = edit.path.at(-1);
  const flag = typeof last === 'object' && 'flag' in last ? last.flag : null;
  const found = flag === null ? onlyDifference(node, edit.value) : { scalar: node, value: edit.value };
  if (found === null || found.scalar.type !== 'scalar' || found.scalar.shared) return null;
  const { scalar, value } = found;
  const meant = flag !== null && scalar.text.startsWith(`${flag}=`) ? `${flag}=${String(value)}` : value;
  const { file, range } = sheet.place(scalar.start, scalar.end);
  const text = texts(file);
  if (text === null || typeof meant === 'object' || meant === undefined) return null;
  const isBare = scalar.style === 'double' && !/["']/.test(text[range[0]] ?? '');
  const put = isBare ? String(meant) : scalarLike(scalar, flag === null ? meant : String(meant));
  return {
    file,
    text: text.slice(0, range[0]) + put + text.slice(range[1]),
    where: `${file}, where it stands${forAll(edit)}`,
  };
}

/** What a value changes, where it is one text that stands there: `{ name: X, value: new }` over `{ name: X, value: old }`. */
function onlyDifference(node: Node, value: Edit['value']): { scalar: Node; value: Edit['value'] } | null {
  if (typeof value !== 'object') return { scalar: node, value };
  const differing = Object.entries(value as Record<string, Edit['value']>).filter(
    ([key, one]) => scalarText(child(node, key)) !== String(one),
  );
  const [first] = differing;
  const scalar = first === undefined || differing.length > 1 ? null : child(node, first[0]);
  return first === undefined || scalar === null ? null : { scalar, value: first[1] };
}

/** Into a document that the object is made of: its own, or a patch. */
function inLayer({ yaml, edit, sheet, texts }: Overlay, layer: Layer): Written | null {
  const text = texts(layer.file);
  if (text === null) return null;
  const [start, end] = sheet.place(layer.span[0], layer.span[1]).range;
  const [from] = sheet.place(layer.start, layer.start).range;
  const span = { start, end };
  const document = readDocument(yaml, text, span);
  const node = objectsOf(document ?? null).find((one) => one.start === from);
  if (document === null || document === undefined || node === undefined) return null;
  const applied: Applied = applyWithin(
    yaml,
    text,
    { span, document, node },
    layer.isPatch ? asPatch(edit, node) : whole(edit),
  );
  return 'refused' in applied
    ? applied
    : { file: layer.file, text: applied.text, where: `${layer.file}${forAll(edit)}` };
}

/** What stands in a base changes all that is built of it. */
const forAll = ({ overlays }: Edit): string =>
  overlays === undefined || overlays.needed.length < 2
    ? ''
    : ` (of ${overlays.needed.map(({ kustomization }) => kustomization).join(', ')}, which all need it)`;

const whole = ({ path, value }: Edit): { path: readonly PathStep[]; value: Value } => ({ path, value: value as Value });

/** In a patch a list that Kubernetes replaces must stand whole. */
function asPatch(edit: Edit, node: Node): { path: readonly PathStep[]; value: Value } {
  const { list, path, value } = edit;
  const at = list === undefined ? -1 : path.indexOf(list.key);
  if (list === undefined || at < 0) return whole(edit);
  const upTo = path.slice(0, at + 1);
  if (deepest(node, upTo) !== deepest(node, path.slice(0, at))) return whole(edit);
  return { path: upTo, value: [...list.items, value] };
}

/** As one more patch of the overlay's own kustomization. */
function asNewPatch({ yaml, edit, folder, disk, resource, texts }: Overlay, why: string): Written | null {
  const file = disk.kustomizationOf(folder);
  const text = file === null ? null : texts(file);
  if (file === null || text === null) return null;
  const [written] = resource.ids;
  const patch: Record<string, unknown> = {
    apiVersion: edit.object.apiVersion,
    kind: edit.object.kind,
    metadata: {
      name: written?.name ?? '',
      ...(written === undefined || written.namespace === '' ? {} : { namespace: written.namespace }),
    },
  };
  mergePatch(patch, edit);
  const span = { start: 0, end: text.length };
  const document = readDocument(yaml, text, span);
  if (document?.type !== 'map') return null;
  const lines = blockLines(patch, 0, 2).join('\n');
  const path = ['patches', { key: 'patch', is: lines }];
  const applied = applyWithin(yaml, text, { span, document, node: document }, { path, value: { patch: lines } });
  return 'refused' in applied ? applied : { file, text: applied.text, where: `${file}, as a patch of its own${why}` };
}
