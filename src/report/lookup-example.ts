import { endpoint } from '../base/addresses.ts';
import { formatCount } from '../base/text.ts';
import type { LookupRow } from '../model/lookup-schema.ts';
import { indented, padEnd, padStart, widthOf, wrap } from './layout.ts';
import { excerpt, queryLines, type ExcerptPart, type QueryLine } from './query-lines.ts';
import type { Style } from './style.ts';
import { answerWords, duration, endWords, nameWords, timeWords, tookWords } from './words.ts';

// What a tired reader takes in; `show` has the rest.
const MAX_EXCERPT = 8;

/**
 * The packets of a lookup, those that prove something, each line four columns in.
 * @param proving as the row's own input numbers them
 */
export function lookupExample(style: Style, row: LookupRow, proving: ReadonlySet<number | string>): string[] {
  const lines = queryLines(row);
  const parts = excerpt(lines, proving, MAX_EXCERPT);
  const end = endWords(row);
  return [
    ...indented(
      style,
      `lookup ${row.id} of ${row.name} took ${tookWords(row)}, ${pathWords(row, lines)}`,
      style.paint.dim,
    ),
    ...tableOf(style, row, lines, parts),
    ...(end === null ? [] : indented(style, end)),
  ];
}

// More ports than these are one for each query, and say nothing line by line.
const MAX_PORTS = 3;

const portsOf = (lines: readonly QueryLine[]): number => new Set(lines.map((line) => line.port)).size;

function pathWords(row: LookupRow, lines: readonly QueryLine[]): string {
  const [first] = lines;
  if (first === undefined) return `${row.client} → ${row.server}`;
  const ports = portsOf(lines);
  const client = ports > MAX_PORTS ? `${row.client} (${ports} ports)` : endpoint(row.client, first.port);
  return `${client} → ${endpoint(first.server, first.serverPort)}`;
}

interface Row {
  time: string;
  packet: string;
  type: string;
  where: string;
  outcome: string;
  bad: boolean;
}

function tableOf(style: Style, row: LookupRow, lines: readonly QueryLine[], parts: readonly ExcerptPart[]): string[] {
  const { paint } = style;
  let before = lines[0];
  const portsDiffer = portsOf(lines) <= MAX_PORTS;
  const rows: (Row | string)[] = parts.map((part) => {
    if ('leftOut' in part) return leftOutWords(style, part.leftOut);
    const { line } = part;
    const where = [
      nameWords(line.name, row.name),
      portsDiffer && before !== undefined && line.port !== before.port ? `:${line.port}` : '',
      before !== undefined && (line.server !== before.server || line.serverPort !== before.serverPort)
        ? `→ ${endpoint(line.server, line.serverPort)}`
        : '',
      before !== undefined && line.transport !== before.transport ? `over ${line.transport.toUpperCase()}` : '',
    ];
    before = line;
    const again = line.againAfterSeconds === null ? '' : `asked again after ${duration(line.againAfterSeconds)}: `;
    return {
      time: timeWords(line.at, line.atSeconds),
      packet: `#${line.packet}`,
      type: `${style.clean(line.type)}?`,
      where: style.clean(where.filter((word) => word !== '').join(' ')),
      outcome: style.clean(again + answerWords(line)),
      bad: line.answer === null,
    };
  });
  const laidOut = rows.filter((one): one is Row => typeof one !== 'string');
  const column = (of: (one: Row) => string): number => Math.max(0, ...laidOut.map((one) => widthOf(of(one))));
  const [time, packet, type, where] = [
    column((one) => one.time),
    column((one) => one.packet),
    column((one) => one.type),
    column((one) => one.where),
  ];
  return rows.flatMap((one) => {
    if (typeof one === 'string') return [`    ${paint.dim(one)}`];
    const head = `    ${padStart(one.time, time)}  ${padEnd(one.packet, packet)}  ${padEnd(one.type, type)}  `;
    const outcome = one.bad ? paint.red(one.outcome) : one.outcome;
    const beside = where === 0 ? head : `${head}${padEnd(one.where, where)}  `;
    if (widthOf(beside) + widthOf(one.outcome) <= style.width) return [beside + outcome];
    // Too narrow for a table: the name stays whole, and what came of it goes below it.
    const below = ' '.repeat(6);
    const outcomes = wrap(one.outcome, style.width - below.length);
    return [(head + one.where).trimEnd(), ...outcomes.map((line) => below + (one.bad ? paint.red(line) : line))];
  });
}

/** `… 6 more queries: NXDOMAIN, answered`. */
function leftOutWords(style: Style, lines: readonly QueryLine[]): string {
  const outcomes = new Map<string, number>();
  for (const line of lines) {
    const outcome =
      line.answer === null ? 'no answer' : line.answer.rcode === 'NOERROR' ? 'answered' : line.answer.rcode;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  const words =
    outcomes.size === 1
      ? [...outcomes.keys()]
      : [...outcomes].map(([outcome, count]) => `${formatCount(count)} ${outcome}`);
  return style.clean(
    `… ${formatCount(lines.length)} more ${lines.length === 1 ? 'query' : 'queries'}: ${words.join(', ')}`,
  );
}
