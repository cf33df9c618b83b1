import type { Input } from '../model/input.ts';
import type { Lookup } from '../model/lookup.ts';
import type { Observer } from '../model/observer.ts';

export const ROW_KINDS = ['lookups', 'transactions'] as const;
export type RowKind = (typeof ROW_KINDS)[number];

/**
 * Takes text as it comes. It returns when the text is taken, however long that takes: nothing
 * queues up, so an export of any length needs no more memory than one row.
 */
export type Write = (text: string) => void;

/** An observer that writes what it sees. */
export interface RowExporter extends Observer {
  /** How many rows were written. */
  readonly rows: number;
  input(input: Input): void;
  lookup(lookup: Lookup): void;
  finish(): void;
}
