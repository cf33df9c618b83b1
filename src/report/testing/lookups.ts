import { at, nanoseconds, seconds } from '../../base/time.ts';
import type { ExampleRow } from '../../model/diagnosis.ts';
import type { LookupRow } from '../../model/lookup-schema.ts';
import type { Input } from '../../model/input.ts';
import { toLookupRow } from '../../model/lookup-row.ts';
import { RR_TYPE, type Attempt, type Lookup } from '../../model/lookup.ts';
import { attemptOf, inputOf, lookupOf, unanswered } from '../../model/testing/rows.ts';

const us = (microseconds: number) => at(Math.round(microseconds * 1e3));

/** A query at `sent` µs with a reply after `took` µs (null: none), from packet numbers on. */
function query(
  sent: number,
  took: number | null,
  [sentPacket, replyPacket]: [number, number],
  parts: Partial<Attempt>,
): Attempt {
  const sentAt = us(sent);
  const reply = took === null ? unanswered : { repliedAt: us(sent + took), replyPacket };
  return attemptOf({ sentAt, sentPacket, ...reply, ...parts });
}

export const rowOf = (lookup: Partial<Lookup>, input: Partial<Input> = {}): LookupRow =>
  toLookupRow(lookupOf(lookup), [inputOf(input)]);

/** glibc's pair whose AAAA is lost: both asked again after 5 s. */
export const raceLookup = (input: Partial<Input> = {}): LookupRow => {
  const start = 7_113_240;
  return rowOf(
    {
      id: '0.l17',
      startedAt: us(start),
      duration: nanoseconds(5_006_050_000),
      attempts: [
        query(start, 412, [412, 414], {
          resends: [{ at: us(start + 5_005_061), packet: 611, behindDnat: null }],
          earlierReplies: [{ at: us(start + 412), packet: 414, rcode: 0 }],
          repliedAt: us(start + 5_005_461),
          replyPacket: 612,
        }),
        query(start + 22, null, [413, 0], {
          type: RR_TYPE.AAAA,
          transactionId: 0x1235,
          resends: [{ at: us(start + 5_005_550), packet: 613, behindDnat: null }],
          repliedAt: us(start + 5_006_050),
          replyPacket: 614,
          rcode: 0,
          answerCount: 0,
          addresses: [],
        }),
      ],
    },
    input,
  );
};

const SUFFIXES = ['prod.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'ap-southeast-1.compute.internal'];

/** One name asked under four suffixes first, one family after the other, as tcpdump's text shows it. */
export const walkLookup = (): LookupRow => {
  const asked = 'sample-svc.prod.svc.cluster.local';
  const names = [...SUFFIXES.map((suffix) => `${asked}.${suffix}`), asked];
  const attempts = names.flatMap((name, index) =>
    [RR_TYPE.A, RR_TYPE.AAAA].map((type, family) => {
      const place = index * 2 + family;
      const final = name === asked;
      return query(place * 6200 + (place > 0 ? 86_000 : 0), 4100, [place * 2 + 1, place * 2 + 2], {
        name,
        type,
        clientPort: 43_231 + place * 17,
        server: 'kube-dns.kube-system.svc.cluster.local',
        rcode: final ? 0 : 3,
        answerCount: final && type === RR_TYPE.A ? 1 : 0,
        addresses: final && type === RR_TYPE.A ? ['100.71.57.175'] : [],
      });
    }),
  );
  return rowOf(
    {
      id: '0.l1',
      name: asked,
      client: 'tcpdump-1565115240-2sgg9',
      server: 'kube-dns.kube-system.svc.cluster.local',
      duration: nanoseconds(145_900_000),
      resolverDetail: 'single-request-reopen',
      attempts,
    },
    { firstPacketAt: null },
  );
};

/** Nobody ever answers: what ends the wait is the resolver's own timer. */
export const deadLookup = (): LookupRow =>
  rowOf({
    id: '0.l2',
    duration: seconds(10),
    endBecause: 'timer',
    endTimer: { value: seconds(5), source: 'glibc default, resolv.conf(5)' },
    outcome: 'timeout',
    answers: [],
    attempts: [
      query(0, null, [1, 0], { resends: [{ at: us(5_005_000), packet: 3, behindDnat: null }] }),
      query(30, null, [2, 0], { type: RR_TYPE.AAAA, resends: [{ at: us(5_005_100), packet: 4, behindDnat: null }] }),
    ],
  });

type LookupExample = Extract<ExampleRow, { lookup: string }>;

export const exampleOf = (row: LookupRow, packets: (number | string)[]): LookupExample => ({
  lookup: row.id,
  exchange: null,
  connection: null,
  request: null,
  startedAt: row.startedAt,
  startSeconds: row.startSeconds,
  durationSeconds: row.durationSeconds,
  packets,
  row,
});
