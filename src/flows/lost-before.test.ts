import { describe, expect, it } from 'vitest';
import { ACK, createDialogue, FIN, type DialogueOptions } from './testing/dialogue.ts';
import { stallsOf, warmUp } from './testing/losses.ts';

/** The first answer of a connection is lost before the capture, after another connection of so many calls. */
const onNewConnection = (calls: number, options: DialogueOptions = {}, skips = 0): ReturnType<typeof stallsOf> => {
  const before = createDialogue(options);
  for (let call = 0; call < calls; call++) {
    before.client(10 + call, { length: 100 });
    if (call < skips) before.server(10.1 + call, { length: 100, unseen: true });
    before.server(10.2 + call, { length: 200 });
  }
  const dialogue = createDialogue({ ...options, after: { dialogue: before, at: 1000, clientPort: 41_300 } });
  dialogue.client(1001, { length: 80 });
  dialogue.server(1001.2);
  dialogue.server(1006, { length: 480, unseen: true });
  dialogue.server(1212, { length: 480, again: 0 });
  return stallsOf(dialogue);
};

describe('a segment that is lost before the capture, nothing behind it', () => {
  it('is told by identifications where nothing was sent behind it', () => {
    const dialogue = createDialogue();
    const at = warmUp(dialogue);
    dialogue.client(at, { length: 80 });
    dialogue.server(at + 40, {});
    dialogue.server(at + 60, { length: 809, unseen: true });
    dialogue.server(at + 299, { length: 809, again: 800 });
    expect(stallsOf(dialogue)).toMatchObject([
      { from: 'server', start: at + 40, duration: 259, bytes: 809, repaired: true },
    ]);
    expect(dialogue.row().retransmissions.server).toBe(1);
  });

  it('began at the latest one timeout before its resend, where the sender was silent for long', () => {
    const dialogue = createDialogue();
    const at = warmUp(dialogue);
    dialogue.client(at, { length: 80 });
    dialogue.server(at + 40, {});
    dialogue.server(at + 3000, { length: 809, unseen: true });
    dialogue.server(at + 3210, { length: 809, again: 800 });
    expect(stallsOf(dialogue)).toMatchObject([{ start: at + 3020, duration: 190 }]);
  });

  it('is told on a new connection, too, of a host whose identifications counted before', () => {
    expect(onNewConnection(40)).toMatchObject([{ from: 'server', start: 1001.2, bytes: 480, repaired: true }]);
  });

  it.each([
    ['of which little was seen', 20, {}, 0],
    ['whose identifications jump', 80, {}, 12],
    ['that counts for all its connections together', 40, { hopLimit: 128 }, 0],
  ])('is not told on a new connection of a host %s', (_, calls, options, skips) => {
    expect(onNewConnection(calls, options, skips)).toEqual([]);
  });

  it.each([[[false, true, false, true, false]], [[false, true, true, false]], [[false, true, true, true, false]]])(
    'is none that the other side acknowledges: the capture alone lacks it, %j',
    (missing) => {
      const dialogue = createDialogue();
      let at = warmUp(dialogue);
      // A stream of events, two fifths of a second apart.
      for (const unseen of missing) {
        dialogue.server(at, { length: 39, unseen });
        dialogue.client(at + 0.1);
        at += 400;
      }
      expect(stallsOf(dialogue)).toEqual([]);
    },
  );

  it.each([
    ['identifications that count nothing', { identified: false }, 1],
    ['those of a system that counts all its packets', { hopLimit: 128 }, 1],
    ['a wait shorter than any timeout', {}, 0.5],
  ])('is not told by %s', (_, options, share) => {
    const dialogue = createDialogue(options);
    const at = warmUp(dialogue);
    dialogue.client(at, { length: 80 });
    dialogue.server(at + 60, { length: 809, unseen: true });
    dialogue.server(at + 299 * share, { length: 809, again: 800 });
    expect(stallsOf(dialogue)).toEqual([]);
  });

  it('is not told by identifications where the acknowledgment is what the capture lacks', () => {
    const dialogue = createDialogue();
    const at = warmUp(dialogue);
    dialogue.client(at, { length: 80 });
    dialogue.server(at + 40, { unseen: true });
    dialogue.server(at + 1000, { length: 809 });
    expect(stallsOf(dialogue)).toEqual([]);
  });

  it('is told on a long path, whose timer runs a round trip longer, from when the answer could have come', () => {
    const dialogue = createDialogue({ ways: [60, 0.1] });
    const at = warmUp(dialogue, 61);
    dialogue.client(at, { length: 80 });
    dialogue.server(at + 64, { length: 809, unseen: true });
    dialogue.client(at + 341, { length: 80, again: 400, acknowledges: 800 });
    // It echoes the request's first sending, which had arrived.
    dialogue.server(at + 373, { length: 809, again: 800, stamps: [5000 + at + 338, 5000 + Math.floor(at)] });
    expect(stallsOf(dialogue)).toMatchObject([{ from: 'server', start: at + 60, duration: 313, repaired: true }]);
  });

  it('is not told of the same wait on a short path, where the acknowledgment may be what is lacking', () => {
    const dialogue = createDialogue();
    const at = warmUp(dialogue);
    dialogue.client(at, { length: 80 });
    dialogue.server(at + 40, { unseen: true });
    dialogue.server(at + 373, { length: 809 });
    expect(stallsOf(dialogue)).toEqual([]);
  });

  it.each([
    ['none where it is what the capture lacks, of a server that acknowledges first and takes 200 ms to answer', 0.1, 0],
    ['one where the server answers at once otherwise', null, 1],
  ])('of an acknowledgment is %s', (_, acknowledged, count) => {
    const dialogue = createDialogue();
    for (let at = 0; at < 1000; at += 250) {
      dialogue.client(at, { length: 80 });
      if (acknowledged !== null) dialogue.server(at + acknowledged);
      dialogue.server(at + (acknowledged === null ? 1 : 205), { length: 500 });
      dialogue.client(at + 210);
    }
    dialogue.client(1000, { length: 80 });
    if (acknowledged !== null) dialogue.server(1000 + acknowledged, { unseen: true });
    else dialogue.server(1001, { length: 500, unseen: true });
    dialogue.server(1206, acknowledged === null ? { length: 500, again: 2000 } : { length: 500 });
    expect(stallsOf(dialogue)).toHaveLength(count);
  });

  it('is not told by identifications where the capture leaves packets out', () => {
    const dialogue = createDialogue();
    for (let at = 10; at < 60; at += 10) {
      dialogue.client(at, { length: 80 });
      dialogue.server(at + 1, { unseen: true });
      dialogue.server(at + 2, { length: 100 });
    }
    dialogue.client(100, { length: 80 });
    dialogue.server(100.1, { unseen: true });
    dialogue.server(400, { length: 100 });
    expect(stallsOf(dialogue)).toEqual([]);
  });

  it('is not told where the capture holds packets with payload only: acknowledgments are counted, too', () => {
    const dialogue = createDialogue();
    for (let at = 10; at < 60; at += 10) {
      dialogue.client(at, { length: 80 });
      dialogue.server(at + 1, { length: 100 });
      dialogue.client(at + 2, { unseen: true });
    }
    dialogue.client(100, { length: 80 });
    dialogue.server(100.1, { unseen: true });
    dialogue.client(2000, { flags: FIN | ACK, unseen: true });
    dialogue.server(2000.1, { unseen: true });
    dialogue.server(3000, { length: 100 });
    expect(stallsOf(dialogue)).toEqual([]);
  });
});

describe('a segment that is sent again', () => {
  it.each([
    ['a loss where acknowledgments are captured', true, 1],
    [
      'none in a capture of packets with payload only: its receiver may have had it, or no room for what follows',
      false,
      0,
    ],
  ])('is %s', (_, acknowledges, count) => {
    const dialogue = createDialogue({ midstream: true });
    for (let at = 10; at < 60; at += 10) {
      dialogue.client(at, { length: 80 });
      dialogue.server(at + 1, { length: 100 });
      dialogue.client(at + 2, { unseen: !acknowledges });
    }
    dialogue.client(100, { length: 80 });
    dialogue.client(300, { length: 80, again: 400 });
    dialogue.server(301, { length: 100 });
    dialogue.client(302, { unseen: !acknowledges });
    expect(stallsOf(dialogue)).toHaveLength(count);
  });
});
