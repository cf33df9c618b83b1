import { Chains } from './chains.ts';
import { CAUTION, LinkChances } from './link-chances.ts';
import { NOBODY, type LinkProblem } from './link-problem.ts';
import { Moves } from './moves.ts';

// One in e^12 = 160,000 is not worth another look as long as nothing changes.
const HOPELESS = -12;

// Whose likeliest parent is more likely wrong than right.
const OPEN = 0.5;

// How little there is to be found at a call as long as nothing around it changes.
const AWAKE = 0;
/** No move is better than to stay. */
const CONTENT = 1;
/** No move is worth a thought. */
const ASLEEP = 2;

/**
 * Moves calls between requests until what all requests do together is as likely as can be found.
 * With a temperature above 0 less likely moves are made as often as they are likely (Gibbs sampling),
 * which gets out of dead ends, and tells how sure each link is.
 */
export class LinkSolver {
  readonly #problem: LinkProblem;
  readonly #moves: Moves;
  readonly #chains: Chains;
  /** Null: not sampled yet. */
  #chances: LinkChances | null = null;
  /** Calls that could go elsewhere. */
  readonly #open: number[] = [];
  readonly #states: Uint8Array;
  readonly #isGivenUp: Uint8Array;
  /** By request: the first and the last call that it could have. */
  readonly #firsts: Int32Array;
  readonly #lasts: Int32Array;

  constructor(problem: LinkProblem) {
    this.#problem = problem;
    this.#moves = new Moves(problem);
    this.#chains = new Chains(problem, this.#moves.likelihoods);
    this.#states = new Uint8Array(problem.callCount);
    this.#isGivenUp = new Uint8Array(problem.callCount);
    this.#firsts = new Int32Array(problem.requestCount).fill(problem.callCount);
    this.#lasts = new Int32Array(problem.requestCount).fill(-1);
    for (let call = 0; call < problem.callCount; call++) {
      const candidates = problem.calls.candidates[call] as readonly number[];
      if (problem.calls.isFixed[call] === 1 || candidates.length === 0) continue;
      this.#open.push(call);
      for (let index = 0; index < candidates.length; index++) {
        const request = candidates[index] as number;
        if ((this.#lasts[request] as number) < 0) this.#firsts[request] = call;
        this.#lasts[request] = call;
      }
    }
  }

  /** Somebody else linked the calls anew, those that could be several requests'. */
  restart(): void {
    this.#moves.relearned();
    this.#wakeDoubtful();
  }

  /** The plans have changed; a little: what was hopeless stays so. */
  relearned(): void {
    this.#moves.relearned();
    for (let call = 0; call < this.#states.length; call++)
      if (this.#states[call] === CONTENT) this.#states[call] = AWAKE;
  }

  /**
   * ln of how likely all is that the problem has now, each request by what the others taught: an answer that fits by
   * chance only what it was learned from does not win by it.
   * @param counts 1 for requests that count, null where all do
   */
  likelihood(counts: Uint8Array | null): number {
    const { requestCount, callCount, owners, logAlone, calls } = this.#problem;
    const { likelihoods } = this.#moves;
    let sum = 0;
    likelihoods.reassigned();
    for (let request = 0; request < requestCount; request++)
      if (counts === null || counts[request] === 1) sum += likelihoods.now(request);
    for (let call = 0; call < callCount; call++) {
      const isAlone = owners[call] === NOBODY && (calls.candidates[call] as readonly number[]).length > 0;
      sum += (isAlone ? 1 : 0) * (logAlone[calls.kinds[call] as number] as number);
    }
    return sum;
  }

  /** Somebody else linked the calls, and the plans are the same. */
  reassigned(): void {
    this.#moves.likelihoods.reassigned();
  }

  /**
   * Looks at each call once.
   * @param temperature 0: always the likeliest way
   * @returns how many calls changed their place
   */
  sweep(temperature: number): number {
    return this.#sweep(temperature, null);
  }

  /**
   * Where a call too many belongs to one further on. Until the plans change, only what lies around those that are
   * shifted is looked at again, since nothing else has changed.
   * @param isTold by what is usual alone
   * @returns whether anything changed its place
   */
  shift(isTold: boolean): boolean {
    this.#rest();
    return this.#chains.shift(isTold, (request) => this.#wake(request)) > 0;
  }

  /** Looks at each call once, and counts what was seen for {@link chances}. */
  sample(): void {
    if (this.#chances === null) {
      this.#chances = new LinkChances(this.#problem);
      // Samples try more than sweeps, where there is anybody else to try it with.
      this.#wakeDoubtful();
    }
    this.#chances.begin();
    this.#sweep(CAUTION, this.#chances);
  }

  /** What is as good as open is not looked at again: more looks would cost the more, the less they tell. */
  giveUp(): void {
    for (let index = 0; index < this.#open.length; index++) {
      const call = this.#open[index] as number;
      if (this.#chances !== null && this.#chances.most(call) < OPEN) this.#isGivenUp[call] = 1;
    }
  }

  /** How likely each candidate is, nobody last. Null for a call that was never in doubt. */
  chances(call: number): Float64Array | null {
    return this.#chances === null ? null : this.#chances.of(call);
  }

  /** How likely the likeliest candidate is. */
  mostLikely(call: number): number {
    return this.#chances === null ? 1 : this.#chances.most(call);
  }

  #sweep(temperature: number, chances: LinkChances | null): number {
    const rest = temperature === 0 ? CONTENT : ASLEEP;
    let moved = 0;
    for (let index = 0; index < this.#open.length; index++) {
      const call = this.#open[index] as number;
      if ((this.#states[call] as number) >= rest || this.#isGivenUp[call] === 1) continue;
      if (this.#visit(call, temperature, chances)) moved++;
    }
    return moved;
  }

  #visit(call: number, temperature: number, chances: LinkChances | null): boolean {
    this.#moves.find(call, chances !== null);
    const { gains, count } = this.#moves;
    // Staying has a gain of 0.
    let best = 0;
    let likeliest = -1;
    let state = ASLEEP;
    for (let place = 0; place < count; place++) {
      const gain = gains[place] as number;
      if (gain >= HOPELESS) state = CONTENT;
      if (gain <= best) continue;
      best = gain;
      likeliest = place;
    }
    // Where nothing is worth a thought, nothing is drawn.
    const isDrawn = temperature > 0 && state !== ASLEEP;
    if (isDrawn || chances !== null) this.#moves.weigh(best, temperature);
    if (chances !== null) chances.note(call, this.#moves);
    this.#states[call] = likeliest < 0 ? state : AWAKE;
    const taken = isDrawn ? this.#drawn() : likeliest;
    if (taken < 0) return false;
    this.#take(call, taken);
    return true;
  }

  /** One of the moves, as often as it is likely; -1 to stay. */
  #drawn(): number {
    const { weights, total, count } = this.#moves;
    let left = this.#problem.random() * total;
    for (let place = 0; place < count; place++) {
      left -= weights[place] as number;
      if (left < 0) return place;
    }
    return -1;
  }

  #take(call: number, taken: number): void {
    const from = this.#problem.owners[call] as number;
    this.#moves.take(call, taken);
    this.#wake(from);
    this.#wake(this.#moves.targets[taken] as number);
  }

  #rest(): void {
    for (let call = 0; call < this.#states.length; call++)
      if (this.#states[call] === AWAKE) this.#states[call] = CONTENT;
  }

  /** What has no choice but one stays as it is. */
  #wakeDoubtful(): void {
    const { candidates } = this.#problem.calls;
    for (let index = 0; index < this.#open.length; index++) {
      const call = this.#open[index] as number;
      if ((candidates[call] as readonly number[]).length > 1) this.#states[call] = AWAKE;
    }
  }

  /** What a request could have is looked at again. */
  #wake(request: number): void {
    if (request === NOBODY) return;
    this.#states.fill(AWAKE, this.#firsts[request] as number, (this.#lasts[request] as number) + 1);
  }
}
