import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Attempt } from '../src/model/lookup.ts';
import { UserError } from '../src/model/user-error.ts';
import { createDnsReader, type Message, type Reading } from './public/dns-messages.ts';
import { filesBelow } from './public/folder.ts';
import { readTsharkOracle, type TsharkMessage } from './public/tshark.ts';

/*
 * Message by message, over UDP and TCP, in tunnels and fragments: the packet, id, question and
 * code as tshark has them, and how long each answer took.
 */

const SHARED = join(import.meta.dirname, '../../shared/captures');
const FOLDERS = ['public', 'resolvers', 'net', 'cluster'];
// Copied from there, so that this part is tested wherever the project is.
const OWN = join(import.meta.dirname, 'corpora/resolvers');
const NO_CAPTURE = /\.(out|yaml|result|json|gold2?|txt|expected|dns|resolv|log|md)$|(^|\/)(LICENSE|TESTLIST)/;
// The copies of one packet on `-i any` are made by the kernel on its way, within its own work.
const COPY_NANOSECONDS = 1_000_000;

const LINK_TYPE = 'a link type that is not read, which the result says';
const TUNNEL = 'in a tunnel of the mobile or dial-in kind, which is not opened';
const NO_RESOLVER = 'two questions, or a query with answers: no resolver sends that';
const JUNK = 'a fuzzer made it: no question can be read';
const BEHIND_HOLE = 'tshark loses its place where a segment of TCP is missing; tcpdump and dnscap read on';
const WITHOUT_LENGTH = 'the length of a message over TCP stood in a segment that is not there';
const CUT = 'the reply is cut behind its question, and tshark pairs only what it can read whole';

/** By capture: how many messages only tshark has, and how many only we. */
const EXPLAINED: Readonly<Record<string, { theirs: number; ours: number; because: string }>> = {
  'cluster/extra/headerless.pcap': { theirs: 0, ours: 4, because: 'tshark does not read a capture without its header' },
  'public/deepflow/agent/resources/test/flow_generator/mqtt/mqtt_error.pcap': {
    theirs: 0,
    ours: 1,
    because: WITHOUT_LENGTH,
  },
  'public/dnscap/src/test/dnso1tcp-bighole.pcap': { theirs: 0, ours: 72, because: BEHIND_HOLE },
  'public/dnscap/src/test/dnso1tcp-midmiss.pcap': { theirs: 0, ours: 3, because: BEHIND_HOLE },
  'public/dnscap/src/test/do1t-nosyn-1nolen.pcap': { theirs: 0, ours: 2, because: WITHOUT_LENGTH },
  'public/pcapplusplus/Tests/Fuzzers/RegressionTests/regression_samples/clusterfuzz-testcase-FuzzTarget-5188876846235648':
    { theirs: 1, ours: 0, because: JUNK },
  'public/pcapplusplus/Tests/Fuzzers/RegressionTests/regression_samples/clusterfuzz-testcase-minimized-FuzzTarget-5654053026791424':
    { theirs: 1, ours: 0, because: JUNK },
  'public/pcapplusplus/Tests/Fuzzers/RegressionTests/regression_samples/clusterfuzz-testcase-minimized-FuzzTarget-5766939894087680':
    { theirs: 1, ours: 0, because: JUNK },
  'public/pcapplusplus/Tests/Packet++Test/PacketExamples/DnsEdit.pcap': { theirs: 2, ours: 0, because: NO_RESOLVER },
  'public/pcapplusplus/Tests/Packet++Test/PacketExamples/DnsTooManyResources.pcap': {
    theirs: 1,
    ours: 0,
    because: JUNK,
  },
  'public/pcapplusplus/Tests/Packet++Test/PacketExamples/GrePackets.pcap': { theirs: 1, ours: 0, because: TUNNEL },
  'public/pcapplusplus/Tests/Packet++Test/PacketExamples/dns_stack_overflow.pcap': {
    theirs: 1,
    ours: 0,
    because: JUNK,
  },
  'public/pcapplusplus/Tests/Packet++Test/PacketExamples/gtp.pcap': { theirs: 2, ours: 0, because: TUNNEL },
  'public/suricata-verify/tests/dns-tcp-ts-gap/input.pcap': { theirs: 0, ours: 1, because: BEHIND_HOLE },
  'public/suricata-verify/tests/dns-udp-junkrequest-first/input.pcap': { theirs: 1, ours: 0, because: JUNK },
  'public/suricata-verify/tests/dns/dns-answer-name/dns-udp-request-with-answer.pcap': {
    theirs: 1,
    ours: 0,
    because: NO_RESOLVER,
  },
  'public/suricata-verify/tests/dns/dns-forward-pointer/input.pcap': { theirs: 1, ours: 0, because: NO_RESOLVER },
  'public/tcpdump/tests/LINKTYPE_IPV6_invalid.pcap': {
    theirs: 0,
    ours: 1,
    because: 'the packet is IPv4, whatever its link type says',
  },
  'public/tcpdump/tests/arcnet-rfc1051-arp-icmp-http.pcap': { theirs: 4, ours: 0, because: LINK_TYPE },
  'public/tcpdump/tests/arcnet-rfc1201-arp-icmp-http.pcap': { theirs: 4, ours: 0, because: LINK_TYPE },
  'public/tcpdump/tests/dns-badlabel.pcap': { theirs: 1, ours: 0, because: JUNK },
  'public/tcpdump/tests/dns_fwdptr.pcap': { theirs: 1, ours: 0, because: JUNK },
  'public/tcpdump/tests/rtp-seg-fault-1.pcapng': { theirs: 1, ours: 0, because: JUNK },
};

/** By capture: replies that have another delay, or none, with tshark; none of them was asked twice. */
const DELAYS_EXPLAINED: Readonly<Record<string, { count: number; because: string }>> = {
  'cluster/extra/headerless.pcap': { count: 2, because: 'tshark does not read a capture without its header' },
  'public/dnscap/src/test/dnso1tcp-bighole.pcap': { count: 36, because: BEHIND_HOLE },
  'public/dnscap/src/test/dnso1tcp-midmiss.pcap': { count: 1, because: BEHIND_HOLE },
  'public/dnscap/src/test/do1t-nosyn-1nolen.pcap': { count: 2, because: WITHOUT_LENGTH },
  'public/suricata-verify/tests/dns-tcp-ts-gap/input.pcap': { count: 1, because: BEHIND_HOLE },
  'public/suricata-verify/tests/dns/dns-corrupt-additionals/input.pcap': { count: 1, because: CUT },
  'public/tcpdump/tests/dns_udp_2.pcap': { count: 1, because: CUT },
};

const oracle = readTsharkOracle();
const { read } = createDnsReader();

async function readOrNull(path: string): Promise<Reading | null> {
  try {
    return await read(path);
  } catch (error) {
    // What is no capture is the business of other tests.
    if (error instanceof UserError) return null;
    throw error;
  }
}

const keyOf = (message: Message | TsharkMessage): string => {
  const { number, id, response, name, type, rcode } = message;
  // The header's bits only, and of replies only: tshark shows no others there.
  return `${number} ${id} ${response ? `reply ${rcode & 15}` : 'query'} ${type} ${name}`;
};

/** What is in the first and not in the second, as multisets. */
function without(these: readonly string[], those: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of those) counts.set(line, (counts.get(line) ?? 0) + 1);
  return these.filter((line) => {
    const left = counts.get(line) ?? 0;
    counts.set(line, left - 1);
    return left <= 0;
  });
}

type DelayKind = 'same' | 'resent' | 'copied' | 'other';

/** How tshark's delay of a reply relates to ours. */
function kindOfDelay(attempt: Attempt, theirs: readonly TsharkMessage[]): DelayKind {
  const { transactionId, type, name, sentAt, repliedAt, replyPacket } = attempt;
  const isOf = (message: TsharkMessage): boolean =>
    message.id === transactionId && message.type === type && message.name === name;
  const replies = theirs.filter((message) => message.number === replyPacket && message.response && isOf(message));
  const reply = replies.find(({ query }) => query > 0);
  if (reply === undefined) return 'other';
  const ours = repliedAt - sentAt;
  // To the nanosecond, up to 104 days after the capture's first packet; merged captures may span years.
  if (Math.abs(reply.delay - ours) <= repliedAt * 2 ** -51) return 'same';
  const query = theirs.find((message) => message.number === reply.query && !message.response && isOf(message));
  if (query === undefined) return 'other';
  // tshark counts from the copy it saw last before the reply.
  const behind = (since: number): boolean => {
    const late = repliedAt - since - reply.delay;
    return late >= 0 && late < COPY_NANOSECONDS;
  };
  if (attempt.resends.some((resend) => behind(resend.at))) return 'resent';
  return reply.query !== attempt.sentPacket && behind(sentAt) ? 'copied' : 'other';
}

function delaysOf({ lookups }: Reading, theirs: readonly TsharkMessage[]): Record<DelayKind, Attempt[]> {
  const kinds: Record<DelayKind, Attempt[]> = { same: [], resent: [], copied: [], other: [] };
  for (const attempt of lookups.flatMap((lookup) => lookup.attempts)) {
    if (attempt.rcode >= 0) kinds[kindOfDelay(attempt, theirs)].push(attempt);
  }
  return kinds;
}

describe('our own captures of resolvers, beside tshark', () => {
  const paths = [...oracle.keys()].filter((path) => path.startsWith('resolvers/'));

  it.each(paths)('%s', async (path) => {
    const theirs = oracle.get(path) as TsharkMessage[];
    const reading = await read(join(OWN, basename(path)));
    expect(reading.messages.map(keyOf).sort()).toEqual(theirs.map(keyOf).sort());
    const { resent, copied, other } = delaysOf(reading, theirs);
    expect([...copied, ...other]).toEqual([]);
    for (const attempt of resent) expect(attempt.resends.length).toBeGreaterThan(0);
  });

  it('differ where a query was resent after 5 s: its caller waited since the first', async () => {
    const theirs = oracle.get('resolvers/g_both1.pcap') as TsharkMessage[];
    const { same, resent } = delaysOf(await read(join(OWN, 'g_both1.pcap')), theirs);
    expect(same).toEqual([]);
    expect(resent.map(({ type }) => type)).toEqual([1, 28]);
    for (const { repliedAt, sentAt, replyPacket } of resent) {
      expect(repliedAt - sentAt).toBeGreaterThan(5e9);
      expect(theirs.find(({ number }) => number === replyPacket)?.delay).toBeLessThan(500_000);
    }
  });
});

describe.skipIf(!existsSync(SHARED))('all captures beside tshark (../shared/captures)', () => {
  const readings = new Map<string, Reading>();
  beforeAll(async () => {
    for (const folder of FOLDERS) {
      for (const name of filesBelow(join(SHARED, folder))) {
        if (NO_CAPTURE.test(name)) continue;
        // oxlint-disable-next-line no-await-in-loop -- one file after another
        const reading = await readOrNull(join(SHARED, folder, name));
        if (reading !== null) readings.set(`${folder}/${name}`, reading);
      }
    }
  }, 120_000);

  it('have the same messages', () => {
    const differences: Record<string, unknown> = {};
    let same = 0;
    for (const [path, { messages }] of readings) {
      const theirs = (oracle.get(path) ?? []).map(keyOf);
      const ours = messages.map(keyOf);
      const onlyTheirs = without(theirs, ours).length;
      const onlyOurs = without(ours, theirs).length;
      same += theirs.length - onlyTheirs;
      if (onlyTheirs + onlyOurs > 0) differences[path] = { theirs: onlyTheirs, ours: onlyOurs };
    }
    const expected = Object.entries(EXPLAINED).map(([path, { theirs, ours }]) => [path, { theirs, ours }]);
    expect(differences).toEqual(Object.fromEntries(expected));
    expect(same).toBeGreaterThan(28_000);
    const unread = [...oracle.keys()].filter((path) => !readings.has(path));
    expect(unread).toEqual(['public/dnscap/src/test/dns.pcap.lz4']);
  });

  it('have the same times, but where a query was resent', () => {
    const differences: Record<string, { count: number }> = {};
    const counts = { same: 0, resent: 0, copied: 0, late: 0 };
    for (const [path, reading] of readings) {
      const { same, resent, copied, other } = delaysOf(reading, oracle.get(path) ?? []);
      counts.same += same.length;
      counts.resent += resent.length;
      counts.copied += copied.length;
      counts.late += resent.filter(({ repliedAt, sentAt }) => repliedAt - sentAt >= 2e9).length;
      if (other.length > 0) differences[path] = { count: other.length };
      // Copies are made by the node that forwards; at a pod each packet is seen once.
      if (copied.length > 0) expect(path).toMatch(/node\.pcap|headerless/);
    }
    const expected = Object.entries(DELAYS_EXPLAINED).map(([path, { count }]) => [path, { count }]);
    expect(differences).toEqual(Object.fromEntries(expected));
    expect(counts.same).toBeGreaterThan(8000);
    expect(counts.late).toBeGreaterThan(20);
  });

  it('are read by the program as message by message', () => {
    for (const [path, { messages, malformed, counts }] of readings) {
      const ofQueries = messages.filter(({ opcode }) => opcode === 0).length;
      const { queries, replies, duplicates, orphanReplies } = counts;
      expect(queries + replies + duplicates + orphanReplies, path).toBe(ofQueries);
      expect(counts.malformed, path).toBe(malformed);
    }
  });
});
