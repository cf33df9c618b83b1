import type { Duration, Timestamp } from '../base/time.ts';
import type { Lookup } from '../model/lookup.ts';
import type { PacketId } from '../model/packet.ts';

/** What tracing needs of a lookup: a fraction of it, since most belong to nothing that is looked for. */
export interface KeptLookup {
  readonly id: string;
  readonly client: string;
  readonly server: string;
  readonly serverPort: number;
  readonly name: string;
  readonly startedAt: Timestamp;
  readonly duration: Duration;
  readonly answers: readonly string[];
  /** Of all queries and replies. */
  readonly firstPacket: PacketId;
  readonly lastPacket: PacketId;
}

// IANA's port for DNS.
const DNS_PORT = 53;

export function keepLookup({ id, client, server, name, startedAt, duration, answers, attempts }: Lookup): KeptLookup {
  let first = Infinity;
  let last = -Infinity;
  for (const { sentPacket, resends, rcode, replyPacket } of attempts) {
    first = Math.min(first, sentPacket);
    last = Math.max(last, sentPacket);
    for (const { packet } of resends) last = Math.max(last, packet);
    if (rcode >= 0) last = Math.max(last, replyPacket);
  }
  return {
    id,
    client,
    server,
    serverPort: attempts[0]?.serverPort ?? DNS_PORT,
    name,
    startedAt,
    duration,
    answers: answers.length === 0 ? NO_ANSWERS : [...answers],
    firstPacket: first,
    lastPacket: last,
  };
}

const NO_ANSWERS: readonly string[] = [];
