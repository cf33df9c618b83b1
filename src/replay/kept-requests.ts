import { receiverOf } from '../model/direction.ts';
import { isOwnCall, type Request, type Wait, type WaitReason } from '../model/request.ts';

/** A wait in short. Times are numbers in this room: nanoseconds of the capture. */
export interface KeptWait {
  readonly reason: WaitReason;
  readonly to: string;
  readonly what: string;
  readonly ref: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** What of it no other wait covers that ends later. */
  readonly critical: number;
}

/** A request with what a replay needs of it. */
export interface KeptRequest {
  /** Whose request it is: the service that received it, or the client that made it. */
  readonly owner: string;
  /** Who made it, where its owner received it or not. */
  readonly caller: string;
  /** Its root exchange. */
  readonly exchange: string;
  /** A client's own call, which waits for itself. */
  readonly isOwnCall: boolean;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Those that lie within it, in order of their start; none is empty. */
  readonly waits: readonly KeptWait[];
}

// As many as a finding keeps occurrences of: a request more would have none. A few megabytes.
const MAX_KEPT = 1 << 12;

/** The first so many requests of all inputs. */
export class KeptRequests {
  readonly all: KeptRequest[] = [];
  count = 0;

  request(request: Request): void {
    this.count++;
    if (this.all.length < MAX_KEPT) this.all.push(keep(request));
  }
}

/** An address of one input, as requests have it. */
export const ownerOf = (input: number, address: string): string => `${input}|${address}`;

function keep(request: Request): KeptRequest {
  const { input, client, exchange, startedAt, duration, waits } = request;
  const own = isOwnCall(request);
  const endedAt = startedAt + duration;
  const kept: KeptWait[] = [];
  for (const wait of waits) {
    const clipped = clip(wait, startedAt, endedAt);
    if (clipped.endedAt > clipped.startedAt) kept.push(clipped);
  }
  return {
    owner: ownerOf(input, own ? client : receiverOf(request)),
    caller: ownerOf(input, client),
    exchange,
    isOwnCall: own,
    startedAt,
    endedAt,
    waits: kept.toSorted((a, b) => a.startedAt - b.startedAt),
  };
}

const clip = (
  { reason, to, what, ref, startedAt, duration, critical }: Wait,
  from: number,
  until: number,
): KeptWait => ({
  reason,
  to,
  what,
  ref,
  startedAt: Math.max(from, startedAt),
  endedAt: Math.min(until, startedAt + duration),
  critical,
});
