import { describe, expect, it } from 'vitest';
import { BACKEND } from './testing/segments.ts';
import { ACK, createDialogue, FIN, RST, type Dialogue } from './testing/dialogue.ts';
import { stallsOf, warmUp } from './testing/losses.ts';

const MS = 1e6;

describe('a segment that is lost behind the capture', () => {
  it('stalls from its first sending to the one that arrived', () => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 300 });
    dialogue.client(217, { length: 300, again: 0 });
    dialogue.server(217.2, { length: 50 });
    expect(stallsOf(dialogue)).toEqual([
      { from: 'client', start: 10, duration: 207, bytes: 300, resends: 1, repaired: true, packets: [4, 5] },
    ]);
    expect(dialogue.row()).toMatchObject({ retransmissions: { client: 1, server: 0 }, spurious: { client: 0 } });
  });

  it('counts each sending, and is as large as the largest of those that waited', () => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 1400 });
    dialogue.client(10.1, { length: 200 });
    dialogue.client(217, { length: 200, again: 1400 });
    dialogue.client(420, { length: 1400, again: 0 });
    dialogue.client(840, { length: 1400, again: 0 });
    dialogue.server(840.2);
    expect(stallsOf(dialogue)).toEqual([
      { from: 'client', start: 10, duration: 830, bytes: 1400, resends: 2, repaired: true, packets: [5, 6, 4, 7, 8] },
    ]);
  });

  it('lasts while the connection does, visible to whom asks before', () => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 300 });
    dialogue.client(217, { length: 300, again: 0 });
    expect(dialogue.row().stalls).toMatchObject([{ duration: 207 * MS, repaired: false }]);
    dialogue.client(640, { length: 300, again: 0 });
    dialogue.server(900, { flags: RST });
    expect(stallsOf(dialogue)).toMatchObject([{ start: 10, duration: 890, resends: 2, repaired: false }]);
    expect(dialogue.row()).toMatchObject({ stallCount: 1, stallTime: 890 * MS, ending: 'reset', endedBy: 'server' });
  });

  it('ends for nobody after its sender gave up', () => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 300 });
    dialogue.client(217, { length: 300, again: 0 });
    dialogue.client(3000, { flags: FIN | ACK });
    dialogue.client(6000, { length: 300, again: 0 });
    expect(stallsOf(dialogue)).toMatchObject([{ start: 10, duration: 2990, repaired: false }]);
    expect(dialogue.row().retransmissions.client).toBe(2);
  });

  it('ends for nobody after who waited for it gave up', () => {
    const dialogue = createDialogue();
    dialogue.client(5, { length: 100 });
    dialogue.server(10, { length: 1400 });
    dialogue.server(217, { length: 1400, again: 0 });
    dialogue.client(2000, { flags: FIN | ACK, acknowledges: 0 });
    dialogue.server(5000, { length: 1400, again: 0 });
    expect(stallsOf(dialogue)).toMatchObject([{ from: 'server', duration: 1990, repaired: false }]);
  });

  it('goes on behind a FIN that belongs to the answer', () => {
    const dialogue = createDialogue();
    dialogue.client(5, { length: 100 });
    dialogue.server(10, { length: 1400 });
    dialogue.server(10.1, { flags: FIN | ACK });
    dialogue.server(217, { length: 1400, again: 0 });
    dialogue.client(217.2);
    expect(stallsOf(dialogue)).toMatchObject([{ from: 'server', duration: 207, repaired: true }]);
  });

  it('is none that costs a wait where it is repaired within a round trip of a data centre', () => {
    const dialogue = createDialogue();
    dialogue.server(10, { length: 1400 });
    dialogue.server(10.01, { length: 1400 });
    dialogue.client(10.1, { acknowledges: 0, sack: [[1400, 2800]] });
    dialogue.server(10.4, { length: 1400, again: 0 });
    dialogue.client(10.5);
    expect(stallsOf(dialogue)).toEqual([]);
    expect(dialogue.row().retransmissions.server).toBe(1);
  });

  it('gives no sample of the round trip (Karn)', () => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 300 });
    dialogue.client(217, { length: 300, again: 0 });
    dialogue.server(217.01);
    dialogue.end();
    expect(dialogue.row().minRoundTrip).toBe(0.1 * MS);
  });

  it('is seen once before it and its resend twice, on the two faces of a DNAT', () => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 300 });
    dialogue.client(217, { length: 300, again: 0 });
    dialogue.recorder.push({
      serverPort: 8080,
      server: BACKEND,
      sequence: 1001,
      acknowledgment: 9001,
      data: new Uint8Array(300),
      ipId: 103,
      options: [1, 1, 8, 10, 0, 0, 0x14, 0x61, 0, 0, 0x13, 0x88],
      hopLimit: 63,
      time: 217.02 * MS,
    });
    dialogue.server(217.2);
    expect(stallsOf(dialogue)).toMatchObject([{ duration: 207, resends: 1 }]);
    expect(dialogue.row()).toMatchObject({ retransmissions: { client: 1 }, backend: '10.244.2.31:8080' });
    expect(dialogue.recorder.streams.counters.copies).toEqual([1]);
  });
});

describe('a resend of what had arrived', () => {
  it('is spurious where its acknowledgment was seen before', () => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 300 });
    dialogue.server(10.1);
    dialogue.client(217, { length: 300, again: 0 });
    dialogue.server(217.1, { sack: [[0, 300]] });
    expect(stallsOf(dialogue)).toEqual([]);
    expect(dialogue.row()).toMatchObject({ retransmissions: { client: 1 }, spurious: { client: 1 } });
  });

  it('is spurious where the receiver says that it came twice (RFC 2883)', () => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 300 });
    dialogue.client(217, { length: 300, again: 0 });
    expect(dialogue.row().stallCount).toBe(1);
    dialogue.server(217.1, { sack: [[0, 300]] });
    expect(stallsOf(dialogue)).toEqual([]);
    expect(dialogue.row()).toMatchObject({ stallCount: 0, stallTime: 0, spurious: { client: 1, server: 0 } });
  });

  it('is spurious where that is said later', () => {
    const dialogue = createDialogue({ timestamps: false });
    dialogue.client(10, { length: 300 });
    dialogue.client(217, { length: 300, again: 0 });
    dialogue.server(218);
    dialogue.server(300, { sack: [[0, 300]] });
    expect(stallsOf(dialogue)).toEqual([]);
    expect(dialogue.row().spurious.client).toBe(1);
  });

  it('is spurious where the first one is echoed (RFC 3522)', () => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 300, stamps: [700, 1] });
    dialogue.client(217, { length: 300, again: 0, stamps: [907, 1] });
    dialogue.server(218, { stamps: [50, 700] });
    expect(stallsOf(dialogue)).toEqual([]);
    expect(dialogue.row().spurious.client).toBe(1);
  });
});

describe('a segment that is lost before the capture', () => {
  it('is shown by a segment behind it, and stalls until it comes', () => {
    const dialogue = createDialogue();
    dialogue.client(5, { length: 100 });
    dialogue.server(9, { length: 1400, unseen: true });
    dialogue.server(10, { length: 900 });
    dialogue.client(10.1, { acknowledges: 0, sack: [[1400, 2300]] });
    dialogue.server(212, { length: 1400, again: 0 });
    dialogue.client(212.1);
    expect(stallsOf(dialogue)).toEqual([
      { from: 'server', start: 10, duration: 202, bytes: 1400, resends: 1, repaired: true, packets: [5, 7] },
    ]);
    expect(dialogue.row()).toMatchObject({ retransmissions: { server: 1 }, bytes: { server: 2300 } });
  });

  it('is shown by an acknowledgment from behind it, and stalls since the request', () => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 80 });
    dialogue.server(14, { length: 809, unseen: true });
    dialogue.client(215, { length: 80, again: 0, acknowledges: 0 });
    dialogue.server(215.1, { sack: [[0, 80]] });
    dialogue.server(235, { length: 809, again: 0 });
    dialogue.client(235.1);
    expect(stallsOf(dialogue)).toEqual([
      { from: 'server', start: 10, duration: 225, bytes: 809, resends: 1, repaired: true, packets: [6, 7] },
    ]);
    expect(dialogue.row()).toMatchObject({
      retransmissions: { client: 1, server: 1 },
      spurious: { client: 1, server: 0 },
    });
  });

  it('stalls to the end where it never comes', () => {
    const dialogue = createDialogue();
    dialogue.client(5, { length: 100 });
    dialogue.server(9, { length: 1448, unseen: true });
    dialogue.server(10, { length: 100 });
    dialogue.client(10.1, { acknowledges: 0 });
    dialogue.client(4000, { flags: FIN | ACK, acknowledges: 0 });
    expect(stallsOf(dialogue)).toMatchObject([
      { from: 'server', start: 10, duration: 3990, bytes: 1448, repaired: false },
    ]);
  });

  it('is none where the other side has it: the capture lost it', () => {
    const dialogue = createDialogue();
    dialogue.client(5, { length: 100 });
    dialogue.server(9, { length: 1400, unseen: true });
    dialogue.server(10, { length: 900 });
    dialogue.client(50);
    expect(stallsOf(dialogue)).toEqual([]);
  });

  it.each([true, false])('is none where it was only overtaken (identifications: %s)', (identified) => {
    const dialogue = createDialogue({ identified });
    const at = warmUp(dialogue);
    const start = dialogue.row().bytes.server;
    dialogue.server(at, { length: 1000, unseen: true });
    dialogue.server(at, { length: 1000 });
    // The one before comes late, with its own identification and clock.
    dialogue.recorder.push({
      from: 'server',
      serverPort: 8080,
      sequence: 9001 + start,
      acknowledgment: 1401,
      data: new Uint8Array(1000),
      ipId: identified ? 40_000 + 5 : 0,
      time: (at + 2) * MS,
    });
    dialogue.client(at + 2.1);
    expect(stallsOf(dialogue)).toEqual([]);
    expect(dialogue.row().retransmissions.server).toBe(0);
  });
});

it('is told from one side alone, too', () => {
  const dialogue = createDialogue({ midstream: true });
  dialogue.client(10, { length: 300 });
  dialogue.client(217, { length: 300, again: 0 });
  dialogue.client(230, { length: 300 });
  expect(stallsOf(dialogue)).toMatchObject([{ from: 'client', start: 10, duration: 207, resends: 1, repaired: true }]);
});

it('is one stall where several segments of a window are repaired one after another', () => {
  const dialogue = createDialogue();
  for (let index = 0; index < 4; index++) dialogue.server(10 + index / 100, { length: 1000 });
  dialogue.server(217, { length: 1000, again: 0 });
  dialogue.client(217.1, { acknowledges: 1000 });
  dialogue.server(217.2, { length: 1000, again: 1000 });
  dialogue.server(217.2, { length: 1000, again: 2000 });
  dialogue.client(217.3, { acknowledges: 4000 });
  const stalls = stallsOf(dialogue);
  expect(stalls).toHaveLength(1);
  expect(stalls[0]!.start).toBe(10);
  expect(stalls[0]!.duration).toBeCloseTo(207.2, 6);
});

describe('segments that offloads put together or cut apart', () => {
  const stamped = [1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 2];
  const pushAt = (dialogue: Dialogue, interfaceIndex: number, at: number, offset: number, length: number): void => {
    const segment = { from: 'server', serverPort: 8080, sequence: 9001 + offset, acknowledgment: 1001 } as const;
    const way = { interface: interfaceIndex, hopLimit: 70 - interfaceIndex, time: at * MS, options: stamped };
    dialogue.recorder.push({ ...segment, ...way, data: new Uint8Array(length) });
  };

  it.each([
    [
      'cut apart',
      [[0, 4200]],
      [
        [0, 1400],
        [1400, 1400],
        [2800, 1400],
      ],
    ],
    [
      'put together',
      [
        [0, 1400],
        [1400, 1400],
        [2800, 1400],
      ],
      [[0, 4200]],
    ],
  ])('and that are seen elsewhere are copies: %s', (_, here, there) => {
    const dialogue = createDialogue();
    for (const [offset, length] of here) pushAt(dialogue, 6, 10, offset as number, length as number);
    for (const [offset, length] of there) pushAt(dialogue, 7, 10.05, offset as number, length as number);
    dialogue.recorder.streams.finish();
    expect(dialogue.row()).toMatchObject({ retransmissions: { server: 0 }, bytes: { server: 4200 } });
    expect(dialogue.recorder.streams.counters.copies).toEqual([there.length]);
  });

  it('are sent again where they are seen once more in the same place', () => {
    const dialogue = createDialogue();
    pushAt(dialogue, 6, 10, 0, 4200);
    pushAt(dialogue, 6, 10.2, 0, 1400);
    dialogue.recorder.streams.finish();
    expect(dialogue.row().retransmissions.server).toBe(1);
  });
});
