import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as yaml from 'yaml';
import { readFull } from './full.ts';
import { toJson, type Node } from './node.ts';
import { readQuick } from './quick.ts';

const quick = (text: string) => readQuick(text, 0, text.length, { duplicates: [] });
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

/** The package as the oracle: what both read must be the same. */
function agrees(text: string): boolean {
  const node = quick(text);
  if (node === undefined) return false;
  const document = yaml.parseDocument(text, { uniqueKeys: false });
  expect(document.errors, text).toEqual([]);
  expect(plain(toJson(node)), text).toEqual(plain(document.toJS()));
  return true;
}

const scalarText = fc.oneof(
  fc.constantFrom(
    'a',
    'true',
    '5',
    '0x1F',
    '1.0',
    '~',
    '',
    'a b',
    "it's",
    'a: b',
    '- x',
    '# no',
    'a #b',
    '"q"',
    'ü',
    '\\',
    '{x',
    '\ttab',
  ),
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom('line\nline', 'two\n\nlines\n', ' lead\nx', 'a\n  b\nc\n', 'x'.repeat(200), 'word '.repeat(40)),
);
const key = fc.oneof(fc.constantFrom('name', 'value', 'a.b/c', 'x y', 'items', '5', "k'"), fc.string({ maxLength: 6 }));
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    scalarText,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  ),
})).value;

const style = fc.record({
  indent: fc.constantFrom(2, 4),
  indentSeq: fc.boolean(),
  lineWidth: fc.constantFrom(0, 20, 80),
  collectionStyle: fc.constantFrom('any' as const, 'block' as const, 'flow' as const),
  defaultStringType: fc.constantFrom('PLAIN' as const, 'QUOTE_DOUBLE' as const, 'QUOTE_SINGLE' as const),
});

const full = (text: string) => readFull(yaml, text, 0, text.length, { duplicates: [] });

describe('the quick reader', () => {
  it('reads what the package reads, in every style the package writes', () => {
    let read = 0;
    let all = 0;
    fc.assert(
      fc.property(fc.dictionary(key, json, { minKeys: 1, maxKeys: 4 }), style, (value, options) => {
        const text = yaml.stringify(value, { ...options, aliasDuplicateObjects: false });
        all++;
        if (agrees(text)) read++;
      }),
      { numRuns: 600 },
    );
    // What it leaves to the package is the exception.
    expect(read / all).toBeGreaterThan(0.5);
  });

  it('reads JSON', () => {
    fc.assert(
      fc.property(fc.dictionary(key, json), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(plain(toJson(quick(text) as Node))).toEqual(plain(yaml.parse(text, { uniqueKeys: false })));
      }),
    );
  });

  it('never throws and never reads what the package calls broken as something else', () => {
    const piece = fc.constantFrom(
      'a',
      ': ',
      ':',
      '\n',
      '  ',
      '- ',
      '"',
      "'",
      '{',
      '}',
      '[',
      ']',
      ',',
      '#',
      ' #',
      '|',
      '>',
      '&a',
      '*a',
      '\t',
      '\r\n',
      'x: y',
      '? ',
      '!',
      '%',
      '\\',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const text = pieces.join('');
        const node = quick(text);
        if (node === undefined || node === null) return;
        const document = yaml.parseDocument(text, { uniqueKeys: false });
        if (document.errors.length > 0) return;
        expect(plain(toJson(node)), JSON.stringify(text)).toEqual(plain(document.toJS()));
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['comments', '# c\na: 1 # one\n# two\nb:\n  # three\n  - x # y\n'],
    ['CRLF', 'a:\r\n  - x: 1\r\n    y: "2"\r\n  - z\r\nb: |\r\n  one\r\n  two\r\n'],
    ['lists at the indentation of their key', 'a:\n- x\n- y:\n  - z\nb: 1\n'],
    ['nested dashes', 'a:\n- - x\n  - y\n- - z\n'],
    ['flows over lines', 'a: {b: [1, 2,\n    3], "c":4,\n  d: }\n'],
    ['literals', 'a: |\n  x\n   y\n\n  z\n\nb: |-\n  q\n'],
    ['text that goes on', 'a: one\n  two\n\n  three\nb: "x\n  y \\\n  z"\nc: \'p\n  q\'\n'],
    ['colons and hashes inside', 'a: http://x:80/#y\nb: a:b\nc: x#y\n'],
  ])('reads %s', (_, text) => {
    expect(agrees(text)).toBe(true);
  });

  it('knows where each value stands', () => {
    const text = 'spec:\n  replicas: 3\n  args: [--a, "--b=1"]\n  env:\n  - name: X\n    value: y z\n';
    const spans: string[] = [];
    const visit = (node: Node | null): void => {
      if (node === null) return;
      if (node.type === 'scalar') spans.push(text.slice(node.start, node.end));
      else if (node.type === 'sequence') node.items.forEach(visit);
      else node.pairs.forEach((pair) => visit(pair.value));
    };
    visit(quick(text) as Node);
    expect(spans).toEqual(['3', '--a', '"--b=1"', 'X', 'y z']);
  });

  it('tells keys that stand twice', () => {
    const findings = { duplicates: [] as { text: string }[] };
    readQuick('a: 1\nb: 2\na: 3\n', 0, 15, findings as never);
    expect(findings.duplicates.map((one) => one.text)).toEqual(['a']);
  });

  it('folds text as the package does', () => {
    const line = fc.constantFrom(
      '',
      '',
      'word',
      'more words',
      '  further',
      ' one',
      '\tfurther',
      '- x',
      '# no comment',
      '   ',
    );
    let read = 0;
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 8 }),
        fc.constantFrom('>', '>-', '|', '|-', '> # said'),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        (lines, head, newline, last) => {
          const body = lines.map((one) => (one === '' ? '' : `    ${one}`));
          const text = ['a:', `  b: ${head}`, ...body, ...(last ? [] : ['c: d']), ''].join(newline);
          if (yaml.parseDocument(text).errors.length === 0 && agrees(text)) read++;
        },
      ),
      { numRuns: 1000 },
    );
    expect(read).toBeGreaterThan(500);
  });

  it('leaves anchors and tags to the package', () => {
    for (const text of ['a: &x 1\nb: *x\n', 'a: !!str 1\n', 'a: >2\n  x\n', '? a\n: b\n', '<<: {a: 1}\n']) {
      expect(quick(text)).toBeUndefined();
    }
  });
});

describe('the full reader', () => {
  it('follows aliases and merge keys, and marks what stands elsewhere too', () => {
    const { node, faults } = full('x: &a {p: 1, q: 2}\ny:\n  <<: *a\n  q: 3\nz: *a\n');
    expect(faults).toEqual([]);
    expect(plain(toJson(node))).toEqual({ x: { p: 1, q: 2 }, y: { p: 1, q: 3 }, z: { p: 1, q: 2 } });
    const z = node?.type === 'map' ? node.pairs.find((pair) => pair.key.text === 'z')?.value : null;
    expect(z?.shared).toBe(true);
  });

  it('ends at aliases that stand for billions', () => {
    const lines = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (let index = 1; index < 12; index++) {
      const of = String.fromCharCode(96 + index);
      const name = String.fromCharCode(97 + index);
      lines.push(`${name}: &${name} [${`*${of}, `.repeat(9)}*${of}]`);
    }
    const { node, faults } = full(lines.join('\n'));
    expect(node).toBeNull();
    expect(faults[0]?.says).toMatch(/aliases/);
  });

  it('says what is broken and where', () => {
    const { faults } = full('a: 1\nb: [1, 2\nc: 3\n');
    expect(faults.length).toBeGreaterThan(0);
    expect(faults[0]?.says).not.toMatch(/\n|at line/);
  });

  it('survives what nests without end', () => {
    expect(full('['.repeat(100_000)).node).toBeNull();
    expect(full(`${'{a: '.repeat(20_000)}`).node).toBeNull();
  });
});
