import type { Findings, MapNode, Node, Pair, ScalarNode, SequenceNode } from './node.ts';
import { isBlank, plainNode, readQuoted, Unsure, type Span } from './quick-scalars.ts';

// JSON of kubectl nests a dozen levels.
const MAX_DEPTH = 64;

/**
 * `{ … }` or `[ … ]`: all of JSON, and what people write of YAML's flows.
 * @param onItem takes the items of the outermost map's `items`, which then are not in the tree
 */
export function readFlow(
  span: Span,
  start: number,
  findings: Findings,
  onItem: ((item: Node | null) => void) | null = null,
): MapNode | SequenceNode {
  const { text, end } = span;
  let at = start;

  /** To the next sign that is no blank, line end or comment. */
  const skip = (): number => {
    for (; at < end; at++) {
      const code = text.charCodeAt(at);
      if (code === 10 || isBlank(code)) continue;
      if (code !== 35) return code;
      if (!isBlank(text.charCodeAt(at - 1)) && text.charCodeAt(at - 1) !== 10) throw new Unsure();
      const stop = text.indexOf('\n', at);
      if (stop < 0) break;
      at = stop;
    }
    throw new Unsure();
  };

  const scalar = (asKey: boolean): ScalarNode => {
    const code = text.charCodeAt(at);
    if (code === 34 || code === 39) {
      const node = readQuoted(span, at);
      at = node.end;
      return node;
    }
    const character = text[at] as string;
    if (',[]{}#&*!|>%@`?'.includes(character)) throw new Unsure();
    const next = text.charCodeAt(at + 1);
    if (
      (character === '-' || character === ':') &&
      (next === 10 || isBlank(next) || ',[]{}'.includes(text[at + 1] ?? ','))
    )
      throw new Unsure();
    let last = at;
    let index = at;
    for (; index < end; index++) {
      const found = text.charCodeAt(index);
      // `,`, `[`, `]`, `{` and `}` end it.
      if (found === 44 || found === 91 || found === 93 || found === 123 || found === 125) break;
      if (found === 58) {
        const after = text[index + 1];
        if (after === undefined || ' \t\r\n,[]{}'.includes(after)) break;
      }
      if (found === 35 && isBlank(text.charCodeAt(index - 1))) throw new Unsure();
      // What goes on in the next line is folded; keys never are.
      if (found === 10) break;
      if (!isBlank(found)) last = index + 1;
    }
    const node = plainNode(text, at, last);
    if (node.text === '<<' && asKey) throw new Unsure();
    at = index;
    const follows = skip();
    if (text.charCodeAt(index) === 10 && follows !== 44 && follows !== 93 && follows !== 125) throw new Unsure();
    return node;
  };

  const value = (depth: number): Node => {
    const code = skip();
    if (code === 123) return map(depth);
    if (code === 91) return sequence(depth, null);
    return scalar(false);
  };

  const map = (depth: number): MapNode => {
    if (depth > MAX_DEPTH) throw new Unsure();
    const begin = at++;
    const pairs: Pair[] = [];
    let known: Set<string> | null = null;
    while (skip() !== 125) {
      const key = scalar(true);
      if (pairs.length === 8) known = new Set(pairs.map((pair) => pair.key.text));
      const twice = known === null ? pairs.some((pair) => pair.key.text === key.text) : known.has(key.text);
      if (twice) findings.duplicates.push(key);
      known?.add(key.text);
      if (skip() !== 58) throw new Unsure();
      at++;
      const code = skip();
      let held: Node | null = null;
      if (code === 91 && depth === 0 && onItem !== null && key.text === 'items') held = sequence(depth + 1, onItem);
      else if (code !== 44 && code !== 125) held = value(depth + 1);
      pairs.push({ key, value: held });
      if (skip() === 44) at++;
      else if (text.charCodeAt(at) !== 125) throw new Unsure();
    }
    at++;
    return { type: 'map', flow: true, pairs, start: begin, end: at, shared: false };
  };

  const sequence = (depth: number, onEach: ((item: Node | null) => void) | null): SequenceNode => {
    if (depth > MAX_DEPTH) throw new Unsure();
    const begin = at++;
    const items: (Node | null)[] = [];
    while (skip() !== 93) {
      const item = value(depth + 1);
      if (onEach === null) items.push(item);
      else onEach(item);
      // `[a: b]` is a map of one, which nobody writes.
      if (skip() === 44) at++;
      else if (text.charCodeAt(at) !== 93) throw new Unsure();
    }
    at++;
    return { type: 'sequence', flow: true, items, dashes: [], start: begin, end: at, shared: false };
  };

  if (text.charCodeAt(start) === 123) return map(0);
  return sequence(0, null);
}
