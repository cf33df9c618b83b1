import { NO_FRACTION } from '../base/fraction.ts';

// Before anything is known the same lane comes as often as by chance, and so tells nothing; that counts
// as much as so many calls.
const BELIEVED = 2;

/** Whether a step mostly goes over a lane that its request has used: `lanes.ts` says what a choice is. */
export class LaneHabit {
  #again = NO_FRACTION;
  #other = NO_FRACTION;

  learn(choice: number, weight: number): void {
    if (choice > 0) this.#again += weight;
    else if (choice < 0) this.#other += weight;
  }

  forget(): void {
    this.#again = 0;
    this.#other = 0;
  }

  /**
   * How much likelier this choice is than by chance.
   * @param own how much of what was learned is the asker's own
   */
  ratio(choice: number, own: number): number {
    const lanes = Math.abs(choice);
    if (lanes < 2) return 1;
    const again = Math.max(0, choice > 0 ? this.#again - own : this.#again);
    const other = Math.max(0, choice < 0 ? this.#other - own : this.#other);
    const share = (again + BELIEVED / lanes) / (again + other + BELIEVED);
    return choice > 0 ? share * lanes : ((1 - share) * lanes) / (lanes - 1);
  }
}
