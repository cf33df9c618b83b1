import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../src/analyze.ts';
import type { Diagnosis } from '../src/model/diagnosis.ts';
import { UserError } from '../src/model/user-error.ts';
import { filesBelow, PUBLIC } from './public/folder.ts';

/*
 * The whole program on every file that others made: captures of all kinds, fuzzers' crashes,
 * outputs of other tools, licences.
 */

/** No captures that we read: what the one line says of each, besides the files that are text. */
const FOREIGN: Readonly<Record<string, string>> = {
  'dnscap/src/test/dns.pcap.lz4': 'packed with lz4',
  'dnscap/src/test/dns.pcap.xz': 'packed with xz',
  'pcapplusplus/Tests/ExamplesTest/pcap_examples/solaris.snoop': 'a snoop capture',
  'pcapplusplus/Tests/Pcap++Test/PcapExamples/solaris.snoop': 'a snoop capture',
};
/** What is neither a capture nor rows: outputs of other tools, descriptions, licences. */
const TEXT = /\.(out|yaml|result|json|gold2?|txt|expected)$|(^|\/)(LICENSE|TESTLIST)$/;

/** Findings above `info`, each judged by hand with tshark: the packets show what is said. */
const TRUE_FINDINGS: readonly { files: RegExp; rules: readonly string[]; because: string }[] = [
  {
    files: /dns-rcode|udp-nxdomain-soa|dns_over_tcp|flow_generator\/dns\/(dns|nxdomain)\.pcap|\/sll2\.pcap/,
    rules: ['dns-error'],
    because: 'a question and its NXDOMAIN: the capture was made to show that',
  },
  { files: /\/edns\.pcap/, rules: ['dns-error'], because: 'SERVFAIL for dnssec-failed.org' },
  {
    files: /\/dns-eve(-empty-format)?\//,
    rules: ['dns-slow-server'],
    because: 'three of four answers took 372 to 408 ms',
  },
  {
    files: /dns-tcp-multirequest-buffer/,
    rules: ['dns-slow-server', 'dns-error'],
    because: 'twenty names that do not exist, asked in one segment and answered one by one in 1.3 s',
  },
  { files: /flow-drop-iponly-02/, rules: ['dns-slow-server'], because: 'asked three times, SERVFAIL after 7.36 s' },
  { files: /\/bug-1158\//, rules: ['dns-slow-server'], because: 'a tunnel through DNS, whose server holds each query' },
  {
    files: /DnsPackets/,
    rules: ['dns-slow-server', 'dns-loss', 'dns-error'],
    because: 'a home router: answers after 507 ms, one query asked three times, wpad.home NXDOMAIN',
  },
  {
    files: /amqp1\.pcap|of10_pf5240/,
    rules: ['tcp-connect-refused'],
    because: 'each of these SYNs is answered with a reset',
  },
  {
    files: /insecure\.pcap|mixed_traffic_sample|http-range-multiflows/,
    rules: ['connection-per-request'],
    because: 'as many connections as calls: test clients that open one for each',
  },
  {
    files:
      /http-pipeline-files-with-gap|http-sha256-drop-02|tcp-rst-unacked-stream-09|tcp-reassembly\.pcap|tcp-opt\.pcap/,
    rules: ['tcp-retransmission-stall'],
    because: 'the same segments are sent again, 0.18 to 19 s later',
  },
  {
    files: /tcp-fastopen-10|tcp-rst-unacked-stream-10/,
    rules: ['tcp-connect-retry'],
    because: 'the SYN was sent again before its answer came',
  },
  {
    files: /http-packets2\.pcap/,
    rules: ['network-latency', 'upstream-slow'],
    because: 'a web server 72 ms away, and two calls of a page that took 3.1 and 5.7 s',
  },
  {
    files: /syn-ack-ack-retrans-and-client-payload|server-queue-lack/,
    rules: ['tcp-retransmission-stall'],
    because: 'the client’s first segment is sent again, 3.3 s until it is acknowledged and 13 s until a reset',
  },
  {
    files: /of10_(7050sx_bsn|pf5240)/,
    rules: ['tcp-delayed-ack'],
    because: 'a switch sends two messages, the second of which leaves when the first is acknowledged, 40 ms later',
  },
  {
    files: /pgsql-all\.pcap/,
    rules: ['upstream-slow'],
    because: 'two SELECTs take 181 and 330 ms, the others about 80',
  },
];

describe.skipIf(!existsSync(PUBLIC))("every file of others' collections (../shared/captures/public)", () => {
  const results = new Map<string, Diagnosis>();
  const refused = new Map<string, string>();
  beforeAll(async () => {
    for (const name of filesBelow(PUBLIC)) {
      const path = join(PUBLIC, name);
      try {
        // oxlint-disable-next-line no-await-in-loop -- one file after another
        const { diagnosis } = await analyze({
          paths: [path],
          dnsPorts: [53],
          clients: [],
          names: [],
          slowerThan: null,
        });
        results.set(name, diagnosis);
      } catch (error) {
        // Anything else is a bug of ours.
        if (!(error instanceof UserError)) throw new Error(`${name} crashed`, { cause: error });
        refused.set(name, error.message);
      }
    }
  }, 300_000);

  it('is read to its end, or refused in one line that names it', () => {
    expect(results.size).toBeGreaterThan(2500);
    for (const [name, message] of refused) {
      expect(message.startsWith(`${join(PUBLIC, name)}: `), name).toBe(true);
      expect(message.includes('\n'), name).toBe(false);
    }
  });

  it('is refused only where it is no capture that we read', () => {
    const captures = [...refused].filter(([name]) => !TEXT.test(name));
    expect(captures.map(([name]) => name)).toEqual(Object.keys(FOREIGN));
    for (const [name, message] of captures) expect(message).toContain(FOREIGN[name]);
  });

  it('has no finding above info that is not so', () => {
    const wrong: string[] = [];
    for (const [name, { findings }] of results) {
      for (const { rule, severity, says } of findings) {
        const isTrue = TRUE_FINDINGS.some(({ files, rules }) => files.test(name) && rules.includes(rule));
        if (severity !== 'info' && !isTrue) wrong.push(`${name}: ${says}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
