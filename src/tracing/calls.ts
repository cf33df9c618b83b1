import type { Timestamp } from '../base/time.ts';
import type { Confidence } from '../model/lookup.ts';

/*
 * What the causality engine (`link-calls.ts`) is told and what it says. It knows nothing of
 * packets or protocols: a service receives calls, sends calls, and each sent call was sent on
 * behalf of one received call or of none.
 */

/** One side of the engine's input. Times are as the service itself sees them, on one clock. */
export interface Call {
  /** Unique among the calls of its direction. Used to break ties, so that the order of input never matters. */
  readonly id: string;
  /**
   * What makes calls alike: callee, method and path template for a sent call, the operation for a
   * received one. Calls of one kind share statistics, so no ids, names of users or query strings.
   */
  readonly kind: string;
  readonly startedAt: Timestamp;
  readonly endedAt: Timestamp;
  /** Identifiers that travel (trace ids, request ids), compared as opaque strings. Often empty. */
  readonly identifiers: readonly string[];
}

/** A call that the service received: a possible parent. */
export interface ReceivedCall extends Call {
  /** When its answer began: most programs begin it when the last of their calls is over. `endedAt` where that is not known. */
  readonly respondedAt: Timestamp;
}

/** A call, lookup or connect that the service sent: a child of at most one received call. */
export interface SentCall extends Call {
  /** Which of its connections to which server carried it; null where none did, or nobody knows. */
  readonly lane: { readonly pool: string; readonly connection: string } | null;
  /** When what its caller waited for together with others came; left out where nothing is known of that. */
  readonly sharedUntil?: Timestamp;
}

/**
 * What a link rests on, the most trusted first:
 * - `identifier`: an identifier that both sides carry
 * - `alone`: only one received call was in flight
 * - `contained`: several were in flight, but only one could have sent it
 * - `pattern`: the order, the gaps and the connections that calls usually have, solved jointly with all calls around it
 * - `none`: it belongs to no received call
 */
export const LINK_BASES = ['identifier', 'alone', 'contained', 'pattern', 'none'] as const;
export type LinkBasis = (typeof LINK_BASES)[number];

export interface RunnerUp<Received> {
  /** Undefined: that it belongs to none. */
  parent: Received | undefined;
  /** From 0 to 1. */
  probability: number;
}

/** The engine's word on one sent call. Its own object: it may be kept. */
export interface Link<Received, Sent> {
  call: Sent;
  /** Undefined: a call of the service's own (refresh, health check, pre-fetch), or one whose cause was not seen. */
  parent: Received | undefined;
  /** From 0 to 1: that this is its parent (or that it has none). */
  probability: number;
  confidence: Confidence;
  because: LinkBasis;
  /** Other parents that it could have, likeliest first; at most `RUNNERS_UP`, none below a percent. */
  runnersUp: readonly RunnerUp<Received>[];
  /** A bound was hit around it (too many calls at once): the search was cut short there, and nothing is called certain. */
  bounded: boolean;
}

export interface LinkListener<Received, Sent> {
  /** Once for each sent call. */
  link(link: Link<Received, Sent>): void;
  /** Once for each received call, after the last link to it. */
  settled?(call: Received): void;
}

/**
 * Links the calls of one service. Calls are pushed as they start, roughly in that order: order
 * matters only beyond a window of some thousand calls. Links come late: after the window, which is
 * learned from as a whole, or with `finish`.
 */
export interface CallLinker<Received extends ReceivedCall, Sent extends SentCall> {
  received(call: Received): void;
  sent(call: Sent): void;
  finish(): void;
}
