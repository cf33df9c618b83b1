import { Distribution } from '../../base/distribution.ts';
import { emptyList, emptyNumbers } from '../../base/lists.ts';
import { at, nanoseconds, type Duration, type Timestamp } from '../../base/time.ts';
import { copyConnection, type Connection } from '../../model/connection.ts';
import { copyExchange, type Exchange } from '../../model/exchange.ts';
import { receiverOf } from '../../model/direction.ts';
import type { Cost, Example, Occurrence } from '../../model/finding.ts';
import { copyLookup, type Lookup } from '../../model/lookup.ts';
import type { PacketId } from '../../model/packet.ts';
import { copyRequest, type Request } from '../../model/request.ts';
import { MAX_KEPT_TOGETHER, OccurrenceLog } from './occurrence-log.ts';

// Enough to show and to filter by; a reader looks at one or two.
const MAX_EXAMPLES = 5;

/** What a tally needs to know of the rows that it counts. */
interface Counted<Row> {
  /** Under which other rules may have counted the same. */
  id?(row: Row): string;
  copy(row: Row): Row;
  example(row: Row, packets: readonly PacketId[]): Example;
  connection(row: Row): string;
  /** Behind a DNAT, where one was seen: what this one asks for meanwhile it asks from there. */
  server(row: Row): string;
  from(row: Row): Timestamp;
  until(row: Row): Timestamp;
  lasted(row: Row): Duration;
}

/** What all rows have. */
export interface AnyRow {
  readonly id: string;
  readonly client: string;
}

/** What differs from the row itself: a call with its retries lasts longer than its first exchange. */
export interface Extent {
  from?: Timestamp;
  until?: Timestamp;
  /** What it took, with the cost. */
  lasted?: Duration;
  /** Of a request: what it would no longer wait for. */
  refs?: readonly string[];
}

const AS_THE_ROW: Extent = {};

/** Adds up the occurrences of one finding; keeps the dearest few whole. */
export class Tally<Row extends AnyRow> implements Cost {
  count = 0;
  costs = new Distribution();
  readonly affected = new Distribution();
  relieved = new Distribution();
  asRows: Distribution | null = null;
  readonly examples: Example[] = emptyList();
  readonly occurrences: OccurrenceLog;
  readonly #rows: Row[] = emptyList();
  readonly #exampleCosts: Duration[] = emptyNumbers();
  readonly #counted: Counted<Row>;

  constructor(counted: Counted<Row>, occurrences = new OccurrenceLog()) {
    this.#counted = counted;
    this.occurrences = occurrences;
  }

  /** The dearest occurrence. */
  get dearest(): Row | undefined {
    return this.#rows[0];
  }

  /**
   * @param cost time on the caller's critical path beyond the same row without the cause
   * @param packets those that prove it, called only for the dearest
   */
  add(row: Row, cost: Duration, packets: (row: Row) => readonly PacketId[], extent = AS_THE_ROW): void {
    const counted = this.#counted;
    const { from = counted.from(row), until = counted.until(row), lasted = counted.lasted(row) } = extent;
    this.count++;
    this.costs.add(cost);
    this.#noteRow(counted.lasted(row), lasted);
    this.affected.add(lasted);
    this.relieved.add(nanoseconds(Math.max(0, lasted - cost)));
    // Asked first, since a row's id is a string that is made for it.
    if (this.occurrences.isFull) this.occurrences.leaveOut(until);
    else
      this.occurrences.add(
        counted.id?.(row) ?? row.id,
        counted.connection(row),
        row.client,
        counted.server(row),
        from,
        until,
        cost,
        lasted,
        extent.refs,
      );
    const place = this.#placeOf(cost);
    if (place < MAX_EXAMPLES) this.#keep(place, cost, counted.copy(row), packets(row));
  }

  /** Before it counts in `affected`. */
  #noteRow(row: Duration, lasted: Duration): void {
    if (this.asRows === null) {
      if (row === lasted) return;
      this.asRows = new Distribution();
      this.asRows.addAll(this.affected);
    }
    this.asRows.add(row);
  }

  /** Another tally's occurrences besides; that one stays as it was. */
  absorb(other: Tally<Row>): void {
    this.absorbAll([other]);
  }

  absorbAll(others: readonly Tally<Row>[]): void {
    for (const other of others) this.#absorbCounts(other);
    this.occurrences.addAll(others.map(({ occurrences }) => occurrences));
  }

  #absorbCounts(other: Tally<Row>): void {
    this.count += other.count;
    this.costs.addAll(other.costs);
    if (other.asRows !== null && this.asRows === null) {
      this.asRows = new Distribution();
      this.asRows.addAll(this.affected);
    }
    this.asRows?.addAll(other.asRows ?? other.affected);
    this.affected.addAll(other.affected);
    this.relieved.addAll(other.relieved);
    for (const [index, cost] of other.#exampleCosts.entries()) {
      const place = this.#placeOf(cost);
      if (place >= MAX_EXAMPLES) return;
      this.#keep(place, cost, other.#rows[index] as Row, other.examples[index]?.packets ?? []);
    }
  }

  /** The same occurrences, each costing so much less: what is usual is no cost. */
  beyond(usual: Duration): Tally<Row> {
    const result = this.empty();
    result.count = this.count;
    result.costs = this.costs.shifted(-usual);
    result.asRows = this.asRows;
    result.affected.addAll(this.affected);
    result.relieved = this.relieved.shifted(usual);
    result.occurrences.addAll([this.occurrences], usual);
    for (const [index, row] of this.#rows.entries()) {
      const cost = nanoseconds((this.#exampleCosts[index] as Duration) - usual);
      result.#keep(index, cost, row, this.examples[index]?.packets ?? []);
    }
    return result;
  }

  /** The occurrences that are wanted, of those that are kept. */
  only(isWanted: (occurrence: Occurrence) => boolean): Tally<Row> {
    const result = this.empty();
    const ids = new Set<string>();
    for (const occurrence of this.occurrences) {
      if (!isWanted(occurrence)) continue;
      ids.add(occurrence.id);
      result.#addKept(occurrence);
    }
    for (const [index, row] of this.#rows.entries()) {
      if (!ids.has(this.#counted.id?.(row) ?? row.id)) continue;
      const cost = this.#exampleCosts[index] as Duration;
      result.#keep(result.#placeOf(cost), cost, row, this.examples[index]?.packets ?? []);
    }
    result.occurrences.leaveOut(this.occurrences.completeUntil);
    return result;
  }

  #addKept({ id, connection, client, server, from, until, cost, lasted, refs }: Occurrence): void {
    this.count++;
    this.costs.add(cost);
    this.affected.add(lasted);
    this.relieved.add(nanoseconds(Math.max(0, lasted - cost)));
    this.occurrences.add(id, connection, client, server, from, until, cost, lasted, refs);
  }

  /** One to which more may be added, while this one stays as it is. */
  copy(): Tally<Row> {
    const copy = this.empty();
    copy.absorb(this);
    return copy;
  }

  /** One that counts the same rows, with nothing in it. */
  empty(): Tally<Row> {
    return new Tally(this.#counted);
  }

  #placeOf(cost: Duration): number {
    const costs = this.#exampleCosts;
    // Nearly all are cheaper than the dearest few.
    if (costs.length === MAX_EXAMPLES && !(cost > (costs[MAX_EXAMPLES - 1] as Duration))) return MAX_EXAMPLES;
    const place = costs.findIndex((known) => cost > known);
    return place < 0 ? costs.length : place;
  }

  #keep(place: number, cost: Duration, row: Row, packets: readonly PacketId[]): void {
    this.#exampleCosts.splice(place, 0, cost);
    this.#rows.splice(place, 0, row);
    this.examples.splice(place, 0, this.#counted.example(row, packets));
    if (this.#rows.length > MAX_EXAMPLES) {
      this.#exampleCosts.pop();
      this.#rows.pop();
      this.examples.pop();
    }
  }
}

const LOOKUPS: Counted<Lookup> = {
  copy: copyLookup,
  example: (row, packets) => ({ kind: 'lookup', row, packets }),
  connection: () => '',
  server: ({ server }) => server,
  from: ({ startedAt }) => startedAt,
  until: ({ startedAt, duration }) => at(startedAt + duration),
  lasted: ({ duration }) => duration,
};

const orZero = (value: number): number => (Number.isNaN(value) ? 0 : value);

/** What its first exchange waited for the connection before its first byte; 0 for others. */
export const openingOf = (exchange: Exchange): Duration =>
  nanoseconds(orZero(exchange.connectDuration) + orZero(exchange.tlsDuration));

const EXCHANGES: Counted<Exchange> = {
  copy: copyExchange,
  example: (row, packets) => ({ kind: 'exchange', row, packets }),
  connection: ({ connection }) => connection,
  server: receiverOf,
  // The caller waits from when the connection is opened for it.
  from: (exchange) => at(exchange.startedAt - openingOf(exchange)),
  until: ({ startedAt, duration }) => at(startedAt + duration),
  lasted: ({ duration }) => duration,
};

/** From the first SYN until application data may flow, as far as the capture shows it. */
export const handshakesOf = ({ connectDuration, tls }: Connection): Duration =>
  nanoseconds(orZero(connectDuration) + orZero(tls?.handshakeDuration ?? 0));

const CONNECTIONS: Counted<Connection> = {
  copy: copyConnection,
  example: (row, packets) => ({ kind: 'connection', row, packets }),
  connection: ({ id }) => id,
  server: receiverOf,
  from: ({ startedAt }) => startedAt,
  until: ({ startedAt, duration }) => at(startedAt + duration),
  lasted: handshakesOf,
};

const REQUESTS: Counted<Request> = {
  id: ({ exchange }) => exchange,
  copy: copyRequest,
  example: (row, packets) => ({ kind: 'request', row, packets }),
  connection: () => '',
  server: receiverOf,
  from: ({ startedAt }) => startedAt,
  until: ({ startedAt, duration }) => at(startedAt + duration),
  lasted: ({ duration }) => duration,
};

export type RequestTally = Tally<Request>;
export const requestTally = (): RequestTally => new Tally(REQUESTS);
export type LookupTally = Tally<Lookup>;
export type ExchangeTally = Tally<Exchange>;
export type ConnectionTally = Tally<Connection>;

export const lookupTally = (): LookupTally => new Tally(LOOKUPS);
/** For what would be several tallies otherwise: it keeps as many occurrences as those together would. */
export const sharedLookupTally = (): LookupTally => new Tally(LOOKUPS, new OccurrenceLog(MAX_KEPT_TOGETHER));
/** A row lasts from its request's first byte to its response's last, without connecting. */
export const exchangeTally = (): ExchangeTally => new Tally(EXCHANGES);
/** A row lasts as long as its handshakes do. */
export const connectionTally = (): ConnectionTally => new Tally(CONNECTIONS);

/** All of them together; at least one. */
export function sumOf<Row extends AnyRow>(tallies: readonly Tally<Row>[]): Tally<Row> {
  const sum = (tallies[0] as Tally<Row>).empty();
  sum.absorbAll(tallies);
  return sum;
}
