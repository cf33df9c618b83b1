import { formatCount } from '../base/text.ts';
import type { Timestamp } from '../base/time.ts';
import { CONNECTION_SCHEMA } from '../model/connection.ts';
import { fromConnectionRow } from '../model/connection-row.ts';
import { EXCHANGE_SCHEMA } from '../model/exchange.ts';
import { fromExchangeRow } from '../model/exchange-row.ts';
import type { Damage, Input } from '../model/input.ts';
import { fromLookupRow } from '../model/lookup-row.ts';
import { LOOKUP_SCHEMA } from '../model/lookup.ts';
import type { Observer } from '../model/observer.ts';
import { REQUEST_SCHEMA } from '../model/request.ts';
import { firstPacketAtOf, type PlacedRow } from '../model/row-times.ts';
import { DIAGNOSIS_SCHEMA, INPUT_SCHEMA, TRANSACTION_SCHEMA } from '../model/schema-names.ts';
import { UserError } from '../model/user-error.ts';
import { renumberConnection, renumberExchange, renumberLookup } from './renumber.ts';
import { MAX_INPUTS, RowInputs } from './row-inputs.ts';

export interface ReadRowsOptions {
  /** As the user named the file; `-` for standard input. */
  path: string;
  /** What went wrong while the lines were read; bad rows are added to it. */
  damage: Damage;
  /** The inputs read so far. Those that the rows speak of are added, before their first row. */
  inputs: Input[];
  observers: readonly Observer[];
}

/** No row comes near this: 4,096 attempts of a kilobyte each. What is longer is not ours. */
export const MAX_LINE_LENGTH = 4 << 20;
const MAX_NOTES = 5;

/**
 * Reads an export (`kubelag export rows`, or one of a single kind; one JSON object a line) and
 * hands its rows on, in the order in which they stand, as if they had just been found. What is no
 * row is counted as damage of the input.
 * @param lines without their ends; one longer than MAX_LINE_LENGTH is damage
 * @throws UserError where the file holds no row at all, or is another of our own files
 */
export async function readRows(
  lines: AsyncIterable<string> | Iterable<string>,
  options: ReadRowsOptions,
): Promise<void> {
  const { path, damage, observers } = options;
  const inputs = new RowInputs(path, damage, options.inputs, observers);
  const kinds = rowKinds(inputs, observers);
  let number = 0;
  let rows = 0;
  let why: string | null = null;
  const damaged = (what: string): void => {
    why ??= `line ${formatCount(number)} ${what}`;
    damage.undecodable++;
    if (damage.notes.length < MAX_NOTES) damage.notes.push(`line ${formatCount(number)} ${what}`);
  };

  for await (const line of lines) {
    number++;
    const value = parse(line);
    if (value === BLANK) continue;
    if (value === UNREADABLE) {
      if (rows === 0 && SAVED_ANSWER.test(line)) refuseOtherFiles(path, DIAGNOSIS_SCHEMA);
      damaged(line.length > MAX_LINE_LENGTH ? 'is too long for a row' : 'is no JSON');
      continue;
    }
    const schema = schemaOf(value);
    if (rows === 0) refuseOtherFiles(path, schema);
    // Rows of lookups had no schema field once.
    const kind = kinds.get(schema ?? LOOKUP_SCHEMA);
    if (kind === undefined) damaged('is no row');
    else if (!kind.take(value)) damaged(`is no ${kind.what} row`);
    else rows++;
  }

  if (rows === 0) throw new UserError(nothingIn(path, number, why));
  inputs.finish();
}

interface RowKind {
  what: string;
  /** Hands the row on; false where it is none. */
  take(value: unknown): boolean;
}

/** What can stand in a line, by its schema. */
function rowKinds(inputs: RowInputs, observers: readonly Observer[]): ReadonlyMap<unknown, RowKind> {
  const kind = <Row extends { input: number }>(
    what: string,
    from: (row: unknown, startsAt?: Timestamp) => Row | null,
    renumber: (row: Row, by: number) => void,
    hand: (input: Input, row: Row) => void,
  ): RowKind => ({
    what,
    take(value) {
      const probe = from(value);
      if (probe === null || probe.input >= MAX_INPUTS) return false;
      // `from` has checked every field of it.
      const input = inputs.at(probe.input, firstPacketAtOf(value as PlacedRow));
      const row = input.startsAt === 0 ? probe : (from(value, input.startsAt) as Row);
      if (inputs.first > 0) renumber(row, inputs.first);
      inputs.read(input, (value as { readUntilSeconds?: unknown }).readUntilSeconds);
      hand(input, row);
      return true;
    },
  });

  return new Map<unknown, RowKind>([
    [
      LOOKUP_SCHEMA,
      kind('lookup', fromLookupRow, renumberLookup, (input, row) => {
        inputs.lookup(input, row);
        for (const observer of observers) observer.lookup?.(row);
      }),
    ],
    [
      CONNECTION_SCHEMA,
      kind('connection', fromConnectionRow, renumberConnection, (input, row) => {
        inputs.connection(input, row);
        for (const observer of observers) observer.connection?.(row);
      }),
    ],
    [
      EXCHANGE_SCHEMA,
      kind('exchange', fromExchangeRow, renumberExchange, (input, row) => {
        inputs.exchange(input, row);
        for (const observer of observers) observer.exchange?.(row);
      }),
    ],
    [INPUT_SCHEMA, { what: 'input', take: (value) => inputs.tell(value) }],
  ]);
}

// `--format json` writes a line for each field, the schema first.
const SAVED_ANSWER = /^\s*"schema"\s*:\s*"kubelag\/1"/;

const BLANK = Symbol('blank');
const UNREADABLE = Symbol('unreadable');

function parse(line: string): unknown {
  if (line.length > MAX_LINE_LENGTH) return UNREADABLE;
  // A byte order mark is what some editors put before the first line.
  const text = line.trim().replace(/^\ufeff/, '');
  if (text === '') return BLANK;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Its only error: the line is no JSON, and the caller counts it.
    return UNREADABLE;
  }
}

const schemaOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'schema' in value ? value.schema : undefined;

const VERSIONED = /^kubelag\/(?:lookup|connection|exchange|input)\//;
const OURS: readonly unknown[] = [LOOKUP_SCHEMA, CONNECTION_SCHEMA, EXCHANGE_SCHEMA, INPUT_SCHEMA];

function refuseOtherFiles(path: string, schema: unknown): void {
  const what = schema === TRANSACTION_SCHEMA ? 'transactions' : schema === REQUEST_SCHEMA ? 'requests' : null;
  if (what !== null) {
    throw new UserError(`${path}: is an export of ${what}; explain reads rows: kubelag export rows CAPTURE`);
  }
  if (schema === DIAGNOSIS_SCHEMA) {
    throw new UserError(`${path}: is a saved answer, not rows; give its file alone: kubelag explain ANSWER.json`);
  }
  if (typeof schema === 'string' && VERSIONED.test(schema) && !OURS.includes(schema)) {
    throw new UserError(`${path}: its rows are of another version (${schema.slice(0, 40)}); export them again`);
  }
}

function nothingIn(path: string, lines: number, why: string | null): string {
  const what = why === null ? (lines === 0 ? 'is empty' : 'holds no rows') : `holds no rows: ${why}`;
  return `${path}: ${what}; make rows with: kubelag export rows CAPTURE > rows.ndjson`;
}
