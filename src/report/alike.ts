import { formatCount, formatShare, plural } from '../base/text.ts';
import type { Alike, AlikeLatency } from '../model/alike.ts';
import { labelled, padEnd, padStart, widthOf } from './layout.ts';
import { REASON_WORDS } from './request-words.ts';
import { createStyle, type RenderOptions, type Style } from './style.ts';
import { askedWords, waterfall } from './waterfall.ts';
import { duration, timeWords } from './words.ts';

/** `kubelag show --like`: a request, and how many others spend their time like it. */
export function renderAlike(found: Alike, options: RenderOptions): string {
  const style = createStyle(options);
  const { request, alike, others } = found;
  const what = askedWords(request);
  const all = alike.count + others.count;
  const like =
    all === 1
      ? `the only ${what} in the capture`
      : `${formatCount(alike.count)} of ${plural(all, 'request')} ${what}: most of ${alike.count === 1 ? 'its' : 'their'} time goes to ${dearestWords(found)}; ${latencyWords(alike)}`;
  return `${[
    ...waterfall(style, request, Number.POSITIVE_INFINITY),
    '',
    ...labelled(style, 'alike', style.clean(like)),
    ...(others.count === 0
      ? []
      : labelled(style, 'others', style.clean(`${plural(others.count, 'request')}: ${latencyWords(others)}`))),
    ...examples(style, found),
  ].join('\n')}\n`;
}

const dearestWords = ({ dearest: { reason, to } }: Alike): string =>
  `${REASON_WORDS[reason]}${to === null ? '' : ` (${to})`}`;

const latencyWords = ({ count, p50Seconds, p99Seconds, maxSeconds }: AlikeLatency): string =>
  count === 1
    ? duration(maxSeconds)
    : `p50 ${duration(p50Seconds)}, p99 ${duration(p99Seconds)}, slowest ${duration(maxSeconds)}`;

function examples(style: Style, { examples: all, alike, request }: Alike): string[] {
  if (alike.count < 2) return [];
  const rows = all.map(({ id, startedAt, startSeconds, durationSeconds, dearestSeconds }) => ({
    time: timeWords(startedAt, startSeconds),
    id: id === request.id ? `${id} *` : id,
    took: style.clean(duration(durationSeconds)),
    says: style.clean(
      `${duration(dearestSeconds)} of it, ${formatShare(dearestSeconds / Math.max(durationSeconds, Number.MIN_VALUE))}`,
    ),
  }));
  const width = (pick: (row: (typeof rows)[number]) => string): number =>
    Math.max(...rows.map((row) => widthOf(pick(row))));
  const [time, id, took] = [width((row) => row.time), width((row) => row.id), width((row) => row.took)];
  const left = alike.count - rows.length;
  return [
    '',
    ...rows.map(
      (row) => `    ${padStart(row.time, time)}  ${padEnd(row.id, id)}  ${padStart(row.took, took)}  ${row.says}`,
    ),
    ...(left > 0 ? [`    ${style.paint.dim(style.clean(`… ${formatCount(left)} more`))}`] : []),
  ];
}
