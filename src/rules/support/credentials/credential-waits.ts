import { endOf, milliseconds } from '../../../base/time.ts';
import type { MetadataQuestion } from '../../../model/metadata.ts';
import type { PacketId } from '../../../model/packet.ts';
import type { Request, Wait } from '../../../model/request.ts';
import type { MetadataKinds } from './metadata-kinds.ts';

// Between two calls an SDK reads a short answer; a longer pause is the request's own work between
// two fetches.
const PAUSE_WITHIN = milliseconds(50);

/** What a request waited for at metadata services for one purpose. */
export interface MetadataShare {
  /** In nanoseconds: calls, the tokens and names that they need, connecting, waiting in line, and pauses between. */
  time: number;
  /** What of it are pauses. */
  pauses: number;
  calls: number;
  /** `ref` of the waits that would go with the calls. */
  refs: string[];
}

export interface MetadataWaits {
  credentials: MetadataShare;
  other: MetadataShare;
  packets: PacketId[];
}

interface Asked {
  readonly wait: Wait;
  /** Null for what is no call. */
  readonly asks: MetadataQuestion | null;
}

/**
 * Divides a request's waits at metadata services by what was asked. A token, a connection and a
 * place in the queue belong to what they were needed for: credentials where the request asked for
 * any, since it is these that an SDK locks.
 */
export function metadataWaits({ waits }: Request, kinds: MetadataKinds): MetadataWaits | null {
  // Nearly all requests: nothing is made for them.
  if (!waits.some(({ reason }) => reason === 'metadata')) return null;
  const services = new Set<string>();
  for (const { reason, to } of waits) if (reason === 'metadata') services.add(to);
  const ofCredentials: Asked[] = [];
  const ofOthers: Asked[] = [];
  const shared: Asked[] = [];
  const packets: PacketId[] = [];
  for (const wait of waits) {
    if (!services.has(wait.to)) continue;
    const call = wait.reason === 'metadata' ? kinds.callOf(wait.ref) : undefined;
    if (call !== undefined) packets.push(...call.packets);
    const asked = { wait, asks: call?.asks ?? null };
    if (call?.asks === 'credentials' || call?.asks === 'roles') ofCredentials.push(asked);
    else if (call === undefined || call.asks === 'token') shared.push(asked);
    else ofOthers.push(asked);
  }
  const calls = [ofCredentials.length, ofOthers.length] as const;
  (calls[0] > 0 ? ofCredentials : ofOthers).push(...shared);
  return { credentials: shareOf(ofCredentials, calls[0], waits), other: shareOf(ofOthers, calls[1], waits), packets };
}

/** What lies on the critical path of these, with the pauses between in which nothing else was waited for. */
function shareOf(own: readonly Asked[], calls: number, all: readonly Wait[]): MetadataShare {
  let waited = 0;
  let pauses = 0;
  let end = Number.NaN;
  let before: Asked | null = null;
  const inOrder = own.toSorted((a, b) => a.wait.startedAt - b.wait.startedAt);
  for (const asked of inOrder) {
    const { wait } = asked;
    waited += wait.critical;
    const pause = wait.startedAt - end;
    const isIdle = pause > 0 && (pause <= PAUSE_WITHIN || isOneFetch(before, asked)) && wait.critical > 0;
    if (isIdle && !all.some((other) => other.startedAt < wait.startedAt && endOf(other) > end)) pauses += pause;
    if (!(endOf(wait) <= end)) end = endOf(wait);
    before = asked;
  }
  // A place in the line is nothing of its own: it goes with what it was for.
  const refs = inOrder.map(({ wait }) => wait.ref).filter((ref) => ref !== '');
  return { time: waited + pauses, pauses, calls, refs };
}

/** The role's name is asked for its credentials, however long a program takes to read it: it may load classes for it. */
const isOneFetch = (before: Asked | null, { asks }: Asked): boolean =>
  asks === 'credentials' && before?.asks === 'roles';
