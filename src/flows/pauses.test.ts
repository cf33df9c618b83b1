import { describe, expect, it } from 'vitest';
import { ACK, createDialogue, FIN, type Dialogue } from './testing/dialogue.ts';

const MS = 1e6;

const stallsOf = (dialogue: Dialogue) =>
  dialogue.end().stalls.map(({ reason, from, startedAt, duration, bytes, resends, repaired, packets }) => ({
    reason,
    from,
    start: startedAt / MS,
    duration: Math.round((duration / MS) * 1000) / 1000,
    bytes,
    resends,
    repaired,
    packets: [...packets],
  }));

/** From the midst of a connection whose server takes that long: no handshake tells how long the way is. */
const midstream = (pauses: readonly number[]): Dialogue => {
  const dialogue = createDialogue({ midstream: true });
  let time = 10;
  for (const pause of pauses) {
    dialogue.client(time, { length: 120 });
    dialogue.server(time + 4, { length: 113 });
    dialogue.client(time + 45);
    dialogue.server(time + 45 + pause, { length: 700 });
    time += 46 + pause;
  }
  return dialogue;
};

describe('a small segment behind a small segment', () => {
  it('waits for the delayed acknowledgment, seen at its sender', () => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 150 });
    dialogue.server(50.2);
    dialogue.client(50.3, { length: 90 });
    expect(stallsOf(dialogue)).toEqual([
      {
        reason: 'delayed-ack',
        from: 'client',
        start: 10,
        duration: 40.3,
        bytes: 90,
        resends: 0,
        repaired: true,
        packets: [4, 5, 6],
      },
    ]);
  });

  it('waits for it, seen at its receiver behind a long way', () => {
    const dialogue = createDialogue({ ways: [30, 0.1] });
    dialogue.client(100, { length: 80 });
    dialogue.server(130, { length: 150 });
    dialogue.client(171);
    dialogue.server(201, { length: 200 });
    expect(stallsOf(dialogue)).toMatchObject([{ reason: 'delayed-ack', from: 'server', start: 130, duration: 71 }]);
  });

  it('waits for none where its pauses end at any time, with an acknowledgment now and then', () => {
    const dialogue = createDialogue();
    let time = 10;
    for (const pause of [45, 43, 40.3, 44, 42, 40.2, 46]) {
      dialogue.client(time, { length: 70 });
      dialogue.server(time + 40.1);
      dialogue.client(time + pause, { length: 12 });
      dialogue.server(time + pause + 1, { length: 5 });
      time += 60;
    }
    expect(stallsOf(dialogue).map(({ reason }) => reason)).toEqual(Array.from({ length: 7 }, () => 'sender-idle'));
  });

  it('waits for it, too, where it leaves a little late on a busy machine, after others that left at once', () => {
    const dialogue = createDialogue();
    let time = 10;
    for (const pause of [41.5, 40.3, 40.2, 40.3, 41.5]) {
      dialogue.client(time, { length: 70 });
      dialogue.server(time + 40.1);
      dialogue.client(time + pause, { length: 12 });
      dialogue.server(time + pause + 1, { length: 5 });
      time += 60;
    }
    const held = stallsOf(dialogue).filter(({ reason }) => reason === 'delayed-ack');
    expect(held.map(({ duration }) => duration)).toEqual([40.3, 40.2, 40.3, 41.5]);
  });

  it('waits for it most of the time, whatever its program does now and then', () => {
    const dialogue = createDialogue();
    let time = 10;
    for (const pause of [40.3, 40.2, 90, 40.3]) {
      dialogue.client(time, { length: 70 });
      dialogue.server(time + 40.1);
      dialogue.client(time + pause, { length: 12 });
      dialogue.server(time + pause + 1, { length: 5 });
      time += 120;
    }
    const held = stallsOf(dialogue).filter(({ reason }) => reason === 'delayed-ack');
    expect(held.map(({ duration }) => duration)).toEqual([40.3, 40.2, 40.3]);
  });

  it('waits for it in the midst of a connection, as all leave as long after theirs; the first tells how long', () => {
    const reasons = stallsOf(midstream([0.05, 0.05, 0.06, 0.05])).map(({ reason }) => reason);
    expect(reasons).toEqual(['sender-idle', 'delayed-ack', 'delayed-ack']);
  });

  it('waits for none in the midst of a connection whose pauses end at any time after that', () => {
    const reasons = stallsOf(midstream([3, 0.2, 1.5, 2.6, 0.4, 1.9, 0.1, 0.9])).map(({ reason }) => reason);
    expect(new Set(reasons)).toEqual(new Set(['sender-idle']));
  });

  it.each([
    ['comes a while after the acknowledgment: its sender was idle', 60, 90, 50, 'sender-idle'],
    ['is a full one, which nothing holds back', 50.3, 1448, 50, 'sender-idle'],
    ['follows an acknowledgment that was not delayed: its sender was idle', 50.3, 90, 10.1, 'sender-idle'],
  ])('waits for none where it %s', (_, at, length, acknowledgedAt, reason) => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 150 });
    dialogue.server(acknowledgedAt);
    dialogue.client(at, { length });
    expect(stallsOf(dialogue).map((stall) => stall.reason)).toEqual([reason]);
  });

  it('waits for none where the other side thinks and answers', () => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 150 });
    dialogue.server(50.2);
    dialogue.server(50.9, { length: 300 });
    dialogue.client(51, { length: 90 });
    expect(stallsOf(dialogue)).toEqual([]);
  });
});

describe('a pause in the midst of what one side sends', () => {
  it('is its own where all arrived and the window is open', () => {
    const dialogue = createDialogue();
    dialogue.server(10, { length: 1448 });
    dialogue.client(10.1);
    dialogue.server(110, { length: 700 });
    expect(stallsOf(dialogue)).toEqual([
      {
        reason: 'sender-idle',
        from: 'server',
        start: 10,
        duration: 100,
        bytes: 700,
        resends: 0,
        repaired: true,
        packets: [4, 6],
      },
    ]);
  });

  it.each([
    ['the other side spoke in between', { length: 20 }, [0.1, 0.1]],
    ['it is a matter of the way: a window was on it', {}, [60, 10]],
  ] as const)('is none where %s', (_, answer, ways) => {
    const dialogue = createDialogue({ ways });
    dialogue.server(100, { length: 1448 });
    dialogue.client(170, answer);
    dialogue.server(199, { length: 700 });
    expect(stallsOf(dialogue)).toEqual([]);
  });

  it('is none where nothing says that it arrived', () => {
    const dialogue = createDialogue({ midstream: true });
    dialogue.server(10, { length: 1448 });
    dialogue.server(110, { length: 700 });
    expect(stallsOf(dialogue)).toEqual([]);
  });
});

/** A reader that takes up 2560 bytes at a time; each filling begins at its time, and the window opens so much later. `drained`: it takes up all each time. */
const fillings = (rests: readonly (readonly [number, number])[], drained = false) => {
  const dialogue = createDialogue();
  dialogue.client(9, { window: 20 });
  for (const [from, rest] of rests) {
    dialogue.server(from, { length: 1448 });
    dialogue.server(from + 0.1, { length: 1112 });
    if (drained) dialogue.client(from + 0.1 + rest, { window: 512 });
    dialogue.client(from + 0.1 + rest, { window: 20 });
  }
  const [from, rest] = rests.at(-1)!;
  dialogue.server(from + rest + 0.2, { length: 1448 });
  return stallsOf(dialogue).map(({ reason, start, duration }) => ({ reason, start, duration }));
};

describe('a window', () => {
  it('that closes stalls until it opens, however often it is asked', () => {
    const dialogue = createDialogue();
    dialogue.server(10, { length: 1000 });
    dialogue.client(11, { window: 0 });
    dialogue.server(231, { again: 999 });
    dialogue.client(231.1, { window: 0 });
    dialogue.server(680, { again: 999 });
    dialogue.client(900, { window: 512 });
    dialogue.server(900.1, { length: 1448 });
    expect(stallsOf(dialogue)).toEqual([
      {
        reason: 'zero-window',
        from: 'server',
        start: 11,
        duration: 889,
        bytes: 1448,
        resends: 2,
        repaired: true,
        packets: [5, 6, 8, 9, 10],
      },
    ]);
    expect(dialogue.row()).toMatchObject({
      zeroWindows: { client: 1, server: 0 },
      keepalives: { client: 0, server: 0 },
    });
  });

  it('that opens before it is asked stalls what follows at once', () => {
    const dialogue = createDialogue();
    dialogue.server(10, { length: 1000 });
    dialogue.client(11, { window: 0 });
    dialogue.client(111, { window: 512 });
    dialogue.server(111.1, { length: 500 });
    expect(stallsOf(dialogue)).toMatchObject([{ reason: 'zero-window', start: 11, duration: 100, bytes: 500 }]);
  });

  it('stalls nothing where nothing waits', () => {
    const dialogue = createDialogue();
    dialogue.server(10, { length: 1000 });
    dialogue.client(11, { window: 0 });
    dialogue.client(111, { window: 512 });
    dialogue.client(130, { length: 100 });
    dialogue.server(150, { length: 500 });
    expect(stallsOf(dialogue)).toEqual([]);
    expect(dialogue.row().zeroWindows.client).toBe(1);
  });

  it('that has no room for a full segment stalls likewise', () => {
    const dialogue = createDialogue();
    dialogue.server(10, { length: 1448 });
    dialogue.client(10.1, { window: 9 });
    dialogue.client(80, { window: 512 });
    dialogue.server(80.1, { length: 1448 });
    expect(stallsOf(dialogue)).toMatchObject([{ reason: 'zero-window', start: 10.1, duration: 69.9 }]);
  });

  it('stalls nothing where it is used up, and announced again as wide: what is sent is on its way', () => {
    const dialogue = createDialogue();
    for (let segment = 0; segment < 45; segment++) dialogue.server(10 + segment * 0.01, { length: 1448 });
    dialogue.client(110, { acknowledges: 20 * 1448 });
    dialogue.server(110.1, { length: 1448 });
    expect(stallsOf(dialogue).map(({ reason }) => reason)).toEqual(['path']);
  });

  it('that the sender has filled stalls until there is room', () => {
    const dialogue = createDialogue();
    dialogue.client(9, { window: 20 });
    dialogue.server(10, { length: 1448 });
    dialogue.server(10.1, { length: 1112 });
    dialogue.client(50, { window: 20 });
    dialogue.server(50.1, { length: 1448 });
    expect(stallsOf(dialogue)).toMatchObject([{ reason: 'zero-window', from: 'server', start: 10.1, duration: 39.9 }]);
  });

  it('that is filled again and again stalls the sender all the while, in one piece', () => {
    const often: [number, number][] = [
      [10, 6.8],
      [17, 8.8],
      [26, 6.8],
      [33, 2.8],
      [36, 2.8],
      [39, 6.8],
    ];
    expect(fillings(often)).toEqual([{ reason: 'zero-window', start: 10.1, duration: 35.8 }]);
  });

  it('of a buffer that stays full stalls all the while, however long the next filling takes', () => {
    const rests = [10, 19.8, 29.6, 39.4].map((time): [number, number] => [time, 5.8]);
    expect(fillings(rests)).toEqual([{ reason: 'zero-window', start: 10.1, duration: 35.2 }]);
  });

  it.each([
    [
      'all is read in between, and what goes takes as long as the rests: it is the way that is slow',
      [10, 19.8, 29.6, 39.4],
      5.8,
      true,
    ],
    ['the rests are no longer than a program takes to wake', [10, 13, 16, 19, 22, 25, 28], 2.8, false],
  ])('stalls nothing where %s', (_, from, rest, drained) => {
    expect(
      fillings(
        from.map((time) => [time, rest]),
        drained,
      ),
    ).toEqual([]);
  });

  it('whose scale is unknown is closed only where it is nothing', () => {
    const dialogue = createDialogue({ midstream: true });
    dialogue.client(9);
    dialogue.server(10, { length: 1448 });
    dialogue.client(10.1, { window: 9 });
    dialogue.client(80, { window: 512 });
    dialogue.server(80.1, { length: 1448 });
    expect(stallsOf(dialogue).map((stall) => stall.reason)).toEqual(['sender-idle']);
  });

  it('that never opens stalls to the end', () => {
    const dialogue = createDialogue();
    dialogue.server(10, { length: 1000 });
    dialogue.client(11, { window: 0 });
    dialogue.server(231, { again: 999 });
    expect(dialogue.row().stalls).toHaveLength(1);
    dialogue.client(1011, { flags: FIN | ACK, window: 0 });
    expect(stallsOf(dialogue)).toMatchObject([{ reason: 'zero-window', start: 11, repaired: false, resends: 1 }]);
  });

  it('is asked with one byte by some', () => {
    const dialogue = createDialogue();
    dialogue.server(10, { length: 1000 });
    dialogue.client(11, { window: 0 });
    dialogue.server(231, { length: 1 });
    dialogue.client(231.1, { window: 0, acknowledges: 1000 });
    dialogue.server(631, { length: 1, again: 1000 });
    dialogue.client(631.1, { window: 512 });
    dialogue.server(631.2, { length: 500 });
    expect(stallsOf(dialogue)).toMatchObject([{ reason: 'zero-window', start: 11, duration: 620.1, resends: 2 }]);
    expect(dialogue.row().retransmissions.server).toBe(0);
  });
});
