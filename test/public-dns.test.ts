import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDnsReader, type Reading } from './public/dns-messages.ts';
import { dnscapRuns } from './public/dnscap-gold.ts';
import { filesBelow, PUBLIC } from './public/folder.ts';
import { compare } from './public/said.ts';
import { fulfils, isOfDns, readSuricataTest } from './public/suricata-checks.ts';
import { tcpdumpMessages } from './public/tcpdump-out.ts';

/*
 * Questions, codes and times of DNS in captures that others made, against what their own tools
 * say of them. The tables hold every difference, with the reason.
 */

const NO_MESSAGE = 'is no DNS message: tcpdump says so, too';
const LINK_TYPE = 'a link type that is not read, which the result says';
const QUIET = 'tcpdump -q prints no DNS';

/** By tcpdump's text: how many messages only it has, only we have, and what is no message. */
const TCPDUMP: Readonly<Record<string, { theirs?: number; ours?: number; malformed?: number; because: string }>> = {
  'LINKTYPE_IPV4_invalid-e.out': { ours: 1, because: 'the packet is IPv6, whatever its link type says' },
  'LINKTYPE_IPV4_invalid.out': { ours: 1, because: 'the packet is IPv6, whatever its link type says' },
  'LINKTYPE_IPV6_invalid-e.out': { ours: 1, because: 'the packet is IPv4, whatever its link type says' },
  'LINKTYPE_IPV6_invalid.out': { ours: 1, because: 'the packet is IPv4, whatever its link type says' },
  'arcnet-rfc1051-arp-icmp-http-e.out': { theirs: 4, because: LINK_TYPE },
  'arcnet-rfc1201-arp-icmp-http-e.out': { theirs: 4, because: LINK_TYPE },
  'dns-badlabel.out': { malformed: 1, because: NO_MESSAGE },
  'dns-zlip-1.out': { malformed: 1, because: NO_MESSAGE },
  'dns-zlip-2.out': { malformed: 1, because: NO_MESSAGE },
  'dns-zlip-3.out': { malformed: 1, because: NO_MESSAGE },
  'dns_fwdptr.out': { malformed: 1, because: NO_MESSAGE },
  'rtp-seg-fault-1.out': { malformed: 1, because: 'nine bytes of RTP on port 53' },
  'dns_tcp-skip-3-c-1.out': { ours: 1, because: 'tcpdump was told to stop before' },
  'time_2038.out': { ours: 1, because: QUIET },
  'time_2038_max.out': { ours: 1, because: QUIET },
  'time_2038_overflow.out': { ours: 1, because: QUIET },
  'time_2039.out': { ours: 1, because: QUIET },
  'time_2106.out': { ours: 1, because: QUIET },
  'time_2106_max.out': { ours: 1, because: QUIET },
  'time_2106_overflow-tt.out': { ours: 1, because: QUIET },
  'time_2106_overflow.out': { ours: 1, because: QUIET },
  'time_2107-tt.out': { ours: 1, because: QUIET },
  'time_2107.out': { ours: 1, because: QUIET },
};

const FILTERED = "counts what is left of the events by Suricata's own filter of them";
const OVER_HTTP = 'DNS over HTTPS, which is not on port 53';
const LONG_NAME = 'a name of more than 255 octets, which is none (RFC 1035 section 2.3.4)';

/** By Suricata's test: how many of its checks on DNS do not hold for us. */
const SURICATA: Readonly<Record<string, { unequal: number; because: string }>> = {
  'dns-eve-type-filtering': { unequal: 8, because: FILTERED },
  'dns/dns-udp-eve-log-aaaa-only': { unequal: 1, because: FILTERED },
  'dns/dns-udp-eve-log-answer-only': { unequal: 1, because: FILTERED },
  'dns/dns-udp-eve-log-mx-only': { unequal: 3, because: FILTERED },
  'dns/dns-udp-eve-log-query-only': { unequal: 1, because: FILTERED },
  'dns/v2/dns-udp-eve-log-aaaa-only': { unequal: 2, because: FILTERED },
  'dns/v2/dns-udp-eve-log-answer-only': { unequal: 1, because: FILTERED },
  'dns/v2/dns-udp-eve-log-mx-only': { unequal: 3, because: FILTERED },
  'dns/v2/dns-udp-eve-log-query-only': { unequal: 1, because: FILTERED },
  'dns-over-http2': { unequal: 2, because: OVER_HTTP },
  'dns-over-http2-post': { unequal: 1, because: OVER_HTTP },
  'dns/dns-forward-pointer': { unequal: 1, because: 'a query with two questions, which no resolver sends' },
  'dns/dns-truncated-rname': { unequal: 2, because: LONG_NAME },
};
/** Their captures are not in the collection. */
const WITHOUT_CAPTURE = [
  'dns/dns-additionals-rdata',
  'dns/dns-udp-eve-dig',
  'dns/v2/dns-udp-eve-dig',
  'eve-suricata-version',
];

const NOT_ASSEMBLED = 'dnscap was not told to put TCP together in this run';
const BEHIND_HOLE = 'dnscap drops what follows a hole until it finds its place again';

/** By dnscap's output and capture, in order of runs: how many messages only we have. */
const DNSCAP: Readonly<Record<string, { runs: number[]; because: string }>> = {
  'test7.gold 1qtcpnosyn.pcap': { runs: [2, 0], because: NOT_ASSEMBLED },
  'test7.gold dnso1tcp-midmiss.pcap': { runs: [3, 1], because: BEHIND_HOLE },
  'test7.gold do1t-nosyn-1nolen.pcap': {
    runs: [2],
    because: 'the first query lacks its length, which dnscap needs',
  },
  'test8.gold dnso1tcp-bighole.pcap': { runs: [14], because: BEHIND_HOLE },
  'test9.gold dns.pcap': { runs: [76, 76], because: 'dnscap was given a range of times' },
  'test14.gold dns.pcap': {
    runs: [34, 48, 48, 34, 34, 48, 48, 34],
    because: 'dnscap was given some types of question',
  },
  'test_regex_match.gold dns.pcap': { runs: [41, 41], because: 'dnscap was given a pattern of names' },
};
/** What a run of dnscap read that we do not: from a pipe, a file of its own, or packed otherwise. */
const UNREAD = /^(-|test\..*|dns\.pcap\.(xz|lz4))$/;

const reader = createDnsReader();
const readings = new Map<string, Promise<Reading>>();
/** Several oracles speak of one capture. */
function read(path: string, ports: readonly number[] = [53]): Promise<Reading> {
  const key = `${path} ${ports.join()}`;
  const known = readings.get(key) ?? reader.read(path, ports);
  readings.set(key, known);
  return known;
}

const folder = (name: string): string => join(PUBLIC, name);
/** The counts of a table, without its reasons. */
const countsOf = (table: Readonly<Record<string, object>>): unknown =>
  JSON.parse(JSON.stringify(table, (key, value: unknown) => (key === 'because' ? undefined : value)));

describe.skipIf(!existsSync(PUBLIC))("DNS in others' captures (../shared/captures/public)", () => {
  it("is what tcpdump's text says", async () => {
    const tests = folder('tcpdump/tests');
    const names = readdirSync(tests);
    const captures = names.filter((name) => /\.pcap(ng)?$/.test(name));
    const listed = new Map<string, string>();
    for (const line of readFileSync(join(tests, 'TESTLIST'), 'utf8').split('\n')) {
      const [, capture, output] = line.startsWith('#') ? [] : line.trim().split(/\s+/);
      if (capture !== undefined && output !== undefined) listed.set(output, capture);
    }
    // Some tests stand in scripts that are not in the collection; their outputs are named after the capture.
    const captureOf = (output: string): string | undefined =>
      listed.get(output) ??
      captures
        .filter((name) => output.startsWith(name.replace(/\.\w+$/, '')))
        .reduce<string | undefined>((best, name) => (name.length > (best?.length ?? 0) ? name : best), undefined);

    const differences: Record<string, unknown> = {};
    let same = 0;
    let outputs = 0;
    for (const output of names.filter((name) => name.endsWith('.out'))) {
      const theirs = tcpdumpMessages(readFileSync(join(tests, output), 'latin1'));
      const capture = captureOf(output);
      if (capture === undefined || !captures.includes(capture)) {
        expect(theirs, output).toEqual([]);
        continue;
      }
      // oxlint-disable-next-line no-await-in-loop -- one file after another
      const ours = await read(join(tests, capture), output.includes('_8053-T') ? [53, 8053] : [53]);
      const difference = compare(theirs, ours.messages);
      outputs++;
      same += difference.same;
      const counts = {
        ...(difference.onlyTheirs.length > 0 && { theirs: difference.onlyTheirs.length }),
        ...(difference.onlyOurs.length > 0 && { ours: difference.onlyOurs.length }),
        ...(ours.malformed > 0 && { malformed: ours.malformed }),
      };
      if (Object.keys(counts).length > 0) differences[output] = counts;
      if (TCPDUMP[output]?.because === LINK_TYPE) expect(ours.notes.join()).toContain("can't be read");
    }
    expect(differences).toEqual(countsOf(TCPDUMP));
    expect(outputs).toBeGreaterThan(700);
    expect(same).toBeGreaterThan(150);
  });

  it("is what Suricata's tests expect", async () => {
    const tests = folder('suricata-verify/tests');
    const differences: Record<string, unknown> = {};
    const withoutCapture: string[] = [];
    let equal = 0;
    for (const file of filesBelow(tests).filter((name) => name.endsWith('test.yaml'))) {
      const { capture, ports, checks } = readSuricataTest(readFileSync(join(tests, file), 'utf8'));
      const ofDns = checks.filter(isOfDns);
      if (ofDns.length === 0) continue;
      const name = dirname(file);
      const own = readdirSync(join(tests, name)).filter((entry) => /\.pcap(ng)?$/.test(entry));
      const path = join(tests, name, capture ?? (own[0] as string));
      if (!existsSync(path)) {
        withoutCapture.push(name);
        continue;
      }
      // oxlint-disable-next-line no-await-in-loop -- one file after another
      const { messages } = await read(path, ports);
      const unequal = ofDns.filter(
        (check) => messages.filter((message) => fulfils(message, check)).length !== check.count,
      );
      equal += ofDns.length - unequal.length;
      if (unequal.length > 0) differences[name] = { unequal: unequal.length };
    }
    expect(differences).toEqual(countsOf(SURICATA));
    expect(withoutCapture).toEqual(WITHOUT_CAPTURE);
    expect(equal).toBeGreaterThan(400);
  });

  it('is what dnscap prints', async () => {
    const tests = folder('dnscap/src/test');
    const theirs: string[] = [];
    const ours: Record<string, number[]> = {};
    let same = 0;
    for (const gold of readdirSync(tests).filter((name) => /\.gold2?$/.test(name))) {
      for (const run of dnscapRuns(readFileSync(join(tests, gold), 'latin1'))) {
        if (UNREAD.test(run.capture)) continue;
        // oxlint-disable-next-line no-await-in-loop -- one file after another
        const difference = compare(run.messages, (await read(join(tests, run.capture))).messages);
        same += difference.same;
        theirs.push(...difference.onlyTheirs.map((line) => `${gold} ${run.capture}: ${line}`));
        (ours[`${gold} ${run.capture}`] ??= []).push(difference.onlyOurs.length);
      }
    }
    expect(theirs).toEqual([]);
    const more = Object.entries(ours).filter(([, runs]) => runs.some((count) => count > 0));
    expect(Object.fromEntries(more.map(([name, runs]) => [name, { runs }]))).toEqual(countsOf(DNSCAP));
    expect(same).toBeGreaterThan(1000);
  });
});
