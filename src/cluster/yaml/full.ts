import type { Alias, Document, Node as YamlNode, Pair as YamlPair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { Findings, MapNode, Node, Pair, ScalarNode, SequenceNode } from './node.ts';

/** The package that knows all of YAML, as it was loaded. */
export type Yaml = typeof import('yaml');

/** What keeps a text from being read; its offset in the file. */
export interface Fault {
  offset: number;
  says: string;
}

// An alias stands for all that its anchor holds: nested ones grow without end ("billion laughs").
// What a manifest needs stays far below.
const MAX_NODES = 100_000;
// The package reads some 1 MB/s; what is that large and not simple is nothing that people write.
export const MAX_FULL_LENGTH = 4 << 20;

class TooMuch extends Error {
  override readonly name = 'TooMuch';
}

/** Reads one document with all of YAML: anchors and tags too; says what is wrong with it. */
export function readFull(
  yaml: Yaml,
  text: string,
  start: number,
  end: number,
  findings: Findings,
): { node: Node | null; faults: Fault[] } {
  if (end - start > MAX_FULL_LENGTH) {
    return {
      node: null,
      faults: [{ offset: start, says: 'is too large to be read with anchors or tags' }],
    };
  }
  let document: Document.Parsed | undefined;
  try {
    [document] = yaml.parseAllDocuments(text.slice(start, end), {
      uniqueKeys: false,
      merge: true,
      strict: true,
      logLevel: 'silent',
      keepSourceTokens: false,
    }) as Document.Parsed[];
  } catch {
    // Its recursion has no bound of its own.
    return { node: null, faults: [{ offset: start, says: 'nests too deep to be read' }] };
  }
  if (document === undefined) return { node: null, faults: [] };
  const faults = document.errors.map(({ pos, message }) => ({
    offset: start + pos[0],
    // Without the excerpt that follows: the place is told already.
    says: (message.split('\n', 1)[0] as string).replace(/ at line \d+, column \d+:?$/, ''),
  }));
  if (faults.length > 0) return { node: null, faults };
  try {
    return { node: convert(yaml, document, text, start, findings), faults: [] };
  } catch (error) {
    if (!(error instanceof TooMuch) && !(error instanceof RangeError)) throw error;
    return { node: null, faults: [{ offset: start, says: 'its aliases stand for too much' }] };
  }
}

function convert(yaml: Yaml, document: Document.Parsed, text: string, start: number, findings: Findings): Node | null {
  let nodes = 0;

  const scalarOf = (node: Scalar, shared: boolean): ScalarNode => {
    const { value } = node;
    const [from, to] = node.range ?? [0, 0];
    const known = value === null || ['string', 'number', 'boolean'].includes(typeof value);
    const plain = node.type === 'PLAIN' && typeof node.source === 'string';
    return {
      type: 'scalar',
      value: known ? (value as ScalarNode['value']) : String(value),
      text: plain ? (node.source as string) : String(value ?? ''),
      style: STYLES[node.type ?? 'PLAIN'] ?? 'plain',
      start: start + from,
      end: start + to,
      shared,
    };
  };

  const of = (node: YamlNode | null, shared: boolean): Node | null => {
    if (++nodes > MAX_NODES) throw new TooMuch();
    if (node === null) return null;
    if (yaml.isAlias(node)) {
      const meant = (node as Alias).resolve(document);
      return of(meant ?? null, true);
    }
    if (yaml.isMap(node)) return mapOf(node as YAMLMap, shared);
    if (yaml.isSeq(node)) return sequenceOf(node as YAMLSeq, shared);
    const scalar = scalarOf(node as Scalar, shared);
    return scalar.style === 'plain' && scalar.text === '' && scalar.value === null ? null : scalar;
  };

  /** The package has a block end where what follows begins: lines later. Behind its last value is where it ends. */
  const endOf = (node: YamlNode): number => {
    const end = node.range?.[1] ?? 0;
    if (yaml.isScalar(node)) return node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED' ? trimmed(end) : end;
    if (!yaml.isCollection(node) || node.flow === true) return end;
    const last = node.items.at(-1);
    const inner = yaml.isPair(last)
      ? ((last.value ?? last.key) as YamlNode | null)
      : (last as YamlNode | null | undefined);
    return inner === null || inner === undefined || (inner.range?.[1] ?? 0) === 0 ? trimmed(end) : endOf(inner);
  };
  const trimmed = (end: number): number => text.slice(start, start + end).trimEnd().length;

  const mapOf = (node: YAMLMap, shared: boolean): MapNode => {
    const pairs: Pair[] = [];
    const merged: Pair[] = [];
    const known = new Set<string>();
    for (const { key, value } of node.items as YamlPair<YamlNode, YamlNode | null>[]) {
      if (yaml.isScalar(key) && (key.value === '<<' || String(key.value) === 'Symbol(<<)')) {
        const from = of(value, true);
        for (const one of from?.type === 'sequence' ? from.items : [from]) {
          if (one?.type === 'map') merged.push(...one.pairs);
        }
        continue;
      }
      if (!yaml.isScalar(key)) {
        // `{{ .Values.name }}` reads as a map for a key.
        findings.complexKeys = (findings.complexKeys ?? 0) + 1;
        continue;
      }
      const scalar = scalarOf(key, shared);
      if (known.has(scalar.text)) findings.duplicates.push(scalar);
      known.add(scalar.text);
      pairs.push({ key: scalar, value: of(value, shared) });
    }
    for (const pair of merged) {
      if (known.has(pair.key.text)) continue;
      known.add(pair.key.text);
      pairs.unshift(pair);
    }
    const [from] = node.range ?? [0];
    return { type: 'map', flow: node.flow === true, pairs, start: start + from, end: start + endOf(node), shared };
  };

  const sequenceOf = (node: YAMLSeq, shared: boolean): SequenceNode => {
    const items = (node.items as (YamlNode | null)[]).map((item) => of(item, shared));
    const [from] = node.range ?? [0];
    // Where dashes stand is known to the quick reader alone: what was not simple is not added to.
    return {
      type: 'sequence',
      flow: node.flow === true,
      items,
      dashes: [],
      start: start + from,
      end: start + endOf(node),
      shared,
    };
  };

  return of(document.contents as YamlNode | null, false);
}

const STYLES: Readonly<Record<string, ScalarNode['style']>> = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_LITERAL: 'block',
  BLOCK_FOLDED: 'block',
};
