import type { Timestamp } from '../base/time.ts';
import { copyConnection } from '../model/connection.ts';
import { copyExchange } from '../model/exchange.ts';
import type { Input } from '../model/input.ts';
import { copyLookup } from '../model/lookup.ts';
import type { RowExporter, RowKind } from './row-exporter.ts';

/**
 * Rows held back at a time. Connections and exchanges come at their end, and where the capture was
 * taken, which tells their direction, is known only after some of it. Measured: a row that is held
 * takes 4 to 6 kilobytes of memory, so that these take about 100 MB at most.
 */
export const MAX_HELD_ROWS = 1 << 14;

/**
 * Gives an exporter its rows in the order in which they are written: connections and exchanges by
 * their start, as far as {@link MAX_HELD_ROWS} reach (one that lasts longer than so many others
 * comes after them); `rows` as they were found, so that whoever reads them again gets them so.
 * Lookups come in order of start already, and pass at once.
 */
export function holdRows(kind: RowKind, exporter: RowExporter, most: number = MAX_HELD_ROWS): RowExporter {
  if (kind === 'lookups' || kind === 'transactions' || kind === 'requests') return exporter;
  const held = new HeldRows();
  const inputs: Input[] = [];
  const readUntil = (input: number): Timestamp | undefined => inputs[input]?.endsAt;
  let found = 0;
  const isWanted = { lookup: kind === 'rows', connection: kind !== 'exchanges', exchange: kind !== 'connections' };
  const hold = (startedAt: Timestamp, give: () => void): void => {
    held.push(kind === 'rows' ? 0 : startedAt, found++, give);
    if (held.size > most) held.pop()();
  };
  return {
    get rows() {
      return exporter.rows;
    },
    input(input) {
      inputs[input.input] = input;
      exporter.input(input);
    },
    lookup(lookup) {
      if (!isWanted.lookup) return;
      const copy = copyLookup(lookup);
      const until = readUntil(copy.input);
      hold(copy.startedAt, () => exporter.lookup(copy, until));
    },
    connection(connection) {
      if (!isWanted.connection) return;
      const copy = copyConnection(connection);
      const until = readUntil(copy.input);
      hold(copy.startedAt, () => exporter.connection(copy, until));
    },
    exchange(exchange) {
      if (!isWanted.exchange) return;
      const copy = copyExchange(exchange);
      const until = readUntil(copy.input);
      hold(copy.startedAt, () => exporter.exchange(copy, until));
    },
    request: (request) => exporter.request(request),
    finish() {
      while (held.size > 0) held.pop()();
      exporter.finish();
    },
  };
}

interface Held {
  key: number;
  /** Of what has one key, the first found comes first. */
  place: number;
  give: () => void;
}

/** A binary heap, the least key on top. */
class HeldRows {
  readonly #heap: Held[] = [];

  get size(): number {
    return this.#heap.length;
  }

  push(key: number, place: number, give: () => void): void {
    const heap = this.#heap;
    const held = { key, place, give };
    let at = heap.length;
    heap.push(held);
    while (at > 0) {
      const above = (at - 1) >>> 1;
      if (!isBefore(held, heap[above] as Held)) break;
      heap[at] = heap[above] as Held;
      at = above;
    }
    heap[at] = held;
  }

  /** Takes the least; there must be one. */
  pop(): () => void {
    const heap = this.#heap;
    const { give } = heap[0] as Held;
    const last = heap.pop() as Held;
    if (heap.length === 0) return give;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Held, heap[below] as Held)) below++;
      if (!isBefore(heap[below] as Held, last)) break;
      heap[at] = heap[below] as Held;
      at = below;
    }
    heap[at] = last;
    return give;
  }
}

const isBefore = (one: Held, other: Held): boolean =>
  one.key === other.key ? one.place < other.place : one.key < other.key;
