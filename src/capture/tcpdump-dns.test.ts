import { describe, expect, test } from 'vitest';
import { readText } from './testing/read-all.ts';

const T0 = '18:09:09.252168';

/** The one message of one line of which only what follows the ports matters. */
async function dns(words: string, ports = '10.0.0.1.40000 > 10.0.0.2.53') {
  const { messages } = await readText(`${T0} IP ${ports}: ${words}\n`);
  return messages[0]?.message;
}

describe('queries', () => {
  test.each([
    [
      '10118+ AAAA? Sample-Svc.prod.svc.cluster.local. (84)',
      { id: 10118, name: 'sample-svc.prod.svc.cluster.local', type: 28, recursionDesired: true },
    ],
    ['1+ A? . (17)', { name: '.', type: 1 }],
    ['1 A? a.test. (24)', { recursionDesired: false }],
    ['1+% A? a.test. (24)', { recursionDesired: true, authenticData: false }],
    ['1+$ A? a.test. (24)', { authenticData: true }],
    ['1+ [b2&3=0x120] A? a.test. (24)', { authenticData: true }],
    ['1+ [b2&3=0x182] A? a.test. (24)', { authenticData: false }],
    ['1+ [1au] A? a.test. (35)', { ednsSize: 0, name: 'a.test' }],
    ['1+ [1au] A? a.test. ar: . OPT UDPsize=1232 (35)', { ednsSize: 1232, cookie: false }],
    ['1+ [1au] A? a.test. ar: . OPT UDPsize=4096 DO [COOKIE 42f5d00996f90b13] (56)', { ednsSize: 4096, cookie: true }],
    ['1+ A? a.test. A? b.test. (40)', { questions: 2, name: 'a.test' }],
    ['1+ Type65? a.test. (24)', { type: 65 }],
    ['1+ HTTPS? a.test. (24)', { type: 65 }],
    ['1+ SRV? _grpc._tcp.a.test. (24)', { type: 33, name: '_grpc._tcp.a.test' }],
    ['1+ TXT CHAOS? version.bind. (30)', { type: 16, class: 3 }],
    ['1+ A (Class 7)? a.test. (30)', { class: 7 }],
    ['1+ A? a b.test. (30)', { name: 'a b.test' }],
    ['1 notify [b2&3=0x2400] SOA? a.test. (24)', { opcode: 4 }],
    ['1 op6+ A? a.test. (24)', { opcode: 6 }],
    ['[udp sum ok] 1+ A? a.test. (24)', { id: 1 }],
    ['[bad udp cksum 0x14fa -> 0x7b2a!] 1+ A? a.test. (24)', { id: 1 }],
    ['[no cksum] 1+ A? a.test. (24)', { id: 1 }],
    ['1+ A? a.test. (24) (DF)', { name: 'a.test' }],
    ['1+ A? a.test. (24) (DF) (ttl 64, id 0, len 52)', { name: 'a.test' }],
    ['1+ A? a.test. [|domain]', { cut: true, name: 'a.test' }],
  ])('%s', async (words, expected) => {
    const message = await dns(words);
    expect(message).toMatchObject({ response: false, ...expected });
  });
});

test('a name that was cut is another name: the packet counts as unreadable', async () => {
  const { messages, input } = await readText(`${T0} IP 10.0.0.1.40000 > 10.0.0.2.53: 1+ A? a.tes[|domain]\n`);
  expect(messages).toEqual([]);
  expect(input.damage.undecodable).toBe(1);
});

describe('replies', () => {
  test.each([
    ['10118 NXDomain*- 0/1/0 (177)', { id: 10118, rcode: 3, answerCount: 0, name: '', type: 0 }],
    ['1 NXDomain 0/0/0 (93)', { rcode: 3 }],
    ['1 ServFail 0/0/0 (24)', { rcode: 2 }],
    ['1 Refused- 0/0/0 (24)', { rcode: 5 }],
    ['1 FormErr- [0q] 0/0/0 (12)', { rcode: 1 }],
    ['1 NotImp 0/0/0 (24)', { rcode: 4 }],
    ['1 BadCookie- 0/0/1 (28)', { rcode: 23 }],
    ['1 Resp14 0/0/0 (24)', { rcode: 14 }],
    ['1*- 1/0/0 A 100.71.57.175 (120)', { rcode: 0, answerCount: 1, addresses: ['100.71.57.175'] }],
    ['1 2/0/0 AAAA fd00::9, AAAA 2001:DB8::1 (80)', { addresses: ['fd00::9', '2001:db8::1'] }],
    ['1 3/0/0 CNAME b.test., A 10.0.0.1, A 10.0.0.2 (80)', { answerCount: 3, addresses: ['10.0.0.1', '10.0.0.2'] }],
    ['1| 0/0/0 (24)', { truncated: true }],
    ['1*-| 0/0/0 (24)', { truncated: true }],
    ['1*-|$ 0/0/0 (24)', { truncated: true }],
    ['1$ 1/0/0 A 10.0.0.1 (40)', { addresses: ['10.0.0.1'] }],
    ['1 q: A? A.test. 1/0/0 a.test. A 10.0.0.1 (40)', { name: 'a.test', type: 1, ttl: -1 }],
    ['1 q: A? a.test. 2/0/0 a.test. [1m30s] A 10.0.0.1, a.test. [30s] A 10.0.0.2 (40)', { ttl: 30 }],
    ['1 q: A? a.test. 1/0/0 a.test. [1w2d] A 10.0.0.1 (40)', { ttl: 777_600 }],
    // Addresses of the other sections are no answers.
    ['1 q: A? a.test. 0/1/1 ns: test. [5s] NS n.test. ar: n.test. [5s] A 10.0.0.1 (40)', { addresses: [], ttl: -1 }],
    ['1*- q: A? a.test. 1/0/1 a.test. [30s] A 10.0.0.1 ar: . OPT UDPsize=1232 (60)', { ednsSize: 1232 }],
    ['1*- 1/0/0 PTR kube-dns.kube-system.svc.cluster.local. (118)', { answerCount: 1, addresses: [] }],
    ['49403* 1/0/0 (62)', { cut: true, answerCount: 1, addresses: [] }],
    ['49403* q: A? a.test. 1/0/0 a.test. (62)', { cut: true, answerCount: 1, addresses: [] }],
    ['49403* 0/1/0 (62)', { cut: false, answerCount: 0 }],
    ['1 4/1/0 A 10.0.0.1,[|domain]', { cut: true, addresses: ['10.0.0.1'] }],
  ])('%s', async (words, expected) => {
    expect(await dns(words, '10.0.0.2.53 > 10.0.0.1.40000')).toMatchObject({ response: true, ...expected });
  });

  test('the length is the message', async () => {
    const { messages } = await readText(`${T0} IP 10.0.0.2.53 > 10.0.0.1.40000: 1 0/0/0 (177)\n`);
    expect(messages[0]?.payloadLength).toBe(177);
  });
});

describe('DNS over TCP', () => {
  test.each([
    ['Flags [P.], seq 1:59, ack 1, win 64240, length 58 17177+ [1au] A? a.test. (56)'],
    [
      'Flags [P.], cksum 0x7796 (correct), seq 1:59, ack 1, win 64240, options [nop,nop,TS val 1 ecr 2], length 58 17177+ [1au] A? a.test. (56)',
    ],
    ['Flags [P.], seq 1:59, ack 1, win 64240, length 58: 17177+ [1au] A? a.test. (56)'],
    ['P 1:59(58) ack 1 win 229 <nop,nop,timestamp 1 2> 17177+ [1au] A? a.test. (56) (DF)'],
    ['P [tcp sum ok] 1:59(58) ack 1 win 229 17177+ [1au] A? a.test. (56)'],
  ])('%s', async (words) => {
    const { messages } = await readText(`${T0} IP 10.0.0.1.40000 > 10.0.0.2.53: ${words}\n`);
    expect(messages[0]).toMatchObject({ protocol: 6, payloadLength: 56, message: { id: 17177, name: 'a.test' } });
  });
});
