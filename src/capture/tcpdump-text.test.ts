import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readText } from './testing/read-all.ts';

const T0 = '18:09:09.252168';
const T1 = '18:09:09.277656';
const query = (time = T0): string => `${time} IP 10.0.0.1.40000 > 10.0.0.2.53: 10118+ AAAA? a.test. (84)`;

describe('endpoints', () => {
  test.each([
    ['IP 10.0.0.1.40000 > 10.0.0.2.53', ['10.0.0.1', 40000, '10.0.0.2', 53, 4]],
    ['IP6 fd00::1.40000 > 2001:db8::53.53', ['fd00::1', 40000, '2001:db8::53', 53, 6]],
    ['IP6 fe80::1%eth0.40000 > fe80::2.domain', ['fe80::1', 40000, 'fe80::2', 53, 6]],
    [
      'IP pod-7f9c-x2.40000 > kube-dns.kube-system.svc.cluster.local.domain',
      ['pod-7f9c-x2', 40000, 'kube-dns.kube-system.svc.cluster.local', 53, 4],
    ],
    [
      'IP 10-0-0-1.a.pod.cluster.local.40000 > 10.96.0.10.domain',
      ['10-0-0-1.a.pod.cluster.local', 40000, '10.96.0.10', 53, 4],
    ],
    // tcpdump up to 3.7 had no IP in front.
    ['10.0.0.1.40000 > 10.0.0.2.domain', ['10.0.0.1', 40000, '10.0.0.2', 53, 4]],
  ])('%s', async (pair, [source, sourcePort, destination, destinationPort, version]) => {
    const { messages } = await readText(`${T0} ${pair}: 1+ A? a.test. (24)\n`);
    expect(messages[0]).toMatchObject({ source, sourcePort, destination, destinationPort, version });
  });

  test('a port that stands as a name keeps a query and its reply together', async () => {
    const { messages, input } = await readText(
      `${T0} IP 10.0.0.1.filenet-rpc > 10.0.0.2.domain: 1+ A? a.test. (24)\n` +
        `${T1} IP 10.0.0.2.domain > 10.0.0.1.filenet-rpc: 1 0/0/0 (24)\n`,
    );
    expect(messages[0]?.sourcePort).toBe(messages[1]?.destinationPort);
    expect(messages[0]?.sourcePort).toBeGreaterThan(1023);
    expect(input.damage.notes.join()).toContain('filenet-rpc');
  });

  test('names in the place of addresses are told', async () => {
    expect((await readText(`${query()}\n`)).source.namesResolved).toBe(false);
    expect((await readText(query().replace('10.0.0.2', 'kube-dns.kube-system'))).source.namesResolved).toBe(true);
  });
});

describe('what stands around a packet', () => {
  const bare = query().slice(T0.length + 1);

  test.each([
    ['a quote', `> ${query()}`],
    ['two quotes', `> > ${query()}`],
    ['a code block', `    ${query()}`],
    ['a list', ` - ${query()}`],
    ['a table', `| ${query()}`],
    ['a number', `    7  ${query()}`],
    ['a pod and container', `[pod/a-7f9/tcpdump] ${query()}`],
    ['a time of the log', `2019-08-06T18:09:09.252168000Z ${query()}`],
    ['a compose name', `tcpdump-1  | ${query()}`],
    ['colours', `\u001b[32m${query()}\u001b[0m`.replace('\u001b[0m', '')],
    ['lengths', `    3  caplen 98 len 98 ${query()}`],
    ['Windows line ends', `${query()}\r`],
    ['a byte order mark', `\ufeff${query()}`.replace('\ufeff', '')],
    ['an interface', `${T0} eth0  Out ${bare}`],
    ['an interface without name', `${T0} ?     P   ${bare}`],
    ['a direction', `${T0}  In ${bare}`],
    [
      'link-level addresses',
      `${T0} 1a:0c:ae:91:e3:c2 > e6:b5:f5:09:c9:a1, ethertype IPv4 (0x0800), length 66: ${bare.slice(3)}`,
    ],
    [
      'link-level names',
      `${T0} 1a:0c:ae:91:e3:c2 (oui Unknown) > e6:b5:f5:09:c9:a1 (oui Unknown), ethertype IPv4 (0x0800), length 66: ${bare.slice(3)}`,
    ],
    [
      'a VLAN',
      `${T0} 1a:0c:ae:91:e3:c2 > e6:b5:f5:09:c9:a1, ethertype 802.1Q (0x8100), length 70: vlan 100, p 0, ethertype IPv4, ${bare.slice(3)}`,
    ],
    ['a cooked header', `${T0}  In 02:42:ac:11:00:02 ethertype IPv4 (0x0800), length 84: ${bare.slice(3)}`],
    [
      'a cooked header of the second kind',
      `${T0} eth0  Out ifindex 2 02:42:ac:11:00:02 ethertype IPv4 (0x0800), length 84: ${bare.slice(3)}`,
    ],
    [
      '-v',
      `${T0} IP (tos 0x0, ttl 64, id 35331, offset 0, flags [DF], proto UDP (17), length 64)\n    ${bare.slice(3)}`,
    ],
    [
      '-v in a quote',
      `> ${T0} IP (tos 0x0, ttl 64, id 35331, offset 0, flags [DF], proto UDP (17), length 64)\n>     ${bare.slice(3)}`,
    ],
    ['-v, IPv6', `${T0} IP6 (flowlabel 0x12345, hlim 64, next-header UDP (17) payload length: 49) ${bare.slice(3)}`],
    ['VXLAN', `${T0} IP 192.168.0.1.45149 > 192.168.0.2.8472: OTV, flags [I] (0x08), overlay 0, instance 1\n${bare}`],
    ['a terminal that wraps', query().replace('AAAA? a.t', 'AAAA? a.t\n')],
    ['a mail that wraps', query().replace('AAAA? ', 'AAAA?\n')],
    ['a hex dump', `${query()}\n\t0x0000:  4500 0034 7521 4000 4011 b14e 0a63 0001`],
  ])('%s', async (_name, text) => {
    const { messages, input } = await readText(`${text}\n`);
    expect(messages.map(({ message }) => [message.id, message.name, message.type])).toEqual([[10118, 'a.test', 28]]);
    expect(messages[0]).toMatchObject({ source: '10.0.0.1', sourcePort: 40000, destination: '10.0.0.2', protocol: 17 });
    expect(input).toMatchObject({ packets: 1, damage: { undecodable: 0 } });
  });

  test('directions become packet types', async () => {
    const lines = ['In', 'B', 'M', 'P', 'Out'].map((word) => `${T0} eth0  ${word.padEnd(3)} ${bare}`);
    const { messages } = await readText(lines.join('\n'));
    expect(messages.map(({ cookedType }) => cookedType)).toEqual([0, 1, 2, 3, 4]);
    expect((await readText(query())).messages[0]?.cookedType).toBe(-1);
  });

  test('banner, prompt and trailer are no damage; drops are counted', async () => {
    const { messages, input } = await readText(
      [
        '$ kubectl exec pod -- tcpdump -i any port 53',
        'tcpdump: data link type LINUX_SLL2',
        'dropped privs to tcpdump',
        'tcpdump: verbose output suppressed, use -v[v]... for full protocol decode',
        'listening on any, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 262144 bytes',
        query(),
        '^C',
        '1 packet captured',
        '3 packets received by filter',
        '2 packets dropped by kernel',
        '1 packet dropped by interface',
      ].join('\n'),
    );
    expect(messages).toHaveLength(1);
    expect(input).toMatchObject({
      format: 'tcpdump text',
      linkTypes: ['linux-sll2'],
      snapLength: 262_144,
      damage: { undecodable: 0, droppedByCapture: 3 },
    });
  });

  test('other traffic is counted apart, and keeps its number', async () => {
    const { messages, input, source } = await readText(
      [
        `${T0} ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28`,
        `${T0} IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 1, seq 1, length 64`,
        `${T0} IP 10.0.0.1.40000 > 10.0.0.2.53: Flags [S], seq 1, win 64240, length 0`,
        `${T0} STP 802.1d, Config, Flags [none], length 42`,
        query(T1),
      ].join('\n'),
    );
    expect(source.otherPackets).toBe(4);
    expect(messages.map(({ number }) => number)).toEqual([5]);
    expect(input).toMatchObject({ packets: 5, damage: { undecodable: 0 } });
  });

  test('what an ICMP error quotes is not on the wire', async () => {
    const { messages, source } = await readText(
      `${T0} IP (tos 0xc0, ttl 64, id 1, offset 0, flags [none], proto ICMP (1), length 80)\n` +
        `    10.0.0.2 > 10.0.0.1: ICMP 10.0.0.2 udp port 53 unreachable, length 60\n` +
        `\tIP (tos 0x0, ttl 64, id 2, offset 0, flags [DF], proto UDP (17), length 52)\n` +
        `    10.0.0.1.40000 > 10.0.0.2.53: 1+ A? a.test. (24)\n${query(T1)}\n`,
    );
    expect(messages.map(({ number, isUnreachable }) => [number, isUnreachable])).toEqual([
      [1, true],
      [2, false],
    ]);
    expect(source.otherPackets).toBe(0);
  });

  test.each([
    ['IP 10.0.0.2 > 10.0.0.1: ICMP 10.0.0.2 udp port 53 unreachable, length 60', ['10.0.0.1', '10.0.0.2', 53]],
    ['IP 10.0.0.9 > 10.0.0.1: ICMP host 10.0.0.2 unreachable, length 60', ['10.0.0.1', '10.0.0.2', 0]],
    [
      'IP 10.0.0.9 > 10.0.0.1: ICMP host 10.0.0.2 unreachable - admin prohibited, length 60',
      ['10.0.0.1', '10.0.0.2', 0],
    ],
    ['10.0.0.2 > 10.0.0.1: icmp: 10.0.0.2 udp port domain unreachable (DF)', ['10.0.0.1', '10.0.0.2', 53]],
    [
      'IP dns.kube-system > pod-7: ICMP dns.kube-system udp port domain unreachable, length 60',
      ['pod-7', 'dns.kube-system', 53],
    ],
    [
      'IP6 fd00::2 > fd00::1: ICMP6, destination unreachable, unreachable port, fd00::2 udp port 53, length 80',
      ['fd00::1', 'fd00::2', 53],
    ],
    [
      'IP6 fd00::9 > fd00::1: ICMP6, destination unreachable, unreachable address fd00::2, length 80',
      ['fd00::1', 'fd00::2', 0],
    ],
  ])('%s', async (line, [source, destination, destinationPort]) => {
    const { messages } = await readText(`${query()}\n${T1} ${line}\n`);
    expect(messages[1]).toMatchObject({ isUnreachable: true, number: 2, source, destination, destinationPort });
  });

  test.each([
    'IP 10.0.0.2 > 10.0.0.1: ICMP 10.0.0.2 udp port 123 unreachable, length 60',
    'IP 10.0.0.2 > 10.0.0.1: ICMP 10.0.0.2 tcp port 53 unreachable, length 60',
    'IP 10.0.0.2 > 10.0.0.1: ICMP echo request, id 7, seq 1, length 64',
    'IP6 fe80::1 > fe80::2: ICMP6, neighbor solicitation, who has fe80::2, length 32',
  ])('%s: is about no DNS', async (line) => {
    const { messages, source } = await readText(`${query()}\n${T1} ${line}\n`);
    expect(messages).toHaveLength(1);
    expect(source.otherPackets).toBe(1);
  });

  test('DNS that its words do not tell is counted', async () => {
    const { messages, input } = await readText(
      [
        `${T0} IP 10.0.0.1.40000 > 10.0.0.2.53: domain [length 0 < 12] (invalid)`,
        `${T0} IP 10.0.0.1.40000 > 10.0.0.2.53: UDP, length 56`,
        `${T0} IP 10.0.0.1.40000 > 10.0.0.2.53: Flags [P.], seq 1:53, ack 1, win 63, length 52 [prefix length(24) != length(50)] (invalid)`,
        query(T1),
      ].join('\n'),
    );
    expect(messages).toHaveLength(1);
    expect(input.damage.undecodable).toBe(3);
    expect(input.damage.notes[0]).toBe('packet 1 is DNS that cannot be read from its words');
  });

  test('lines of somebody else are counted and said', async () => {
    const { input } = await readText(`Dear all,\n\nit is slow:\n\`\`\`\n${query()}\n\`\`\`\n`);
    expect(input.damage.undecodable).toBe(2);
    expect(input.damage.notes).toEqual(["2 lines are none of tcpdump's"]);
  });
});

/** What comes of packets at these times. */
const at = async (...stamps: string[]) => {
  const { messages, input } = await readText(stamps.map(query).join('\n'));
  return { times: messages.map(({ time }) => time), input };
};

describe('time', () => {
  test('of day: differences are exact, and there is no date', async () => {
    const { times, input } = await at(T0, T1, '18:09:15.251741');
    expect(times).toEqual([0, 25_488_000, 5_999_573_000]);
    expect(input).toMatchObject({ firstPacketAt: null, startsAt: 0, endsAt: 5_999_573_000 });
  });

  test('of day: wraps at midnight; a packet out of order does not', async () => {
    const { times } = await at('23:59:59.999999', '00:00:00.000001', '23:59:59.999998', '00:00:01.000000');
    expect(times).toEqual([0, 2000, -1000, 1_000_001_000]);
    const { times: twoDays } = await at('23:00:00.000000', '01:00:00.000000', '23:00:00.000000', '01:00:00.000000');
    expect(twoDays).toEqual([0, 7200e9, 86_400e9, 93_600e9]);
  });

  test('with nanoseconds', async () => {
    expect((await at('18:09:09.252168123', '18:09:09.252168124')).times).toEqual([0, 1]);
  });

  test('-tt and -tttt carry the date', async () => {
    for (const [first, second] of [
      ['1565114949.252168', '1565114950.252169'],
      ['2019-08-06 18:09:09.252168', '2019-08-06 18:09:10.252169'],
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- cases
      const { times, input } = await at(first as string, second as string);
      expect(times).toEqual([0, 1_000_001_000]);
      expect(input.firstPacketAt).toBe(1_565_114_949_252_168_000n);
    }
  });

  test('-ttt counts from the packet before, also backwards', async () => {
    const { times } = await at(
      ' 00:00:00.000000',
      ' 00:00:00.000068',
      ' 00:00:04.999652',
      ' 00:00:00.000312',
      '-00:00:00.000100',
    );
    expect(times).toEqual([0, 68_000, 4_999_720_000, 5_000_032_000, 4_999_932_000]);
  });

  test('-ttt from its middle on', async () => {
    const { times } = await at('00:00:00.000265', '00:00:04.999652', '00:00:00.000312', '00:00:00.000011');
    expect(times).toEqual([0, 4_999_652_000, 4_999_964_000, 4_999_975_000]);
  });

  test('-ttttt counts from the first', async () => {
    const { times } = await at(' 00:00:00.000000', ' 00:00:00.000068', ' 00:00:05.004960', ' 00:00:05.005272');
    expect(times).toEqual([0, 68_000, 5_004_960_000, 5_005_272_000]);
  });

  test('moves with its offset', async () => {
    const { source } = await readText(query());
    source.offset = 77;
    expect(source.input).toMatchObject({ startsAt: 77, endsAt: 77 });
  });
});

describe('properties', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      T0,
      T1,
      ' IP ',
      ' > ',
      '10.0.0.1.53',
      'a.domain',
      ': ',
      '1+',
      ' A? a.test.',
      ' (24)',
      ' 1/0/0',
      ' A 1.2.3.4',
      '\n',
      '    ',
      ' [',
      ']',
      ' q: ',
      ' ar: ',
      '[|domain]',
      'Flags [P.]',
      ', length 9 ',
      ' NXDomain',
      '(',
      ')',
      '0',
    ),
    fc.string({ maxLength: 8, unit: 'binary' }),
  );

  test('no text throws or hangs, and chunks make no difference', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 60 }), fc.integer({ min: 1, max: 80 }), async (pieces, size) => {
        // A zero byte would make it no text, and so would more control characters than one in twenty.
        let controls = 0;
        const tail = pieces
          .join('')
          .replaceAll(/\p{Cc}/gu, (one) => (/[\t\n\f\r]/.test(one) || (one !== '\0' && controls++ < 3) ? one : ''));
        const text = `${query()}\n${tail}`;
        const once = await readText(text);
        const chunked = await readText(text, size);
        expect(chunked.messages).toEqual(once.messages);
        expect(chunked.input).toEqual(once.input);
      }),
      { numRuns: 500 },
    );
  });

  test('what tcpdump prints is read back', async () => {
    const label = fc.stringMatching(/^[a-z0-9_-]{1,12}$/);
    const message = fc.record({
      id: fc.integer({ min: 0, max: 65_535 }),
      labels: fc.array(label, { minLength: 1, maxLength: 5 }),
      type: fc.constantFrom(['A', 1] as const, ['AAAA', 28] as const, ['TXT', 16] as const, ['Type999', 999] as const),
      port: fc.integer({ min: 1024, max: 65_535 }),
      length: fc.integer({ min: 12, max: 65_535 }),
    });
    await fc.assert(
      fc.asyncProperty(message, async ({ id, labels, type: [word, type], port, length }) => {
        const { messages } = await readText(
          `${T0} IP 10.0.0.1.${port} > 10.0.0.2.53: ${id}+ ${word}? ${labels.join('.')}. (${length})`,
        );
        expect(messages[0]).toMatchObject({ sourcePort: port, payloadLength: length });
        expect(messages[0]?.message).toMatchObject({ id, type, name: labels.join('.') });
      }),
    );
  });

  test('a line without end is bounded', async () => {
    const { messages, input } = await readText(`${query()}\n${'x'.repeat(3 << 20)}\n${query(T1)}\n`);
    expect(messages).toHaveLength(2);
    expect(input.damage.undecodable).toBe(1);
  });
});
