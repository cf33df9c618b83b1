import { describe, expect, it } from 'vitest';
import { createDialogue, type Dialogue } from './testing/dialogue.ts';
import { stallsOf } from './testing/losses.ts';

const FULL = 1448;
const rounded = (milliseconds: number): number => Math.round(milliseconds * 100) / 100;
const of = (dialogue: Dialogue) =>
  stallsOf(dialogue, 'path').map(({ from, start, duration }) => [from, rounded(start), rounded(duration)]);

/** An answer of so many segments, one in so many milliseconds, each acknowledged as it comes. */
function received(segments: number, apart: (index: number) => number, length = FULL, dialogue = createDialogue()) {
  dialogue.client(10, { length: 100 });
  let time = 12;
  for (let index = 0; index < segments; index++) {
    dialogue.server(time, { length });
    dialogue.client(time + 0.01, { window: 4096 });
    time += apart(index);
  }
  return dialogue;
}

/** An answer near its sender: so much on its way, and the next leaves so long after an acknowledgment of what left before. */
function sent(segments: number, { onItsWay = 20, apart = 2, later = 0.05, length = FULL } = {}) {
  const dialogue = createDialogue();
  dialogue.client(10, { length: 100 });
  for (let index = 0; index < onItsWay; index++) dialogue.server(12 + index * 0.01, { length });
  for (let index = 0; index < segments; index++) {
    dialogue.client(30 + index * apart, { acknowledges: (index + 1) * length });
    dialogue.server(30 + index * apart + later, { length });
  }
  return dialogue;
}

describe('data goes at the pace of its way, seen at its receiver', () => {
  it('where full segments come evenly', () => {
    expect(of(received(100, () => 0.6))).toEqual([['server', 12, 59.4]]);
  });

  it('also with a few that come late', () => {
    expect(of(received(100, (index) => (index % 40 === 39 ? 5 : 0.6)))).toHaveLength(1);
  });

  it('also where segments were put together, as full ones', () => {
    expect(of(received(20, () => 26, 45 * FULL))).toHaveLength(1);
  });

  it('also where the other side sends a little meanwhile', () => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 100 });
    for (let index = 0; index < 100; index++) {
      dialogue.server(12 + index * 0.6, { length: FULL });
      dialogue.client(12 + index * 0.6 + 0.01, index % 20 === 19 ? { length: 13 } : {});
    }
    expect(of(dialogue)).toEqual([['server', 12, 59.4]]);
  });

  it.each([
    ['come in parts with rests between', received(110, (index) => (index % 11 === 10 ? 4 : 0.02))],
    ['are no full ones', received(100, () => 0.6, 1200)],
    ['come more slowly than over any link', received(100, () => 40)],
    ['are few', received(7, () => 2)],
    ['pass at once', received(100, () => 0.05)],
  ])('not where segments %s', (_, dialogue) => {
    expect(of(dialogue)).toEqual([]);
  });

  it('is told as a few round trips over a way of which it takes no more', () => {
    const dialogue = createDialogue({ ways: [20, 0.1] });
    dialogue.client(30, { length: 100 });
    for (let index = 0; index < 100; index++) {
      dialogue.server(60 + index * 0.6, { length: FULL });
      dialogue.client(60.01 + index * 0.6);
    }
    expect(of(dialogue)).toEqual([]);
    expect(stallsOf(dialogue, 'round-trips')).toMatchObject([{ from: 'server', start: 60 }]);
  });

  it('ends where its sender rests', () => {
    const dialogue = received(200, (index) => (index === 99 ? 60 : 0.6));
    expect(of(dialogue)).toEqual([
      ['server', 12, 59.4],
      ['server', 131.4, 59.4],
    ]);
  });

  it('ends with the next request', () => {
    const dialogue = received(50, () => 0.6);
    dialogue.client(50, { length: 100 });
    for (let index = 0; index < 50; index++) dialogue.server(58 + index * 0.6, { length: FULL });
    expect(of(dialogue).map(([, start]) => start)).toEqual([12, 58]);
  });

  it('is the pace of all that comes for one host: others fill the rests', () => {
    const first = createDialogue();
    const second = createDialogue({ after: { dialogue: first, at: 1, clientPort: 41_300 } });
    first.client(10, { length: 100 });
    second.client(10, { length: 100 });
    for (let turn = 0; turn < 10; turn++) {
      for (const [place, dialogue] of [first, second].entries()) {
        for (let index = 0; index < 30; index++) {
          const time = 12 + (turn * 60 + place * 30 + index) * 0.6;
          dialogue.server(time, { length: FULL });
          dialogue.client(time + 0.01);
        }
      }
    }
    first.end();
    const rows = first.recorder.rows.map(({ stalls }) => stalls.filter(({ reason }) => reason === 'path'));
    expect(rows.map((stalls) => stalls.length)).toEqual([1, 1]);
    expect(
      first.recorder.rows.flatMap(({ stalls }) => stalls).filter(({ reason }) => reason === 'sender-idle'),
    ).toEqual([]);
    for (const [stall] of rows) expect((stall?.duration as number) / 1e6).toBeGreaterThan(300);
  });
});

describe('data goes at the pace of its way, seen near its sender', () => {
  it('where it leaves as acknowledgments come, with more on its way', () => {
    expect(of(sent(40))).toEqual([['server', 12, 96.05]]);
  });

  it.each([
    ['it leaves later: its program writes a little now and then', sent(40, { later: 1.2, length: 900 })],
    ['hardly anything is on its way', sent(40, { onItsWay: 1, apart: 12 })],
  ])('not where %s', (_, dialogue) => {
    expect(of(dialogue)).toEqual([]);
  });

  it('not where the receiver takes no more', () => {
    const dialogue = createDialogue();
    dialogue.client(10, { length: 100 });
    for (let index = 0; index < 20; index++) dialogue.server(12 + index * 0.01, { length: FULL });
    for (let index = 0; index < 40; index++) {
      const room = Math.ceil((19 * FULL) / 128);
      dialogue.client(30 + index * 2, { acknowledges: (index + 1) * FULL, window: index % 2 === 0 ? room : 0 });
      dialogue.server(30.05 + index * 2, { length: FULL });
    }
    expect(of(dialogue)).toEqual([]);
  });
});
