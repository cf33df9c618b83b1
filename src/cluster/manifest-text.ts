import type { Suppression } from '../model/workload.ts';
import type { Collector } from './collect.ts';
import type { ExtractContext } from './extract/context.ts';
import { documentsOf, type DocumentSpan } from './yaml/documents.ts';
import { readFull, type Yaml } from './yaml/full.ts';
import { createLines, type Lines } from './yaml/lines.ts';
import { child, itemsAt, textAt, type Findings, type Node } from './yaml/node.ts';
import { readQuick } from './yaml/quick.ts';

/** Loads what knows all of YAML: only where a text needs it. */
export type LoadYaml = () => Promise<Yaml>;

// What a template has in place of values before it is rendered: `{{ .Values.x }}`, `{{- if … }}`.
const TEMPLATE = /\{\{-?\s*[.$"a-z(/]/;

/** `# kubelag-ignore dns-race: the kernel is new until 2026-12-31` */
const SUPPRESSION = /^[ \t]*(?:-[ \t])?.*?#[ \t]*kubelag-ignore[ \t]+([a-z*][a-z0-9*-]*)[ \t]*:?[ \t]*([^\r\n]*)$/gm;
const UNTIL = /[ \t]*\(?until[ \t]+(\d{4}-\d\d-\d\d)\)?[ \t.]*$/;

/**
 * Reads all objects of a text: YAML or JSON, several documents, lists. What cannot be read is
 * said with its line, and the rest is still read.
 */
export async function readManifestText(
  file: string,
  text: string,
  collector: Collector,
  load: LoadYaml,
): Promise<void> {
  collector.file(file, text);
  const lines = createLines(file, text);
  if (text.includes('\0')) {
    collector.problem({ file, line: 1, column: 1, says: 'is no text; captures go without lint: kubelag FILE' });
    return;
  }
  if (/\r(?!\n)/.test(text)) {
    collector.problem({ file, line: 1, column: 1, says: 'has line ends of old Macs (CR alone); write LF' });
    return;
  }
  let template = false;
  for (const span of documentsOf(text)) {
    const rendered = await readDocument(file, text, span, lines, collector, load);
    if (!rendered && !template) {
      template = true;
      const { line } = lines.place(span.start + Math.max(0, text.slice(span.start, span.end).search(TEMPLATE)), 0);
      collector.problem({
        file,
        line,
        column: 1,
        says: 'is a template; render it first: helm template CHART | kubelag lint -',
      });
    }
  }
  readSuppressions(text, lines.place, collector);
}

// The largest objects there are, and no rule asks for them.
const DEFINITION = /^kind:[ \t]*["']?CustomResourceDefinition["']?[ \t\r]*$/m;
// `kind` stands at the beginning, as all tools write it.
const HEAD_LENGTH = 4096;

/** False where it is a template that was not rendered. */
async function readDocument(
  file: string,
  text: string,
  span: DocumentSpan,
  lines: Lines,
  collector: Collector,
  load: LoadYaml,
): Promise<boolean> {
  const { start, end } = span;
  if (DEFINITION.test(text.slice(start, Math.min(end, start + HEAD_LENGTH)))) {
    collector.other();
    return true;
  }
  const context: ExtractContext = { lines, source: span.source, kustomization: null };
  const findings: Findings = { duplicates: [] };
  let delivered = 0;
  // Items that are not simple are read when the package is there.
  const later: (readonly [from: number, to: number])[] = [];
  const quick = readQuick(text, start, end, findings, {
    onItem: (item) => {
      if (item === null) return;
      delivered++;
      takeObject(context, item, collector, 0);
    },
    again: (from, to) => {
      later.push([from, to]);
      return null;
    },
  });
  if (quick !== undefined) takeObject(context, quick, collector, 0);
  let template = false;
  for (const [from, to] of quick === undefined ? [[start, end] as const] : later) {
    const whole = quick === undefined;
    const { node, faults } = readFull(await load(), text, from, to, findings);
    const isTemplate = (faults.length > 0 || (findings.complexKeys ?? 0) > 0) && TEMPLATE.test(text.slice(from, to));
    if (isTemplate) {
      template = true;
      continue;
    }
    if (whole && faults.length > 0 && isNoManifest(text, span)) continue;
    // What follows the first mistake in a document is mostly its echo.
    for (const { offset, says } of faults.slice(0, 1)) {
      const { line, column } = lines.place(offset, offset);
      collector.problem({ file, line, column, says });
    }
    if (whole) takeObject(context, node, collector, delivered);
    else for (const item of node?.type === 'sequence' ? node.items : []) takeObject(context, item, collector, 0);
  }
  for (const key of findings.duplicates.slice(0, 3)) {
    const { line, column } = lines.place(key.start, key.end);
    collector.problem({ file, line, column, says: `has the key ${key.text} twice in one map; the last one counts` });
  }
  return !template;
}

/** Broken text that nobody meant for an object is not worth a word. */
const isNoManifest = (text: string, { start, end }: DocumentSpan): boolean => {
  const part = text.slice(start, end);
  return !/^\s*["']?(?:apiVersion|kind)["']?\s*:/m.test(part);
};

// `kind: List` in a `kind: List`: what nests deeper is an attack.
const MAX_LISTS = 3;

/** An object, or the objects of a list. @param skip so many items were taken already */
function takeObject(context: ExtractContext, node: Node | null, collector: Collector, skip: number, depth = 0): void {
  const kind = textAt(node, 'kind');
  const items = child(node, 'items');
  if (kind !== null && kind.endsWith('List') && items?.type === 'sequence') {
    if (depth >= MAX_LISTS) return;
    for (const item of itemsAt(node, 'items').slice(skip)) takeObject(context, item, collector, 0, depth + 1);
    return;
  }
  if (node?.type === 'sequence') {
    if (depth >= MAX_LISTS) return;
    for (const item of node.items) takeObject(context, item, collector, 0, depth + 1);
    return;
  }
  collector.object(context, node);
}

// More comments of one file were made by a program.
const MAX_SUPPRESSIONS = 1_000;

/** Comments that say which findings the user does not want. */
export function readSuppressions(text: string, place: Lines['place'], collector: Collector): void {
  if (!text.includes('kubelag-ignore')) return;
  let count = 0;
  for (const found of text.matchAll(SUPPRESSION)) {
    if (++count > MAX_SUPPRESSIONS) return;
    const [all, rule = '', rest = ''] = found;
    const until = UNTIL.exec(rest);
    const here = place(found.index, found.index + all.length);
    const alone = /^[ \t]*#/.test(all);
    const suppression: Suppression = {
      rule,
      reason: rest.replace(UNTIL, '').trim(),
      until: until?.[1] ?? null,
      place: here,
      lines: alone ? linesBelow(text, found.index, here.line) : [here.line, here.line],
    };
    collector.suppression(suppression);
  }
}

/** A comment on a line of its own holds for what follows: the next line and what is nested in it. */
function linesBelow(text: string, from: number, line: number): [number, number] {
  let at = from;
  let current = line;
  let last = line;
  let indent = -1;
  while (at < text.length) {
    const stop = text.indexOf('\n', at);
    const end = stop < 0 ? text.length : stop;
    const content = text.slice(at, end);
    if (content.startsWith('---') && indent >= 0) break;
    const found = /^( *)(- )?[^\s#]/.exec(content);
    if (found !== null && !content.startsWith('---')) {
      const own = (found[1] as string).length;
      // Above an object (indentation 0, a key of it): for the object whole.
      if (indent < 0) indent = own;
      else if (own < indent || (own === indent && indent > 0)) break;
      last = current;
    }
    if (stop < 0) break;
    at = stop + 1;
    current++;
  }
  return [line, last];
}
