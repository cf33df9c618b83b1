import { milliseconds } from '../base/time.ts';
import { isAddressType } from '../model/lookup.ts';
import type { TrackedAttempt } from '../model/tracked-attempt.ts';
import type { OpenLookup } from './open-lookup.ts';

/**
 * glibc hands answers over in a buffer of 1 KB, and where they do not fit it asks for both families
 * all over again with a buffer twice as large (ERANGE: getaddrinfo's scratch_buffer; 40 bytes for
 * each address, struct gaih_addrtuple). Measured with 120 addresses: four times, 0.1 ms apart.
 */
const FIRST_BUFFER = 1024;
const BYTES_OF_ADDRESS = 40;
const AT_ONCE = milliseconds(5);

/** The last two answers, which are those of both families, do not fit: cheap, for every lookup that has its answers. */
export function mayAskAnew({ attempts }: OpenLookup): boolean {
  const last = attempts.length - 1;
  const other = last > 0 ? (attempts[last - 1] as TrackedAttempt).answerCount : 0;
  return BYTES_OF_ADDRESS * ((attempts[last] as TrackedAttempt).answerCount + other) > FIRST_BUFFER;
}

/** All is answered, does not fit, and the same question comes at once: it is the same call's. */
export function asksAnew(lookup: OpenLookup, attempt: TrackedAttempt): boolean {
  if (lookup.unanswered > 0 || !isAddressType(attempt.type) || attempt.transport !== 'udp') return false;
  if (attempt.sentAt - lookup.lastEventAt > AT_ONCE) return false;
  return roundsBefore(lookup, attempt) < 1 + Math.ceil(Math.log2(bytesBefore(lookup, attempt) / FIRST_BUFFER));
}

/** The twin of a query that {@link asksAnew}: the lookup has its family's answer from before. */
export const isAskedAnew = (lookup: OpenLookup, twin: TrackedAttempt, attempt: TrackedAttempt): boolean =>
  twin.clientPort === attempt.clientPort &&
  roundsBefore(lookup, attempt) < roundsBefore(lookup, twin) + 1 &&
  roundsBefore(lookup, twin) > 0 &&
  bytesBefore(lookup, twin) > FIRST_BUFFER;

const isBefore = (other: TrackedAttempt, { sentAt }: TrackedAttempt): boolean => other.sentAt < sentAt;

/** How often its family was asked for. */
const roundsBefore = ({ attempts }: OpenLookup, attempt: TrackedAttempt): number =>
  attempts.filter((other) => other.type === attempt.type && other.transport === 'udp' && isBefore(other, attempt))
    .length;

/** What the newest answers of both families take. */
function bytesBefore({ attempts }: OpenLookup, attempt: TrackedAttempt): number {
  const counts = new Map<number, number>();
  for (const other of attempts) if (isBefore(other, attempt)) counts.set(other.type, other.answerCount);
  let bytes = 0;
  for (const count of counts.values()) bytes += BYTES_OF_ADDRESS * count;
  return bytes;
}
