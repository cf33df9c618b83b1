import { endOf } from '../../base/time.ts';
import { isResponded, type Exchange } from '../../model/exchange.ts';
import type { Occurrence } from '../../model/finding.ts';
import { Intervals } from './intervals.ts';
import { LARGE_BODY } from './ordinary-exchanges.ts';
import { isPause } from './upstream-wait.ts';

// As many large answers as are compared with one another.
const MAX_TRANSFERS = 1 << 12;
// More at the same time tell no more about one's pauses.
const MAX_TOGETHER = 32;
// Answers that share a full link wait for each other nearly all of their pauses; a server's own pauses
// fall into another answer's bytes by chance.
const TAKEN = 0.5;

interface Transfer {
  readonly from: number;
  readonly to: number;
  readonly pauses: Intervals;
  /** Its bytes came, but for the pauses. */
  readonly active: Intervals;
}

/**
 * Large answers that are on their way to one host at the same time. Where a link is full, its queue
 * lets one of them pass and then the other: at the receiver each looks as if its server paused.
 */
export class SharedLinks {
  readonly #byHost = new Map<string, Map<string, Transfer>>();
  #count = 0;

  add(exchange: Exchange): void {
    if (!isResponded(exchange) || exchange.responseBytes < LARGE_BODY || this.#count >= MAX_TRANSFERS) return;
    const host = hostOf(exchange);
    const transfers = this.#byHost.get(host) ?? new Map<string, Transfer>();
    this.#byHost.set(host, transfers);
    transfers.set(exchange.id, transferOf(exchange));
    this.#count++;
  }

  /** Most of the pauses within this answer are other answers' bytes; false where it was not added. */
  isTaken(input: number, { id, client }: Pick<Occurrence, 'id' | 'client'>): boolean {
    const transfers = this.#byHost.get(hostOf({ client, input }));
    const own = transfers?.get(id);
    if (transfers === undefined || own === undefined) return false;
    const others = new Intervals();
    let together = 0;
    for (const other of transfers.values()) {
      if (other === own || other.from >= own.to || other.to <= own.from) continue;
      others.addAll(other.active);
      if (++together === MAX_TOGETHER) break;
    }
    return own.pauses.lengthWithout(others) <= (1 - TAKEN) * own.pauses.length();
  }
}

const hostOf = ({ client, input }: Pick<Exchange, 'client' | 'input'>): string => `${input} ${client}`;

function transferOf(exchange: Exchange): Transfer {
  const [pauses, active] = [new Intervals(), new Intervals()];
  const [from, to] = [exchange.firstByteAt, endOf(exchange)];
  let since: number = from;
  for (const stall of exchange.stalls.filter(isPause)) {
    const until = Math.min(to, stall.startedAt + stall.duration);
    const start = Math.max(from, stall.startedAt);
    pauses.add(start, until);
    active.add(since, start);
    since = Math.max(since, until);
  }
  active.add(since, to);
  return { from, to, pauses, active };
}
