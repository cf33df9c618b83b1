/** What all connections together may keep of their bytes; who finds nothing left goes without. */
export interface ByteBudget {
  /** @returns false where there is not so much left: it must not be kept */
  take(bytes: number): boolean;
  give(bytes: number): void;
  /** Times that there was not enough. */
  readonly refused: number;
}

export function createByteBudget(bytes: number): ByteBudget {
  let left = bytes;
  let refused = 0;
  return {
    take(count) {
      if (count > left) {
        refused++;
        return false;
      }
      left -= count;
      return true;
    },
    give(count) {
      left += count;
    },
    get refused() {
      return refused;
    },
  };
}
