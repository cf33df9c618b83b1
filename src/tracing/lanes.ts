import type { SentCall } from './calls.ts';

/*
 * Over which of its connections a service sends each call, its lane. Pools mostly give out what was
 * given back last (Apache's HttpClient, Go's Transport, Node's Agent), and a client of one thread has
 * one connection: so the calls of one request go over one lane more often than by chance.
 */

/** Of one server's lanes. */
interface Pool {
  readonly lanes: Map<string, number>;
  /** When each of the calls under way ends. */
  open: number[];
  most: number;
}

const NO_LANE = -1;

/** Of calls by place. */
export class Lanes {
  /** Numbered through all; {@link NO_LANE} where a call has none. */
  readonly of: Int32Array;
  /** How many lanes there are. */
  readonly count: number;
  readonly #pools: Int32Array;
  /** By pool: among how many lanes a call has the choice. */
  readonly choices: readonly number[];
  /** Which request it is whose calls are looked at, and by lane and by pool the last that came by. */
  #request = 0;
  readonly #ofLanes: Float64Array;
  readonly #ofPools: Float64Array;

  constructor(of: Int32Array, pools: Int32Array, choices: readonly number[], count: number) {
    this.of = of;
    this.count = count;
    this.#pools = pools;
    this.choices = choices;
    this.#ofLanes = new Float64Array(count);
    this.#ofPools = new Float64Array(choices.length);
  }

  /** Another request's calls come, in order of their start. */
  begin(): void {
    this.#request++;
  }

  /**
   * Among how many lanes a call had the choice: positive where it took one that a call before it, of the
   * same request and to the same server, had taken; negative where it took another; 0 where none came before.
   */
  choiceOf(call: number): number {
    const lane = this.of[call] as number;
    if (lane === NO_LANE) return 0;
    const pool = this.#pools[call] as number;
    const isAgain = this.#ofLanes[lane] === this.#request;
    const isFirst = this.#ofPools[pool] !== this.#request;
    this.#ofLanes[lane] = this.#request;
    this.#ofPools[pool] = this.#request;
    if (isFirst) return 0;
    return isAgain ? (this.choices[pool] as number) : -(this.choices[pool] as number);
  }
}

/** @param sent in order of their start @returns null where no call has a lane */
export function lanesOf(sent: readonly SentCall[]): Lanes | null {
  const of = new Int32Array(sent.length).fill(NO_LANE);
  const pools = new Int32Array(sent.length).fill(NO_LANE);
  const known = new Map<string, { number: number; pool: Pool }>();
  let count = 0;
  for (const [place, { lane, startedAt, endedAt }] of sent.entries()) {
    if (lane === null) continue;
    const { number, pool } = entry(known, lane.pool, () => ({
      number: known.size,
      pool: { lanes: new Map<string, number>(), open: [], most: 0 },
    }));
    pools[place] = number;
    of[place] = entry(pool.lanes, lane.connection, () => count++);
    pool.open = pool.open.filter((end) => end > startedAt);
    pool.open.push(endedAt);
    pool.most = Math.max(pool.most, pool.open.length);
  }
  if (count === 0) return null;
  // As many as ever were needed at a time: idle ones beyond are closed, and others take their place.
  const choices = [...known.values()].map(({ pool: { lanes, most } }) => Math.min(lanes.size, most));
  return new Lanes(of, pools, choices, count);
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, create: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = create();
    map.set(key, value);
  }
  return value;
}
