import { partitionPoint } from '../../base/sorted.ts';
import type { Place } from '../../model/workload.ts';
import { documentsOf } from '../yaml/documents.ts';
import { readFull, type Fault, type Yaml } from '../yaml/full.ts';
import { createLines, type Lines } from '../yaml/lines.ts';
import { shifted, type Node, type ScalarNode } from '../yaml/node.ts';
import { readQuick } from '../yaml/quick.ts';

/**
 * The texts of many files in one space of offsets: what is merged of several files is one tree then,
 * and each value in it still knows its file and line.
 */
export interface Sheet extends Lines {
  /** The documents of a file; what cannot be read is a fault of its first place. */
  documents(file: string): readonly SheetDocument[] | null;
  /** The documents that stand as a text in a value (an inline patch). */
  inside(scalar: ScalarNode): readonly SheetDocument[];
  /** All of a file as one text; null where it is not there. */
  whole(file: string): ScalarNode | null;
  /** Files that were read. */
  files(): IterableIterator<readonly [file: string, text: string]>;
}

export interface SheetDocument {
  node: Node | null;
  span: readonly [from: number, to: number];
  fault: Fault | null;
}

interface Segment {
  file: string;
  text: string;
  base: number;
  lines: Lines;
  documents: readonly SheetDocument[] | null;
}

/** @param read a file's text; null where there is none */
export function createSheet(yaml: Yaml, read: (file: string) => string | null): Sheet {
  const segments: Segment[] = [];
  const byFile = new Map<string, Segment | null>();
  let length = 0;

  const segmentOf = (file: string): Segment | null => {
    const known = byFile.get(file);
    if (known !== undefined) return known;
    const text = read(file);
    const segment =
      text === null ? null : { file, text, base: length, lines: createLines(file, text), documents: null };
    byFile.set(file, segment);
    if (segment !== null) {
      segments.push(segment);
      // One more, so that the end of one file is not the beginning of the next.
      length += segment.text.length + 1;
    }
    return segment;
  };

  const parsed = ({ text, base }: Segment, start: number, end: number): SheetDocument => {
    const findings = { duplicates: [] };
    const quick = readQuick(text, start, end, findings);
    const place = [base + start, base + end] as const;
    if (quick !== undefined) return { node: shifted(quick, base), span: place, fault: null };
    const { node, faults } = readFull(yaml, text, start, end, findings);
    const [fault = null] = faults;
    return {
      node: shifted(node, base),
      span: place,
      fault: fault === null ? null : { ...fault, offset: base + fault.offset },
    };
  };

  const segmentAt = (offset: number): Segment | undefined =>
    segments[partitionPoint(segments.length, (index) => (segments[index] as Segment).base <= offset) - 1];

  return {
    documents(file) {
      const segment = segmentOf(file);
      if (segment === null) return null;
      return (segment.documents ??= [...documentsOf(segment.text)].map(({ start, end }) =>
        parsed(segment, start, end),
      ));
    },
    inside(scalar) {
      const segment = segmentAt(scalar.start);
      if (segment === undefined) return [];
      const [from, to] = [scalar.start - segment.base, scalar.end - segment.base];
      if (scalar.style === 'block' && segment.text[from] === '|') {
        const first = segment.text.indexOf('\n', from) + 1;
        return insideBlock(segment.text, first, to).map(([start, end]) => parsed(segment, start, end));
      }
      // Written in quotes or on one line: each value stands where all of it begins.
      const findings = { duplicates: [] };
      const { node, faults } = readFull(yaml, scalar.text, 0, scalar.text.length, findings);
      const [fault] = faults;
      return [
        {
          node: atOnePlace(node, scalar),
          span: [scalar.start, scalar.end],
          fault: fault === undefined ? null : { says: fault.says, offset: scalar.start },
        },
      ];
    },
    whole(file) {
      const segment = segmentOf(file);
      if (segment === null) return null;
      const { text, base } = segment;
      return {
        type: 'scalar',
        value: text,
        text,
        style: 'block',
        start: base,
        end: base + text.length,
        shared: true,
      };
    },
    *files() {
      for (const { file, text } of segments) yield [file, text];
    },
    slice(from, to) {
      const segment = segmentAt(from);
      return segment?.text.slice(from - segment.base, to - segment.base) ?? '';
    },
    place(from, to): Place {
      const segment = segmentAt(from);
      if (segment === undefined) throw new Error(`no file has the offset ${from}`);
      // What is merged of two files ends where its beginning's file ends at the latest.
      const end = Math.min(Math.max(from, to) - segment.base, segment.text.length);
      return segment.lines.place(from - segment.base, end);
    },
  };
}

/** The documents of an indented text: its `---` do not stand at the beginning of a line. */
export function insideBlock(text: string, from: number, to: number): [start: number, end: number][] {
  const spans: [number, number][] = [];
  let start = from;
  for (const mark of text.slice(from, to).matchAll(/^[ \t]*---[ \t]*\r?$/gm)) {
    spans.push([start, from + mark.index]);
    start = from + mark.index + mark[0].length;
  }
  return [...spans, [start, to]];
}

function atOnePlace(node: Node | null, { start, end }: { start: number; end: number }): Node | null {
  if (node === null) return null;
  // A change there would have to be written into the quotes.
  const place = { start, end, shared: true };
  if (node.type === 'scalar') return { ...node, ...place };
  if (node.type === 'sequence') return { ...node, ...place, items: node.items.map((item) => atOnePlace(item, place)) };
  return {
    ...node,
    ...place,
    pairs: node.pairs.map(({ key, value }) => ({ key: { ...key, ...place }, value: atOnePlace(value, place) })),
  };
}
