import type { Findings, MapNode, Node, Pair, ScalarNode, SequenceNode } from './node.ts';
import { readFlow } from './quick-flow.ts';
import { isBlank, lineEnd, plainNode, readBlock, readQuoted, SPACE, TAB, Unsure, type Span } from './quick-scalars.ts';

// Manifests nest a dozen levels; what nests deeper is left to the reader that knows all of YAML.
const MAX_DEPTH = 64;

export interface QuickOptions {
  /**
   * Takes the items of the document's own `items`, which then are not in the tree: a dump of
   * thousands of objects need not be whole in memory. `again` reads an item that is not simple.
   */
  onItem?: (item: Node | null) => void;
  again?: (start: number, end: number) => Node | null;
}

/**
 * Reads the YAML that kubectl, Helm and people write, some thirty times as fast as a reader of all
 * of YAML: blocks, flows, plain and quoted scalars, literal and folded text. Undefined where there
 * is anything else (anchors, tags, or an error), which is then not judged here.
 */
export function readQuick(
  text: string,
  begin: number,
  end: number,
  findings: Findings,
  options: QuickOptions = {},
): Node | null | undefined {
  const span: Span = { text, end };
  const { onItem, again } = options;
  let at = begin;

  /** Moves to the next line with something on it; its indentation, -1 at the end. */
  const nextLine = (): number => {
    while (at < end) {
      let first = at;
      let code = text.charCodeAt(first);
      while (first < end && code === SPACE) code = text.charCodeAt(++first);
      if (first >= end) break;
      if (code !== 35 && code !== 10 && code !== 13 && code !== TAB) return first - at;
      const stop = lineEnd(span, first);
      if (code === TAB || code === 13) {
        let blank = first;
        while (blank < stop && isBlank(text.charCodeAt(blank))) blank++;
        // A tab before something: no indentation in YAML.
        if (blank < stop) throw new Unsure();
      }
      at = stop + 1;
    }
    at = end;
    return -1;
  };

  /** After a value: nothing but blanks and a comment may follow on its line. */
  const endLine = (from: number): void => {
    let stop = from;
    while (stop < end && isBlank(text.charCodeAt(stop))) stop++;
    const code = text.charCodeAt(stop);
    if (stop < end && code !== 10 && !(code === 35 && stop > from)) throw new Unsure();
    at = Math.min(lineEnd(span, stop) + 1, end);
  };

  /** The key that begins at `from` and where its colon is, null where there is none. */
  const keyAt = (from: number): { key: ScalarNode; colon: number } | null => {
    const code = text.charCodeAt(from);
    if (code === 34 || code === 39) {
      const key = readQuoted(span, from);
      let colon = key.end;
      while (colon < end && text.charCodeAt(colon) === SPACE) colon++;
      return text.charCodeAt(colon) === 58 && endsKey(colon) ? { key, colon } : null;
    }
    if (!beginsPlain(from)) return null;
    const stop = lineEnd(span, from);
    for (let colon = from; colon < stop; colon++) {
      const found = text.charCodeAt(colon);
      if (found === 58 && endsKey(colon)) {
        let last = colon;
        while (last > from && isBlank(text.charCodeAt(last - 1))) last--;
        const key = plainNode(text, from, last);
        if (key.text === '<<') throw new Unsure();
        return { key, colon };
      }
      if (found === 35 && isBlank(text.charCodeAt(colon - 1))) return null;
    }
    return null;
  };

  const endsKey = (colon: number): boolean => {
    const code = text.charCodeAt(colon + 1);
    return colon + 1 >= end || code === SPACE || code === 10 || code === 13 || code === TAB;
  };

  const beginsPlain = (from: number): boolean => {
    const character = text[from] as string;
    if (!'-?:,[]{}#&*!|>\'"%@`'.includes(character)) return true;
    const next = text.charCodeAt(from + 1);
    return '-?:'.includes(character) && from + 1 < end && next !== 10 && !isBlank(next);
  };

  const isDash = (from: number): boolean => {
    if (text.charCodeAt(from) !== 45) return false;
    const next = text.charCodeAt(from + 1);
    return from + 1 >= end || next === 10 || isBlank(next);
  };

  /** A value that begins on the line it stands in. */
  const inline = (from: number, parent: number): Node => {
    const character = text[from] as string;
    if (character === '{' || character === '[') {
      const node = readFlow(span, from, findings);
      endLine(node.end);
      return node;
    }
    if (character === '|' || character === '>') {
      const { node, next } = readBlock(span, from, parent);
      at = next;
      return node;
    }
    if (character === '"' || character === "'") {
      const node = readQuoted(span, from);
      endLine(node.end);
      if (nextLine() > parent && parent >= 0) throw new Unsure();
      return node;
    }
    if (!beginsPlain(from)) throw new Unsure();
    let last = plainEnd(from);
    const node = plainNode(text, from, last);
    at = Math.min(lineEnd(span, last) + 1, end);
    const lines = [node.text];
    // It may go on in the next lines: each line end is a space, each blank line a line end.
    while (commentFollows(last) === false) {
      const before = at;
      let blanks = 0;
      while (at < end && /^[ \t\r]*$/.test(text.slice(at, lineEnd(span, at)))) {
        blanks++;
        at = Math.min(lineEnd(span, at) + 1, end);
      }
      let first = at;
      while (first < end && text.charCodeAt(first) === SPACE) first++;
      if (first >= end || first - at <= parent || text.charCodeAt(first) === 35) {
        at = before;
        break;
      }
      if (text.charCodeAt(first) === TAB) throw new Unsure();
      last = plainEnd(first);
      lines.push(blanks > 0 ? '\n'.repeat(blanks) : ' ', text.slice(first, last));
      at = Math.min(lineEnd(span, last) + 1, end);
    }
    if (lines.length === 1) {
      if (nextLine() > parent) throw new Unsure();
      return node;
    }
    const value = lines.join('');
    return { type: 'scalar', value, text: value, style: 'plain', start: from, end: last, shared: false };
  };

  /** Where the plain text of a line ends: before a comment or blanks. */
  const plainEnd = (from: number): number => {
    const stop = lineEnd(span, from);
    let last = from;
    for (let index = from; index < stop; index++) {
      const code = text.charCodeAt(index);
      if (code === 58 && endsKey(index)) throw new Unsure();
      if (code === 35 && isBlank(text.charCodeAt(index - 1))) break;
      if (!isBlank(code)) last = index + 1;
    }
    return last;
  };

  const commentFollows = (last: number): boolean => {
    let from = last;
    while (from < end && isBlank(text.charCodeAt(from))) from++;
    return text.charCodeAt(from) === 35;
  };

  const block = (indent: number, depth: number): Node => {
    if (depth > MAX_DEPTH) throw new Unsure();
    const from = at + indent;
    if (isDash(from)) return sequence(indent, depth, null);
    if (keyAt(from) === null) throw new Unsure();
    return map(indent, depth, from);
  };

  /** @param first where its first key begins: at `indent`, or behind a dash */
  const map = (indent: number, depth: number, first: number): MapNode => {
    const pairs: Pair[] = [];
    let known: Set<string> | null = null;
    let from = first;
    let stop = from;
    for (;;) {
      const found = keyAt(from);
      if (found === null) throw new Unsure();
      const { key, colon } = found;
      if (pairs.length === 8) known = new Set(pairs.map((pair) => pair.key.text));
      const twice = known === null ? pairs.some((pair) => pair.key.text === key.text) : known.has(key.text);
      if (twice) findings.duplicates.push(key);
      known?.add(key.text);
      const value = valueOf(colon, indent, depth, depth === 0 && key.text === 'items' ? (onItem ?? null) : null);
      pairs.push({ key, value });
      stop = value?.end ?? colon + 1;
      const next = nextLine();
      if (next < indent) break;
      if (next > indent) throw new Unsure();
      from = at + indent;
      if (isDash(from)) throw new Unsure();
    }
    return { type: 'map', flow: false, pairs, start: first, end: stop, shared: false };
  };

  /** What stands after a colon. */
  const valueOf = (
    colon: number,
    indent: number,
    depth: number,
    items: ((item: Node | null) => void) | null,
  ): Node | null => {
    let from = colon + 1;
    while (from < end && isBlank(text.charCodeAt(from))) from++;
    const code = text.charCodeAt(from);
    if (from < end && code !== 10 && !(code === 35 && isBlank(text.charCodeAt(from - 1)))) {
      if (items !== null && code === 91) {
        const node = readFlow(span, from, findings, items);
        endLine(node.end);
        return node;
      }
      return inline(from, indent);
    }
    at = Math.min(lineEnd(span, from) + 1, end);
    const next = nextLine();
    if (next > indent)
      return items !== null && isDash(at + next) ? sequence(next, depth + 1, items) : block(next, depth + 1);
    if (next === indent && isDash(at + next)) return sequence(next, depth + 1, items);
    return null;
  };

  const sequence = (indent: number, depth: number, onEach: ((item: Node | null) => void) | null): SequenceNode => {
    if (depth > MAX_DEPTH) throw new Unsure();
    const items: (Node | null)[] = [];
    const dashes: number[] = [];
    const start = at + indent;
    let stop = start + 1;
    for (;;) {
      const dash = at + indent;
      const value = onEach === null ? item(dash, indent, depth) : itemApart(dash, indent, depth);
      stop = value?.end ?? dash + 1;
      if (onEach === null) {
        items.push(value);
        dashes.push(dash);
      } else onEach(value);
      const next = nextLine();
      if (next < indent || (next === indent && !isDash(at + next))) break;
      if (next > indent) throw new Unsure();
    }
    return { type: 'sequence', flow: false, items, dashes, start, end: stop, shared: false };
  };

  /** One item of many: where it is not simple, it alone is read again. */
  const itemApart = (dash: number, indent: number, depth: number): Node | null => {
    const line = at;
    try {
      return item(dash, indent, depth);
    } catch (error) {
      if (!(error instanceof Unsure) || again === undefined) throw error;
      at = line;
      const next = new RegExp(`\\n(?: {${indent}}-[ \\r\\n]| {0,${Math.max(0, indent - 1)}}[^ \\r\\n#])`, 'g');
      next.lastIndex = lineEnd(span, line);
      const found = next.exec(text);
      at = found === null || found.index >= end ? end : found.index + 1;
      return again(line, at);
    }
  };

  const item = (dash: number, indent: number, depth: number): Node | null => {
    let from = dash + 1;
    while (from < end && isBlank(text.charCodeAt(from))) {
      if (text.charCodeAt(from) === TAB) throw new Unsure();
      from++;
    }
    const code = text.charCodeAt(from);
    if (from >= end || code === 10 || (code === 35 && isBlank(text.charCodeAt(from - 1)))) {
      at = Math.min(lineEnd(span, from) + 1, end);
      const next = nextLine();
      return next > indent ? block(next, depth + 1) : null;
    }
    const column = indent + from - dash;
    if (isDash(from)) {
      // The nested sequence begins on this line: seen as if its dash stood there alone.
      at = from - column;
      return sequence(column, depth + 1, null);
    }
    if (code !== 123 && code !== 91 && keyAt(from) !== null) return map(column, depth + 1, from);
    return inline(from, indent);
  };

  try {
    const first = nextLine();
    if (first < 0) return null;
    const from = at + first;
    const code = text.charCodeAt(from);
    let root: Node;
    if (code === 123 || code === 91) {
      root = readFlow(span, from, findings, onItem ?? null);
      endLine(root.end);
    } else root = block(first, 0);
    return nextLine() < 0 ? root : undefined;
  } catch (error) {
    if (error instanceof Unsure) return undefined;
    throw error;
  }
}
