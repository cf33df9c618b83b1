import type { Share } from './request.ts';
import type { RequestRow } from './request-schema.ts';

/** How long some requests took. */
export interface AlikeLatency {
  count: number;
  p50Seconds: number;
  p99Seconds: number;
  maxSeconds: number;
}

/** One request, and those that are like it: of its kind, with most of their time spent on the same. */
export interface Alike {
  request: RequestRow;
  /** What most of its time went to. */
  dearest: { reason: Share['reason']; to: string | null; seconds: number };
  /** The request itself among them. */
  alike: AlikeLatency;
  /** Of its kind (same method, path and server), with most of their time spent on something else. */
  others: AlikeLatency;
  /** The slowest of those that are like it. */
  examples: {
    id: string;
    startedAt: string | null;
    startSeconds: number;
    durationSeconds: number;
    /** What of it went to the same. */
    dearestSeconds: number;
  }[];
}
