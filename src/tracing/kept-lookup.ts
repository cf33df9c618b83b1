import { nanoseconds, NEVER, type Duration, type Timestamp } from '../base/time.ts';
import type { Lookup } from '../model/lookup.ts';
import type { PacketId } from '../model/packet.ts';

/** What tracing needs of a lookup: a fraction of it, since most belong to nothing that is looked for. */
export interface KeptLookup {
  id: string;
  client: string;
  server: string;
  serverPort: number;
  name: string;
  startedAt: Timestamp;
  duration: Duration;
  answers: readonly string[];
  /** Of all queries and replies. */
  firstPacket: PacketId;
  lastPacket: PacketId;
}

// IANA's port for DNS.
const DNS_PORT = 53;

/** @param spare one that nobody needs any more, filled anew: these live too long to be made for each lookup */
export function keepLookup(lookup: Lookup, spare?: KeptLookup): KeptLookup {
  const { answers, attempts } = lookup;
  let first = Infinity;
  let last = -Infinity;
  for (const { sentPacket, resends, rcode, replyPacket } of attempts) {
    first = Math.min(first, sentPacket);
    last = Math.max(last, sentPacket);
    for (const { packet } of resends) last = Math.max(last, packet);
    if (rcode >= 0) last = Math.max(last, replyPacket);
  }
  const kept = spare ?? empty();
  kept.id = lookup.id;
  kept.client = lookup.client;
  kept.server = lookup.server;
  kept.serverPort = attempts[0]?.serverPort ?? DNS_PORT;
  kept.name = lookup.name;
  kept.startedAt = lookup.startedAt;
  kept.duration = lookup.duration;
  kept.answers = answers.length === 0 ? NO_ANSWERS : [...answers];
  kept.firstPacket = first;
  kept.lastPacket = last;
  return kept;
}

const empty = (): KeptLookup => ({
  id: '',
  client: '',
  server: '',
  serverPort: 0,
  name: '',
  startedAt: NEVER,
  duration: nanoseconds(Number.NaN),
  answers: NO_ANSWERS,
  firstPacket: 0,
  lastPacket: 0,
});

const NO_ANSWERS: readonly string[] = [];
