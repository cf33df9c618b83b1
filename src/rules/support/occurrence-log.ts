import { emptyList, emptyNumbers } from '../../base/lists.ts';
import { at, nanoseconds, type Duration, type Timestamp } from '../../base/time.ts';
import type { KeptOccurrences, Occurrence } from '../../model/finding.ts';

// Enough to tell what share of a finding another one explains, in 100 kilobytes at most: a rule
// has a log for each group that it counts, a few hundred in the worst case.
const MAX_KEPT = 1024;
// Of a finding: several groups together.
export const MAX_KEPT_TOGETHER = 4096;

/** The earliest occurrences of a finding in short, in columns: no object is made for any. */
export class OccurrenceLog implements KeptOccurrences {
  completeUntil = at(Number.POSITIVE_INFINITY);
  readonly #most: number;
  readonly #ids: string[] = emptyList();
  readonly #connections: string[] = emptyList();
  readonly #clients: string[] = emptyList();
  readonly #servers: string[] = emptyList();
  readonly #from: Timestamp[] = emptyNumbers();
  readonly #until: Timestamp[] = emptyNumbers();
  readonly #costs: Duration[] = emptyNumbers();
  readonly #lasted: Duration[] = emptyNumbers();
  readonly #refs: (readonly string[] | undefined)[] = emptyList();
  /** In order of their end, once several logs held too many together; then the columns are of no more use. */
  #earliest: Occurrence[] | null = null;

  constructor(most = MAX_KEPT) {
    this.#most = most;
  }

  /** What is added now is only left out. */
  get isFull(): boolean {
    return this.size >= this.#most;
  }

  get size(): number {
    return this.#earliest?.length ?? this.#ids.length;
  }

  add(
    id: string,
    connection: string,
    client: string,
    server: string,
    from: Timestamp,
    until: Timestamp,
    cost: Duration,
    lasted: Duration,
    refs?: readonly string[],
  ): void {
    if (this.isFull) this.leaveOut(until);
    else this.#push(id, connection, client, server, from, until, cost, lasted, refs);
  }

  /**
   * Other logs' besides; those stay as they were.
   * @param less what each of them costs less
   */
  addAll(others: readonly OccurrenceLog[], less = 0): void {
    for (const { completeUntil } of others) this.leaveOut(completeUntil);
    const size = others.reduce((sum, other) => sum + other.size, this.size);
    if (this.#earliest === null && size <= MAX_KEPT_TOGETHER) {
      for (const other of others) for (const occurrence of other) this.#pushWhole(occurrence, less);
      return;
    }
    const logs = [this, ...others];
    // Who is too late is told by the ends alone: an object for each of many logs' would take long.
    const ends = Float64Array.from(logs.flatMap((log) => log.#ends())).sort();
    const latest = ends[MAX_KEPT_TOGETHER - 1] ?? Number.POSITIVE_INFINITY;
    const all = logs.flatMap((log) => log.#endedBy(latest));
    this.#earliest = all.toSorted((a, b) => a.until - b.until).slice(0, MAX_KEPT_TOGETHER);
    const next = ends[MAX_KEPT_TOGETHER];
    if (next !== undefined) this.leaveOut(at(next));
  }

  #ends(): readonly Timestamp[] {
    return this.#earliest?.map(({ until }) => until) ?? this.#until;
  }

  *[Symbol.iterator](): Generator<Occurrence> {
    if (this.#earliest !== null) {
      yield* this.#earliest;
      return;
    }
    for (let index = 0; index < this.#ids.length; index++) yield this.#at(index);
  }

  #at(index: number): Occurrence {
    const refs = this.#refs[index];
    return {
      id: this.#ids[index] as string,
      connection: this.#connections[index] as string,
      client: this.#clients[index] as string,
      server: this.#servers[index] as string,
      from: this.#from[index] as Timestamp,
      until: this.#until[index] as Timestamp,
      cost: this.#costs[index] as Duration,
      lasted: this.#lasted[index] as Duration,
      ...(refs === undefined ? {} : { refs }),
    };
  }

  #endedBy(latest: number): Occurrence[] {
    if (this.#earliest !== null) return this.#earliest.filter(({ until }) => until <= latest);
    const ended: Occurrence[] = [];
    for (const [index, until] of this.#until.entries()) if (until <= latest) ended.push(this.#at(index));
    return ended;
  }

  /** One that ended then is not kept. */
  leaveOut(until: Timestamp): void {
    if (until < this.completeUntil) this.completeUntil = until;
  }

  #pushWhole({ id, connection, client, server, from, until, cost, lasted, refs }: Occurrence, less = 0): void {
    this.#push(id, connection, client, server, from, until, nanoseconds(cost - less), lasted, refs);
  }

  #push(
    id: string,
    connection: string,
    client: string,
    server: string,
    from: Timestamp,
    until: Timestamp,
    cost: Duration,
    lasted: Duration,
    refs: readonly string[] | undefined,
  ): void {
    this.#ids.push(id);
    this.#connections.push(connection);
    this.#clients.push(client);
    this.#servers.push(server);
    this.#from.push(from);
    this.#until.push(until);
    this.#costs.push(cost);
    this.#lasted.push(lasted);
    this.#refs.push(refs);
  }
}
