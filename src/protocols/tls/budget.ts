/** What all connections together may use up; who finds nothing left goes without. */
export interface Budget {
  /** @returns false where there is not so much left */
  take(amount: number): boolean;
  give(amount: number): void;
  /** Times that there was not enough. */
  readonly refused: number;
}

export function createBudget(amount: number): Budget {
  let left = amount;
  let refused = 0;
  return {
    take(wanted) {
      if (wanted > left) {
        refused++;
        return false;
      }
      left -= wanted;
      return true;
    },
    give(returned) {
      left += returned;
    },
    get refused() {
      return refused;
    },
  };
}
