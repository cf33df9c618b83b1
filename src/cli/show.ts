import { formatCount, plural } from '../base/text.ts';
import { toConnectionRow } from '../model/connection-row.ts';
import { toExchangeRow } from '../model/exchange-row.ts';
import type { Input } from '../model/input.ts';
import { toLookupRow } from '../model/lookup-row.ts';
import type { Request } from '../model/request.ts';
import { toRequestRow } from '../model/request-row.ts';
import { UserError } from '../model/user-error.ts';
import { analyzeInputs, type Context, type ReadingOptions } from './analysis.ts';
import type { ColorMode } from './color.ts';
import { EXIT } from './exit-status.ts';
import { LikeSearch } from './like-search.ts';
import { lookFor } from './look.ts';
import { openDestination } from './output.ts';
import { createRowSearch, parseRowId, SHOWN_KINDS, type RowSearch, type Search, type ShownKind } from './row-search.ts';
import type { Format, ShownRow } from './services.ts';

export interface ShowOptions extends ReadingOptions {
  lookup?: string;
  exchange?: string;
  connection?: string;
  request?: string;
  like?: string;
  slowest?: true;
  format: Format;
  output?: string;
  color: ColorMode;
}

/** `kubelag show --request|--like|--lookup|--exchange|--connection N FILE…`: one of them, packet by packet. */
export async function show(paths: readonly string[], options: ShowOptions, context: Context): Promise<number> {
  const { io, services } = context;
  const option = namedOption(options);
  const named = option === 'like' ? 'request' : option;
  const text = option === null ? undefined : options[option];
  const wanted = named === null || text === undefined ? null : parseRowId(named, text, option ?? named);
  const destination = openDestination(io, options.output, paths);
  const search = createRowSearch(wanted);
  const like = option === 'like' ? new LikeSearch() : null;
  const { inputs } = await analyzeInputs(paths, options, context, [
    search.observer,
    ...(like === null ? [] : [{ request: (request: Request): void => like.take(request) }]),
  ]);
  const kind = named ?? anyKind(search);
  const asked = option ?? kind;
  const { count, found } = searchOf(search, kind);
  if (found.length > 1) {
    const ids = found.map((row) => row.id).join(', ');
    throw new UserError(`--${asked} ${String(text)}: stands for ${ids}; give one of these`);
  }
  if (found.length === 0) {
    if (count > 0) {
      throw new UserError(
        `--${asked} ${String(text)}: there is no such ${kind} among ${formatCount(count)}; ` +
          `see their ids: kubelag export ${kind}s FILE`,
      );
    }
    const nothing = named ?? 'lookup, exchange, connection or request';
    io.stderr.write(`kubelag: ${paths.join(', ')}: holds no ${nothing}${filterWords(options)}\n`);
    return EXIT.unobserved;
  }
  const look = lookFor(io, destination, options.color);
  const [request] = search.requests.found;
  const shown: ShownRow =
    like !== null && request !== undefined
      ? { kind: 'like', row: like.of(request, inputs) }
      : rowOf(search, kind, inputs);
  destination.write(await services.renderRow(shown, options.format, look));
  destination.close();
  return EXIT.clear;
}

const OPTIONS = [...SHOWN_KINDS, 'like'] as const;

/** What the user named; null where the slowest of any kind is meant. */
function namedOption(options: ShowOptions): (typeof OPTIONS)[number] | null {
  const named = OPTIONS.filter((option) => options[option] !== undefined);
  const [first, second] = named;
  if (first !== undefined && (second !== undefined || options.slowest === true)) {
    throw new UserError(`--${first} and --${second ?? 'slowest'}: one thing is shown at a time; give either of them`);
  }
  return first ?? null;
}

const anyKind = (search: RowSearch): ShownKind =>
  SHOWN_KINDS.find((kind) => searchOf(search, kind).count > 0) ?? 'lookup';

const searchOf = (search: RowSearch, kind: ShownKind): Search<{ id: string }> =>
  ({ lookup: search.lookups, exchange: search.exchanges, connection: search.connections, request: search.requests })[
    kind
  ];

/** What was found, as the contract writes it. */
function rowOf(search: RowSearch, kind: ShownKind, inputs: readonly Input[]): ShownRow {
  const [lookup, exchange, connection] = [
    search.lookups.found[0],
    search.exchanges.found[0],
    search.connections.found[0],
  ];
  if (kind === 'lookup' && lookup !== undefined) return { kind, row: toLookupRow(lookup, inputs) };
  if (kind === 'exchange' && exchange !== undefined) {
    const carrying = search.connectionOf(exchange);
    const over = carrying === null ? null : toConnectionRow(carrying, inputs);
    return { kind, row: toExchangeRow(exchange, inputs), connection: over };
  }
  if (kind === 'connection' && connection !== undefined) return { kind, row: toConnectionRow(connection, inputs) };
  const request = search.requests.found[0];
  if (kind === 'request' && request !== undefined) return { kind, row: toRequestRow(request, inputs) };
  throw new Error(`nothing was found of the kind ${kind}`);
}

const filterWords = (options: ShowOptions): string => {
  const filters = [
    ...(options.name === undefined ? [] : [`of the name ${options.name.join(', ')}`]),
    ...(options.client === undefined
      ? []
      : [`of ${plural(options.client.length, 'client')} ${options.client.join(', ')}`]),
  ];
  return filters.length === 0 ? '' : ` ${filters.join(' ')}`;
};
