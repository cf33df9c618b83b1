import { describe, expect, it } from 'vitest';
import { at, milliseconds, nanoseconds } from '../base/time.ts';
import { DNS_PROTOCOL } from '../model/connection.ts';
import type { Exchange } from '../model/exchange.ts';
import { DiagnosisSchema } from '../model/diagnosis.ts';
import type { Unit } from '../model/finding.ts';
import { createDamage, type Encrypted, type Input } from '../model/input.ts';
import { connectionOf, exchangeOf, inputOf, lookupOf, requestOf, tlsOf, waitOf } from '../model/testing/rows.ts';
import { problemsOf, throughJson } from '../model/testing/validate.ts';
import { RULES } from '../rules/registry.ts';
import { defineRule, type Rule } from '../rules/support/define-rule.ts';
import { connectionTally, exchangeTally } from '../rules/support/tally.ts';
import { handOn, type Rows } from '../rules/support/testing/run-rule.ts';
import { Serving, type Step } from '../rules/support/testing/serving.ts';
import { joined, Traffic } from '../rules/support/testing/traffic.ts';
import { createDiagnosis, type DiagnosisOptions } from './diagnose.ts';

const blind = { dns: false, tcp: true, http: true, bothDirections: true };
const tcpInput = inputOf({ vantage: { ...inputOf().vantage, sees: blind } });

function diagnose(rules: readonly Rule[], rows: Rows, options: Partial<DiagnosisOptions> = {}) {
  const run = createDiagnosis({ rules, inputs: [tcpInput], version: '0.1.0', ...options });
  run.observer.input(tcpInput);
  handOn(rows, [run.observer]);
  run.observer.finish();
  return run.result();
}

/** Reports exchanges or connections that take 100 ms or more, each at the cost of all that it took. */
const slowRule = (unit: Unit, least = 100): Rule =>
  defineRule({
    id: `slow-${unit}`,
    title: 'Slow',
    category: 'request',
    sees: ['tcp', ...(unit === 'connections' ? [] : ['http' as const])],
    messages: { slow: '{count} are slow', clear: 'none of {total} is slow' },
    create({ report, clear }) {
      const calls = exchangeTally();
      const openings = connectionTally();
      let total = 0;
      return {
        exchange(exchange) {
          if (unit === 'connections') return;
          total++;
          if (exchange.duration >= milliseconds(least)) calls.add(exchange, exchange.duration, (row) => row.packets);
        },
        connection(connection) {
          if (unit !== 'connections') return;
          total++;
          const { connectDuration } = connection;
          if (connectDuration >= milliseconds(least))
            openings.add(connection, connectDuration, (row) => [row.firstPacket]);
        },
        finish() {
          const cost = unit === 'connections' ? openings : calls;
          if (cost.count === 0) return clear('clear', { total }, { count: total, unit });
          report({
            message: 'slow',
            data: { count: cost.count },
            input: 0,
            subject: { kind: 'server', name: '10.96.44.12:8080' },
            of: total,
            unit,
            cost,
            confidence: 'certain',
            confidenceBecause: 'measured',
            evidence: [{ says: 'late', packets: [1] }],
            because: [],
            fix: [],
            whatIf: { method: 'taken out' },
            errors: 0,
            habit: false,
          });
        },
      };
    },
  });

describe('a diagnosis of requests', () => {
  const slow = new Traffic().open().calls(99).call({ takes: 2000 }).open({ connect: 1000 }).call();

  it('is valid by its own schema, whatever rows its examples are', () => {
    const result = diagnose([slowRule('exchanges'), slowRule('connections'), ...RULES], slow.rows);
    expect(problemsOf(DiagnosisSchema, throughJson(result))).toEqual([]);
    expect(
      result.findings.map(({ examples: [example] }) => [example?.lookup, example?.exchange, example?.connection]),
    ).toEqual([
      [null, '0.e100-10.0.3.7-10.96.44.12', '0.c1-41200'],
      [null, null, '0.c2-41201'],
      // upstream-slow sees the slow call as well, once: for information.
      [null, '0.e100-10.0.3.7-10.96.44.12', '0.c1-41200'],
    ]);
    expect(result.findings.map(({ examples }) => examples[0]?.durationSeconds)).toEqual([2, 1, 2]);
  });

  it('takes shares and savings of what the finding counts', () => {
    const { findings } = diagnose([slowRule('exchanges'), slowRule('connections')], slow.rows);
    // 2 s of 2.4 s; the connections' 1 s of 1.0004 s.
    expect(
      findings.map(({ cost, whatIf }) => [cost.shareOfLatency.toFixed(3), whatIf?.metric, whatIf?.nowSeconds]),
    ).toEqual([
      ['0.833', 'exchange duration max', 2],
      ['1.000', 'connecting time p90', 1],
    ]);
    expect(findings.map(({ severity }) => severity)).toEqual(['critical', 'critical']);
  });

  it('takes what passes between tries for a part of the time that their share is of', () => {
    const traffic = new Traffic().open().calls(30, { takes: 20 });
    for (let time = 0; time < 4; time++) {
      traffic
        .call({ takes: 1 }, { status: 503, outcome: 'error' })
        .wait(150)
        .call({ takes: 20 })
        .calls(4, { takes: 20 });
    }
    const retry = diagnose(RULES, traffic.rows).findings.find(({ rule }) => rule === 'http-retry');
    // 644 ms of 1,004 ms of calls and 640 ms between tries: of the calls alone it were nearly two thirds, and critical.
    expect(retry).toMatchObject({ severity: 'major', occurrences: { count: 4 }, cost: { totalSeconds: 0.644 } });
    expect(retry?.cost.shareOfLatency).toBeCloseTo(0.392, 2);
  });

  it('counts calls, streams, failures and the dearest servers', () => {
    const rows = joined(
      new Traffic({ server: '10.96.0.1' })
        .open()
        .calls(4, { takes: 100 })
        .call({ takes: 5 }, { outcome: 'error', status: 503 }).rows,
      new Traffic({ server: '10.96.0.2' }).open().calls(2, { takes: 50 }).rows,
      new Traffic({ client: '10.0.9.9', server: '10.0.3.7' }).open().call({ takes: 9 }).rows,
      new Traffic().open().call({ takes: 60_000 }, { shape: 'stream' }).rows,
    );
    const { exchanges } = diagnose([slowRule('exchanges', 1e6)], rows);
    expect(exchanges).toMatchObject({
      count: 9,
      calls: 8,
      failed: 1,
      latency: { maxSeconds: 0.1 },
      protocols: [{ name: 'http/1.1', count: 9 }],
    });
    expect(
      exchanges.byServer.map(({ server, direction, count, share }) => [server, direction, count, share.toFixed(2)]),
    ).toEqual([
      ['10.96.0.1:8080', 'outbound', 5, '0.80'],
      ['10.96.0.2:8080', 'outbound', 2, '0.20'],
      ['10.0.3.7:8080', 'inbound', 1, '1.00'],
    ]);
    expect(exchanges.slowest).toHaveLength(5);
  });

  it('counts connections, how they opened and what could not be read', () => {
    const rows = joined(
      new Traffic().open({ tls: 3 }).call().open({ tls: 1, resumed: true }).call().refused(2).rows,
      new Traffic().open({ connect: null, again: [1000] }, { packets: { client: 2, server: 0 } }).rows,
      new Traffic().open({ before: true }).call().rows,
      {
        connections: [
          connectionOf({ server: '10.0.9.4', serverPort: 443, exchanges: 0, tls: tlsOf() }),
          // Taken for calls by whose turn it was, and unread all the same.
          connectionOf({ server: '10.0.9.4', serverPort: 443, exchanges: 3, protocol: 'tls', tls: tlsOf() }),
          connectionOf({ server: '10.0.9.4', serverPort: 443, exchanges: 0, tls: tlsOf({ serverName: 'other.test' }) }),
          connectionOf({ server: '10.0.9.5', exchanges: 0 }),
          connectionOf({ exchanges: 0, bytes: { client: 0, server: 0 } }),
        ],
      },
    );
    const { connections } = diagnose([slowRule('connections', 1e6)], rows);
    expect(connections).toMatchObject({ count: 11, opened: 10, failed: 3, tls: { count: 5, full: 4, resumed: 1 } });
    expect(connections.unread).toEqual([
      { server: '10.0.9.4:443', serverName: null, because: 'tls', connections: 3 },
      { server: '10.0.9.5:8080', serverName: null, because: 'protocol', connections: 1 },
    ]);
  });

  it('tells rules of what is inside TLS apart from exchanges', () => {
    const heard: string[] = [];
    const listener = defineRule({
      ...slowRule('exchanges'),
      create({ clear }) {
        return {
          exchange: ({ id }) => void heard.push(`exchange ${id}`),
          turn: ({ id }) => void heard.push(`turn ${id}`),
          finish: () => clear('clear', { total: 1 }, { count: 1, unit: 'exchanges' }),
        };
      },
    });
    const exchanges = [exchangeOf({ id: '0.e1' }), exchangeOf({ id: '0.e2', shape: 'turn', protocol: 'tls' })];
    const result = diagnose([listener], { exchanges });
    expect(heard).toEqual(['exchange 0.e1', 'turn 0.e2']);
    expect(result.exchanges.count).toBe(1);
  });

  it('tells rules of requests that a service received, and counts a client’s own calls as well', () => {
    const heard: string[] = [];
    const listener = defineRule({
      ...slowRule('requests'),
      create({ clear }) {
        return {
          request: ({ id }) => void heard.push(id),
          finish: () => clear('clear', { total: 1 }, { count: 1, unit: 'requests' }),
        };
      },
    });
    const own = requestOf({ id: '0.r1', exchange: '0.e1', waits: [waitOf({ ref: '0.e1' })] });
    const served = requestOf({ id: '0.r2', exchange: '0.e2', waits: [waitOf({ ref: '0.e3' })] });
    const result = diagnose([listener], { requests: [own, served] });
    expect(heard).toEqual(['0.r2']);
    expect(result.requests.count).toBe(2);
  });

  it('leaves the connections of DNS over TCP to the lookups', () => {
    const connections = [connectionOf({ protocol: DNS_PROTOCOL, serverPort: 53 })];
    const result = diagnose([slowRule('connections')], { connections, lookups: [lookupOf()] });
    expect(result.connections.count).toBe(0);
    expect(result.unobservable[0]).toMatchObject({
      why: 'the capture holds no connections beside DNS',
      missing: 'tcp',
    });
  });

  it('stays within its bounds, however many servers there are', () => {
    const run = createDiagnosis({ rules: [], inputs: [tcpInput], version: '0.1.0' });
    for (let index = 0; index < 2000; index++) {
      const server = `10.1.${index >> 8}.${index & 255}`;
      run.observer.exchange(exchangeOf({ server }));
      run.observer.connection(connectionOf({ server, exchanges: 0 }));
    }
    run.observer.finish();
    const { exchanges, connections } = run.result();
    expect(exchanges.byServer.length).toBeLessThanOrEqual(16);
    expect(connections.unread.length).toBeLessThanOrEqual(8);
    expect(exchanges.byServer[0]).toMatchObject({ server: 'others', count: 2000 - 256 });
    expect(connections.unread[0]).toMatchObject({ server: 'others', connections: 2000 - 256 });
  });
});

const whyNoConnection = (rows: Rows, parts: Parameters<typeof inputOf>[0]): unknown =>
  diagnose([slowRule('connections')], rows, { inputs: [inputOf(parts)] }).unobservable[0]?.why;

const verdictWith = (rules: readonly Rule[], parts: Partial<Input>): string => {
  const inputs = [inputOf({ packets: 846, ...parts })];
  return diagnose(rules, new Traffic().open().calls(60).rows, { inputs }).verdict.says;
};

/** One slow request to a service, with its calls. */
const served = (steps: Step[], parts: Partial<Exchange> = {}): Rows => ({
  ...new Serving().request(2130, steps, parts).rows,
  connections: [connectionOf()],
});

describe('the verdict on requests', () => {
  const rules = [slowRule('exchanges', 1e6), ...RULES];
  it.each([
    ['quick requests', new Traffic().open().calls(60).rows, 'no request is slow: 60 requests, slowest 4 ms'],
    [
      'quick requests and lookups',
      { ...new Traffic().open().calls(60).rows, lookups: [lookupOf()] },
      'no request or DNS lookup is slow: 60 requests, slowest 4 ms; 1 lookup, slowest 1 ms',
    ],
    [
      'a slow request of no known cause',
      { ...new Traffic().open().calls(60).call({ takes: 3000 }, { path: '/once' }).rows, lookups: [lookupOf()] },
      'no known cause makes requests slow, yet some are: 61 requests, slowest 3 s, at 10.96.44.12:8080; 1 lookup, slowest 1 ms',
    ],
    [
      'one that waits for what the service calls',
      served([{ at: 5, takes: 2110 }]),
      'no known cause makes requests slow, yet some are: 1 request and 1 other call, slowest 2.13 s, nearly all of it waiting for 10.20.30.40:9200',
    ],
    [
      'one that hangs',
      served([{ at: 5, takes: 2110 }], { outcome: 'incomplete', firstByteAt: at(Number.NaN) }),
      'no known cause makes requests slow, yet some are: 1 request and 1 other call, slowest 2.13 s without an answer until the capture ends, nearly all of it waiting for 10.20.30.40:9200',
    ],
    [
      'one of which the service itself takes most',
      served([{ at: 5, takes: 500 }]),
      'no known cause makes requests slow, yet some are: 1 request and 1 other call, slowest 2.13 s, 1.63 s of it in 10.0.3.7:8080 itself',
    ],
    [
      'one that waits for two things',
      served([
        { at: 5, takes: 700 },
        { at: 800, takes: 700, parts: { server: '10.20.30.50' } },
      ]),
      'no known cause makes requests slow, yet some are: 1 request and 2 other calls, slowest 2.13 s',
    ],
    [
      'connections of which nothing can be read',
      { connections: [connectionOf({ exchanges: 0, tls: tlsOf() })] },
      'no connection is slow: 1 connection opened, slowest 400 µs',
    ],
    [
      'connections that nobody answers',
      joined(
        new Traffic().open().calls(9).rows,
        new Traffic({ server: '10.9.9.9' }).open({ connect: null }, { packets: { client: 1, server: 0 } }).rows,
      ),
      'no known cause makes connections fail, yet some do: 9 requests, slowest 4 ms; 1 of 2 connections failed, slowest 400 µs',
    ],
    [
      'a connection that begins as the capture ends',
      joined(
        new Traffic().open().calls(9).rows,
        new Traffic({ server: '10.9.9.9' }).wait(60_500).open({ connect: null }, { packets: { client: 1, server: 0 } })
          .rows,
      ),
      'no request is slow: 9 requests, slowest 4 ms',
    ],
  ])('%s: clear', (_, rows, says) => {
    expect(diagnose(rules, rows).verdict).toEqual({ status: 'clear', says });
  });

  it('says what a snap length has hidden', () => {
    const { damage } = inputOf();
    const cut = { ...damage, cut: 540, cutQuestions: 12 };
    expect(verdictWith(rules, { damage: cut })).toBe(
      'no request is slow: 60 requests, slowest 4 ms; what 540 cut packets held (statuses, errors, 12 DNS names) is not known: capture with -s 0',
    );
    expect(verdictWith(rules, { damage: { ...damage, cut: 540 } })).toMatch(/held \(statuses, errors\) is not known/);
    expect(verdictWith(rules, { damage: { ...damage, cut: 1 } })).toMatch(/slowest 4 ms$/);
    expect(verdictWith(rules, { packets: 1000, damage: { ...damage, cut: 9 } })).toMatch(/slowest 4 ms$/);
  });

  it('is not taken from rules of what the capture does not hold', () => {
    const { verdict, unobservable } = diagnose(
      [slowRule('exchanges', 1e6), ...RULES],
      new Traffic().open().calls(9).rows,
    );
    expect(unobservable.filter(({ missing }) => missing === 'dns').length).toBeGreaterThan(5);
    expect(verdict.status).toBe('clear');
  });

  it('says where packets are cut too short', () => {
    const rows = { connections: [connectionOf({ exchanges: 0 })] };
    const { unobservable } = diagnose([slowRule('exchanges')], rows, { inputs: [inputOf({ snapLength: 96 })] });
    expect(unobservable[0]).toMatchObject({
      why: 'no request could be read: packets are cut at 96 bytes',
      capture: expect.stringContaining('-s 0'),
    });
    const silent = { connections: [connectionOf({ exchanges: 0, bytes: { client: 0, server: 0 } })] };
    expect(diagnose([slowRule('exchanges')], silent).unobservable[0]?.why).toBe('no request was sent on 1 connection');
  });

  it('is insufficient where nothing could be judged', () => {
    expect(diagnose([slowRule('exchanges')], { connections: [connectionOf({ exchanges: 0 })] }).verdict).toEqual({
      status: 'insufficient',
      says: 'no request could be read on 1 connection',
    });
    const { verdict, unobservable } = diagnose([slowRule('exchanges')], {
      connections: [connectionOf({ exchanges: 0, tls: tlsOf(), server: '10.0.9.4', serverPort: 443 })],
    });
    expect(verdict.says).toBe('all requests are inside TLS (1 connection to 10.0.9.4:443); give --keylog FILE');
    expect(unobservable[0]).toMatchObject({ capture: null, missing: 'http' });
  });

  it('says of calls inside TLS how slow they are, where none can be read', () => {
    const sealed = exchangeOf({ shape: 'turn', protocol: 'tls', method: '', path: '', duration: milliseconds(413) });
    const rows = { exchanges: [sealed], connections: [connectionOf({ exchanges: 1, tls: tlsOf() })] };
    const { verdict } = diagnose([slowRule('connections')], rows);
    expect(verdict.says).toMatch(
      /^no known cause makes calls inside TLS slow, yet some are: 1 call inside TLS, slowest 413 ms, at 10\.96\.44\.12:8080/,
    );
  });

  it('says that what was captured is encrypted as a whole, or of no kind that can be read', () => {
    const by = (encrypted: Encrypted[]): unknown =>
      whyNoConnection({}, { packets: 1000, damage: { ...createDamage(), encrypted } });
    expect(by([{ by: 'WireGuard', packets: 980 }])).toBe(
      'WireGuard between nodes encrypts 980 of 1,000 packets: capture in the pod, or on all of a node’s interfaces',
    );
    expect(by([{ by: 'QUIC', packets: 500 }])).toBe(
      'QUIC (HTTP/3) encrypts 500 of 1,000 packets: nothing in them can be read',
    );
    expect(by([{ by: 'IPsec', packets: 499 }])).toBe('the capture shows no TCP (1,000 packets)');
    const foreign = { packets: 60, linkTypes: ['nflog'], damage: { ...createDamage(), undecodable: 60 } };
    expect(whyNoConnection({}, foreign)).toBe('none of 60 packets could be read (link type nflog)');
  });

  it('says why no connection was seen', () => {
    expect(whyNoConnection({}, { packets: 0 })).toBe('the capture is empty');
    expect(whyNoConnection({}, {})).toBe('the capture shows no TCP (1,204 packets)');
    expect(whyNoConnection({ lookups: [lookupOf()] }, {})).toBe('the capture holds no connections beside DNS');
    expect(whyNoConnection({ lookups: [lookupOf()] }, { format: 'tcpdump text' })).toBe(
      'text of tcpdump shows DNS only',
    );
  });
});

it('a connection of whose handshake nothing was seen is not slow', () => {
  const unseen = connectionOf({ connectDuration: nanoseconds(Number.NaN) });
  expect(diagnose([slowRule('connections')], { connections: [unseen] }).connections.slowest).toEqual([]);
});
