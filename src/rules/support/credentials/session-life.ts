import { at, seconds, toSeconds, type Timestamp } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';
import type { Input } from '../../../model/input.ts';

// Clocks of a node and of the cloud differ by less, or else one of them tells nothing.
export const MOST_SKEW = 60;
// Between two answers further apart a session may have been renewed at any time.
const MOST_BETWEEN = 10;
// Ends of sessions stand in whole seconds, and so does what is left of them.
const ROUNDING = 1;
// A provider that keeps a session has handed it out twice by then.
const LEAST_NEW = 3;
// One that comes back is another role's or scope's, which takes turns with the former.
const MAX_SESSIONS = 16;

interface Answer {
  readonly session: string;
  /** In seconds of the capture. */
  readonly startedAt: number;
  readonly expiry: number;
}

/** What the answers of a provider tell of the life of its sessions, in seconds; NaN where not seen. */
export class SessionLife {
  /** What was left of them when they were handed out. */
  leastLeft = Number.NaN;
  mostLeft = Number.NaN;
  lastLeft = Number.NaN;
  /** The most that was left of a session when it was handed out and yet asked for again. */
  mostLeftBefore = Number.NaN;
  /** How long they live: the longest that was seen. */
  length = Number.NaN;
  /** Since when they live is not in the answers, but one of them came as a new one. */
  isLengthInferred = false;
  #expiry = Number.NaN;
  #last: Answer | null = null;
  #renewedAt = Number.NaN;
  #answers = 0;
  #renewals = 0;
  #isMixed = false;
  readonly #sessions = new Set<string>();

  /** How much was left of a session when a new one took its place. */
  get renewedAt(): number {
    return this.#isMixed ? Number.NaN : this.#renewedAt;
  }

  /** Each answer had a session of its own. */
  get keepsNone(): boolean {
    return !this.#isMixed && this.#answers > LEAST_NEW && this.#renewals === this.#answers - 1;
  }

  isGoodAt(time: number): boolean {
    return Number.isNaN(this.#expiry) || time < this.#expiry;
  }

  askedAgain(): void {
    if (this.lastLeft >= 0 && !(this.lastLeft <= this.mostLeftBefore)) this.mostLeftBefore = this.lastLeft;
  }

  answered({ metadata, startedAt }: Exchange, endedAt: Timestamp, input: Input | undefined): void {
    if (metadata === null) return;
    const { issuedAt, expiresAt, remaining, session } = metadata;
    const length = expiresAt - issuedAt;
    if (length > 0 && (!(length <= this.length) || this.isLengthInferred)) {
      this.length = length;
      this.isLengthInferred = false;
    }
    const first = input?.firstPacketAt ?? null;
    const now =
      first === null || input === undefined
        ? Number.NaN
        : Number(first) / 1e9 + toSeconds(at(endedAt - input.startsAt));
    const byClock = expiresAt - now;
    const isPlausible = byClock > 0 && !(byClock > length + MOST_SKEW);
    const left = remaining >= 0 ? remaining : isPlausible ? byClock : Number.NaN;
    this.lastLeft = left;
    this.#expiry = left >= 0 ? endedAt + seconds(left) : Number.NaN;
    if (!(left >= 0)) return;
    if (!(left >= this.leastLeft)) this.leastLeft = left;
    if (!(left <= this.mostLeft)) this.mostLeft = left;
    const ended = toSeconds(endedAt);
    if (session !== null) this.#compare({ session, startedAt: toSeconds(startedAt), expiry: ended + left }, ended);
  }

  #compare(answer: Answer, endedAt: number): void {
    const last = this.#last;
    this.#last = answer;
    this.#answers++;
    if (last !== null && last.session !== answer.session) {
      if (this.#sessions.has(answer.session)) this.#isMixed = true;
      this.#renewals++;
      // It took the former one's place between when that was asked for and now.
      if (endedAt - last.startedAt <= MOST_BETWEEN) {
        this.#renewedAt = between(last.expiry - endedAt, last.expiry - last.startedAt);
        if (Number.isNaN(this.length)) this.isLengthInferred = true;
        const length = between(answer.expiry - endedAt, answer.expiry - last.startedAt);
        if (this.isLengthInferred && !(length <= this.length)) this.length = length;
      }
    }
    if (this.#sessions.size < MAX_SESSIONS) this.#sessions.add(answer.session);
  }
}

/** People set whole minutes: the one in there, else the middle. */
function between(least: number, most: number): number {
  const minutes = Math.floor((most + ROUNDING) / 60) * 60;
  return minutes > 0 && minutes >= least - ROUNDING ? minutes : (least + most) / 2;
}
