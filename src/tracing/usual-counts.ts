/** By the first step of each kind of call: how many are nothing unusual. */
export class UsualCounts {
  readonly least: Uint8Array;
  readonly most: Uint8Array;
  /** Of the least of each kind. */
  readonly sum: number;

  constructor(least: Uint8Array, most: Uint8Array) {
    this.least = least;
    this.most = most;
    this.sum = least.reduce((sum, count) => sum + count, 0);
  }
}
