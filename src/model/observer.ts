import type { Input } from './input.ts';
import type { Lookup } from './lookup.ts';

/**
 * All who read rows read them so: a rule is an observer that reports, an exporter one that
 * writes, statistics one that counts. Rows come in order of their start. What an observer keeps
 * is bounded; a row is valid during the call only (`copyLookup` makes one to keep).
 */
export interface Observer {
  /** An input begins: before its first row. The object goes on being filled, and is whole at `finish`. */
  input?(input: Input): void;
  lookup?(lookup: Lookup): void;
  finish?(): void;
}
