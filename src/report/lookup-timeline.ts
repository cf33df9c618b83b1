import { endpoint } from '../base/addresses.ts';
import type { LookupRow } from '../model/diagnosis.ts';
import { labelled, padEnd, padStart, widthOf, wrap } from './layout.ts';
import { queryLines, type QueryLine } from './query-lines.ts';
import { createStyle, type RenderOptions, type Style } from './style.ts';
import { duration, endWords, nameWords, tookWords } from './words.ts';

/** One packet of a lookup, or ICMP's word about one. */
interface Event {
  atSeconds: number;
  line: QueryLine;
  kind: 'sent' | 'replied' | 'unreachable';
}

const MAX_SCALE = 40;
// A wait below a twenty-seventh of the whole is not drawn: a long walk would be bars only.
const LEAST_CELLS = 1.5;
// The end of a lookup and the reply that ended it may differ by rounding.
const SAME_TIME_SECONDS = 1e-6;

/**
 * One lookup packet by packet: each query and reply in order, with the time since the first, and
 * each wait as a bar to scale at its place in the whole.
 */
export function renderLookupTimeline(row: LookupRow, options: RenderOptions): string {
  const style = createStyle(options);
  const events = eventsOf(row);
  return `${[
    ...summary(style, row),
    '',
    ...timeline(style, row, events),
    '',
    ...labelled(style, 'ends', style.clean(endOf(row, events))),
  ].join('\n')}\n`;
}

function summary(style: Style, row: LookupRow): string[] {
  const { paint } = style;
  const failed = row.outcome !== 'ok';
  const tag = style.clean(`${tookWords(row)} · ${row.outcome}`);
  const title = style.clean(row.name === '' ? 'a name that was not seen' : row.name);
  const room = style.width - 2 - widthOf(title) - widthOf(tag);
  const painted = failed ? paint.red(tag) : paint.bold(tag);
  const first = row.attempts[0];
  const servers = new Set(row.attempts.map((attempt) => endpoint(attempt.server, attempt.serverPort)));
  const resolver = row.resolverDetail === null ? row.resolver : `${row.resolver} ${row.resolverDetail}`;
  const because = row.resolverBecause === '' ? '' : `: ${row.resolverBecause}`;
  const started = `${row.startSeconds.toFixed(6)} s into the capture`;
  return [
    ...(room >= 2
      ? [`  ${paint.bold(title)}${' '.repeat(room)}${painted}`]
      : [`  ${paint.bold(title)}`, `  ${painted}`]),
    '',
    ...labelled(style, 'lookup', style.clean(`${row.id}, by ${row.client}`)),
    ...labelled(style, 'resolver', style.clean(`${resolver}, ${row.resolverConfidence}${because}`)),
    ...labelled(style, 'server', style.clean(first === undefined ? row.server : [...servers].join(', '))),
    ...labelled(style, 'starts', style.clean(row.startedAt === null ? started : `${row.startedAt}, ${started}`)),
    ...(row.answers.length === 0 ? [] : labelled(style, 'answers', style.clean(row.answers.join(', ')))),
  ];
}

function eventsOf(row: LookupRow): Event[] {
  const events: Event[] = queryLines(row).flatMap((line) => [
    { atSeconds: line.atSeconds, line, kind: 'sent' as const },
    ...(line.answer === null ? [] : [{ atSeconds: line.answer.atSeconds, line, kind: 'replied' as const }]),
    ...(line.unreachableAfterSeconds === null
      ? []
      : [{ atSeconds: line.atSeconds + line.unreachableAfterSeconds, line, kind: 'unreachable' as const }]),
  ]);
  return events.toSorted((a, b) => a.atSeconds - b.atSeconds);
}

interface Cells {
  time: string;
  packet: string;
  way: string;
  type: string;
  text: string;
  bad: boolean;
}

function timeline(style: Style, row: LookupRow, events: readonly Event[]): string[] {
  const { paint } = style;
  const start = row.startSeconds;
  const last = events.at(-1)?.atSeconds ?? start;
  const end = Math.max(last, start + row.durationSeconds);
  const scale = scaleOf(style, start, end);
  const several = new Set(row.attempts.map((attempt) => attempt.server)).size > 1;
  const cells = events.map((event) => cellsOf(style, row, event, several));
  const column = (of: (one: Cells) => string): number => Math.max(0, ...cells.map((one) => widthOf(of(one))));
  const [time, packet, way, type] = [
    column((one) => one.time),
    column((one) => one.packet),
    column((one) => one.way),
    column((one) => one.type),
  ];
  const outstanding = new Map<string, QueryLine>();
  const lines: string[] = [];
  let before = start;
  for (const [index, event] of events.entries()) {
    lines.push(...scale(before, event.atSeconds, waitWords([...outstanding.values()])));
    before = Math.max(before, event.atSeconds);
    const question = `${event.line.type} ${event.line.name}`;
    if (event.kind === 'sent') outstanding.set(question, event.line);
    else outstanding.delete(question);
    const one = cells[index] as Cells;
    const head = [
      padStart(one.time, time),
      padEnd(one.packet, packet),
      padEnd(one.way, way),
      padEnd(one.type, type),
    ].join('  ');
    const indent = 4 + widthOf(head) + 2;
    const text = wrap(one.text, style.width - indent);
    lines.push(
      ...text.map((line, at) => {
        const painted = one.bad ? paint.red(line) : line;
        return (at === 0 ? `    ${head}  ${painted}` : ' '.repeat(indent) + painted).trimEnd();
      }),
    );
  }
  return [...lines, ...scale(before, end, waitWords([...outstanding.values()]))];
}

/** Draws waits at their place in the whole. */
function scaleOf(style: Style, start: number, end: number): (from: number, to: number, words: string) => string[] {
  const cells = Math.min(MAX_SCALE, Math.floor((style.width - 6) / 2));
  const total = end - start;
  const block = style.clean('█');
  return (from, to, words) => {
    if (total <= 0) return [];
    const length = ((to - from) / total) * cells;
    if (length < LEAST_CELLS) return [];
    const offset = Math.min(cells - 1, Math.round(((from - start) / total) * cells));
    const bar = block.repeat(Math.min(cells - offset, Math.max(1, Math.round(length))));
    const label = style.clean(`${duration(to - from)} ${words}`);
    const beside = style.width - 6 - cells;
    const [first = '', ...rest] = wrap(label, Math.max(20, beside));
    const indent = ' '.repeat(6 + cells);
    return [
      `    ${' '.repeat(offset)}${style.paint.yellow(bar)}${' '.repeat(cells - offset - widthOf(bar))}  ${first}`,
      ...rest.map((line) => indent + line),
    ];
  };
}

function waitWords(outstanding: readonly QueryLine[]): string {
  if (outstanding.length === 0) return 'with nothing asked: a pause of the client itself';
  return `waiting for ${outstanding.map((line) => `${line.type} (#${line.packet})`).join(' and ')}`;
}

function cellsOf(style: Style, row: LookupRow, { atSeconds, line, kind }: Event, several: boolean): Cells {
  const sent = kind === 'sent';
  const { answer } = line;
  const place = [
    nameWords(line.name, row.name),
    several ? (sent ? `to ${line.server}` : `from ${line.server}`) : '',
    line.transport === 'tcp' ? 'over TCP' : '',
  ];
  const words = sent
    ? [...place, line.againAfterSeconds === null ? '' : `asked again after ${duration(line.againAfterSeconds)}`]
    : [...place, kind === 'unreachable' || answer === null ? 'port unreachable (ICMP)' : replyWords(answer, line)];
  return {
    time: `+${(atSeconds - row.startSeconds).toFixed(6)}`,
    // ICMP's packet is not kept: only when it came.
    packet: sent ? `#${line.packet}` : kind === 'replied' && answer !== null ? `#${answer.packet}` : '',
    way: style.clean(`:${line.port} ${sent ? '→' : '←'}`),
    type: style.clean(sent ? `${line.type}?` : line.type),
    text: style.clean(words.filter((word) => word !== '').join(', ')),
    bad:
      kind === 'unreachable' ||
      (answer !== null && kind === 'replied' && answer.rcode !== 'NOERROR' && answer.rcode !== 'NXDOMAIN'),
  };
}

function replyWords(answer: NonNullable<QueryLine['answer']>, line: QueryLine): string {
  const after = `${duration(answer.afterSeconds)} after #${line.packet}`;
  if (answer.truncated) return `truncated, ${after}`;
  if (answer.rcode !== 'NOERROR') return `${answer.rcode}, ${after}`;
  const ttl = answer.ttlSeconds === null ? '' : ` (TTL ${answer.ttlSeconds} s)`;
  if (answer.addresses.length > 0) return `${answer.addresses.join(', ')}${ttl}, ${after}`;
  if (answer.answers === 0) return `no ${line.type} record, ${after}`;
  return `answered${ttl}, ${after}`;
}

function endOf(row: LookupRow, events: readonly Event[]): string {
  const words = endWords(row);
  if (words !== null) return `after ${tookWords(row)}: ${words}`;
  const end = row.startSeconds + row.durationSeconds + SAME_TIME_SECONDS;
  const last = events.findLast((event) => event.kind === 'replied' && event.atSeconds <= end);
  const packet = last === undefined || last.line.answer === null ? '' : ` of packet ${last.line.answer.packet}`;
  return `after ${tookWords(row)}: the reply${packet} lets the caller go on`;
}
