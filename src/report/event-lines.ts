import { plural } from '../base/text.ts';
import type { ConnectionRow } from '../model/connection-schema.ts';
import type { ExchangeRow } from '../model/exchange-schema.ts';
import { connectionEvents, exchangeEvents, type Event } from './events.ts';
import { pathWords, requestWords } from './exchange-words.ts';
import { indented, padEnd, padStart, widthOf, wrap } from './layout.ts';
import type { Style } from './style.ts';
import { duration, timeWords } from './words.ts';

// What a tired reader takes in; the row itself has the rest.
const MAX_EVENTS = 8;
// A connection that lay still for less tells nothing.
const WORTH_SAYING_SECONDS = 1;
// A line names enough packets to start with.
const MAX_PACKETS = 2;

/** An exchange as it went, each line four columns in. */
export function exchangeExample(style: Style, row: ExchangeRow): string[] {
  const opening = (row.connectSeconds ?? 0) + (row.tlsSeconds ?? 0);
  const words = [
    `exchange ${row.id}, ${requestWords(row)}, took ${duration(row.durationSeconds)}`,
    pathWords(row),
    ...(opening > 0 ? [`the connection opened for it in ${duration(opening)}`] : []),
    ...(row.reused && (row.idleBeforeSeconds ?? 0) >= WORTH_SAYING_SECONDS
      ? [`idle for ${duration(row.idleBeforeSeconds ?? 0)} before`]
      : []),
  ];
  return [...indented(style, words.join(', '), style.paint.dim), ...tableOf(style, exchangeEvents(row))];
}

/** A connection as it went, each line four columns in. */
export function connectionExample(style: Style, row: ConnectionRow): string[] {
  const words = [`connection ${row.id}`, pathWords(row), `${plural(row.exchanges, 'exchange')} on it`];
  return [...indented(style, words.join(', '), style.paint.dim), ...tableOf(style, connectionEvents(row))];
}

function tableOf(style: Style, events: readonly Event[]): string[] {
  const { paint } = style;
  const shown = excerptOf(events);
  const rows = shown.map((event) => ({
    time: timeWords(event.at, event.atSeconds),
    packets: packetsWords(event.packets),
    says: style.clean(event.says),
    bad: event.bad,
  }));
  const time = Math.max(0, ...rows.map((row) => widthOf(row.time)));
  const packets = Math.max(0, ...rows.map((row) => widthOf(row.packets)));
  const left = events.length - shown.length;
  return [
    ...rows.flatMap((row) => {
      const head = `    ${padStart(row.time, time)}  ${padEnd(row.packets, packets)}  `;
      const color = row.bad ? paint.red : (text: string): string => text;
      const lines = wrap(row.says, Math.max(MIN_ROOM, style.width - head.length));
      const indent = ' '.repeat(head.length);
      return lines.map((line, index) => (index === 0 ? head : indent) + color(line));
    }),
    ...(left > 0 ? [`    ${paint.dim(style.clean(`… ${left} more`))}`] : []),
  ];
}

// On a narrow terminal a sentence goes beyond its edge rather than word by word down the screen.
const MIN_ROOM = 24;

/** The first and the last, and between them what was bad, in order. */
function excerptOf(events: readonly Event[]): Event[] {
  if (events.length <= MAX_EVENTS) return [...events];
  const weight = (event: Event, index: number): number =>
    (index === 0 || index === events.length - 1 ? 2 : 0) + (event.bad ? 1 : 0);
  const kept = new Set(
    events
      .map((event, index) => ({ event, weight: weight(event, index), index }))
      .toSorted((a, b) => b.weight - a.weight || a.index - b.index)
      .slice(0, MAX_EVENTS)
      .map(({ event }) => event),
  );
  return events.filter((event) => kept.has(event));
}

function packetsWords(packets: Event['packets']): string {
  const named = packets.slice(0, MAX_PACKETS).map((packet) => `#${packet}`);
  return packets.length > MAX_PACKETS ? `${named[0]}…#${packets.at(-1)}` : named.join(' ');
}
