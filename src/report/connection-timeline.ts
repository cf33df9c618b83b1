import { formatBytes, formatCount, plural } from '../base/text.ts';
import { isUnderWay } from '../model/connection.ts';
import type { ConnectionRow } from '../model/connection-schema.ts';
import { endingWords, goawayWords, pathWords } from './exchange-words.ts';
import { labelled } from './layout.ts';
import { createStyle, type RenderOptions, type Style } from './style.ts';
import { startWords, timelineLines, titleLines, type Mark } from './timeline.ts';
import {
  inOrder,
  MAX_DRAWN_STALLS,
  markOf,
  openingMarks,
  openingPhases,
  stallMarks,
  stallPhases,
  waitsIn,
} from './wire-marks.ts';
import { duration } from './words.ts';

/** One connection as it went: how it opened, what its data waited for, how it ended, each wait as a bar to scale. */
export function renderConnectionTimeline(row: ConnectionRow, options: RenderOptions): string {
  const style = createStyle(options);
  return `${[
    ...summary(style, row),
    '',
    ...timeline(style, row),
    '',
    ...labelled(style, 'ends', style.clean(`after ${duration(row.durationSeconds)}: ${endingWords(row)}`)),
  ].join('\n')}\n`;
}

const isUnanswered = ({ synSent, segments, ending }: ConnectionRow): boolean =>
  synSent.length > 0 && segments.server === 0 && ending !== 'refused';

const hasFailed = (row: ConnectionRow): boolean =>
  row.ending === 'refused' || row.ending === 'reset' || isUnanswered(row);

/** How it opened, and how it ended. */
function outcomeWords(row: ConnectionRow): string {
  const { connectSeconds, tls, synSent, ending } = row;
  if (ending === 'refused') return `refused after ${duration(connectSeconds ?? row.durationSeconds)}`;
  if (isUnanswered(row)) return 'never answered';
  const opened =
    connectSeconds === null
      ? synSent.length > 0
        ? 'opened'
        : 'open before the capture'
      : `opened in ${duration(connectSeconds + (tls?.handshakeSeconds ?? 0))}`;
  return `${opened} · ${endingWords(row)}`;
}

function summary(style: Style, row: ConnectionRow): string[] {
  const { tls } = row;
  const outcome = style.clean(outcomeWords(row));
  const resent = resentWords(row);
  const noticed = noticedWords(row);
  const lines: (readonly [label: string, text: string])[] = [
    ['connection', [row.id, ...(row.protocol === null ? [] : [row.protocol])].join(', ')],
    ...(tls === null ? [] : [['TLS', tlsParts(tls).join(', ')] as const]),
    ['exchanges', exchangesWords(row)],
    ['size', `client ${sizeWords(row, 'client')}, server ${sizeWords(row, 'server')}`],
    ...(row.roundTripSeconds === null ? [] : [['round trip', roundTripWords(row)] as const]),
    ...(resent === '' ? [] : [['resent', resent] as const]),
    ...stallLines(row),
    ...(noticed === '' ? [] : [['also', noticed] as const]),
    ['starts', startWords(row)],
  ];
  return [
    ...titleLines(style, style.clean(pathWords(row)), outcome, hasFailed(row)),
    '',
    ...lines.flatMap(([label, text]) => labelled(style, label, style.clean(text))),
  ];
}

const tlsParts = ({ version, serverName, alpn, resumed, decrypted }: NonNullable<ConnectionRow['tls']>): string[] => [
  version ?? 'version not seen',
  ...(serverName === null ? [] : [serverName]),
  ...(alpn === null ? [] : [alpn]),
  ...(resumed === null ? [] : [resumed ? 'resumed' : 'full handshake']),
  ...(decrypted ? ['read with its keys'] : []),
];

function exchangesWords({ exchanges, unanswered, tls }: ConnectionRow): string {
  if (exchanges === 0) return tls !== null && !tls.decrypted ? 'none can be read inside TLS' : 'none was read';
  return `${formatCount(exchanges)}${unanswered === 0 ? '' : `, ${formatCount(unanswered)} without a whole answer`}`;
}

const sizeWords = ({ bytes, segments }: ConnectionRow, side: 'client' | 'server'): string =>
  `${formatBytes(bytes[side])} in ${plural(segments[side], 'segment')}`;

const roundTripWords = ({ roundTripSeconds, minRoundTripSeconds }: ConnectionRow): string =>
  `${duration(roundTripSeconds ?? 0)} smoothed` +
  (minRoundTripSeconds === null ? '' : `, ${duration(minRoundTripSeconds)} at least`);

function resentWords({ retransmissions, retransmitted, spurious }: ConnectionRow): string {
  if (retransmissions === 0) return '';
  const needless = spurious.client + spurious.server;
  return (
    `${plural(retransmissions, 'segment')}: client ${formatCount(retransmitted.client)}, ` +
    `server ${formatCount(retransmitted.server)}${needless === 0 ? '' : `; ${formatCount(needless)} needlessly`}`
  );
}

const summed = (count: number, time: number): string => `${formatCount(count)}, ${duration(time)} in all`;

/** What stood still, and what was on its way all the while: a slow transfer is no stall. */
function stallLines({ stalls, stallCount, stallSeconds }: ConnectionRow): (readonly [label: string, text: string])[] {
  // Of those that were not kept nothing tells which they were.
  const underWay = stalls.length === stallCount ? stalls.filter(isUnderWay) : [];
  const passed = underWay.reduce((sum, stall) => sum + stall.durationSeconds, 0);
  return [
    ...(stallCount > underWay.length
      ? [['stalls', summed(stallCount - underWay.length, stallSeconds - passed)] as const]
      : []),
    ...(underWay.length > 0
      ? [['on its way', `${summed(underWay.length, passed)}: data passed all the while`] as const]
      : []),
  ];
}

const counted = (count: number, one: string, many?: string): string[] =>
  count === 0 ? [] : [plural(count, one, many)];

function noticedWords({ keepalives, zeroWindows, tooBig, pings }: ConnectionRow): string {
  return [
    ...counted(zeroWindows.client, 'closed window of the client', 'closed windows of the client'),
    ...counted(zeroWindows.server, 'closed window of the server', 'closed windows of the server'),
    ...counted(keepalives.client + keepalives.server, 'keepalive'),
    ...counted(tooBig, 'packet too big (ICMP)', 'packets too big (ICMP)'),
    ...counted(pings?.fromClient ?? 0, 'PING of the client', 'PINGs of the client'),
    ...counted(pings?.fromServer ?? 0, 'PING of the server', 'PINGs of the server'),
  ].join(', ');
}

function timeline(style: Style, row: ConnectionRow): string[] {
  const { startSeconds, goaway } = row;
  const endSeconds = startSeconds + row.durationSeconds;
  const stalls = stallMarks(style, row.stalls, { fromSeconds: startSeconds, untilSeconds: endSeconds });
  const marks = inOrder([
    ...openingMarks(style, row),
    ...stalls.ends,
    ...stalls.begins,
    ...(goaway === null
      ? []
      : [markOf(style, goaway.atSeconds, goaway.packet, goaway.from, goawayWords(goaway), goaway.code !== 0)]),
    ...endMarks(style, row),
  ]);
  const left = row.stallCount - Math.min(row.stalls.length, MAX_DRAWN_STALLS);
  return [
    ...timelineLines(style, {
      zeroSeconds: startSeconds,
      startSeconds,
      endSeconds: Math.max(endSeconds, marks.at(-1)?.atSeconds ?? endSeconds),
      marks,
      waitWords: waitsIn([...stallPhases(row.stalls), ...openingPhases(row)], 'without a stall'),
    }),
    ...(left > 0 ? [`    ${style.paint.dim(style.clean(`… ${plural(left, 'shorter stall')}`))}`] : []),
  ];
}

/** Its first FIN or its reset, where one was seen. */
function endMarks(style: Style, row: ConnectionRow): Mark[] {
  const { ending, endedBy, endSeconds, endPacket } = row;
  if (endSeconds === null) return [];
  const isReset = ending === 'reset' || ending === 'refused';
  const sent = endedBy === null ? 'ICMP' : isReset ? 'RST' : 'FIN';
  const text = `${sent}: ${endingWords(row)}`;
  return [markOf(style, endSeconds, endPacket ?? undefined, endedBy, text, isReset)];
}
