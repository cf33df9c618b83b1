import { milliseconds, nanoseconds, type Duration } from '../../../base/time.ts';
import type { Evidence } from '../../../model/finding.ts';
import { RCODE, rcodeName, typeName, type Attempt, type Lookup, type OtherReply } from '../../../model/lookup.ts';
import type { PacketId } from '../../../model/packet.ts';
import { evidenceOf, packetsOf } from '../evidence.ts';
import { emptyWords, isEmptyAnswer } from './no-address.ts';

// Who heeds an error asks again at once.
const WAITED_OUT = milliseconds(200);
const MAX_LINES = 4;
const MAX_PACKETS = 24;

/** Everything after the first reply is retrying and walking on. */
export function retryCost(lookup: Lookup): Duration {
  let firstReply = Number.POSITIVE_INFINITY;
  for (const { repliedAt, earlierReplies } of lookup.attempts) {
    const reply = earlierReplies[0]?.at ?? repliedAt;
    if (reply < firstReply) firstReply = reply;
  }
  const rest = lookup.startedAt + lookup.duration - firstReply;
  return nanoseconds(rest > 0 ? Math.min(rest, lookup.duration) : 0);
}

/** The errors that were said: the last one, or those that came before the answer. */
const errorsOf = ({ rcode, earlierReplies }: Attempt): number[] =>
  rcode > 0 ? [rcode] : earlierReplies.filter(isFault).map((reply) => reply.rcode);

/** NXDOMAIN is an answer: glibc, which asks for both families again after a loss, gets it twice. */
const isFault = (reply: OtherReply): boolean => reply.rcode > 0 && reply.rcode !== RCODE.NXDOMAIN;

export const isError = ({ rcode, earlierReplies }: Attempt): boolean => rcode > 0 || earlierReplies.some(isFault);

/** An error came, and the same question again only after a wait. */
export const waitedOut = ({ attempts }: Lookup): boolean =>
  attempts.some(
    ({ resends, earlierReplies }) =>
      resends.length > 0 &&
      earlierReplies.some((reply) => {
        const again = isFault(reply) ? resends.find((resend) => resend.at >= reply.at) : undefined;
        return again !== undefined && again.at - reply.at >= WAITED_OUT;
      }),
  );

export const errorPackets = (lookup: Lookup): PacketId[] =>
  lookup.attempts
    .filter(lookup.outcome === 'nodata' ? isEmptyAnswer : isError)
    .flatMap(packetsOf)
    .slice(0, MAX_PACKETS);

export const rcodesOf = (example: Lookup | undefined): string =>
  [...new Set(example?.attempts.flatMap(errorsOf).map(rcodeName))].join(', ') || 'no error';

export function errorEvidence(example: Lookup | undefined): [Evidence, ...Evidence[]] {
  // The last name asked is the one whose answer the caller got.
  const lines = (example?.attempts ?? [])
    .filter((attempt) => isError(attempt) || (example?.outcome === 'nodata' && isEmptyAnswer(attempt)))
    .slice(-MAX_LINES)
    .map((attempt) => ({
      says: `${typeName(attempt.type)} of ${attempt.name}: ${errorsOf(attempt).map(rcodeName).join(', ') || emptyWords(attempt)}`,
      packets: packetsOf(attempt),
    }));
  return evidenceOf(lines, example);
}
