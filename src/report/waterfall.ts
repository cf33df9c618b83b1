import { endpoint } from '../base/addresses.ts';
import { formatShare, plural } from '../base/text.ts';
import type { StallReason } from '../model/connection.ts';
import type { RequestRow } from '../model/request-schema.ts';
import { indented, labelled, padEnd, padStart, widthOf, wrap } from './layout.ts';
import { createStyle, type RenderOptions, type Style } from './style.ts';
import { startWords } from './timeline.ts';
import { duration } from './words.ts';

// A reader takes in so many lines; the whole request is shown by `kubelag show --request`.
const MAX_WAITS = 12;
const BAR = 24;
const NANOSECONDS_PER_SECOND = 1e9;

type Wait = RequestRow['waits'][number];

/** `dns`, `waits`: what a reason is called beside its bar. */
const REASONS: Readonly<Record<Wait['reason'] | 'own', string>> = {
  dns: 'dns',
  connect: 'connect',
  tls: 'tls',
  upstream: 'call',
  metadata: 'metadata',
  stall: 'stall',
  transfer: 'on its way',
  queue: 'its turn',
  own: 'own time',
};

/** A request with what it waited for, one line a wait, bars on one scale; each line four columns in. */
export function waterfall(style: Style, row: RequestRow, most = MAX_WAITS): string[] {
  const { paint } = style;
  const shown = row.waits.slice(0, most);
  const table = [...shown.map((wait) => lineOf(style, row, wait)), ownLine(style, row)];
  const left = row.waits.length - shown.length;
  return [
    ...indented(style, headWords(row), paint.dim),
    ...tableLines(style, table),
    ...(left > 0 ? [`    ${paint.dim(style.clean(`… ${plural(left, 'wait')} more`))}`] : []),
  ];
}

/** `GET /items/{id}`, or the protocol where nothing else was seen. */
export const askedWords = (row: RequestRow): string =>
  [row.method, row.path].filter((part) => part !== null).join(' ') || row.protocol;

function headWords(row: RequestRow): string {
  const packets = packetWords(row.packets, '…');
  return [
    `request ${row.id}, ${askedWords(row)}, took ${duration(row.durationSeconds)}`,
    `${endpoint(row.client, row.clientPort)} → ${endpoint(row.server, row.serverPort)}`,
    ...(row.status === null ? [] : [String(row.status)]),
    ...(packets === '' ? [] : [packets]),
  ].join(', ');
}

interface Line {
  offset: string;
  reason: string;
  took: string;
  bar: string;
  packets: string;
  says: string;
  isCostly: boolean;
}

// On a narrow terminal the bars go first: what was waited for is what counts.
const LEAST_ROOM = 24;

function tableLines(style: Style, table: readonly Line[]): string[] {
  const { paint } = style;
  const width = (pick: (one: Line) => string): number => Math.max(0, ...table.map((one) => widthOf(pick(one))));
  const columns = {
    offset: width(({ offset }) => offset),
    reason: width(({ reason }) => reason),
    took: width(({ took }) => took),
    packets: width(({ packets }) => packets),
  };
  const fixed = 4 + columns.offset + columns.reason + columns.took + columns.packets + 4 * GAP.length;
  const hasBars = style.width - fixed - BAR - GAP.length >= LEAST_ROOM;
  return table.flatMap((one) => {
    const head = [
      `    ${padStart(one.offset, columns.offset)}`,
      padEnd(one.reason, columns.reason),
      padStart(one.took, columns.took),
      ...(hasBars ? [padEnd(one.bar, BAR)] : []),
      padEnd(one.packets, columns.packets),
      '',
    ].join(GAP);
    const indent = ' '.repeat(widthOf(head));
    const color = one.isCostly ? paint.red : (text: string): string => text;
    return wrap(one.says, Math.max(LEAST_ROOM, style.width - widthOf(head))).map((text, index) =>
      index === 0 ? color(`${head}${text}`.trimEnd()) : color(indent + text),
    );
  });
}

const GAP = '  ';

/** `kubelag show --request`: all of its waits, and how sure it is that they are its own. */
export function renderRequest(row: RequestRow, options: RenderOptions): string {
  const style = createStyle(options);
  const unsure = row.waits.filter(({ alternatives }) => alternatives.length > 0);
  const others = unsure
    .slice(0, MAX_UNSURE)
    .map(
      ({ ref, alternatives }) =>
        `${ref ?? ''}: ${alternatives.map(({ request, probability }) => `${request} (${formatShare(probability)})`).join(', ')}`,
    );
  return `${[
    ...waterfall(style, row, Number.POSITIVE_INFINITY),
    ...labelled(style, 'starts', style.clean(startWords(row))),
    ...(row.ambiguous
      ? labelled(
          style,
          'unsure',
          style.clean(`several requests were in flight: ${others.join('; ') || 'links are the likeliest ones'}`),
        )
      : []),
  ].join('\n')}\n`;
}

// A few say what there is to say.
const MAX_UNSURE = 4;

// Half of a request's time is what a reader looks for.
const COSTLY = 0.5;

function lineOf(style: Style, row: RequestRow, wait: Wait): Line {
  const scale = row.durationSeconds > 0 ? BAR / row.durationSeconds : 0;
  // Whole nanoseconds: what began with the request is +0.
  const since = Math.round((wait.startSeconds - row.startSeconds) * NANOSECONDS_PER_SECOND) / NANOSECONDS_PER_SECOND;
  const from = Math.min(BAR - 1, Math.max(0, Math.floor(since * scale)));
  const length = Math.min(BAR - from, Math.max(1, Math.round(wait.durationSeconds * scale)));
  const unsure = wait.confidence === 'certain' ? '' : ` (${wait.confidence})`;
  return {
    offset: style.clean(`${since < 0 ? '-' : '+'}${duration(Math.abs(since))}`),
    reason: REASONS[wait.reason],
    took: style.clean(duration(wait.durationSeconds)),
    bar: ' '.repeat(from) + style.clean('█').repeat(length),
    packets: style.clean(packetWords(wait.packets)),
    says: style.clean(`${[wait.to, ...(wait.what === null ? [] : [whatWords(wait.what)])].join(' ')}${unsure}`),
    isCostly: wait.criticalSeconds >= COSTLY * row.durationSeconds,
  };
}

const ownLine = (style: Style, row: RequestRow): Line => ({
  offset: '',
  reason: REASONS.own,
  took: style.clean(duration(row.ownSeconds)),
  bar: '',
  packets: '',
  says: style.clean(`${formatShare(row.durationSeconds > 0 ? row.ownSeconds / row.durationSeconds : 0)} of it`),
  isCostly: row.ownSeconds >= COSTLY * row.durationSeconds && row.durationSeconds > 0,
});

/** A stall's reason as `kubelag show --exchange` has it; of other waits what was asked for. */
const whatWords = (what: string): string => STALL_WORDS.get(what) ?? what;

const STALL_WORDS: ReadonlyMap<string, string> = new Map<StallReason, string>([
  ['loss', 'resent segments'],
  ['zero-window', 'window closed'],
  ['delayed-ack', 'delayed acknowledgement'],
  ['sender-idle', 'a pause'],
  ['flow-control', 'HTTP/2 window used up'],
  ['path', 'as fast as the path takes it'],
  ['round-trips', 'in a few round trips'],
  ['window', 'one receive window for each round trip'],
]);

/** `#18 #19`: the first and the last. */
const packetWords = (packets: readonly (number | string)[], between = ' '): string =>
  packets
    .filter((_, index) => index === 0 || index === packets.length - 1)
    .map((packet) => `#${packet}`)
    .join(between);
