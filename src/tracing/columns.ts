import type { Lanes } from './lanes.ts';

/** Received calls, by place in order of their start. Columns, since they are read over and over. */
export interface RequestTimes {
  readonly starts: Float64Array;
  /** When the answer began. */
  readonly responses: Float64Array;
  readonly ends: Float64Array;
}

/** Sent calls, by place in order of their start. */
export interface CallColumns {
  /** From 0. */
  readonly kinds: Int32Array;
  /** The step that the first call of the kind is in a request: `walk.ts`. */
  readonly steps: Int32Array;
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  /** Null where nobody knows any. */
  readonly lanes: Lanes | null;
  /** When the call before was done, at servers that are asked by one request at a time (`turn-taking.ts`). Null where there is none. */
  readonly freed: Float64Array | null;
  /** 1 where that is when something came that its caller waited for with others; left out where there is none. */
  readonly isShared?: Uint8Array;
  /** Requests in flight while it lasted. */
  readonly candidates: readonly (readonly number[])[];
  /** 1 where an identifier says whose it is: it stays there. */
  readonly isFixed: Uint8Array;
  /** 1 where more were in flight than are tried. */
  readonly isBounded: Uint8Array;
}
