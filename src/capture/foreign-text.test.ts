import { describe, expect, test } from 'vitest';
import { openChunks } from './testing/read-all.ts';

const PACKETS = /give the capture itself: in Wireshark File → Save As, tshark -w FILE$/;
const TCPDUMP = /it holds no packets: capture them with: tcpdump -i any -s 0 -w out\.pcap$/;

/** As the tools of those names print it. */
const TEXTS: readonly [string, string, RegExp][] = [
  ['tshark', '    1   0.000000   10.244.2.5 → 10.244.1.17  TCP 74 46166 → 8080 [SYN] Seq=0\n', PACKETS],
  ['an old tshark', '  1 0.000000 10.244.2.5 -> 10.244.1.17 DNS 74 Standard query 0x0001 A a.test\n', PACKETS],
  ['tshark -V', 'Frame 1: 86 bytes on wire (688 bits), 86 bytes captured (688 bits)\n    Encapsulation: x\n', PACKETS],
  ['tshark -T json', '[\n  {\n    "_index": "packets-2026-11-27",\n    "_type": "doc",\n', PACKETS],
  ['tshark -T ek', '{"index":{"_index":"packets-2026-11-27","_type":"doc"}}\n', PACKETS],
  ['tshark -T pdml', '<?xml version="1.0"?>\n<!-- x -->\n<pdml version="0" creator="wireshark/4.0.17">\n', PACKETS],
  ['CSV of Wireshark', '"No.","Time","Source","Destination","Protocol","Length","Info"\r\n"1","0.0"', PACKETS],
  [
    'plain text of Wireshark',
    'No.     Time           Source                Destination\n      1 0.000000  10.0.0.1',
    PACKETS,
  ],
  ['tshark -x', '0000  33 33 ff b8 21 f2 66 81 12 b8 21 f2 86 dd 60 00   33..!.f...!...`.\n', PACKETS],
  ['pktmon', '[05]0004.0000::2026-11-27 09:50 [Microsoft-Windows-PktMon] PktGroupId 1\n', /pktmon etl2pcap/],
  ['hubble', 'Nov 27 09:50:57.123: a/b (ID:1) -> a/c:80 (ID:4) to-endpoint FORWARDED (TCP Flags: SYN)\n', TCPDUMP],
  ['hubble -o json', '{"flow":{"time":"2026-11-27T09:50:57Z","verdict":"FORWARDED"},"node_name":"n1"}\n', TCPDUMP],
  ['cilium monitor', 'Press Ctrl-C to quit\n-> endpoint 12 flow 0x0 , identity 2->4 state new ifindex lxc1\n', TCPDUMP],
  ['flow logs', '2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249\n', TCPDUMP],
  ['a HAR', '{"log":{"version":"1.2","creator":{"name":"Firefox"}}}', TCPDUMP],
  ['base64', '1MOyoQIABAAAAAAAAAAAAAAABAABAAAA\nAAAA\n', /base64 -d FILE > capture\.pcap$/],
  ['a manifest', '# of the shop\napiVersion: v1\nkind: Pod\n', /give it with -m: kubelag CAPTURE -m FILE$/],
];

describe('text that other tools print', () => {
  test.each(TEXTS)('%s is refused in one line that says what to do', async (_, text, advice) => {
    const opened = openChunks(Buffer.from(text));
    await expect(opened).rejects.toThrow(advice);
    await expect(opened).rejects.toThrow(/^[^\n]*$/);
  });

  test('tcpdump’s own is read, whatever stands around it', async () => {
    const line = '18:30:01.000001 IP 10.0.0.1.4000 > 10.0.0.2.53: 1+ A? a.test. (24)\n';
    const opened = await openChunks(Buffer.from(`apiVersion: v1\n${line}\t0x0000:  4500 0034 0000 4000\n`));
    expect(opened.kind).toBe('text');
  });

  test('what nobody knows says what is read', async () => {
    await expect(openChunks(Buffer.from('1\t1764237057.1\t10.0.0.1\n'))).rejects.toThrow(/kubelag reads pcap/);
  });
});
