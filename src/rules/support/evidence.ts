import { endpoint } from '../../base/addresses.ts';
import type { Connection } from '../../model/connection.ts';
import type { Exchange } from '../../model/exchange.ts';
import type { Evidence } from '../../model/finding.ts';
import type { Attempt, Lookup } from '../../model/lookup.ts';
import type { PacketId } from '../../model/packet.ts';
import type { Request } from '../../model/request.ts';
import type { ExchangeTally, RequestTally } from './tally.ts';
import { kindOf } from './usual.ts';

/** Evidence is never empty by type; where an example has no line of its own, it stands for itself. */
export function evidenceOf(
  lines: readonly Evidence[],
  example: Lookup | Exchange | Connection | Request | undefined,
): [Evidence, ...Evidence[]] {
  const [first, ...others] = lines;
  if (first !== undefined) return [first, ...others];
  if (example === undefined) return [{ says: 'no example was kept', packets: [] }];
  return [itself(example)];
}

/** The dearest occurrence alone, in these words. */
export const dearestEvidence = (
  { examples, dearest }: RequestTally | ExchangeTally,
  says: string,
): [Evidence, ...Evidence[]] =>
  evidenceOf(
    examples.slice(0, 1).map(({ packets }) => ({ says, packets: [...packets] })),
    dearest,
  );

function itself(example: Lookup | Exchange | Connection | Request): Evidence {
  if ('attempts' in example) {
    return { says: `the lookup of ${example.name}`, packets: example.attempts.map((attempt) => attempt.sentPacket) };
  }
  const server = endpoint(example.server, example.serverPort);
  if ('shape' in example || 'waits' in example)
    return { says: `${kindOf(example)} to ${server}`, packets: [...example.packets] };
  return { says: `the connection to ${server}`, packets: connectionPackets(example) };
}

/** A query and its reply, where one came. */
export const packetsOf = (attempt: Attempt): PacketId[] =>
  attempt.rcode >= 0 ? [attempt.sentPacket, attempt.replyPacket] : [attempt.sentPacket];

/** What a call or a request was made of, where that proves it. */
export const ownPackets = ({ packets }: Exchange | Request): readonly PacketId[] => packets;

/** All that a lookup asked and what was answered. */
export const lookupPackets = ({ attempts }: Lookup): PacketId[] => attempts.flatMap(packetsOf);

/** How a connection opened and how it ended. */
export const connectionPackets = ({ syns, synAcks, endPacket, endedAt, firstPacket }: Connection): PacketId[] => [
  ...new Set([
    ...(syns.length === 0 ? [firstPacket] : syns.map(({ packet }) => packet)),
    ...synAcks.map(({ packet }) => packet),
    ...(Number.isNaN(endedAt) ? [] : [endPacket]),
  ]),
];

/** A connection's first packet and those of its TLS handshake. */
export const handshakePackets = ({ tls, firstPacket }: Connection): readonly number[] => [
  ...new Set([firstPacket, ...(tls?.packets ?? [])]),
];
