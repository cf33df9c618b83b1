import { endpoint } from '../base/addresses.ts';
import type { LookupRow } from '../model/lookup-schema.ts';
import { labelled } from './layout.ts';
import { queryLines, type QueryLine } from './query-lines.ts';
import { createStyle, type RenderOptions, type Style } from './style.ts';
import { startWords, timelineLines, titleLines, type Mark } from './timeline.ts';
import { duration, endWords, nameWords, tookWords } from './words.ts';

/** One packet of a lookup, or ICMP's word about one. */
interface Event {
  atSeconds: number;
  line: QueryLine;
  kind: 'sent' | 'replied' | 'unreachable';
}

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
  const tag = style.clean(`${tookWords(row)} · ${row.outcome}`);
  const title = style.clean(row.name === '' ? 'a name that was not seen' : row.name);
  const first = row.attempts[0];
  const servers = new Set(row.attempts.map((attempt) => endpoint(attempt.server, attempt.serverPort)));
  const resolver = row.resolverDetail === null ? row.resolver : `${row.resolver} ${row.resolverDetail}`;
  const because = row.resolverBecause === '' ? '' : `: ${row.resolverBecause}`;
  return [
    ...titleLines(style, title, tag, row.outcome !== 'ok'),
    '',
    ...labelled(style, 'lookup', style.clean(`${row.id}, by ${row.client}`)),
    ...labelled(style, 'resolver', style.clean(`${resolver}, ${row.resolverConfidence}${because}`)),
    ...labelled(style, 'server', style.clean(first === undefined ? row.server : [...servers].join(', '))),
    ...labelled(style, 'starts', style.clean(startWords(row))),
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

function timeline(style: Style, row: LookupRow, events: readonly Event[]): string[] {
  const start = row.startSeconds;
  const last = events.at(-1)?.atSeconds ?? start;
  const several = new Set(row.attempts.map((attempt) => attempt.server)).size > 1;
  // What was asked and not answered yet, before each event and after the last.
  const outstanding: QueryLine[][] = [[]];
  const open = new Map<string, QueryLine>();
  for (const event of events) {
    const question = `${event.line.type} ${event.line.name}`;
    if (event.kind === 'sent') open.set(question, event.line);
    else open.delete(question);
    outstanding.push([...open.values()]);
  }
  return timelineLines(style, {
    zeroSeconds: start,
    startSeconds: start,
    endSeconds: Math.max(last, start + row.durationSeconds),
    marks: events.map((event) => markOf(style, row, event, several)),
    waitWords: (before) => waitWords(outstanding[before] ?? []),
  });
}

function waitWords(outstanding: readonly QueryLine[]): string {
  if (outstanding.length === 0) return 'with nothing asked: a pause of the client itself';
  return `waiting for ${outstanding.map((line) => `${line.type} (#${line.packet})`).join(' and ')}`;
}

function markOf(style: Style, row: LookupRow, { atSeconds, line, kind }: Event, several: boolean): Mark {
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
    atSeconds,
    columns: [
      // ICMP's packet is not kept: only when it came.
      sent ? `#${line.packet}` : kind === 'replied' && answer !== null ? `#${answer.packet}` : '',
      style.clean(`:${line.port} ${sent ? '→' : '←'}`),
      style.clean(sent ? `${line.type}?` : line.type),
    ],
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
