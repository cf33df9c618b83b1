import { at, milliseconds, NEVER } from '../../base/time.ts';
import { copyLookup, type Lookup } from '../../model/lookup.ts';
import type { TrackedAttempt } from '../../model/tracked-attempt.ts';
import { createLookups } from '../lookups.ts';

interface Query {
  ms: number;
  name?: string;
  type?: 'A' | 'AAAA' | 'PTR';
  port?: number;
  id?: number;
  server?: string;
  client?: number;
  address?: string;
  edns?: number;
  transport?: 'udp' | 'tcp';
}

const firstLabel = (name: string): number =>
  [...(name.split('.')[0] as string)].reduce((sum, c) => sum * 31 + c.charCodeAt(0), 7);

/** Lookups that are fed by hand: queries, resends and replies at their times. */
export function scenario({ lacksPackets = false } = {}) {
  const rows: Lookup[] = [];
  const horizon = { endsAt: at(0), lacksPackets };
  const lookups = createLookups({
    emit: (lookup) => rows.push(copyLookup(lookup)),
    settle: () => {},
    release: () => {},
    horizon,
  });
  let packet = 0;
  let ids = 1000;
  const advance = (ms: number): void => {
    horizon.endsAt = at(Math.max(horizon.endsAt, milliseconds(ms)));
    lookups.advance(horizon.endsAt);
  };
  return {
    lookups,
    advance,
    query({
      ms,
      name = 'a.test',
      type = 'A',
      port = 40_000,
      id = (ids += 977),
      server = '10.96.0.10',
      client = 1,
      address = `10.0.0.${client}`,
      edns = -1,
      transport = 'udp',
    }: Query) {
      advance(ms);
      const attempt: TrackedAttempt = {
        name,
        type: { A: 1, AAAA: 28, PTR: 12 }[type],
        transactionId: id & 0xffff,
        clientPort: port,
        server,
        serverPort: 53,
        transport,
        sentAt: at(milliseconds(ms)),
        sentPacket: ++packet,
        resends: [],
        earlierReplies: [],
        lateReplies: [],
        repliedAt: NEVER,
        replyPacket: 0,
        rcode: -1,
        truncated: false,
        answerCount: 0,
        addresses: [],
        ttl: -1,
        unreachableAt: NEVER,
        behindDnat: null,
        backend: null,
        clientId: client,
        client: address,
        input: 0,
        nameHash: name.length,
        labelHash: firstLabel(name),
        ipId: -1,
        authenticData: false,
        ednsSize: edns,
        cookie: false,
        cutReply: false,
        slot: -1,
        holders: 1,
      };
      lookups.sink.sent(attempt);
      return attempt;
    },
    resend(attempt: TrackedAttempt, ms: number) {
      advance(ms);
      attempt.resends = [...attempt.resends, { at: at(milliseconds(ms)), packet: ++packet, behindDnat: null }];
      lookups.sink.resent(attempt);
    },
    reply(attempt: TrackedAttempt, ms: number, rcode = 0, records = 1) {
      advance(ms);
      const found = rcode === 0 && attempt.type === 1;
      const addresses = found ? Array.from({ length: records }, () => '192.0.2.1') : [];
      Object.assign(attempt, {
        repliedAt: at(milliseconds(ms)),
        replyPacket: ++packet,
        rcode,
        addresses,
        answerCount: addresses.length,
      });
      lookups.sink.replied(attempt);
    },
    finish(ms: number): Lookup[] {
      advance(ms);
      lookups.finish();
      return rows;
    },
  };
}

/** A and AAAA from one port, as glibc, musl and c-ares send them. */
export function pair(
  s: ReturnType<typeof scenario>,
  ms: number,
  query: Partial<Query> = {},
): [TrackedAttempt, TrackedAttempt] {
  return [s.query({ ms, ...query }), s.query({ ms: ms + 0.03, ...query, type: 'AAAA' })];
}

/** In milliseconds. */
export const durations = (rows: readonly Lookup[]): number[] => rows.map((row) => Math.round(row.duration / 1e4) / 100);
