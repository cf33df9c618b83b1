import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyze } from '../src/analyze.ts';
import { readText, type ReadMessage } from '../src/capture/testing/read-all.ts';

// Two captures, printed by tcpdump 4.99.3 in fifteen ways each: one by glibc whose answers are
// truncated, so that TCP follows, one by `-i any` on a node.
const TEXTS = join(import.meta.dirname, 'corpora/tcpdump-text');
const INCIDENTS = join(import.meta.dirname, '../../shared/incidents');

const textOf = (name: string): Buffer => readFileSync(join(TEXTS, name));

/** What every way to print must agree on: replies name their question under -vv only. */
const core = ({ message, number, time, protocol, source, sourcePort, destination, ...rest }: ReadMessage) => ({
  number,
  time,
  protocol,
  source,
  sourcePort,
  destination,
  destinationPort: rest.destinationPort,
  payloadLength: rest.payloadLength,
  id: message.id,
  response: message.response,
  rcode: message.rcode,
  truncated: message.truncated,
  name: message.response ? '' : message.name,
  type: message.response ? 0 : message.type,
  answerCount: message.answerCount,
  addresses: message.addresses,
});

describe.each([
  { capture: 'tc', messages: 6, packets: 18, undecodable: 1, ttl: 30 },
  { capture: 'any', messages: 8, packets: 8, undecodable: 0, ttl: 5 },
])('one capture in all ways ($capture)', ({ capture, messages, packets, undecodable, ttl }) => {
  const names = readdirSync(TEXTS).filter((name) => name.startsWith(`${capture}-`));

  test('there are fifteen', () => expect(names).toHaveLength(15));

  test.each(names)('%s says the same', async (name) => {
    const plain = await readText(textOf(`${capture}-n.txt`));
    const printed = await readText(textOf(name));
    expect(plain.messages).toHaveLength(messages);
    expect(printed.messages.map(core)).toEqual(plain.messages.map(core));
    expect(printed.input.packets).toBe(packets);
    // Two queries in one TCP segment are beyond tcpdump's words.
    expect(printed.input.damage.undecodable).toBe(undecodable);
    expect(printed.source.otherPackets).toBe(packets - messages - undecodable);
  });

  test('-vv names the question of each reply, and times to live', async () => {
    const { messages: read } = await readText(textOf(`${capture}-vvv.txt`));
    for (const { message } of read) expect(message.name).not.toBe('');
    expect(read.some(({ message }) => message.ttl === ttl)).toBe(true);
  });
});

describe.skipIf(!existsSync(INCIDENTS))('the two incident texts (../shared/incidents)', () => {
  test.each([
    { name: 'same-port', lines: 23, ends: 6_007_235_000, ports: 2 },
    { name: 'different-ports', lines: 22, ends: 298_280_000, ports: 11 },
  ])('$name: every line is a message', async ({ name, lines, ends, ports }) => {
    const { messages, input, source } = await readText(readFileSync(join(INCIDENTS, `${name}.tcpdump.txt`)));
    expect(messages).toHaveLength(lines);
    expect(messages.map(({ number }) => number)).toEqual(Array.from({ length: lines }, (_, index) => index + 1));
    const clients = messages.filter(({ message }) => !message.response).map(({ sourcePort }) => sourcePort);
    expect(new Set(clients).size).toBe(ports);
    expect(source.namesResolved).toBe(true);
    expect(source.otherPackets).toBe(0);
    expect(input).toMatchObject({
      packets: lines,
      endsAt: ends,
      firstPacketAt: null,
      damage: { undecodable: 0, notes: [] },
    });
  });

  test('the query that was asked again', async () => {
    const { messages } = await readText(readFileSync(join(INCIDENTS, 'same-port.tcpdump.txt')));
    const asked = messages.filter(({ message }) => message.id === 32141 && !message.response);
    expect(asked.map(({ number }) => number)).toEqual([2, 14]);
    expect((asked[1] as ReadMessage).time - (asked[0] as ReadMessage).time).toBe(5_999_308_000);
  });
});

test('an ICMP error in the text says that nobody listens, as it does in the capture', async () => {
  const { diagnosis } = await analyze({
    paths: [join(TEXTS, 'closed-nn.txt')],
    dnsPorts: [53],
    clients: [],
    names: [],
    slowerThan: null,
  });
  const says: unknown = expect.stringMatching(/^nobody listens at 10\.99\.0\.4: ICMP said so/);
  expect(diagnosis.findings).toMatchObject([{ rule: 'dns-dead-server', confidence: 'certain', says }]);
});
