import type { Connection } from './connection.ts';
import type { Exchange } from './exchange.ts';
import type { Input } from './input.ts';
import type { Lookup } from './lookup.ts';
import type { Request } from './request.ts';

/**
 * All who read rows read them so: a rule is an observer that reports, an exporter one that
 * writes, statistics one that counts. What an observer keeps is bounded; a row is valid during
 * the call only (`copyLookup`, `copyConnection`, `copyExchange` make one to keep).
 *
 * Lookups come in order of their start. Connections and exchanges come when they end, because
 * some last as long as the capture: an exchange before its connection. Requests come after the rows
 * that they are made of.
 */
export interface Observer {
  /** An input begins: before its first row. The object goes on being filled, and is whole at `finish`. */
  input?(input: Input): void;
  lookup?(lookup: Lookup): void;
  /** A rule's or a fact's, in place of `lookup`: all but ordinary lookups (rules/support/lookups/ordinary.ts says which those are)… */
  unusual?(lookup: Lookup): void;
  /** …and those, where they are heard, but otherwise than the rest. */
  ordinary?(lookup: Lookup): void;
  connection?(connection: Connection): void;
  /** A rule's: connections that carry DNS, or were to, which it does not get as `connection`. */
  dnsConnection?(connection: Connection): void;
  /** The same of exchanges: in place of `exchange`, all but ordinary calls (rules/support/exchanges/ordinary-exchanges.ts)… */
  unusualExchange?(exchange: Exchange): void;
  /** …and those, where they are heard, but otherwise than the rest. */
  ordinaryExchange?(exchange: Exchange): void;
  exchange?(exchange: Exchange): void;
  /** A rule's: exchanges of the shape `turn`, which it does not get as `exchange`; to all others they are like any. */
  turn?(exchange: Exchange): void;
  /** A rule's or a fact's: those that a service received; a client's own call says no more than its exchange. */
  request?(request: Request): void;
  finish?(): void;
}

/** One that hears all rows, whatever their kind: no rule. */
export type FullObserver = Required<
  Omit<Observer, 'turn' | 'dnsConnection' | 'unusual' | 'ordinary' | 'unusualExchange' | 'ordinaryExchange'>
>;
