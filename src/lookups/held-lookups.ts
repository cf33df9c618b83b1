import type { OpenLookup } from './open-lookup.ts';

/**
 * All lookups that are not emitted yet, in order of their start: first those that were passed over
 * (others that began later have been emitted already), then the rest. The list runs through the
 * lookups themselves: on a busy node most are passed over.
 */
export class HeldLookups {
  size = 0;
  passedOver = 0;
  /** The oldest that was not passed over. */
  first: OpenLookup | null = null;
  #oldest: OpenLookup | null = null;
  #newest: OpenLookup | null = null;

  /** How many wait for their turn. */
  get inOrder(): number {
    return this.size - this.passedOver;
  }

  get oldestPassedOver(): OpenLookup | null {
    return this.passedOver > 0 ? this.#oldest : null;
  }

  append(lookup: OpenLookup): void {
    lookup.passedOver = false;
    lookup.heldBefore = this.#newest;
    lookup.heldAfter = null;
    if (this.#newest === null) this.#oldest = lookup;
    else this.#newest.heldAfter = lookup;
    this.#newest = lookup;
    this.first ??= lookup;
    this.size++;
  }

  /** The first one waits on, and those behind it need not. */
  passOver(): void {
    const lookup = this.first as OpenLookup;
    lookup.passedOver = true;
    this.passedOver++;
    this.first = lookup.heldAfter;
  }

  remove(lookup: OpenLookup): void {
    const { heldBefore: before, heldAfter: after } = lookup;
    if (before === null) this.#oldest = after;
    else before.heldAfter = after;
    if (after === null) this.#newest = before;
    else after.heldBefore = before;
    if (lookup.passedOver) this.passedOver--;
    else if (this.first === lookup) this.first = after;
    lookup.heldBefore = null;
    lookup.heldAfter = null;
    this.size--;
  }

  /** What is removed meanwhile may only be the one in hand. */
  *[Symbol.iterator](): Generator<OpenLookup> {
    for (let lookup = this.#oldest; lookup !== null;) {
      const next: OpenLookup | null = lookup.heldAfter;
      yield lookup;
      lookup = next;
    }
  }
}
