import { endpoint } from '../base/addresses.ts';
import { formatShare, plural } from '../base/text.ts';
import type { RequestRow } from '../model/request-schema.ts';
import { indented, labelled, padEnd, padStart, widthOf } from './layout.ts';
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
  queue: 'its turn',
  own: 'own time',
};

/** A request with what it waited for, one line a wait, bars on one scale; each line four columns in. */
export function waterfall(style: Style, row: RequestRow, most = MAX_WAITS): string[] {
  const { paint } = style;
  const client = endpoint(row.client, row.clientPort);
  const server = endpoint(row.server, row.serverPort);
  const what = [row.method, row.path].filter((part) => part !== null).join(' ') || row.protocol;
  const says = [
    `request ${row.id}, ${what}, took ${duration(row.durationSeconds)}`,
    `${client} → ${server}`,
    ...(row.status === null ? [] : [String(row.status)]),
  ];
  const lines = row.waits.slice(0, most).map((wait) => line(row, wait));
  const own = {
    offset: '',
    reason: REASONS.own,
    took: duration(row.ownSeconds),
    bar: '',
    says: `${formatShare(row.durationSeconds > 0 ? row.ownSeconds / row.durationSeconds : 0)} of it`,
    isCostly: false,
  };
  const table = [...lines, own];
  const width = (pick: (one: (typeof table)[number]) => string): number =>
    Math.max(...table.map((one) => widthOf(pick(one))));
  const offset = width((one) => one.offset);
  const reason = width((one) => one.reason);
  const took = width((one) => one.took);
  const left = row.waits.length - lines.length;
  return [
    ...indented(style, says.join(', '), paint.dim),
    ...table.map((one) => {
      const head = `    ${padStart(one.offset, offset)}  ${padEnd(one.reason, reason)}  ${padStart(one.took, took)}  `;
      const text = style.clean(`${head}${padEnd(one.bar, BAR)}  ${one.says}`.trimEnd());
      return one.isCostly ? paint.red(text) : text;
    }),
    ...(left > 0 ? [`    ${paint.dim(style.clean(`… ${plural(left, 'wait')} more`))}`] : []),
  ];
}

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

function line(row: RequestRow, wait: Wait) {
  const scale = row.durationSeconds > 0 ? BAR / row.durationSeconds : 0;
  // Whole nanoseconds: what began with the request is +0.
  const since = Math.round((wait.startSeconds - row.startSeconds) * NANOSECONDS_PER_SECOND) / NANOSECONDS_PER_SECOND;
  const from = Math.min(BAR - 1, Math.max(0, Math.floor(since * scale)));
  const length = Math.min(BAR - from, Math.max(1, Math.round(wait.durationSeconds * scale)));
  const unsure = wait.confidence === 'certain' ? '' : ` (${wait.confidence})`;
  return {
    offset: `${since < 0 ? '-' : '+'}${duration(Math.abs(since))}`,
    reason: REASONS[wait.reason],
    took: duration(wait.durationSeconds),
    bar: `${' '.repeat(from)}${'█'.repeat(length)}`,
    says: `${[wait.to, ...(wait.what === null ? [] : [wait.what])].join(' ')}${unsure}`,
    isCostly: wait.criticalSeconds >= COSTLY * row.durationSeconds,
  };
}
