import { padEnd, widthOf, wrap } from './layout.ts';
import { createStyle, type RenderOptions, type Style } from './style.ts';

export interface RuleSummary {
  readonly id: string;
  readonly title: string;
}

/** All rules, one line each: what `kubelag rules` prints. */
export function renderRuleList(rules: readonly RuleSummary[], options: RenderOptions): string {
  const style = createStyle(options);
  const column = Math.max(0, ...rules.map((rule) => widthOf(style.clean(rule.id)))) + 2;
  const lines = rules.flatMap((rule) =>
    wrap(style.clean(rule.title), style.width - 2 - column).map((line, index) =>
      index === 0
        ? `  ${style.paint.bold(padEnd(style.clean(rule.id), column))}${line}`
        : ' '.repeat(2 + column) + line,
    ),
  );
  return `${lines.join('\n')}\n`;
}

/**
 * A rule's documentation on the terminal: the Markdown that our own pages use (headings,
 * paragraphs, lists, tables, fenced code, `code`, **strong**, links). What else it may hold is
 * printed as it stands.
 */
export function renderRulePage(markdown: string, options: RenderOptions): string {
  const style = createStyle(options);
  const blocks = blocksOf(markdown).map((block) => render(style, block).join('\n'));
  return `${blocks.join('\n\n')}\n`;
}

interface Block {
  kind: 'heading' | 'paragraph' | 'list' | 'table' | 'code';
  lines: string[];
}

const FENCE = /^\s*(?:```|~~~)/;
const ITEM = /^(\s*)(?:[-*+]|(\d+)[.)])\s+(.*)$/;

function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: Block | null = null;
  let inCode = false;
  for (const line of markdown.split(/\r?\n/)) {
    if (FENCE.test(line)) {
      open = null;
      inCode = !inCode;
      if (inCode) blocks.push((open = { kind: 'code', lines: [] }));
      continue;
    }
    if (inCode) {
      open?.lines.push(line);
      continue;
    }
    if (line.trim() === '') {
      open = null;
      continue;
    }
    const kind = kindOf(line, open);
    if (open === null || open.kind !== kind || kind === 'heading') blocks.push((open = { kind, lines: [] }));
    open.lines.push(line);
  }
  return blocks;
}

function kindOf(line: string, open: Block | null): Block['kind'] {
  if (/^#{1,6}\s/.test(line)) return 'heading';
  if (ITEM.test(line)) return 'list';
  if (line.startsWith('|')) return 'table';
  // A line below an item that is none itself goes on with it.
  return open?.kind === 'list' ? 'list' : 'paragraph';
}

function render(style: Style, { kind, lines }: Block): string[] {
  const { paint } = style;
  switch (kind) {
    case 'heading':
      return [`  ${paint.bold(style.clean((lines[0] as string).replace(/^#+\s+/, '').replaceAll('`', '')))}`];
    case 'code':
      return lines.map((line) => `      ${paint.cyan(style.clean(line))}`.trimEnd());
    case 'table':
      return table(style, lines);
    case 'list':
      return items(lines).flatMap(({ depth, mark, text }) => {
        const indent = 2 + depth * 2;
        return flow(style, text, indent + mark.length + 1).map((line, index) =>
          index === 0 ? `${' '.repeat(indent)}${mark} ${line}` : ' '.repeat(indent + mark.length + 1) + line,
        );
      });
    case 'paragraph':
      return flow(style, lines.join(' '), 2).map((line) => `  ${line}`);
  }
}

function items(lines: readonly string[]): { depth: number; mark: string; text: string }[] {
  const found: { depth: number; mark: string; text: string }[] = [];
  for (const line of lines) {
    const match = ITEM.exec(line);
    const last = found.at(-1);
    if (match !== null) {
      const mark = match[2] === undefined ? '-' : `${match[2]}.`;
      found.push({ depth: Math.min(4, Math.floor((match[1] as string).length / 2)), mark, text: match[3] as string });
    } else if (last !== undefined) last.text += ` ${line.trim()}`;
  }
  return found;
}

function table(style: Style, lines: readonly string[]): string[] {
  const rows = lines
    .filter((line) => !/^\|[\s:|-]+\|?\s*$/.test(line))
    .map((line) =>
      line
        .replace(/^\|/, '')
        .replace(/\|\s*$/, '')
        .split('|')
        .map((cell) => style.clean(plainOf(cell.trim()))),
    );
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => widthOf(row[column] ?? ''))),
  );
  return rows.map((row, index) => {
    const line = row.map((cell, column) => padEnd(cell, widths[column] as number)).join('  ');
    return `  ${index === 0 ? style.paint.bold(line) : line}`.trimEnd();
  });
}

/** A paragraph wrapped, its marks painted afterwards so that they don't count as width. */
function flow(style: Style, text: string, indent: number): string[] {
  const { paint } = style;
  let mode: '' | 'code' | 'strong' = '';
  return wrap(style.clean(linksOf(text)), style.width - indent).map((line) =>
    line
      .split(/(`|\*\*)/)
      .map((part) => {
        if (part === '`' && mode !== 'strong') mode = mode === 'code' ? '' : 'code';
        else if (part === '**' && mode !== 'code') mode = mode === 'strong' ? '' : 'strong';
        else if (mode === 'code') return paint.cyan(part);
        else return mode === 'strong' ? paint.bold(part) : part;
        return '';
      })
      .join(''),
  );
}

/** `[text](address)` as `text (address)`; a link to itself once. */
const linksOf = (text: string): string =>
  text.replace(/\[([^\]]+)\]\(([^)\s]+)\)/g, (_, label: string, address: string) =>
    label === address ? address : `${label} (${address})`,
  );

const plainOf = (text: string): string => linksOf(text).replaceAll('`', '').replaceAll('**', '');
