import { isAddressType, RCODE, RR_TYPE } from '../model/lookup.ts';
import { isSameName, type TrackedAttempt } from '../model/tracked-attempt.ts';
import type { OpenLookup } from './open-lookup.ts';

/** Both families have their answer for the last name, and one of them is an address. */
export function isComplete(lookup: OpenLookup): boolean {
  const attempts = lookup.attempts;
  if (attempts.length < 2) return false;
  const last = attempts[attempts.length - 1] as TrackedAttempt;
  const before = attempts[attempts.length - 2] as TrackedAttempt;
  if (last.name !== before.name || last.type === before.type || last.truncated || before.truncated) return false;
  if (last.rcode !== RCODE.NOERROR || before.rcode !== RCODE.NOERROR) return false;
  if (last.addresses.length > 0 && before.addresses.length > 0) return true;
  return last.addresses.length + before.addresses.length > 0 && !isGrpcLike(lookup);
}

/**
 * AAAA before A from one port: gRPC's c-ares, which goes on for the family that it has not found
 * when its process next runs (16 ms later measured). To wait for all who may go on so long costs
 * a quarter of the speed.
 */
function isGrpcLike({ attempts }: OpenLookup): boolean {
  const [first, second] = attempts as [TrackedAttempt, TrackedAttempt];
  return first.type === RR_TYPE.AAAA && second.clientPort === first.clientPort;
}

/** Of its last name only one family was asked for, and well answered. */
export function isHalf({ attempts }: OpenLookup): boolean {
  const last = attempts[attempts.length - 1] as TrackedAttempt;
  if (!isAddressType(last.type) || last.transport !== 'udp' || last.truncated) return false;
  if (last.rcode !== RCODE.NOERROR && last.rcode !== RCODE.NXDOMAIN) return false;
  for (const other of attempts)
    if (other.type !== last.type && isAddressType(other.type) && isSameName(other, last)) return false;
  return true;
}
