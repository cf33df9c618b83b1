import { at, endOf, milliseconds, nanoseconds, type Duration, type Timestamp } from '../../../base/time.ts';
import { copyExchange, isResponded, type Exchange } from '../../../model/exchange.ts';

// Tokens are asked for once a session; more of them than this tell no more.
const MAX_KEPT = 256;
// Other calls that tell when a client went on.
const MAX_TIMES = 4096;
// The shortest patience of any SDK is Go v2's 500 ms for the head of an answer.
const LEAST_WAIT = milliseconds(400);
// Between two tries of one fetch lies a call that is answered at once.
const WITHIN_FETCH = milliseconds(200);

/** One fetch's tokens that never came: one after another, until the client went on without. */
export interface TokenWait {
  readonly first: Exchange;
  readonly tries: number;
  readonly startedAt: Timestamp;
  readonly endedAt: Timestamp;
  /** What the client waited in vain. */
  readonly waited: Duration;
  readonly packets: readonly number[];
}

/** What one client's calls to one metadata service tell of tokens. */
export class TokenLog {
  /** Tokens that came. */
  answered = 0;
  /** Answered with an error: a proxy or a firewall says no. */
  refused = 0;
  #unanswered: Exchange[] = [];
  /** When calls began that were answered, and what the longest of them took. */
  readonly #answeredAt: number[] = [];
  slowest: Duration = nanoseconds(0);
  readonly #others: number[] = [];

  token(exchange: Exchange): void {
    if (isResponded(exchange)) {
      if (exchange.status >= 400) this.refused++;
      else this.answered++;
    } else if (this.#unanswered.length < MAX_KEPT) this.#unanswered.push(copyExchange(exchange));
  }

  /** Another call to the service. */
  call(exchange: Exchange): void {
    if (!isResponded(exchange)) return;
    keep(this.#answeredAt, exchange.startedAt);
    const took = nanoseconds(exchange.firstByteAt - exchange.startedAt);
    if (took > this.slowest) this.slowest = took;
  }

  /** A fetch was over by then: the client called somebody else, or has what it asked for. */
  other(by: Timestamp): void {
    keep(this.#others, by);
  }

  /** Where the client went on with calls that are answered at once, though the token is not. */
  waits(): TokenWait[] {
    if (this.answered > 0) return [];
    const waits: TokenWait[] = [];
    for (const exchange of this.#unanswered.toSorted((a, b) => a.startedAt - b.startedAt)) {
      const next = this.#answeredAt.filter((time) => time > exchange.startedAt + LEAST_WAIT);
      const wentOn = Math.min(endOf(exchange), ...next.toSorted((a, b) => a - b).slice(0, 1));
      const waited = wentOn - exchange.startedAt;
      if (next.length === 0 || waited < LEAST_WAIT || this.slowest > waited / 2) continue;
      const endedAt = at(wentOn);
      const last = waits.findLast((one) => this.#isOneFetch(one.endedAt, exchange.startedAt));
      if (last === undefined) {
        waits.push({
          first: exchange,
          tries: 1,
          startedAt: exchange.startedAt,
          endedAt,
          waited: nanoseconds(waited),
          packets: exchange.packets,
        });
        continue;
      }
      waits[waits.indexOf(last)] = {
        ...last,
        tries: last.tries + 1,
        endedAt,
        waited: nanoseconds(last.waited + waited),
        packets: [...last.packets, ...exchange.packets],
      };
    }
    return waits;
  }

  #isOneFetch(ended: number, next: number): boolean {
    const pause = next - ended;
    return pause >= 0 && pause <= WITHIN_FETCH && !this.#others.some((time) => time > ended && time < next);
  }
}

function keep(times: number[], time: number): void {
  if (times.length >= MAX_TIMES) times.shift();
  times.push(time);
}
