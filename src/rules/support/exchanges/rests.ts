import { endOf } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';
import type { Wait } from '../../../model/request.ts';
import { LEAST_SLOW } from './ordinary-exchanges.ts';

/*
 * Whose call it was that failed, no packet tells where requests make their calls together. But whoever
 * tries again rests from then on until the same call comes again, and a request that rests is told.
 */

// As many as two findings keep.
const MAX_RESTS = 1 << 10;
// Other calls of the request may take a little longer than the one that fails.
const NEAR = 0.1;
// Some fail, rest and are not found; of more than that, rest and failure have nothing to do with one another.
const MOST = 0.5;

/** What a request did not wait for: between its calls, or before the first. */
interface Rest {
  readonly what: string;
  readonly from: number;
  /** The call that ends it. */
  readonly next: Wait;
}

export interface RestAfter {
  readonly failed: Exchange;
  readonly next: Wait;
}

/** How requests of one service rest before their calls. */
export class Rests {
  readonly #rests: Rest[] = [];

  /** @param waits of one request, in order of their start */
  add(startedAt: number, waits: readonly Wait[]): void {
    let busyUntil = startedAt;
    for (const wait of waits) {
      const isRest = wait.reason === 'upstream' && wait.startedAt - busyUntil >= LEAST_SLOW;
      if (isRest && this.#rests.length < MAX_RESTS) this.#rests.push({ what: wait.what, from: busyUntil, next: wait });
      busyUntil = Math.max(busyUntil, endOf(wait));
    }
  }

  /**
   * Failed calls with the next of their kind, where most failures are followed so, and most rests follow one.
   * @param failed by what was asked, where its next try is not known
   * @param known tries that are
   */
  after(failed: ReadonlyMap<string, readonly Exchange[]>, known: ReadonlySet<string>): RestAfter[] {
    const open = this.#rests.filter(({ next }) => !known.has(next.ref));
    const found: RestAfter[] = [];
    const taken = new Set<Exchange>();
    for (const { what, from, next } of open) {
      const near = NEAR * (next.startedAt - from);
      let best: Exchange | null = null;
      for (const exchange of failed.get(what) ?? []) {
        const away = Math.abs(endOf(exchange) - from);
        if (away > near || taken.has(exchange)) continue;
        if (best === null || away < Math.abs(endOf(best) - from)) best = exchange;
      }
      if (best === null) continue;
      taken.add(best);
      found.push({ failed: best, next });
    }
    const failures = [...failed.values()].reduce((sum, list) => sum + list.length, 0);
    return found.length > MOST * failures && found.length > MOST * open.length ? found : [];
  }
}
