import { describe, expect, it } from 'vitest';
import { at } from '../base/time.ts';
import { createLayers, IP_PROTOCOL, TCP_FLAG } from '../model/packet.ts';
import { ClockSteps } from './clock-steps.ts';

const POD = 1;
const SERVER = 2;
const OTHER = 3;

/** One packet: when it was sent, in milliseconds of true time, and what the capture's clock said when it was seen. */
interface Seen {
  readonly from: number;
  readonly to: number;
  readonly sent: number;
  readonly seen: number;
}

interface Given {
  /** Milliseconds of one tick of all senders' clocks. */
  readonly tick?: number;
  readonly withoutStamps?: boolean;
}

/** Steps that are found, in milliseconds, and how many packets had to wait. */
function found(packets: readonly Seen[], { tick = 1, withoutStamps = false }: Given = {}) {
  const steps = new ClockSteps();
  const layers = createLayers();
  let waited = 0;
  const read = ({ from, to, sent, seen }: Seen, shift: number): void => {
    const bytes = new Uint8Array(12);
    const view = new DataView(bytes.buffer);
    // Each sender's clock begins anywhere, also short of its end.
    if (!withoutStamps) view.setUint32(0, 0x0101080a);
    view.setUint32(4, (Math.floor(sent / tick) + from * 4_294_967_000) >>> 0);
    Object.assign(layers, { protocol: IP_PROTOCOL.tcp, tcpFlags: TCP_FLAG.ack, time: at(seen * 1e6 + shift) });
    Object.assign(layers, { source: from, destination: to, sourcePort: 40_000 + from, destinationPort: 40_000 + to });
    Object.assign(layers, { bytes, tcpOptions: 0, payloadStart: 12 });
  };
  let held: Seen[] = [];
  for (const [index, one] of packets.entries()) {
    if (!steps.isSuspect(at(one.seen * 1e6))) {
      read(one, steps.shift);
      steps.note(layers);
      continue;
    }
    waited++;
    held.push(one);
    read(one, steps.shift);
    if (steps.look(layers, { time: at(one.seen * 1e6), number: index + 1 }) === 'open') continue;
    for (const late of held) {
      read(late, steps.shift);
      steps.note(layers);
    }
    held = [];
  }
  if (held.length > 0) steps.decide();
  return { steps: steps.found.map(({ by, number }) => [Math.round(by / 1e6), number]), waited };
}

/** A call each 20 ms, whose answer comes 8 ms later. */
const calls = (count: number, clockOf: (sent: number) => number): Seen[] =>
  Array.from({ length: count }, (_, index) => [
    { from: POD, to: SERVER, sent: index * 20, seen: clockOf(index * 20) },
    { from: SERVER, to: POD, sent: index * 20 + 7, seen: clockOf(index * 20 + 8) },
  ]).flat();

const set = (by: number) => (sent: number) => sent + (sent >= 1000 ? by : 0);
const twice = (sent: number): number => set(2000)(sent) + (sent >= 1500 ? 400 : 0);
const right = (sent: number): number => sent;
/** Nothing is seen for two seconds from then on, and all that was sent at once afterwards. */
const jammed = (sent: number): number => (sent >= 1000 && sent < 3000 ? 3000 + (sent - 1000) / 1000 : sent);

describe('a clock that is set', () => {
  it.each([2000, 300, -500, -3000])('by %s ms is found where it was, and how far', (by) => {
    expect(found(calls(100, set(by))).steps).toEqual([[by, 101]]);
  });

  it('twice is found twice', () => {
    expect(found(calls(100, twice)).steps).toEqual([
      [2000, 101],
      [400, 151],
    ]);
  });

  it('is found by clocks that tick each 10 ms, too', () => {
    const { steps } = found(calls(200, set(2000)), { tick: 10 });
    expect(steps).toHaveLength(1);
    expect(Math.abs((steps[0]![0] as number) - 2000)).toBeLessThan(20);
  });
});

describe('no clock is set', () => {
  it.each<[string, Seen[], Given]>([
    ['by less than clocks are set', calls(100, set(100)), {}],
    ['where nobody sends for a while', calls(100, right).filter(({ sent }) => sent < 900 || sent > 1400), {}],
    [
      'where the same was slow to tick',
      calls(100, right).filter(({ sent }) => sent < 900 || sent > 1400),
      { tick: 10 },
    ],
    ['where all packets are held up on their way, and come at once', calls(200, jammed), {}],
    ['where no sender tells of its clock', calls(100, set(2000)), { withoutStamps: true }],
    [
      'by one side alone, which may be held up',
      calls(100, set(2000)).filter(({ from, sent }) => from === SERVER || sent < 1000),
      {},
    ],
    [
      'by connections of which none was seen before',
      calls(100, set(2000)).map((one) =>
        one.sent < 1000 ? one : { ...one, from: one.from === POD ? OTHER : one.from },
      ),
      {},
    ],
  ])('%s', (_, packets, given) => {
    expect(found(packets, given).steps).toEqual([]);
  });

  it('and packets wait only until the first that tells', () => {
    expect(found(calls(100, right).filter(({ sent }) => sent < 900 || sent > 1400)).waited).toBe(1);
  });
});
