import { describe, expect, it } from 'vitest';
import { createLayers, IP_PROTOCOL } from '../model/packet.ts';
import { ACK, createDialogue, FIN, RST, SYN } from './testing/dialogue.ts';
import { BACKEND, CLIENT, createRecorder, segmentLayers, SERVICE } from './testing/segments.ts';

const MS = 1e6;

const icmpError = (icmpType: number, icmpCode: number, protocol: number = IP_PROTOCOL.icmp, number = 50) =>
  Object.assign(createLayers(), { protocol, icmpType, icmpCode, number, time: 3 * MS, ipId: number });

const onBothFaces = (
  recorder: ReturnType<typeof createRecorder>,
  from: 'client' | 'server',
  data: string,
  time: number,
) => {
  const servers = from === 'client' ? [SERVICE, BACKEND] : [BACKEND, SERVICE];
  for (const [step, server] of servers.entries()) {
    const numbers = from === 'client' ? { sequence: 50, acknowledgment: 70 } : { sequence: 70, acknowledgment: 55 };
    recorder.push({
      from,
      server,
      data,
      ...numbers,
      ipId: time,
      hopLimit: 64 - step,
      time: time * MS + step * 20_000,
    });
  }
};

describe('a handshake', () => {
  it('is timed, and gives the first round trip', () => {
    const row = createDialogue({ ways: [12, 3] }).end();
    expect(row.syns).toEqual([{ at: 0, packet: 1 }]);
    expect(row.synAcks).toEqual([{ at: 12 * MS, packet: 2 }]);
    expect(row).toMatchObject({
      connectDuration: 12 * MS,
      roundTrip: 12 * MS,
      minRoundTrip: 12 * MS,
      establishedAt: 15 * MS,
      rolesFrom: 'handshake',
    });
  });

  it('is timed from the first of several SYNs, which give no round trip (Karn)', () => {
    const dialogue = createDialogue({ midstream: true });
    for (const at of [0, 1000, 3000]) dialogue.client(at, { flags: SYN });
    dialogue.server(3010, { flags: SYN | ACK });
    dialogue.client(3011);
    const row = dialogue.end();
    expect(row.syns.map(({ at }) => at / MS)).toEqual([0, 1000, 3000]);
    expect(row.connectDuration).toBe(3010 * MS);
    expect(row.roundTrip).toBeNaN();
    expect(row.retransmissions.client).toBe(0);
  });

  it.each([
    ['answers alone', false, Number.NaN],
    ['an acknowledgment of the kernel, too', true, 0.2 * MS],
  ])('that was not seen leaves the round trip to be told by %s', (_, acknowledges, roundTrip) => {
    const dialogue = createDialogue({ midstream: true });
    for (let at = 0; at < 500; at += 100) {
      dialogue.client(at, { length: 80 });
      dialogue.server(at + 0.2, { unseen: !acknowledges });
      // The program takes 60 ms.
      dialogue.server(at + 60, { length: 300 });
    }
    expect(dialogue.end()).toMatchObject({ roundTrip, minRoundTrip: roundTrip });
  });

  it('ends with the answer that the client took', () => {
    const dialogue = createDialogue({ midstream: true });
    dialogue.client(0, { flags: SYN });
    dialogue.server(5, { flags: SYN | ACK });
    dialogue.server(1005, { flags: SYN | ACK });
    dialogue.client(1006);
    dialogue.server(2006, { flags: SYN | ACK });
    const row = dialogue.end();
    expect(row.synAcks).toHaveLength(3);
    expect(row).toMatchObject({ connectDuration: 1005 * MS, establishedAt: 1006 * MS });
  });

  it('keeps 16 sightings', () => {
    const dialogue = createDialogue({ midstream: true });
    for (let at = 0; at < 30; at++) dialogue.client(at * 1000, { flags: SYN });
    const row = dialogue.end();
    expect(row.syns).toHaveLength(16);
    expect(row.connectDuration).toBeNaN();
  });

  it('of which only the client is seen ends with its acknowledgment', () => {
    const dialogue = createDialogue({ midstream: true });
    dialogue.client(0, { flags: SYN });
    dialogue.client(30);
    expect(dialogue.end()).toMatchObject({ connectDuration: 30 * MS, synAcks: [] });
  });

  it('was missed where the capture began later', () => {
    const dialogue = createDialogue({ midstream: true });
    dialogue.client(7, { length: 10 });
    const row = dialogue.end();
    expect(row).toMatchObject({ syns: [], synAcks: [], establishedAt: 7 * MS });
    expect(row.connectDuration).toBeNaN();
  });

  it('may open from both sides at once', () => {
    const dialogue = createDialogue({ midstream: true });
    dialogue.client(0, { flags: SYN });
    dialogue.server(1, { flags: SYN });
    dialogue.client(2, { flags: SYN | ACK });
    dialogue.server(2, { flags: SYN | ACK });
    dialogue.client(3, { length: 10 });
    const row = dialogue.end();
    expect(dialogue.recorder.streams.counters.connections).toBe(1);
    expect(row.syns).toHaveLength(1);
    expect(row.establishedAt).toBe(3 * MS);
  });

  it('may carry data (fast open), which is no resend where it was taken', () => {
    const dialogue = createDialogue({ midstream: true });
    dialogue.client(0, { flags: SYN, length: 100 });
    dialogue.server(10, { flags: SYN | ACK });
    dialogue.client(10.1, { length: 50 });
    const row = dialogue.end();
    expect(row).toMatchObject({ bytes: { client: 150 }, retransmissions: { client: 0 }, stallCount: 0 });
  });
});

describe('the end', () => {
  it('is the first FIN', () => {
    const dialogue = createDialogue();
    dialogue.server(10, { flags: FIN | ACK });
    dialogue.client(11);
    dialogue.client(20, { length: 50 });
    dialogue.server(20.1, { flags: RST });
    expect(dialogue.end()).toMatchObject({ ending: 'fin', endedBy: 'server', endedAt: 10 * MS, endPacket: 4 });
  });

  it('is a reset', () => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 50 });
    dialogue.client(20, { flags: RST });
    expect(dialogue.end()).toMatchObject({ ending: 'reset', endedBy: 'client', endedAt: 20 * MS, endPacket: 5 });
  });

  it('is a refusal where a reset answers the SYN', () => {
    const dialogue = createDialogue({ midstream: true });
    dialogue.client(0, { flags: SYN });
    dialogue.server(4, { flags: RST | ACK, acknowledges: 0 });
    expect(dialogue.end()).toMatchObject({
      ending: 'refused',
      endedBy: 'server',
      connectDuration: 4 * MS,
      synAcks: [],
    });
    expect(dialogue.recorder.log).toEqual(['c reset', 's reset']);
  });

  it('is the capture where nothing ended it, or a new connection on its ports', () => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 50 });
    dialogue.recorder.push({ serverPort: 8080, sequence: 77_000, flags: SYN, time: 50 * MS });
    dialogue.recorder.streams.finish();
    expect(dialogue.recorder.told.map((row) => [row.id, row.ending, row.endedBy])).toEqual([
      ['0.c0', 'replaced', null],
      ['0.c1', 'captureEnd', null],
    ]);
  });

  it('is told after both streams, when the last packets came', () => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 50 });
    dialogue.server(11, { flags: FIN | ACK });
    dialogue.client(12, { flags: FIN | ACK });
    dialogue.server(13);
    const { recorder } = dialogue;
    expect(recorder.log.slice(1)).toEqual(['s fin', 'c fin']);
    expect(recorder.told).toEqual([]);
    recorder.push({ sequence: 5, clientPort: 50_000, time: 1100 * MS });
    expect(recorder.told).toHaveLength(1);
    expect(recorder.told[0]).toMatchObject({ lastPacket: 7, duration: 13 * MS, packets: { client: 4, server: 3 } });
  });
});

describe('an ICMP error', () => {
  it.each([
    [3, 4, IP_PROTOCOL.icmp],
    [2, 0, IP_PROTOCOL.icmpv6],
  ])('says that a packet was too big: type %i, code %i', (type, code, protocol) => {
    const dialogue = createDialogue();
    dialogue.client(2, { length: 1400 });
    const quote = segmentLayers({ sequence: 1001, serverPort: 8080 }, 4);
    dialogue.recorder.streams.quoted(icmpError(type, code, protocol), quote);
    // The same on the next interface.
    dialogue.recorder.streams.quoted(icmpError(type, code, protocol), quote);
    expect(dialogue.end()).toMatchObject({ tooBig: 1, ending: 'captureEnd' });
  });

  it('refuses a SYN, and nothing that is open', () => {
    const recorder = createRecorder();
    recorder.push({ sequence: 1000, flags: SYN, time: 0 });
    recorder.streams.quoted(icmpError(3, 1), segmentLayers({ sequence: 1000 }, 1));
    expect(recorder.told.concat(recorder.rows)).toEqual([]);
    recorder.streams.finish();
    expect(recorder.told[0]).toMatchObject({
      ending: 'refused',
      endedBy: null,
      connectDuration: 3 * MS,
      endPacket: 50,
    });

    const dialogue = createDialogue();
    dialogue.client(2, { length: 10 });
    dialogue.recorder.streams.quoted(icmpError(3, 1), segmentLayers({ sequence: 1001, serverPort: 8080 }, 4));
    expect(dialogue.end().ending).toBe('captureEnd');
  });

  it('about anything else is left alone', () => {
    const recorder = createRecorder();
    recorder.streams.quoted(icmpError(3, 1), segmentLayers({ sequence: 1 }, 1));
    expect(recorder.streams.counters.connections).toBe(0);
  });
});

describe('counts', () => {
  it('are of each side, each byte once', () => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 100 });
    dialogue.server(11, { length: 1000 });
    dialogue.server(11.1, { length: 400 });
    dialogue.client(11.2);
    dialogue.server(30, { length: 700, again: 700 });
    expect(dialogue.end()).toMatchObject({
      bytes: { client: 100, server: 1400 },
      packets: { client: 4, server: 4 },
      largestAcknowledged: { client: 100, server: 1000 },
      retransmissions: { client: 0, server: 1 },
      spurious: { client: 0, server: 1 },
    });
  });

  it('are of what the client has not acknowledged yet', () => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 100 });
    dialogue.server(11, { length: 1000 });
    dialogue.server(11.1, { length: 400 });
    expect(dialogue.row().unacknowledged).toBe(1400);
    dialogue.client(12, { acknowledges: 1000 });
    expect(dialogue.row().unacknowledged).toBe(400);
    dialogue.client(13, { acknowledges: 1400 });
    expect(dialogue.row().unacknowledged).toBe(0);
  });

  it('know keepalives with a byte and without', () => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 100 });
    dialogue.server(11);
    dialogue.client(5000, { again: 99 });
    dialogue.server(5001);
    dialogue.client(9000, { again: 99, length: 1 });
    dialogue.server(9001);
    expect(dialogue.end()).toMatchObject({
      keepalives: { client: 2, server: 0 },
      retransmissions: { client: 0 },
      stallCount: 0,
      bytes: { client: 100 },
    });
  });

  it('follow new data, for whom asks how long it was idle', () => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 100 });
    dialogue.server(11, { length: 100 });
    dialogue.client(5000, { again: 99 });
    dialogue.client(6000, { length: 100 });
    expect(dialogue.row()).toMatchObject({ lastDataAt: 6000 * MS, previousDataAt: 11 * MS });
  });
});

describe('a DNAT', () => {
  it.each([
    ['the client', ['client', 'server']],
    ['the server', ['server', 'client']],
  ] as const)('has the ends that the client knows, where %s is seen first', (_, order) => {
    const recorder = createRecorder();
    for (const [index, from] of order.entries())
      onBothFaces(recorder, from, from === 'client' ? 'query' : 'answer', index + 1);
    recorder.streams.finish();
    expect(recorder.told).toHaveLength(1);
    expect(recorder.told[0]).toMatchObject({
      clientId: CLIENT,
      serverId: SERVICE,
      server: '10.96.0.20',
      backend: '10.244.2.31:53',
      retransmissions: { client: 0, server: 0 },
      packets: { client: 1, server: 1 },
    });
  });

  it('that forgot to translate an answer makes the client reset nobody', () => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 100 });
    dialogue.server(20, { length: 10, server: BACKEND });
    dialogue.client(20.1, { flags: RST, server: BACKEND });
    expect(dialogue.end()).toMatchObject({ ending: 'captureEnd', backend: '10.244.2.31:8080' });
  });
});

it('keeps the stalls that cost most, and the last ones', () => {
  const dialogue = createDialogue();
  for (let index = 1; index <= 100; index++) {
    dialogue.server(index * 1000, { length: 1448 });
    dialogue.client(index * 1000 + 0.1);
    dialogue.server(index * 1000 + (index === 5 ? 900 : 100), { length: 1448 });
    dialogue.client(index * 1000 + 901, { length: 100 });
  }
  const row = dialogue.end();
  expect(row.stallCount).toBe(100);
  expect(row.stalls).toHaveLength(64);
  expect(row.stalls.some((stall) => stall.startedAt === 5000 * MS)).toBe(true);
  expect(row.stalls.slice(-16).map((stall) => stall.startedAt / MS)).toEqual(
    Array.from({ length: 16 }, (_, index) => (85 + index) * 1000),
  );
  expect(row.stallTime).toBe((99 * 100 + 900) * MS);
});

describe('a masquerade (SNAT)', () => {
  const NODE = 4;
  const syn = { sequence: 1000, flags: SYN, ipId: 7, hopLimit: 64, serverPort: 8080, time: 0 } as const;
  const masked = { client: NODE, clientPort: 61_000, hopLimit: 63 } as const;

  it('gives one connection two names of its client', () => {
    const recorder = createRecorder();
    const asBothClients = (segment: Parameters<typeof recorder.push>[0]): void => {
      const behind = {
        ...segment,
        ...masked,
        time: (segment.time as number) + (segment.from === 'server' ? 0 : 20_000),
      };
      const before = { ...segment, time: (segment.time as number) + (segment.from === 'server' ? 20_000 : 0) };
      for (const one of segment.from === 'server' ? [behind, { ...before, hopLimit: 62 }] : [before, behind])
        recorder.push(one);
    };
    asBothClients({ ...syn });
    asBothClients({
      ...syn,
      from: 'server',
      sequence: 9000,
      acknowledgment: 1001,
      flags: SYN | ACK,
      ipId: 0,
      time: 2 * MS,
    });
    asBothClients({ ...syn, sequence: 1001, acknowledgment: 9001, flags: ACK, ipId: 8, time: 3 * MS });
    asBothClients({ ...syn, sequence: 1001, acknowledgment: 9001, flags: ACK, data: 'query', ipId: 9, time: 4 * MS });
    asBothClients({
      ...syn,
      from: 'server',
      sequence: 9001,
      acknowledgment: 1006,
      flags: ACK,
      data: 'answer',
      ipId: 50,
      time: 6 * MS,
    });
    recorder.streams.finish();
    expect(recorder.told).toHaveLength(1);
    expect(recorder.told[0]).toMatchObject({
      client: '10.244.1.17',
      server: '10.96.0.20',
      backend: null,
      packets: { client: 3, server: 2 },
      retransmissions: { client: 0, server: 0 },
    });
    expect(recorder.log).toEqual(['c:query', 's:answer', 'c captureEnd', 's captureEnd']);
    expect(recorder.streams.counters.copies).toEqual([5]);
  });

  it.each([
    ['another identification', { ipId: 8 }],
    ['no identification', { ipId: 0 }],
    ['the same hop limit', { hopLimit: 64 }],
    ['another window', { window: 9 }],
    ['other numbers', { sequence: 77 }],
    ['a time long after', { time: 3e9 }],
  ])('is none with %s', (_, other) => {
    const recorder = createRecorder();
    recorder.push(syn);
    recorder.push({ ...syn, ...masked, ...other });
    expect(recorder.streams.counters.connections).toBe(2);
  });
});
