import { formatBytes, formatCount, plural } from '../base/text.ts';
import type { ConnectionRow } from '../model/connection-schema.ts';
import type { ExchangeRow } from '../model/exchange-schema.ts';
import { outcomeWords, packetsByPart, pathWords, requestWords } from './exchange-words.ts';
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
  type Phase,
} from './wire-marks.ts';
import { duration } from './words.ts';

/**
 * One exchange as it went: first and last byte of request and answer, what it waited for before
 * and between, each wait as a bar to scale.
 * @param connection its own, null where that is not known; drawn where the exchange waited for it to open
 */
export function renderExchangeTimeline(
  row: ExchangeRow,
  connection: ConnectionRow | null,
  options: RenderOptions,
): string {
  const style = createStyle(options);
  const opened = connection !== null && waitedToOpen(row) ? connection : null;
  return `${[
    ...summary(style, row),
    '',
    ...timeline(style, row, opened),
    '',
    ...labelled(style, 'ends', style.clean(endWords(row))),
  ].join('\n')}\n`;
}

const waitedToOpen = ({ connectSeconds, tlsSeconds }: ExchangeRow): boolean =>
  connectSeconds !== null || tlsSeconds !== null;

const isAnswered = ({ outcome }: ExchangeRow): boolean => outcome === 'ok' || outcome === 'error';

function summary(style: Style, row: ExchangeRow): string[] {
  const outcome = style.clean(`${duration(row.durationSeconds)} · ${outcomeWords(row)}`);
  const lines: (readonly [label: string, text: string])[] = [
    ['exchange', `${row.id}, ${row.protocol}, ${pathWords(row)}`],
    ...(row.host === null ? [] : [['host', row.host] as const]),
    ['direction', row.direction],
    ['connection', connectionWords(row)],
    ...(row.deadlineSeconds === null ? [] : [['deadline', duration(row.deadlineSeconds)] as const]),
    ...(row.previousAttempts === null ? [] : [['retry', `after ${plural(row.previousAttempts, 'attempt')}`] as const]),
    ['size', sizeWords(row)],
    ['starts', startWords(row)],
  ];
  return [
    ...titleLines(style, style.clean(requestWords(row)), outcome, row.outcome !== 'ok'),
    '',
    ...lines.flatMap(([label, text]) => labelled(style, label, style.clean(text))),
  ];
}

function connectionWords(row: ExchangeRow): string {
  const { connectSeconds, tlsSeconds, idleBeforeSeconds, inFlight, place, roundTripSeconds, retransmissions } = row;
  const opening = [
    ...(connectSeconds === null ? [] : [`TCP in ${duration(connectSeconds)}`]),
    ...(tlsSeconds === null ? [] : [`TLS in ${duration(tlsSeconds)}`]),
  ];
  return [
    row.connection,
    opening.length > 0
      ? `opened for it: ${opening.join(', ')}`
      : place === 0
        ? 'its first exchange that was seen'
        : `open already: exchange ${formatCount(place + 1)} on it`,
    ...(idleBeforeSeconds === null || idleBeforeSeconds <= 0 ? [] : [`idle for ${duration(idleBeforeSeconds)} before`]),
    ...(inFlight === 0 ? [] : [`${plural(inFlight, 'other')} in flight`]),
    ...(roundTripSeconds === null ? [] : [`round trip ${duration(roundTripSeconds)}`]),
    ...(retransmissions === 0 ? [] : [`${plural(retransmissions, 'segment')} resent meanwhile`]),
  ].join(', ');
}

const messages = (count: number): string => (count === 0 ? '' : ` (${plural(count, 'message')})`);

function sizeWords({ requestBytes, responseBytes, requestMessages, responseMessages }: ExchangeRow): string {
  return (
    `request ${formatBytes(requestBytes)}${messages(requestMessages)}, ` +
    `answer ${formatBytes(responseBytes)}${messages(responseMessages)}`
  );
}

function timeline(style: Style, row: ExchangeRow, connection: ConnectionRow | null): string[] {
  const within = { fromSeconds: row.startSeconds, untilSeconds: row.startSeconds + row.durationSeconds };
  const stalls = stallMarks(style, row.stalls, within);
  const marks = inOrder([
    ...(connection === null ? [] : openingMarks(style, connection)).filter(
      ({ atSeconds }) => atSeconds <= within.fromSeconds,
    ),
    ...stalls.ends,
    ...byteMarks(style, row),
    ...stalls.begins,
    ...endMarks(style, row),
  ]);
  const left = row.stalls.length - MAX_DRAWN_STALLS;
  return [
    ...timelineLines(style, {
      zeroSeconds: row.startSeconds,
      startSeconds: Math.min(within.fromSeconds, marks[0]?.atSeconds ?? within.fromSeconds),
      endSeconds: within.untilSeconds,
      marks,
      waitWords: waitsIn(phasesOf(row, connection), 'passes'),
    }),
    ...(left > 0 ? [`    ${style.paint.dim(style.clean(`… ${plural(left, 'shorter stall')}`))}`] : []),
  ];
}

/** First and last byte of the request, then of the answer; one mark where one packet holds both. */
function byteMarks(style: Style, row: ExchangeRow): Mark[] {
  const { startSeconds, requestSeconds, firstByteSeconds, durationSeconds } = row;
  const { request, rest } = packetsByPart(row);
  const marks: Mark[] = [];
  if (requestSeconds !== null) {
    const whole = request.length < 2;
    const text = whole ? 'request' : 'request begins';
    marks.push(markOf(style, startSeconds, request[0], 'client', text));
    if (!whole) marks.push(markOf(style, startSeconds + requestSeconds, request[1], 'client', 'request is whole'));
  }
  if (firstByteSeconds !== null) {
    const whole = rest.length < 2 && isAnswered(row);
    const after = requestSeconds === null ? '' : `, ${duration(firstByteSeconds - requestSeconds)} after the request`;
    const text = `${whole ? `answer: ${outcomeWords(row)}` : 'answer begins'}${after}`;
    marks.push(markOf(style, startSeconds + firstByteSeconds, rest[0], 'server', text, whole && row.outcome !== 'ok'));
    if (isAnswered(row) && rest.length > 1) {
      const last = `answer is whole: ${outcomeWords(row)}`;
      marks.push(markOf(style, startSeconds + durationSeconds, rest[1], 'server', last, row.outcome !== 'ok'));
    }
  }
  return marks;
}

/** What ended it where its answer did not. */
function endMarks(style: Style, row: ExchangeRow): Mark[] {
  if (isAnswered(row)) return [];
  const packet = row.firstByteSeconds === null ? packetsByPart(row).rest[0] : undefined;
  return [markOf(style, row.startSeconds + row.durationSeconds, packet, row.endedBy, outcomeWords(row), true)];
}

function phasesOf(row: ExchangeRow, connection: ConnectionRow | null): Phase[] {
  const { startSeconds, requestSeconds, firstByteSeconds, durationSeconds } = row;
  const end = startSeconds + durationSeconds;
  // Where the beginning was not seen, it waits for the answer.
  const isCutShort = requestSeconds === null && row.requestBytes > 0;
  const requested = isCutShort ? end : startSeconds + (requestSeconds ?? 0);
  const answered = firstByteSeconds === null ? end : startSeconds + firstByteSeconds;
  return [
    ...stallPhases(row.stalls),
    ...(connection === null ? [] : openingPhases(connection)),
    { fromSeconds: -Infinity, untilSeconds: startSeconds, says: 'with nothing asked: a pause of the client itself' },
    {
      fromSeconds: startSeconds,
      untilSeconds: requested,
      says: isCutShort ? 'with the request never whole' : 'until the request is whole',
    },
    { fromSeconds: requested, untilSeconds: answered, says: 'waiting for the answer' },
    { fromSeconds: answered, untilSeconds: end, says: 'until the answer is whole' },
  ];
}

function endWords(row: ExchangeRow): string {
  const after = `after ${duration(row.durationSeconds)}`;
  if (!isAnswered(row)) return `${after}: ${outcomeWords(row)}`;
  const last = packetsByPart(row).rest.at(-1);
  return `${after}: the answer's last byte${last === undefined ? '' : `, in packet ${last}`}`;
}
