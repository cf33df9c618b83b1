import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../src/analyze.ts';
import type { Diagnosis } from '../src/model/diagnosis.ts';
import { copyLookup, lastSentAt, rcodeName, typeName, type Lookup } from '../src/model/lookup.ts';

/**
 * Real resolvers against a scripted server: who asked, how long its caller waited, and every
 * query that was sent, resent and left unanswered, against the server's own log and the truth
 * written by hand (corpora/resolvers/truth.json).
 */
interface TrueLookup {
  name: string;
  seconds?: number;
  atLeast?: number;
  within?: number;
  outcome: string | string[];
}
interface Truth {
  resolver: string;
  untold?: boolean;
  healthy?: boolean;
  lookups?: TrueLookup[];
  /** Rules of which one is true of it, and none else above info. */
  causes?: string[];
}

const FOLDER = 'test/corpora/resolvers';
const { captures } = JSON.parse(readFileSync(`${FOLDER}/truth.json`, 'utf8')) as { captures: Record<string, Truth> };

// The capture stands at the pod, the log at the server, a veth pair and a scheduler further on.
const TOLERANCE_SECONDS = 0.002;
// In these the script came late to its first query, or to accepting a connection: its log is behind.
const LOG_LATE_SECONDS: Record<string, number> = { 'ca_4drop1_cares-1_18_1': 0.006, go_vc: 0.006, m_tc: 0.006 };
// A timer fires late by what the client's own loop takes, which the truth has to three digits only.
const TIMER_TOLERANCE_SECONDS = 0.01;

interface LogLine {
  at: number;
  id: number;
  type: string;
  name: string;
  answered: boolean;
  late: boolean;
}

function readLog(path: string): LogLine[] {
  if (!existsSync(path)) return [];
  const line = /^\s*([\d.]+) (?:udp|tcp) \S+ id=(\w+) fl=\w+ (\w+)\s+(\S+) .*-> (\S+)/;
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((text) => {
      const match = line.exec(text);
      if (match === null) return [];
      const [, at, id, type, name, action] = match as unknown as [string, string, string, string, string, string];
      const late = action.startsWith('delay');
      return [{ at: Number(at), id: Number.parseInt(id, 16), type, name, answered: action !== 'drop', late }];
    });
}

async function read(name: string): Promise<{ rows: Lookup[]; diagnosis: Diagnosis }> {
  const rows: Lookup[] = [];
  const { diagnosis } = await analyze({
    paths: [`${FOLDER}/${name}.pcap`],
    dnsPorts: [53],
    clients: [],
    names: [],
    slowerThan: null,
    observers: [{ lookup: (lookup) => rows.push(copyLookup(lookup)) }],
  });
  return { rows, diagnosis };
}

describe.each(Object.entries(captures))('%s', (name, truth) => {
  let rows: Lookup[];
  let diagnosis: Diagnosis;
  const log = readLog(`${FOLDER}/${name}.dns`);
  beforeAll(async () => {
    ({ rows, diagnosis } = await read(name));
  });

  it('names the resolver, or says that it can not be told', () => {
    const names = new Set(rows.map((row) => row.resolver));
    if (truth.untold === true || truth.healthy === true) names.delete('unknown');
    expect([...names].filter((told) => told !== truth.resolver)).toEqual([]);
    if (truth.untold !== true) expect(names).toContain(truth.resolver);
  });

  it.runIf(truth.lookups !== undefined)('puts together what one call sent', () => {
    const found = rows.map((row) => ({ name: row.name, outcome: row.outcome }));
    expect(found.map((row) => row.name)).toEqual(truth.lookups?.map((lookup) => lookup.name));
    for (const [index, { outcome }] of (truth.lookups ?? []).entries()) {
      expect([outcome].flat(), `outcome of lookup ${index + 1}`).toContain(found[index]?.outcome);
    }
  });

  it.runIf(truth.lookups !== undefined)('tells how long the caller waited', () => {
    for (const [index, lookup] of (truth.lookups ?? []).entries()) {
      const row = rows[index] as Lookup;
      const seconds = row.duration / 1e9;
      if (lookup.atLeast !== undefined) {
        expect(row.durationIsLowerBound).toBe(true);
        expect(seconds).toBeGreaterThanOrEqual(lookup.atLeast);
        expect(seconds).toBeLessThanOrEqual(lookup.seconds as number);
      } else if (lookup.seconds !== undefined) {
        expect(row.durationIsLowerBound).toBe(false);
        expect(Math.abs(seconds - lookup.seconds)).toBeLessThanOrEqual(lookup.within ?? TIMER_TOLERANCE_SECONDS);
      } else {
        expect(row.endBecause).toBe('reply');
        const sent = log.filter((line) => row.attempts.some((attempt) => isOf(attempt, line)));
        const own = sent.filter((line) => isWithin(line, row, rows, log));
        const arrivals = own.map((line) => line.at);
        const logged = Math.max(...arrivals) - Math.min(...arrivals);
        // The log has when queries came, not when the script had its answer ready.
        const lastSend = Math.max(...row.attempts.map(lastSentAt)) - row.startedAt;
        expect(Math.abs(lastSend / 1e9 - logged)).toBeLessThanOrEqual(LOG_LATE_SECONDS[name] ?? TOLERANCE_SECONDS);
        const lastReply = Math.max(...row.attempts.map((attempt) => attempt.repliedAt)) - row.startedAt;
        expect(row.duration).toBe(lastReply);
      }
    }
  });

  it.runIf(log.length > 0 && truth.healthy !== true)('counts every query and every silence as the server does', () => {
    const sends = rows.flatMap((row) => row.attempts).map((attempt) => 1 + attempt.resends.length);
    expect(sends.reduce((sum, count) => sum + count, 0)).toBe(log.length);
    const answers = rows
      .flatMap((row) => row.attempts)
      .map((attempt) => attempt.earlierReplies.length + (attempt.rcode >= 0 ? 1 : 0));
    const unansweredHere = log.length - answers.reduce((sum, count) => sum + count, 0);
    expect(unansweredHere).toBe(log.filter((line) => !line.answered).length);
  });

  it('names the cause, and nothing where nothing is wrong', () => {
    const told = diagnosis.findings.filter(({ severity }) => severity !== 'info').map(({ rule }) => rule);
    if (truth.causes === undefined) expect(told).toEqual([]);
    else {
      expect(truth.causes).toContain(told[0]);
      expect(truth.causes).toEqual(expect.arrayContaining(told));
    }
  });
});

const isOf = (attempt: Lookup['attempts'][number], line: LogLine): boolean =>
  attempt.transactionId === line.id && attempt.name === line.name && typeName(attempt.type) === line.type;

/** The log counts from its first line, the rows from the first packet. */
function isWithin(line: LogLine, row: Lookup, rows: readonly Lookup[], log: readonly LogLine[]): boolean {
  const first = rows[0] as Lookup;
  const at = line.at - (log[0] as LogLine).at;
  const start = (row.startedAt - first.startedAt) / 1e9;
  return at >= start - 0.01 && at <= start + row.duration / 1e9 + 0.01;
}

describe('a query resent after seconds with the same id and port', () => {
  it('is one wait, not a fast answer', async () => {
    const { rows } = await read('g_both1');
    const [row] = rows as [Lookup];
    expect(row.duration / 1e9).toBeGreaterThan(5);
    expect(row.attempts.map((attempt) => rcodeName(attempt.rcode))).toEqual(['NOERROR', 'NOERROR']);
  });
});
