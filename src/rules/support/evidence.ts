import type { Evidence } from '../../model/finding.ts';
import type { Attempt, Lookup } from '../../model/lookup.ts';
import type { PacketId } from '../../model/packet.ts';

/** Evidence is never empty by type; where an example has no line of its own, it stands for itself. */
export function evidenceOf(lines: readonly Evidence[], example: Lookup | undefined): [Evidence, ...Evidence[]] {
  const [first, ...others] = lines;
  if (first !== undefined) return [first, ...others];
  if (example === undefined) return [{ says: 'no example was kept', packets: [] }];
  return [{ says: `the lookup of ${example.name}`, packets: example.attempts.map((attempt) => attempt.sentPacket) }];
}

/** A query and its reply, where one came. */
export const packetsOf = (attempt: Attempt): PacketId[] =>
  attempt.rcode >= 0 ? [attempt.sentPacket, attempt.replyPacket] : [attempt.sentPacket];
