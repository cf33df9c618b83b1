import { endOf, milliseconds, type Timestamp } from '../../../base/time.ts';
import { receiverOf } from '../../../model/direction.ts';
import type { Exchange } from '../../../model/exchange.ts';
import { isAnswered } from './retries.ts';

// Who hears that its caller is gone gives up at once what it asked for it: a few milliseconds, more on a busy node.
const AT_ONCE = milliseconds(100);
// Requests that were given up just now, of each service; services.
const MAX_GONE = 64;
const MAX_SERVICES = 256;

interface Gone {
  readonly startedAt: Timestamp;
  readonly endedAt: Timestamp;
}

/**
 * Calls that a service gave up because whoever asked it did so: it does not try them again itself, and what it
 * asks next is for another request.
 */
export function createCallersGone() {
  const byService = new Map<string, Gone[]>();

  function remember(key: string, gone: Gone): void {
    const known = byService.get(key);
    if (known === undefined) {
      if (byService.size < MAX_SERVICES) byService.set(key, [gone]);
      return;
    }
    if (known.length >= MAX_GONE) known.shift();
    known.push(gone);
  }

  return {
    /** Hear each call in order of their ends; true where it ended with the request that it was made for. */
    add(exchange: Exchange): boolean {
      const { input, client, outcome, startedAt } = exchange;
      if (outcome !== 'cancelled' || isAnswered(exchange)) return false;
      const endedAt = endOf(exchange);
      remember(`${input}|${receiverOf(exchange)}`, { startedAt, endedAt });
      const requests = byService.get(`${input}|${client}`) ?? [];
      // Of several the one it was sent for began last before it; each lets one go.
      const place = requests.findLastIndex(
        (request) =>
          request.startedAt <= startedAt && request.endedAt <= endedAt && endedAt <= request.endedAt + AT_ONCE,
      );
      if (place < 0) return false;
      requests.splice(place, 1);
      return true;
    },
  };
}
