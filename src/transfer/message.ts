import type { Progress, ReadOptions } from '../read-inputs.ts';
import type { Batch } from './batch.ts';

/** What the reading thread is given: it has no standard input. */
export interface Order {
  options: Pick<ReadOptions, 'paths' | 'dnsPorts' | 'keyLogs'>;
  /** Batches that were read, as one number that both threads see. */
  taken: Int32Array;
}

/** What the reading thread says. */
export type Message =
  | { kind: 'batch'; batch: Batch }
  | { kind: 'tick'; done: Progress }
  | { kind: 'unreadable'; because: string }
  | { kind: 'failed'; because: string }
  | { kind: 'end' };
