import type { PacketId } from '../../model/packet.ts';
import type { Request } from '../../model/request.ts';
import type { MetadataKinds } from './metadata-kinds.ts';

/** What a request waited for at metadata services, in nanoseconds of its critical path. */
export interface MetadataWaits {
  /** Calls for credentials, with the tokens and the role's name that they need, connecting and waiting in line. */
  credentials: number;
  /** Calls for other things, likewise. */
  other: number;
  /** Calls of each kind. */
  credentialCalls: number;
  otherCalls: number;
  packets: PacketId[];
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
  const result: MetadataWaits = { credentials: 0, other: 0, credentialCalls: 0, otherCalls: 0, packets: [] };
  let shared = 0;
  for (const { reason, to, ref, critical } of waits) {
    if (!services.has(to)) continue;
    const call = reason === 'metadata' ? kinds.callOf(ref) : undefined;
    if (call !== undefined) result.packets.push(...call.packets);
    if (call?.asks === 'credentials' || call?.asks === 'roles') {
      result.credentials += critical;
      result.credentialCalls++;
    } else if (call === undefined || call.asks === 'token') {
      shared += critical;
    } else {
      result.other += critical;
      result.otherCalls++;
    }
  }
  if (result.credentialCalls > 0) result.credentials += shared;
  else result.other += shared;
  return result;
}
