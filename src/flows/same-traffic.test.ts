import { describe, expect, it } from 'vitest';
import type { Vantage } from '../model/input.ts';
import { atMs, inputOf } from '../model/testing/rows.ts';
import { SameTraffic, type Place } from './same-traffic.ts';

const sees = { dns: false, tcp: true, http: true, bothDirections: true };

function place(input: number, kind: Vantage['kind'], ...addresses: string[]): Place {
  const own: Vantage = { kind, addresses, because: `${kind} ${addresses.join()}`, sees };
  return { input: inputOf({ input, path: `${input}.pcap`, startsAt: atMs(0), endsAt: atMs(100), vantage: own }), own };
}

describe('captures of the same traffic', () => {
  it('are alone until they show the same', () => {
    expect(new SameTraffic().homeOf(3)).toBe(3);
  });

  it('are told of the first, however they were found', () => {
    const same = new SameTraffic();
    const [a, b, c] = [place(0, 'pod', '10.0.0.1'), place(1, 'pod', '10.0.0.2'), place(2, 'pod', '10.0.0.3')];
    same.join(c, b);
    expect([0, 1, 2].map((input) => same.homeOf(input))).toEqual([0, 1, 1]);
    same.join(b, a);
    expect([0, 1, 2].map((input) => same.homeOf(input))).toEqual([0, 0, 0]);
    expect([a, b, c].map(({ input }) => input.damage.notes)).toEqual([
      ['by itself taken in pod 10.0.0.1'],
      ['shows the same packets as 0.pcap, and is read as one capture with it'],
      ['shows the same packets as 1.pcap, and is read as one capture with it'],
    ]);
  });

  it('are of one pod, though they share no packet: what was filtered apart', () => {
    const same = new SameTraffic();
    const [dns, tcp, other] = [place(0, 'pod', '10.0.0.1'), place(1, 'pod', '10.0.0.1'), place(2, 'pod', '10.0.0.2')];
    const node = place(3, 'node', '10.0.0.1');
    for (const one of [dns, tcp, other, node]) same.joinPod(one, [dns, undefined, tcp, other, node]);
    expect([0, 1, 2, 3].map((input) => same.homeOf(input))).toEqual([0, 0, 2, 3]);
    expect(tcp.input.damage.notes).toEqual(['was taken in the same pod as 0.pcap, and is read as one capture with it']);
  });

  it('begin with the earliest, and the times of the first stay what they are', () => {
    const same = new SameTraffic();
    const [home, earlier] = [place(0, 'pod', '10.0.0.1'), place(1, 'pod', '10.0.0.1')];
    home.input.firstPacketAt = 1_700_000_005_000_000_000n;
    home.input.startsAt = atMs(40);
    earlier.input.startsAt = atMs(-10);
    same.join(home, earlier);
    same.update(0);
    expect(home.input).toMatchObject({ startsAt: atMs(-10), firstPacketAt: 1_700_000_004_950_000_000n });
  });

  it('are two where the one had ended before', () => {
    const same = new SameTraffic();
    const later = place(1, 'pod', '10.0.0.1');
    later.input.startsAt = atMs(101);
    same.join(place(0, 'pod', '10.0.0.1'), later);
    expect(same.homeOf(1)).toBe(1);
  });

  it.each([
    ['of one pod', [place(0, 'pod', '10.0.0.1'), place(1, 'pod', '10.0.0.1')], 'pod', ['10.0.0.1']],
    ['of one pod and a place unknown', [place(0, 'unknown'), place(1, 'pod', '10.0.0.1')], 'pod', ['10.0.0.1']],
    ['of two pods, as from their node', [place(0, 'pod', 'a'), place(1, 'pod', 'b')], 'node', ['a', 'b']],
    ['of a pod and its node', [place(0, 'pod', 'a'), place(1, 'node', 'a', 'b')], 'node', ['a', 'b']],
    ['of nobody knows where', [place(0, 'unknown'), place(1, 'unknown')], 'unknown', []],
  ] as const)('are %s', (_, [one, other], kind, addresses) => {
    const same = new SameTraffic();
    same.join(one, other);
    expect(one.input.vantage).toMatchObject({ kind, addresses });
  });

  it('say where the first was taken itself, as far as is known by now', () => {
    const same = new SameTraffic();
    const [one, other] = [place(0, 'unknown'), place(1, 'node', 'a', 'b')];
    same.join(one, other);
    expect(one.input.damage.notes).toEqual([]);
    for (const addresses of [['a'], ['a', 'c']]) {
      one.own = { ...one.own, kind: 'pod', addresses };
      same.update(1);
    }
    expect(one.input.damage.notes).toEqual(['by itself taken in pod a, c']);
  });

  it('end with the last of them', () => {
    const same = new SameTraffic();
    const [one, other] = [place(0, 'pod', 'a'), place(1, 'pod', 'b')];
    same.join(one, other);
    other.input.endsAt = atMs(300);
    same.update(1);
    expect(one.input.endsAt).toBe(atMs(300));
  });
});
