/** What all connections together may use up; who finds nothing left goes without. */
export interface Budget {
  /** @returns false where there is not so much left */
  take(amount: number): boolean;
  give(amount: number): void;
}

export function createBudget(amount: number): Budget {
  let left = amount;
  return {
    take(wanted) {
      if (wanted > left) return false;
      left -= wanted;
      return true;
    },
    give(returned) {
      left += returned;
    },
  };
}
