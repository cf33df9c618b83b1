import { addTo } from '../base/group-by.ts';
import type { Report } from '../model/finding.ts';
import { ownerOf, type KeptRequest, type KeptRequests } from '../replay/kept-requests.ts';

/**
 * Finds lookups that no request waits for. Only where it is certain: who asked is not seen to call anybody's
 * service, and none of the requests that it received was under way meanwhile.
 */
export class BesideRequests {
  /** Of how many requests this is known; 0 where it is not. */
  readonly count: number;
  readonly #byOwner = new Map<string, KeptRequest[]>();
  readonly #callers = new Set<string>();

  constructor({ all, count }: KeptRequests) {
    this.count = all.length === count ? count : 0;
    for (const request of all) {
      addTo(this.#byOwner, request.owner, request);
      this.#callers.add(request.caller);
    }
  }

  holds({ unit, input, cost }: Pick<Report, 'unit' | 'input' | 'cost'>): boolean {
    if (this.count === 0 || unit !== 'lookups' || cost.occurrences.completeUntil < Infinity) return false;
    for (const { client, from, until } of cost.occurrences) {
      const owner = ownerOf(input, client);
      if (this.#callers.has(owner)) return false;
      const own = this.#byOwner.get(owner) ?? [];
      if (own.some(({ startedAt, endedAt }) => startedAt < until && endedAt > from)) return false;
    }
    return true;
  }
}
