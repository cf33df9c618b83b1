import { describe, expect, it } from 'vitest';
import { AddressTable } from '../../base/addresses.ts';
import { at, milliseconds } from '../../base/time.ts';
import { createDnsMessage, type DnsMessage } from '../../model/dns-message.ts';
import { createLayers } from '../../model/packet.ts';
import type { TrackedAttempt } from '../../model/tracked-attempt.ts';
import { createTransactions } from './transactions.ts';

const CLIENT = '10.0.0.5';
const SERVICE = '10.96.0.10';
const BACKEND = '10.0.9.9';

interface Sent {
  ms: number;
  from?: string;
  port?: number;
  to?: string;
  ipId?: number;
  message?: Partial<DnsMessage>;
}

function scenario() {
  const addresses = new AddressTable();
  const events: string[] = [];
  const attempts: TrackedAttempt[] = [];
  const transactions = createTransactions(addresses, {
    sent: (attempt) => {
      attempt.holders++;
      attempts.push(attempt);
      events.push(`sent ${attempt.name}`);
    },
    resent: () => events.push('resent'),
    replied: (attempt) => events.push(`replied ${attempt.rcode}`),
    unreachable: () => events.push('unreachable'),
  });
  let number = 0;
  const layersOf = (time: number, from: string, fromPort: number, to: string, toPort: number, ipId: number) =>
    Object.assign(createLayers(), {
      time: at(milliseconds(time)),
      number: ++number,
      source: addresses.internText(from),
      sourcePort: fromPort,
      destination: addresses.internText(to),
      destinationPort: toPort,
      protocol: 17,
      ipId,
    });
  const base: Partial<DnsMessage> = { id: 7, name: 'a.test', nameHash: 1, labelHash: 2, type: 1 };
  return {
    events,
    attempts,
    transactions,
    query({ ms, from = CLIENT, port = 40_000, to = SERVICE, ipId = -1, message = {} }: Sent) {
      transactions.push(layersOf(ms, from, port, to, 53, ipId), { ...createDnsMessage(), ...base, ...message });
    },
    reply({ ms, from = SERVICE, port = 40_000, to = CLIENT, ipId = -1, message = {} }: Sent) {
      const read = { ...createDnsMessage(), ...base, response: true, ...message };
      transactions.push(layersOf(ms, from, 53, to, port, ipId), read);
    },
    undelivered({ ms, from = CLIENT, to = SERVICE, port = 53 }: Sent) {
      transactions.undelivered(layersOf(ms, from, 0, to, port, -1));
    },
  };
}

const askBoth = (s: ReturnType<typeof scenario>): void => {
  s.query({ ms: 0, message: { id: 1 } });
  s.query({ ms: 1, message: { id: 2, type: 28 } });
};

const toldAt = ({ attempts }: ReturnType<typeof scenario>): number[] =>
  attempts.map(({ unreachableAt }) => unreachableAt / 1e6);

describe('queries and replies', () => {
  it('are one transaction with its resends', () => {
    const s = scenario();
    s.query({ ms: 0, ipId: 100 });
    s.query({ ms: 5000, ipId: 4711 });
    s.reply({ ms: 5001 });
    expect(s.events).toEqual(['sent a.test', 'resent', 'replied 0']);
    expect(s.attempts[0]).toMatchObject({ sentPacket: 1, replyPacket: 3, resends: [{ packet: 2 }] });
    expect((s.attempts[0] as TrackedAttempt).repliedAt - (s.attempts[0] as TrackedAttempt).sentAt).toBe(5001e6);
  });

  it('are told apart by id, port, type and name', () => {
    const s = scenario();
    s.query({ ms: 0 });
    s.query({ ms: 1, message: { id: 8 } });
    s.query({ ms: 2, port: 40_001 });
    s.query({ ms: 3, message: { type: 28 } });
    s.query({ ms: 4, message: { name: 'b.test', nameHash: 9 } });
    expect(s.attempts).toHaveLength(5);
    s.reply({ ms: 5, message: { type: 28 } });
    expect(s.attempts.map((attempt) => attempt.rcode)).toEqual([-1, -1, -1, 0, -1]);
  });

  it('keep the earlier reply where the client asks again after it', () => {
    const s = scenario();
    s.query({ ms: 0, ipId: 1 });
    s.reply({ ms: 1, message: { rcode: 2 } });
    s.query({ ms: 2, ipId: 2 });
    s.reply({ ms: 3 });
    expect(s.attempts).toHaveLength(1);
    expect(s.attempts[0]).toMatchObject({ rcode: 0, earlierReplies: [{ rcode: 2, packet: 2 }] });
  });

  it('keep the first sending’s own answer, which comes after that of the resend', () => {
    const s = scenario();
    s.query({ ms: 0, ipId: 1 });
    s.query({ ms: 5000, ipId: 2 });
    s.reply({ ms: 5001, ipId: 70 });
    s.reply({ ms: 5001.1, ipId: 70 });
    s.reply({ ms: 5300, ipId: 71 });
    s.reply({ ms: 5300.1, ipId: 71 });
    s.reply({ ms: 5400, ipId: 72 });
    expect(s.attempts[0]).toMatchObject({ replyPacket: 3, lateReplies: [{ packet: 5, rcode: 0 }] });
    expect(s.transactions.counts).toMatchObject({ replies: 2, duplicates: [3] });
  });

  it('take for a copy what follows at once without an identification, and whatever was asked once', () => {
    const s = scenario();
    s.query({ ms: 0 });
    s.query({ ms: 5000 });
    s.reply({ ms: 5001 });
    s.reply({ ms: 5002 });
    s.query({ ms: 6000, port: 40_001 });
    s.reply({ ms: 6001, port: 40_001 });
    s.reply({ ms: 6300, port: 40_001 });
    expect(s.attempts.map((attempt) => attempt.lateReplies.length)).toEqual([0, 0]);
    s.reply({ ms: 6400 });
    expect(s.attempts[0]?.lateReplies).toMatchObject([{ packet: 8 }]);
  });

  it('remember what was asked twice while many are answered at once', () => {
    const s = scenario();
    s.query({ ms: 0, ipId: 1 });
    s.query({ ms: 5000, ipId: 2 });
    s.reply({ ms: 5001, ipId: 70 });
    for (let port = 0; port < 1000; port++) {
      s.query({ ms: 5010, port, ipId: 3, message: { id: 1000 + port } });
      s.reply({ ms: 5011, port, ipId: 4, message: { id: 1000 + port } });
    }
    s.reply({ ms: 5300, ipId: 71 });
    expect(s.attempts[0]?.lateReplies).toHaveLength(1);
  });

  it('are paired where tcpdump prints a reply without its question', () => {
    const s = scenario();
    s.query({ ms: 0, message: { nameHash: 0 } });
    s.reply({ ms: 1, message: { name: '', nameHash: 0, type: 0, rcode: 3 } });
    expect(s.events).toEqual(['sent a.test', 'replied 3']);
  });

  it('leave a reply without its query alone', () => {
    const s = scenario();
    s.reply({ ms: 0 });
    expect(s.events).toEqual([]);
    expect(s.transactions.counts.orphanReplies).toBe(1);
  });
});

describe('copies', () => {
  it('of -i any have the same IP identification', () => {
    const s = scenario();
    s.query({ ms: 0, ipId: 100 });
    s.query({ ms: 0.02, ipId: 100 });
    s.reply({ ms: 1, ipId: 3 });
    s.reply({ ms: 1.02, ipId: 3 });
    expect(s.events).toEqual(['sent a.test', 'replied 0']);
    expect(s.transactions.counts.duplicates).toEqual([2]);
  });

  it('behind a DNAT have another server, and the reply comes with both faces', () => {
    const s = scenario();
    s.query({ ms: 0, ipId: 100 });
    s.query({ ms: 0.03, ipId: 100, to: BACKEND });
    s.reply({ ms: 1, from: BACKEND });
    s.reply({ ms: 1.02 });
    expect(s.events).toEqual(['sent a.test', 'replied 0']);
    expect(s.attempts[0]).toMatchObject({ server: SERVICE, behindDnat: 'both' });
  });

  it('behind a DNAT and a masquerade have another client, too', () => {
    const s = scenario();
    s.query({ ms: 0, ipId: 100 });
    s.query({ ms: 0.03, ipId: 100, from: '10.0.0.1', port: 1025, to: BACKEND });
    s.reply({ ms: 1, from: BACKEND, to: '10.0.0.1', port: 1025 });
    expect(s.events).toEqual(['sent a.test', 'replied 0']);
  });

  it('behind a masquerade alone have another client, and no DNAT is told', () => {
    const s = scenario();
    s.query({ ms: 0, ipId: 100 });
    s.query({ ms: 0.03, ipId: 100, from: '10.0.0.1', port: 1025 });
    s.reply({ ms: 1, to: '10.0.0.1', port: 1025 });
    s.reply({ ms: 1.02 });
    s.query({ ms: 5000, ipId: 300, message: { id: 9 } });
    // The same asked again by another client is no copy, and neither is what somebody else asks with the same id.
    s.query({ ms: 5000.03, ipId: 301, from: '10.0.0.1', port: 1025, message: { id: 9 } });
    expect(s.events).toEqual(['sent a.test', 'replied 0', 'sent a.test', 'sent a.test']);
    s.transactions.settle(s.attempts);
    expect(s.attempts.map((attempt) => attempt.behindDnat)).toEqual([null, null, null]);
    expect(s.attempts[0]).toMatchObject({ client: '10.0.0.5', server: SERVICE, backend: null });
  });

  it('are missed where a query was lost at the DNAT', () => {
    const s = scenario();
    s.query({ ms: 0, ipId: 100 });
    s.query({ ms: 0.03, ipId: 100, to: BACKEND });
    s.query({ ms: 0.1, ipId: 101, message: { id: 8, type: 28 } });
    s.transactions.settle(s.attempts);
    expect(s.attempts.map((attempt) => attempt.behindDnat)).toEqual(['both', 'before']);
  });

  it("are not musl's queries to all its servers at once", () => {
    const s = scenario();
    s.query({ ms: 0, ipId: 100 });
    s.query({ ms: 0.01, ipId: 101, to: '10.96.0.11' });
    expect(s.attempts.map((attempt) => attempt.server)).toEqual([SERVICE, '10.96.0.11']);
  });

  it('are no resend where nothing but time can tell', () => {
    const s = scenario();
    s.query({ ms: 0 });
    s.query({ ms: 0.5 });
    s.query({ ms: 250 });
    expect(s.events).toEqual(['sent a.test', 'resent']);
  });
});

describe('times that run backwards', () => {
  it('leave the queues whole', () => {
    const s = scenario();
    s.query({ ms: 100, ipId: 1 });
    s.reply({ ms: 50, ipId: 1 });
    s.query({ ms: 101, port: 40_001, ipId: 2 });
    s.reply({ ms: 60, ipId: 2 });
    s.reply({ ms: 110, port: 40_001, ipId: 3 });
    s.query({ ms: 90, port: 40_002, ipId: 4 });
    s.reply({ ms: 120, port: 40_002, ipId: 4 });
    s.reply({ ms: 20, ipId: 5 });
    // A damaged queue would never come to its end.
    s.transactions.advance(at(milliseconds(10_000_000)));
    s.reply({ ms: 10_000_001 });
    expect(s.transactions.counts.orphanReplies).toBe(1);
  });
});

describe('a reply that stands before its query', () => {
  it('answers it where it came later: several interfaces are written in batches', () => {
    const s = scenario();
    s.reply({ ms: 10.4 });
    s.query({ ms: 10 });
    expect(s.events).toEqual(['sent a.test', 'replied 0']);
    expect(s.attempts[0]).toMatchObject({ repliedAt: milliseconds(10.4), sentAt: milliseconds(10) });
    expect(s.transactions.counts).toMatchObject({ orphanReplies: 0, replies: 1 });
  });

  it('is that of an older one where it came earlier, long before, or to another', () => {
    const s = scenario();
    s.reply({ ms: 9 });
    s.reply({ ms: 500 });
    s.reply({ ms: 10.4, port: 40_001 });
    s.reply({ ms: 10.4, message: { id: 8 } });
    s.reply({ ms: 10.4, message: { name: 'b.test' } });
    s.query({ ms: 10 });
    expect(s.events).toEqual(['sent a.test']);
    expect(s.transactions.counts.orphanReplies).toBe(5);
  });

  it('tells that the capture lacks its query, where that was not sent before the capture began', () => {
    const s = scenario();
    s.query({ ms: 0 });
    // Whoever asked before has given up by then.
    s.reply({ ms: 5900, message: { id: 8 } });
    expect(s.transactions.counts.unaskedReplies).toEqual([]);
    s.reply({ ms: 6100, message: { id: 9 } });
    s.reply({ ms: 6200.4, message: { id: 10 } });
    s.query({ ms: 6200, message: { id: 10 } });
    expect(s.transactions.counts).toMatchObject({ unaskedReplies: [1], orphanReplies: 2 });
  });

  it('is kept in a small number', () => {
    const s = scenario();
    for (let index = 0; index < 1000; index++) s.reply({ ms: 10 + index / 1000, message: { id: index } });
    for (let index = 0; index < 1000; index++) s.query({ ms: 9, message: { id: index } });
    expect(s.transactions.counts.replies).toBe(32);
  });
});

describe('bounds', () => {
  it('forget a query only after the longest wait of any resolver', () => {
    const s = scenario();
    s.query({ ms: 0, ipId: 1 });
    s.transactions.advance(at(milliseconds(35_000)));
    s.query({ ms: 35_000, ipId: 2 });
    s.transactions.advance(at(milliseconds(75_000)));
    s.reply({ ms: 75_000 });
    expect(s.events).toEqual(['sent a.test', 'resent', 'replied 0']);
  });

  it('hold in a flood of half-open queries, and count what was let go', () => {
    const s = scenario();
    for (let index = 0; index < 70_000; index++) {
      s.query({ ms: index / 1000, port: 1024 + (index % 60_000), message: { id: index & 0xffff, nameHash: index } });
    }
    expect(s.transactions.counts.evicted).toBe(70_000 - 32_768);
  });

  it('do not let one id and name make the search slow', () => {
    const s = scenario();
    for (let index = 0; index < 100_000; index++) {
      s.query({ ms: index / 1000, from: `10.0.${index >> 14}.7`, port: 1024 + (index & 0x3fff) });
    }
    expect(s.attempts).toHaveLength(100_000);
    expect(s.transactions.counts.evicted).toBe(100_000 - 32_768);
    // The newest are found.
    s.reply({ ms: 100, to: '10.0.6.7', port: 1024 + (99_999 & 0x3fff) });
    expect(s.events.at(-1)).toBe('replied 0');
  });
});

describe('an ICMP error of which the query is not known', () => {
  it('is about the first that it may be, and the next about the next', () => {
    const s = scenario();
    askBoth(s);
    s.undelivered({ ms: 2 });
    s.undelivered({ ms: 3, port: 0 });
    s.undelivered({ ms: 4 });
    expect(toldAt(s)).toEqual([2, 3]);
    expect(s.events.slice(2)).toEqual(['unreachable', 'unreachable']);
  });

  it('is about none of another client, server or port, none that was answered, and none of long ago', () => {
    const s = scenario();
    askBoth(s);
    s.reply({ ms: 2, message: { id: 1 } });
    s.undelivered({ ms: 3, from: BACKEND });
    s.undelivered({ ms: 3, to: BACKEND });
    s.undelivered({ ms: 3, port: 54 });
    s.undelivered({ ms: 4000 });
    expect(toldAt(s)).toEqual([Number.NaN, Number.NaN]);
  });
});
