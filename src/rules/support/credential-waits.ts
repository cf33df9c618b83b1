import { milliseconds } from '../../base/time.ts';
import type { PacketId } from '../../model/packet.ts';
import type { Request, Wait } from '../../model/request.ts';
import type { MetadataKinds } from './metadata-kinds.ts';

// Between two calls of one fetch an SDK reads a short answer, and loads classes for it the first
// time; a longer pause is the request's own work between two fetches.
const PAUSE_WITHIN = milliseconds(50);

/** What a request waited for at metadata services, in nanoseconds. */
export interface MetadataWaits {
  /** For credentials: calls, the tokens and the role's name that they need, connecting, waiting in line, and pauses between. */
  credentials: number;
  /** For other things, likewise. */
  other: number;
  /** Calls of each kind. */
  credentialCalls: number;
  otherCalls: number;
  packets: PacketId[];
  /** What the waits of each are for: `ref` of those that would go with the calls. */
  credentialRefs: string[];
  otherRefs: string[];
}

/**
 * Divides a request's waits at metadata services by what was asked. A token, a connection and a
 * place in the queue belong to what they were needed for: credentials where the request asked for
 * any, since it is these that an SDK locks.
 */
export function metadataWaits({ waits }: Request, kinds: MetadataKinds): MetadataWaits | null {
  const services = new Set<string>();
  for (const { reason, to } of waits) if (reason === 'metadata') services.add(to);
  if (services.size === 0) return null;
  const ofCredentials: Wait[] = [];
  const ofOthers: Wait[] = [];
  const shared: Wait[] = [];
  const packets: PacketId[] = [];
  let credentialCalls = 0;
  let otherCalls = 0;
  for (const wait of waits) {
    if (!services.has(wait.to)) continue;
    const call = wait.reason === 'metadata' ? kinds.callOf(wait.ref) : undefined;
    if (call !== undefined) packets.push(...call.packets);
    if (call?.asks === 'credentials' || call?.asks === 'roles') {
      ofCredentials.push(wait);
      credentialCalls++;
    } else if (call === undefined || call.asks === 'token') {
      shared.push(wait);
    } else {
      ofOthers.push(wait);
      otherCalls++;
    }
  }
  (credentialCalls > 0 ? ofCredentials : ofOthers).push(...shared);
  return {
    credentials: spentOn(ofCredentials, waits),
    other: spentOn(ofOthers, waits),
    credentialCalls,
    otherCalls,
    packets,
    credentialRefs: refsOf(ofCredentials),
    otherRefs: refsOf(ofOthers),
  };
}

// A place in the line is nothing of its own: it goes with what it was for.
const refsOf = (waits: readonly Wait[]): string[] => waits.map(({ ref }) => ref).filter((ref) => ref !== '');

const endOf = ({ startedAt, duration }: Wait): number => startedAt + duration;

/** What lies on the critical path of these, with the short pauses between in which nothing else was waited for. */
function spentOn(own: readonly Wait[], all: readonly Wait[]): number {
  let spent = 0;
  let end = Number.NaN;
  for (const wait of own.toSorted((a, b) => a.startedAt - b.startedAt)) {
    spent += wait.critical;
    const pause = wait.startedAt - end;
    const isIdle = pause > 0 && pause <= PAUSE_WITHIN && wait.critical > 0;
    if (isIdle && !all.some((other) => other.startedAt < wait.startedAt && endOf(other) > end)) spent += pause;
    if (!(endOf(wait) <= end)) end = endOf(wait);
  }
  return spent;
}
