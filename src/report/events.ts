import { fromRfc3339, at, toRfc3339 } from '../base/time.ts';
import { groupBy } from '../base/group-by.ts';
import { formatBytes, formatCount } from '../base/text.ts';
import type { ConnectionRow, StallRow } from '../model/connection-schema.ts';
import type { ExchangeRow } from '../model/exchange-schema.ts';
import {
  endingWords,
  goawayWords,
  outcomeWords,
  packetsByPart,
  requestWords,
  stallWords,
  tlsWords,
} from './exchange-words.ts';
import { duration } from './words.ts';

/** One thing that happened on the wire. */
export interface Event {
  /** RFC 3339, or null where the input has no date. */
  at: string | null;
  /** Since the input's first packet. */
  atSeconds: number;
  packets: readonly (number | string)[];
  says: string;
  /** It cost time or failed. */
  bad: boolean;
}

/** An exchange as it went: request, what it waited for, answer. */
export function exchangeEvents(row: ExchangeRow): Event[] {
  const moment = momentsOf(row);
  const { requestSeconds, firstByteSeconds, durationSeconds, responseBytes, outcome } = row;
  const isAnswered = firstByteSeconds !== null;
  const { request, rest: answer } = packetsByPart(row);
  const whole = requestSeconds !== null && requestSeconds > 0 ? `, whole after ${duration(requestSeconds)}` : '';
  const isGood = outcome === 'ok';
  const events: Event[] = [
    { ...moment(row.startSeconds), packets: request, says: `${requestWords(row)}${whole}`, bad: false },
    ...stallEvents(row.stalls, moment),
  ];
  if (isAnswered) {
    const last = answer.length > 1 ? `, whole after ${duration(durationSeconds)}` : '';
    events.push({
      ...moment(row.startSeconds + firstByteSeconds),
      packets: answer,
      says: `${isGood || outcome === 'error' ? outcomeWords(row) : 'answer begins'}, first byte after ${duration(firstByteSeconds)}${last} (${formatBytes(responseBytes)})`,
      bad: !isGood,
    });
  }
  if (!isGood && outcome !== 'error') {
    events.push({
      ...moment(row.startSeconds + durationSeconds),
      packets: isAnswered ? [] : answer,
      says: `${outcomeWords(row)}, ${duration(durationSeconds)} after it was sent`,
      bad: true,
    });
  }
  return events.toSorted((a, b) => a.atSeconds - b.atSeconds);
}

/** A connection as it went: how it opened, what its data waited for, how it ended. */
export function connectionEvents(row: ConnectionRow): Event[] {
  const moment = momentsOf(row);
  const events: Event[] = row.synSent.map((syn, index) => ({
    at: syn.at,
    atSeconds: syn.atSeconds,
    packets: [syn.packet],
    says:
      index === 0 ? 'SYN' : `SYN again, ${duration(syn.atSeconds - (row.synSent[index - 1]?.atSeconds ?? 0))} later`,
    bad: index > 0,
  }));
  for (const [index, { at: absolute, atSeconds, packet }] of row.synAcks.entries()) {
    const connected = row.connectSeconds === null ? '' : `, connected in ${duration(row.connectSeconds)}`;
    const says = index === 0 ? `SYN-ACK${connected}` : 'SYN-ACK again';
    events.push({ at: absolute, atSeconds, packets: [packet], says, bad: index > 0 });
  }
  if (row.tls !== null) {
    const { tls } = row;
    const bad = tls.alerts.length > 0;
    events.push({ ...moment(tls.startSeconds ?? row.startSeconds), packets: tls.packets, says: tlsWords(tls), bad });
  }
  events.push(...stallEvents(row.stalls, moment));
  if (row.goaway !== null) {
    const { at: absolute, atSeconds, packet } = row.goaway;
    const bad = row.goaway.code !== 0;
    events.push({ at: absolute, atSeconds, packets: [packet], says: goawayWords(row.goaway), bad });
  }
  const end = row.endSeconds ?? row.startSeconds + row.durationSeconds;
  const bad = row.ending === 'refused' || row.ending === 'reset';
  events.push({ ...moment(end), packets: row.packets.slice(-1), says: endingWords(row), bad });
  return events.toSorted((a, b) => a.atSeconds - b.atSeconds);
}

type Moment = (atSeconds: number) => Pick<Event, 'at' | 'atSeconds'>;

/** Times within a row, as its own start has them. */
function momentsOf({ startedAt, startSeconds }: Pick<ExchangeRow, 'startedAt' | 'startSeconds'>): Moment {
  const base = startedAt === null ? null : fromRfc3339(startedAt);
  return (atSeconds) => ({
    at: base === null ? null : toRfc3339(base, at(Math.round((atSeconds - startSeconds) * 1e9))),
    atSeconds,
  });
}

// A window that is used up in each round trip stops its data dozens of times: their sum says more than so many lines.
const MANY_ALIKE = 4;

/** Each stall; of many alike one event, at the first of them, with their sum. */
function stallEvents(stalls: readonly StallRow[], moment: Moment): Event[] {
  const alike = groupBy(stalls, stallKind);
  return [...alike.values()].flatMap((kind) =>
    kind.length < MANY_ALIKE ? kind.map((stall) => stallEvent(stall, moment)) : [summedEvent(kind, moment)],
  );
}

/** What is the same of stalls that are told together. */
const stallKind = ({ reason, from, bytes, repaired }: StallRow): string =>
  // Of other reasons the bytes are what waited, not what it waited for.
  [reason, from, repaired, reason === 'flow-control' || reason === 'window' ? bytes : ''].join(' ');

const stallEvent = (stall: StallRow, moment: Moment): Event => ({
  ...moment(stall.startSeconds),
  packets: stall.packets,
  says: stallWords(stall),
  bad: true,
});

function summedEvent(stalls: readonly StallRow[], moment: Moment): Event {
  const [first] = stalls as readonly [StallRow, ...StallRow[]];
  const sum = (pick: (stall: StallRow) => number): number => stalls.reduce((total, stall) => total + pick(stall), 0);
  const all = {
    ...first,
    durationSeconds: sum((stall) => stall.durationSeconds),
    resends: sum((stall) => stall.resends),
  };
  const event = stallEvent({ ...all, packets: stalls.flatMap(({ packets }) => packets) }, moment);
  return { ...event, says: `${event.says} (${formatCount(stalls.length)} times, in all)` };
}
