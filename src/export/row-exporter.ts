import type { Timestamp } from '../base/time.ts';
import type { Connection } from '../model/connection.ts';
import type { Exchange } from '../model/exchange.ts';
import type { HeldRows, Input } from '../model/input.ts';
import type { Lookup } from '../model/lookup.ts';
import type { FullObserver } from '../model/observer.ts';

export const ROW_KINDS = ['rows', 'lookups', 'transactions', 'connections', 'exchanges', 'requests'] as const;
/** What an export holds; `rows`: everything that explaining it again needs. */
export type RowKind = (typeof ROW_KINDS)[number];

/** The rows of an export that can be explained again; a transaction is no whole lookup. */
export const HELD: Readonly<Record<RowKind, readonly HeldRows[]>> = {
  rows: ['lookups', 'connections', 'exchanges'],
  lookups: ['lookups'],
  transactions: [],
  connections: ['connections'],
  exchanges: ['exchanges'],
  // They are put together anew from what they are made of.
  requests: [],
};

/**
 * Takes text as it comes. It returns when the text is taken, however long that takes: nothing
 * queues up, so an export of any length needs no more memory than the rows that it holds back.
 */
export type Write = (text: string) => void;

/**
 * An observer that writes what it sees. `readUntil`: how far the row's input had been read when it
 * was found, where that was earlier than now.
 */
export interface RowExporter extends FullObserver {
  /** How many rows were written. */
  readonly rows: number;
  input(input: Input): void;
  lookup(lookup: Lookup, readUntil?: Timestamp): void;
  connection(connection: Connection, readUntil?: Timestamp): void;
  exchange(exchange: Exchange, readUntil?: Timestamp): void;
}
