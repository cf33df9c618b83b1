import { Distribution } from '../../base/distribution.ts';
import { nanoseconds, type Duration } from '../../base/time.ts';
import type { Cost } from '../../model/finding.ts';
import { copyLookup, type Lookup } from '../../model/lookup.ts';
import type { PacketId } from '../../model/packet.ts';

// Enough to show and to filter by; a reader looks at one or two.
const MAX_EXAMPLES = 5;

/** Adds up the occurrences of one finding; keeps the dearest few whole. */
export class Tally implements Cost {
  count = 0;
  readonly costs = new Distribution();
  readonly affected = new Distribution();
  readonly relieved = new Distribution();
  readonly examples: Lookup[] = [];
  readonly examplePackets: (readonly PacketId[])[] = [];
  readonly #exampleCosts: Duration[] = [];

  /**
   * @param cost time on the caller's critical path beyond the same lookup without the cause
   * @param packets those that prove it, called only for the dearest
   */
  add(lookup: Lookup, cost: Duration, packets: (lookup: Lookup) => readonly PacketId[]): void {
    this.count++;
    this.costs.add(cost);
    this.affected.add(lookup.duration);
    this.relieved.add(nanoseconds(Math.max(0, lookup.duration - cost)));
    const place = this.#placeOf(cost);
    if (place < MAX_EXAMPLES) this.#keep(place, cost, copyLookup(lookup), packets(lookup));
  }

  /** Another tally's occurrences besides; that one stays as it was. */
  absorb(other: Tally): void {
    this.count += other.count;
    this.costs.addAll(other.costs);
    this.affected.addAll(other.affected);
    this.relieved.addAll(other.relieved);
    for (const [index, cost] of other.#exampleCosts.entries()) {
      const place = this.#placeOf(cost);
      if (place >= MAX_EXAMPLES) return;
      this.#keep(place, cost, other.examples[index] as Lookup, other.examplePackets[index] ?? []);
    }
  }

  #placeOf(cost: Duration): number {
    const costs = this.#exampleCosts;
    // Nearly all are cheaper than the dearest few.
    if (costs.length === MAX_EXAMPLES && !(cost > (costs[MAX_EXAMPLES - 1] as Duration))) return MAX_EXAMPLES;
    const place = costs.findIndex((known) => cost > known);
    return place < 0 ? costs.length : place;
  }

  #keep(place: number, cost: Duration, lookup: Lookup, packets: readonly PacketId[]): void {
    this.#exampleCosts.splice(place, 0, cost);
    this.examples.splice(place, 0, lookup);
    this.examplePackets.splice(place, 0, packets);
    if (this.examples.length > MAX_EXAMPLES) {
      this.#exampleCosts.pop();
      this.examples.pop();
      this.examplePackets.pop();
    }
  }
}

/** All of them together. */
export function sumOf(tallies: Iterable<Tally>): Tally {
  const sum = new Tally();
  for (const tally of tallies) sum.absorb(tally);
  return sum;
}
