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
  readonly examplePackets: PacketId[][] = [];
  readonly #exampleCosts: Duration[] = [];

  /**
   * @param cost time on the caller's critical path beyond the same lookup without the cause
   * @param packets those that prove it, called only for the dearest
   */
  add(lookup: Lookup, cost: Duration, packets: (lookup: Lookup) => PacketId[]): void {
    this.count++;
    this.costs.add(cost);
    this.affected.add(lookup.duration);
    this.relieved.add(nanoseconds(Math.max(0, lookup.duration - cost)));
    let place = this.#exampleCosts.findIndex((known) => cost > known);
    if (place < 0) place = this.#exampleCosts.length;
    if (place >= MAX_EXAMPLES) return;
    this.#exampleCosts.splice(place, 0, cost);
    this.examples.splice(place, 0, copyLookup(lookup));
    this.examplePackets.splice(place, 0, packets(lookup));
    if (this.examples.length > MAX_EXAMPLES) {
      this.#exampleCosts.pop();
      this.examples.pop();
      this.examplePackets.pop();
    }
  }
}
