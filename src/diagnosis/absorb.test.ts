import { describe, expect, it } from 'vitest';
import { at, milliseconds, nanoseconds } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Report } from '../model/finding.ts';
import { absorb } from './absorb.ts';
import { ABSORPTIONS } from './absorption.ts';
import { absorbed, every, exchanges, lookups } from './testing/absorbed.ts';
import { RULES } from '../rules/registry.ts';

const rule = (id: string) => ({ id });
const service: Partial<Exchange> = { client: '10.0.9.9', server: '10.0.3.7' };

describe('a cause absorbs', () => {
  it('tokens that nobody answers, which the next request asks for again', () => {
    const tokens = every(10, (index) => [index * 2000, index * 2000 + 1000]);
    const tries = exchanges(tokens.slice(0, 2));
    expect(absorbed(['metadata-hop-limit', exchanges(tokens)], ['http-retry', tries])).toBe(
      'metadata-hop-limit 10 (http-retry 2)',
    );
  });

  it('what it explains for the most part', () => {
    const same = every(10, (index) => [index * 100, index * 100 + 50]);
    const others: [number, number][] = [
      [5000, 5100],
      [6000, 6100],
    ];
    expect(absorbed(['mtu-blackhole', exchanges(same)], ['tcp-retransmission-stall', exchanges(same)])).toBe(
      'mtu-blackhole 10 (tcp-retransmission-stall 10)',
    );
    expect(
      absorbed(['mtu-blackhole', exchanges(same)], ['tcp-retransmission-stall', exchanges([...same, ...others])]),
    ).toBe('mtu-blackhole 10 (tcp-retransmission-stall 12)');
  });

  it('with the time that it took, in proportion where not all of it touches', () => {
    const stalls = exchanges(every(10, (index) => [index * 100, index * 100 + 50]));
    const pauses = exchanges(every(9, (index) => [index * 100, index * 100 + 40]));
    const [left] = absorb(
      [
        { rule: rule('mtu-blackhole'), report: pauses },
        { rule: rule('tcp-retransmission-stall'), report: stalls },
      ],
      ABSORPTIONS,
    );
    expect(left?.absorbs).toEqual([{ rule: 'tcp-retransmission-stall', count: 10, total: milliseconds(500) }]);
  });

  it('no more than its part of what also happens without it', () => {
    const all = every(10, (index) => [index * 100, index * 100 + 50]);
    const report = exchanges(all);
    expect(absorbed(['mtu-blackhole', exchanges(all.slice(0, 4))], ['tcp-retransmission-stall', report])).toBe(
      'mtu-blackhole 4 (tcp-retransmission-stall 4) | tcp-retransmission-stall 6',
    );
    const [, left] = absorb(
      [
        { rule: rule('mtu-blackhole'), report: exchanges(all.slice(0, 4)) },
        { rule: rule('tcp-retransmission-stall'), report: { ...report, errors: 9 } },
      ],
      ABSORPTIONS,
    );
    expect(left?.report).toMatchObject({ data: { count: 6 }, errors: 6 });
    expect(left?.report.cost.costs.total).toBe(milliseconds(300));
    expect(left?.report.cost.examples.map(({ row }) => row.id)).toEqual(['0.e4']);
  });

  it('what a connection that was open before the capture lost, where others were forgotten for being idle', () => {
    const mongo: Partial<Exchange> = { client: '10.0.3.7', server: '10.0.5.5' };
    const dropped = exchanges(
      every(3, (index) => [index * 5000, index * 5000 + 2500, { ...mongo, connection: `0.d${index}` }]),
    );
    const watch = exchanges([[4000, 14_000, { ...mongo, connection: '0.w' }]]);
    const others = exchanges([[4000, 14_000, { ...mongo, server: '10.0.5.6', connection: '0.w' }]]);
    expect(absorbed(['tcp-idle-drop', dropped], ['tcp-retransmission-stall', watch])).toBe(
      'tcp-idle-drop 3 (tcp-retransmission-stall 1)',
    );
    expect(absorbed(['tcp-idle-drop', dropped], ['tcp-retransmission-stall', others])).toBe(
      'tcp-idle-drop 3 | tcp-retransmission-stall 1',
    );
  });

  it('lookups that are made again and again, where what each costs is a lost answer', () => {
    const lost = lookups([0, 3000, 6000, 9000].map((from) => [from, from + 1000]));
    const cheap = lookups([
      [0, 100],
      [3000, 3100],
    ]);
    const again = lookups([0, 3000, 6000, 9000].map((from) => [from, from + 1000]));
    expect(absorbed(['dns-family-missing', lost], ['dns-lookup-per-request', again])).toBe(
      'dns-family-missing 4 (dns-lookup-per-request 4)',
    );
    expect(absorbed(['dns-truncation', lost], ['dns-lookup-per-request', again])).toBe(
      'dns-truncation 4 (dns-lookup-per-request 4)',
    );
    expect(absorbed(['dns-loss', cheap], ['dns-lookup-per-request', again])).toBe(
      'dns-loss 2 | dns-lookup-per-request 4',
    );
  });

  it('requests of a service whose calls vanish, and a gateway’s 504 for want of them', () => {
    const lost = exchanges(
      every(4, (index) => [index * 5000 + 5, index * 5000 + 2010, { client: '10.0.3.7', server: '10.0.5.5' }]),
    );
    const elsewhere = exchanges(
      every(4, (index) => [index * 5000 + 5, index * 5000 + 2010, { client: '10.0.3.8', server: '10.0.5.5' }]),
    );
    const waited = exchanges(every(4, (index) => [index * 5000, index * 5000 + 2008, service]));
    const meanwhile = exchanges(
      every(4, (index) => [index * 5000, index * 5000 + 700, { client: '10.0.3.7', server: '10.0.5.6' }]),
    );
    expect(absorbed(['mtu-blackhole', lost], ['upstream-slow', meanwhile])).toBe('mtu-blackhole 4 | upstream-slow 4');
    for (const symptom of ['timeout-order', 'upstream-slow', 'service-slow']) {
      expect(absorbed(['mtu-blackhole', lost], [symptom, waited])).toBe(`mtu-blackhole 4 (${symptom} 4)`);
      expect(absorbed(['mtu-blackhole', elsewhere], [symptom, waited])).toBe(`mtu-blackhole 4 | ${symptom} 4`);
    }
  });

  it('requests of a service that was refused a connection meanwhile', () => {
    const refused: Partial<Exchange> = { client: '10.0.3.7', server: '10.0.5.5' };
    const slow = exchanges(every(4, (index) => [index * 1000, index * 1000 + 400, service]));
    const meanwhile = exchanges(every(4, (index) => [index * 1000 + 5, index * 1000 + 5, refused]));
    const between = exchanges(every(4, (index) => [index * 1000 + 500, index * 1000 + 500, refused]));
    expect(absorbed(['tcp-connect-refused', meanwhile], ['service-slow', slow])).toBe(
      'tcp-connect-refused 4 (service-slow 4)',
    );
    // Where several wait for it they go on together.
    expect(absorbed(['tcp-connect-refused', meanwhile], ['process-pause', slow])).toBe(
      'tcp-connect-refused 4 (process-pause 4)',
    );
    expect(absorbed(['tcp-connect-refused', between], ['service-slow', slow])).toBe(
      'tcp-connect-refused 4 | service-slow 4',
    );
  });

  it('requests of a service that rested before it tried a call again, behind whatever address it is asked', () => {
    const behind = { ...service, server: '10.96.0.7', backend: '10.0.3.7:8080' };
    const slow = exchanges(every(4, (index) => [index * 1000, index * 1000 + 300, behind]));
    const tried = exchanges(every(4, (index) => [index * 1000 + 5, index * 1000 + 280, { client: '10.0.3.7' }]));
    const others = exchanges(every(4, (index) => [index * 1000 + 5, index * 1000 + 280, { client: '10.0.3.8' }]));
    expect(absorbed(['http-retry', tried], ['service-slow', slow])).toBe('http-retry 4 (service-slow 4)');
    expect(absorbed(['http-retry', others], ['service-slow', slow])).toBe('http-retry 4 | service-slow 4');
  });

  it('all but one, which is then only worth knowing unless it is certain', () => {
    const all = every(4, (index) => [index * 100, index * 100 + 50]);
    const leftOf = (confidence: Report['confidence']) =>
      absorb(
        [
          { rule: rule('process-pause'), report: exchanges(all.slice(0, 3)) },
          { rule: rule('service-slow'), report: { ...exchanges(all), confidence } },
        ],
        ABSORPTIONS,
      )[1]?.report;
    expect(leftOf('likely')).toMatchObject({ cost: { count: 1 }, onlyInfo: expect.stringMatching(/only one is left/) });
    expect(leftOf('certain')?.onlyInfo).toBeUndefined();
  });

  it('nothing that only lies beside it', () => {
    const stalls = exchanges(every(3, (index) => [index * 100, index * 100 + 50]));
    const elsewhere = exchanges(
      every(3, (index) => [index * 100, index * 100 + 50, { id: `x${index}`, connection: 'y' }]),
    );
    expect(absorbed(['mtu-blackhole', elsewhere], ['tcp-retransmission-stall', stalls])).toBe(
      'mtu-blackhole 3 | tcp-retransmission-stall 3',
    );
    // A rule that is no symptom of it, and the same in another input.
    expect(absorbed(['mtu-blackhole', stalls], ['tcp-delayed-ack', stalls])).toBe(
      'mtu-blackhole 3 | tcp-delayed-ack 3',
    );
    expect(absorbed(['mtu-blackhole', { ...stalls, input: 1 }], ['tcp-retransmission-stall', stalls])).toBe(
      'mtu-blackhole 3 | tcp-retransmission-stall 3',
    );
  });

  it('nothing where it is only worth knowing', () => {
    const same = exchanges([[0, 50]]);
    expect(absorbed(['mtu-blackhole', { ...same, onlyInfo: 'once' }], ['tcp-retransmission-stall', same])).toBe(
      'mtu-blackhole 1 | tcp-retransmission-stall 1',
    );
  });

  it('the lookup that each connection brings', () => {
    const connections = exchanges(every(4, (index) => [index * 100 + 2, index * 100 + 10]));
    const names = lookups(every(4, (index) => [index * 100, index * 100 + 1]) as [number, number][]);
    const later = lookups(every(4, (index) => [index * 100 + 20, index * 100 + 21]) as [number, number][]);
    expect(absorbed(['connection-per-request', connections], ['dns-lookup-per-request', names])).toBe(
      'connection-per-request 4 (dns-lookup-per-request 4)',
    );
    expect(absorbed(['connection-per-request', connections], ['dns-lookup-per-request', later])).toBe(
      'connection-per-request 4 | dns-lookup-per-request 4',
    );
  });

  it('no lookup that takes longer than anybody overlooks', () => {
    const dear = lookups([
      [0, 46],
      [100, 146],
    ]);
    const connecting = exchanges([
      [47, 60],
      [147, 160],
    ]);
    expect(absorbed(['connection-per-request', connecting], ['dns-lookup-per-request', dear])).toBe(
      'connection-per-request 2 | dns-lookup-per-request 2',
    );
  });

  it.each([
    [23, /^connection-per-request 1 \(dns-lookup-per-request 1\)$/],
    [14, /dns-lookup-per-request 1$/],
  ])('a lookup of 12 ms only where its connection takes as long (from 13 to %d ms)', (until, left) => {
    const opening = exchanges([[13, until]]);
    expect(absorbed(['connection-per-request', opening], ['dns-lookup-per-request', lookups([[0, 12]])])).toMatch(left);
  });

  it('through another cause', () => {
    const requests = every(5, (index) => [index * 1000, index * 1000 + 500, { ...service, id: `in${index}` }]);
    const calls = every(5, (index) => [
      index * 1000 + 100,
      index * 1000 + 400,
      { client: '10.0.3.7', server: '169.254.169.254', id: `out${index}` },
    ]);
    expect(
      absorbed(
        ['upstream-slow', exchanges(calls)],
        ['serial-calls', exchanges(requests)],
        ['credentials-refresh-storm', exchanges(requests)],
      ),
    ).toMatch(/^credentials-refresh-storm 5 \((serial-calls|upstream-slow) 5\) \((serial-calls|upstream-slow) 5\)$/);
  });
});

describe('more occurrences than are kept', () => {
  it('are judged by those that are, as a whole or not at all', () => {
    const many = every(3000, (index) => [index * 100, index * 100 + 50]);
    expect(absorbed(['mtu-blackhole', exchanges(many)], ['tcp-retransmission-stall', exchanges(many)])).toBe(
      'mtu-blackhole 3000 (tcp-retransmission-stall 3000)',
    );
    const half = many.map(([from, until], index): [number, number, Partial<Exchange>] => [
      from,
      until,
      index % 2 === 0 ? {} : { id: `z${index}`, connection: `z${index}` },
    ]);
    expect(absorbed(['mtu-blackhole', exchanges(many)], ['tcp-retransmission-stall', exchanges(half)])).toBe(
      'mtu-blackhole 3000 | tcp-retransmission-stall 3000',
    );
  });

  it('say nothing beyond what the cause kept', () => {
    const early = exchanges(every(3000, (index) => [index * 100, index * 100 + 50]));
    const late = exchanges(every(10, (index) => [(2900 + index) * 100, (2900 + index) * 100 + 50]));
    expect(absorbed(['mtu-blackhole', early], ['tcp-retransmission-stall', late])).toBe(
      'mtu-blackhole 3000 | tcp-retransmission-stall 10',
    );
    expect(early.cost.occurrences.size).toBe(1024);
    expect(early.cost.occurrences.completeUntil).toBe(at(nanoseconds(1024 * 100e6 + 50e6)));
  });
});

describe('the table', () => {
  it('has no rule that is its own cause, over whatever way', () => {
    const causes = new Map<string, Set<string>>();
    for (const { causes: own, symptoms } of ABSORPTIONS) {
      for (const symptom of symptoms) {
        const known = causes.get(symptom) ?? new Set();
        for (const cause of own) known.add(cause);
        causes.set(symptom, known);
      }
    }
    const reaches = (from: string, to: string): boolean =>
      [...(causes.get(from) ?? [])].some((cause) => cause === to || reaches(cause, to));
    for (const symptom of causes.keys()) expect(reaches(symptom, symptom), symptom).toBe(false);
  });

  it('names rules as the registry does', () => {
    const dns = ABSORPTIONS.flatMap(({ causes, symptoms }) => [...causes, ...symptoms]).filter((id) =>
      id.startsWith('dns-'),
    );
    const known = RULES.map(({ id }) => id);
    expect(dns.filter((id) => !known.includes(id) && id !== 'dns-lookup-per-request')).toEqual([]);
  });
});
