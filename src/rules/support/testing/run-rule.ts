import { expect } from 'vitest';
import { fillMessage } from '../../../base/text.ts';
import { at, type Timestamp } from '../../../base/time.ts';
import { DNS_PROTOCOL, type Connection } from '../../../model/connection.ts';
import type { Exchange } from '../../../model/exchange.ts';
import type { Clear, Report, Unit, Unobservable } from '../../../model/finding.ts';
import type { Input } from '../../../model/input.ts';
import type { Lookup } from '../../../model/lookup.ts';
import { isOwnCall, type Request } from '../../../model/request.ts';
import type { Observer } from '../../../model/observer.ts';
import type { Cluster } from '../../../model/workload.ts';
import { inputOf } from '../../../model/testing/rows.ts';
import type { Rule } from '../define-rule.ts';
import { createFacts } from '../facts.ts';
import { tellExchanges } from '../exchanges/ordinary-exchanges.ts';
import { tellLookups } from '../lookups/ordinary.ts';
import type { Routes } from '../routes.ts';
import { traffic } from '../traffic.ts';

/** What a rule is given. */
export interface Rows {
  lookups?: readonly Lookup[];
  exchanges?: readonly Exchange[];
  connections?: readonly Connection[];
  requests?: readonly Request[];
}

// A capture that goes on long enough to tell what was lost.
const GOES_ON = 100e9;

const endOf = (row: Lookup | Exchange | Connection | Request): number => row.startedAt + row.duration;

const wellAfter = ({ lookups = [], exchanges = [], connections = [], requests = [] }: Rows): Timestamp =>
  at(
    [...lookups, ...exchanges, ...connections, ...requests].reduce((end, row) => Math.max(end, endOf(row)), 0) +
      GOES_ON,
  );

export interface Outcome {
  reports: (Report & { says: string })[];
  clears: (Clear & { message: string })[];
  unobservables: Unobservable[];
}

/** What observers are handed for a row, in their call: the pipeline hands out one object again and again. */
export interface Hand {
  lookup(row: Lookup): Lookup;
  exchange(row: Exchange): Exchange;
  connection(row: Connection): Connection;
}

const ITSELF: Hand = { lookup: (row) => row, exchange: (row) => row, connection: (row) => row };

/**
 * Hands rows on as the first half does: lookups in order of their start, exchanges and connections
 * when they end, an exchange before its connection.
 */
export function handOn(
  { lookups = [], exchanges = [], connections = [], requests = [] }: Rows,
  observers: readonly Observer[],
  hand = ITSELF,
): void {
  const events: { time: number; tell: () => void }[] = [];
  const add = <Row>(time: number, row: () => Row, tell: (observer: Observer, row: Row) => void): void => {
    events.push({
      time,
      tell: () => {
        const handed = row();
        for (const observer of observers) tell(observer, handed);
      },
    });
  };
  for (const row of lookups) {
    add(
      row.startedAt,
      () => hand.lookup(row),
      (observer, own) => observer.lookup?.(own),
    );
  }
  for (const row of exchanges) {
    add(
      endOf(row),
      () => hand.exchange(row),
      (observer, own) => observer.exchange?.(own),
    );
  }
  for (const row of connections) {
    add(
      endOf(row),
      () => hand.connection(row),
      (observer, own) => observer.connection?.(own),
    );
  }
  // The sort is stable: at one time, an exchange goes before its connection.
  for (const event of events.toSorted((a, b) => a.time - b.time)) event.tell();
  // Requests are put together when their rows are there.
  for (const row of requests) for (const observer of observers) observer.request?.(row);
}

/**
 * Runs one rule over rows as the diagnosis does: facts first, then the rule.
 * @param given rows, or lookups alone
 */
export function runRule(
  rule: Rule,
  given: Rows | readonly Lookup[],
  inputs?: readonly Input[],
  hand?: Hand,
  cluster: Cluster | null = null,
): Outcome {
  const rows: Rows = isList(given) ? { lookups: given } : given;
  const read = inputs ?? [inputOf({ endsAt: wellAfter(rows) })];
  const facts = createFacts();
  let outcome: Outcome = { reports: [], clears: [], unobservables: [] };
  const says = (message: string, data: Readonly<Record<string, string | number>>): string =>
    fillMessage(rule.messages[message] as string, data);
  const observer = rule.create({
    inputs: read,
    cluster: cluster === null ? null : () => cluster,
    fact: facts.of,
    report: (report) => void outcome.reports.push({ ...report, says: says(report.message, report.data) }),
    clear: (message, data, examined) =>
      void outcome.clears.push({ message, says: says(message, data), examined: { ...examined } }),
    unobservable: (reason) => void outcome.unobservables.push(reason),
  });
  const { routes } = facts.of(traffic);
  const observers = [...facts.all(), observer];
  for (const input of read) for (const one of observers) one.input?.(input);
  handOn(rows, [hearing(observers, routes)], hand);
  const ask = (): Outcome => {
    outcome = { reports: [], clears: [], unobservables: [] };
    for (const one of observers) one.finish?.();
    return outcome;
  };
  const first = ask();
  // A running capture is asked again and again.
  expect(summary(ask())).toEqual(summary(first));
  checkContract(rule, first, rows);
  return first;
}

/** As the diagnosis hands rows to rules. */
const hearing = (observers: readonly Observer[], routes: Routes): Observer => ({
  lookup: tellLookups(observers),
  exchange: tellExchanges(observers, routes),
  connection(row) {
    for (const observer of observers) {
      if (row.protocol === DNS_PROTOCOL) observer.dnsConnection?.(row);
      else observer.connection?.(row);
    }
  },
  request(row) {
    if (isOwnCall(row)) return;
    for (const observer of observers) observer.request?.(row);
  },
});

const isList = (given: Rows | readonly Lookup[]): given is readonly Lookup[] => Array.isArray(given);

const summary = ({ reports, clears, unobservables }: Outcome): unknown => ({
  reports: reports.map(({ says, cost }) => ({ says, count: cost.count, total: cost.costs.total })),
  clears,
  unobservables,
});

const KIND_OF: Readonly<Record<Unit, string>> = {
  lookups: 'lookup',
  connections: 'connection',
  exchanges: 'exchange',
  calls: 'exchange',
  requests: 'request',
};

/** What holds for every rule, whatever it finds. */
function checkContract(rule: Rule, { reports, clears, unobservables }: Outcome, rows: Rows): void {
  expect(reports.length + clears.length + unobservables.length, `${rule.id} gives a verdict`).toBeGreaterThan(0);
  expect(clears.length).toBeLessThanOrEqual(1);
  if (reports.length > 0) expect(clears).toEqual([]);
  const packets = packetsOf(rows);
  for (const report of reports) {
    const { cost } = report;
    expect(cost.count).toBeGreaterThan(0);
    expect(cost.count).toBeLessThanOrEqual(report.of);
    if (report.data['count'] !== undefined) expect(report.data['count']).toBe(cost.count);
    expect(cost.examples.length).toBeGreaterThan(0);
    expect(cost.occurrences.size).toBe(cost.count);
    for (const { from, until } of cost.occurrences) expect(from).toBeLessThanOrEqual(until);
    expect(report.because.length).toBeGreaterThan(0);
    expect(report.fix.length).toBeGreaterThan(0);
    expect(report.errors).toBeLessThanOrEqual(cost.count);
    for (const { says, packets: own } of report.evidence) {
      expect(own.length, says).toBeGreaterThan(0);
      for (const packet of own) expect(packets.has(packet), `${says}: packet ${packet}`).toBe(true);
    }
    for (const { kind, packets: own } of cost.examples) {
      expect(kind, `examples of ${report.unit}`).toBe(KIND_OF[report.unit]);
      for (const packet of own) expect(packets.has(packet)).toBe(true);
    }
    for (const setting of report.because) expect(Object.values(setting).every((text) => text !== '')).toBe(true);
    for (const fix of report.fix) {
      expect(fix.patch === null || JSON.stringify(fix.patch).startsWith('{"spec"')).toBe(true);
    }
    expect(cost.affected.total).toBeGreaterThanOrEqual(cost.costs.total);
  }
}

/** All packets that the rows name: evidence can be of no other. */
function packetsOf({ lookups = [], exchanges = [], connections = [] }: Rows): Set<number> {
  const ofLookups = lookups.flatMap(({ attempts }) =>
    attempts.flatMap((attempt) => [
      attempt.sentPacket,
      attempt.replyPacket,
      ...attempt.resends.map((resend) => resend.packet),
      ...attempt.earlierReplies.map((reply) => reply.packet),
      ...attempt.lateReplies.map((reply) => reply.packet),
    ]),
  );
  const ofExchanges = exchanges.flatMap(({ packets, stalls }) => [
    ...packets,
    ...stalls.flatMap((stall) => stall.packets),
  ]);
  const ofConnections = connections.flatMap((connection) => [
    connection.firstPacket,
    connection.lastPacket,
    connection.endPacket,
    ...[...connection.syns, ...connection.synAcks].map(({ packet }) => packet),
    ...connection.stalls.flatMap((stall) => stall.packets),
    ...(connection.tls?.packets ?? []),
    ...(connection.goaway === null ? [] : [connection.goaway.packet]),
  ]);
  return new Set([...ofLookups, ...ofExchanges, ...ofConnections]);
}
